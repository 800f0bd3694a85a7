namespace Sluice.Sensors;

/// <summary>
/// Something that is read at an interval. A sensor may measure several metrics at once (a BME280 gives three), so a
/// read adds as many readings as it took. The scheduler never runs two reads of one sensor at the same time.
/// </summary>
public interface ISensor : IAsyncDisposable
{
    /// <summary>What messages and metrics call it: unique in a configuration.</summary>
    string Name { get; }

    /// <summary>The time between two reads, more than zero.</summary>
    TimeSpan Every { get; }

    /// <summary>
    /// Measures now. A failed measurement throws <see cref="SensorException"/>; it never adds a made-up value.
    /// </summary>
    /// <param name="due">The time that the read was scheduled for, UTC: the readings' timestamp for sampled values.</param>
    /// <param name="readings">Takes what was measured; empty at the call, and the scheduler's own.</param>
    /// <param name="cancellation">Ends the read when the scheduler stops.</param>
    ValueTask ReadAsync(DateTimeOffset due, ICollection<SensorReading> readings, CancellationToken cancellation);
}

/// <summary>A measurement that failed, with the reason in words for the operator.</summary>
public sealed class SensorException(string message, Exception? inner = null) : Exception(message, inner);
