namespace Sluice.Sensors.Sampling;

/// <summary>
/// Where readings go. The calls come from the workers of the buses, possibly several at a time but one after the other for a
/// sensor, and must not block: a sensor cannot be held back, so whoever takes the readings decides what to drop when it is full.
/// </summary>
public interface ISensorOutput
{
    /// <summary>Takes the readings of one turn; the list is the sampler's again after the call.</summary>
    void Write(SampledSensor sensor, IReadOnlyList<SensorReading> readings);

    /// <summary>Learns that a sensor's values are good, stale or missing from now on.</summary>
    /// <param name="sensor">The sensor, whose <see cref="SampledSensor.Statistics"/> have the reason.</param>
    /// <param name="quality">Different from before.</param>
    /// <param name="at">Since when, UTC.</param>
    void QualityChanged(SampledSensor sensor, SensorQuality quality, DateTimeOffset at);
}

/// <summary>What a sensor's latest value is worth.</summary>
public enum SensorQuality
{
    /// <summary>Nothing was read yet.</summary>
    Unknown,

    /// <summary>The latest turn gave a value.</summary>
    Good,

    /// <summary>There is a value, and it is old: turns did not end.</summary>
    Stale,

    /// <summary>The latest turn failed.</summary>
    Fault,
}
