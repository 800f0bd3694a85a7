namespace Sluice.Sensors;

/// <summary>One measured value.</summary>
/// <param name="Device">The device it belongs to, as the gateway's <c>series</c> table names it.</param>
/// <param name="Metric">What was measured, for example <c>temperature</c>.</param>
/// <param name="Unit">The unit's symbol, for example <c>°C</c>; null for a plain number.</param>
/// <param name="Timestamp">When it was measured, UTC.</param>
/// <param name="Value">The value, finite.</param>
public readonly record struct SensorReading(
    string Device, string Metric, string? Unit, DateTimeOffset Timestamp, double Value);
