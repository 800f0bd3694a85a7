namespace Sluice.Sensors;

/// <summary>One measured value, as a driver gives it.</summary>
/// <param name="Metric">What was measured, for example <c>temperature</c>.</param>
/// <param name="Unit">The unit's symbol, for example <c>°C</c>; null for a plain number.</param>
/// <param name="Value">The value; one that is not finite is refused as <see cref="FaultReason.Range"/>.</param>
/// <param name="At">When it happened, for events; null for the time of the turn.</param>
public readonly record struct Measurement(string Metric, string? Unit, double Value, DateTimeOffset? At = null);

/// <summary>One value on its way into the gateway.</summary>
/// <param name="Device">The device it belongs to, as the gateway's <c>series</c> table names it.</param>
/// <param name="Metric">What was measured.</param>
/// <param name="Unit">The unit's symbol; null for a plain number.</param>
/// <param name="Timestamp">When it was measured, UTC.</param>
/// <param name="Value">The value, finite.</param>
public readonly record struct SensorReading(string Device, string Metric, string? Unit, DateTimeOffset Timestamp, double Value);
