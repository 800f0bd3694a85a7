namespace Sluice.Sensors;

/// <summary>
/// Where readings go. The calls come from the scheduler's tasks, possibly several at a time, and must not block: a
/// sensor cannot be held back, so whoever takes the readings decides what to drop when it is full.
/// </summary>
public interface ISensorOutput
{
    /// <summary>Takes the readings of one read; the list is the scheduler's again after the call.</summary>
    void Write(ISensor sensor, IReadOnlyList<SensorReading> readings);

    /// <summary>Learns that a read failed.</summary>
    void Failed(ISensor sensor, Exception reason);

    /// <summary>Learns that <paramref name="count"/> reads did not take place, because the one before was still running or the clock jumped.</summary>
    void Missed(ISensor sensor, long count);
}
