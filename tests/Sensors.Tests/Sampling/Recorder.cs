using Sluice.Sensors.Sampling;

namespace Sluice.Sensors.Tests.Sampling;

/// <summary>Keeps what sensors give.</summary>
internal sealed class Recorder : ISensorOutput
{
    private readonly Lock _gate = new();
    private readonly List<SensorReading> _readings = [];
    private readonly List<string> _qualities = [];

    public IReadOnlyList<SensorReading> Readings
    {
        get
        {
            lock (_gate)
            {
                return [.. _readings];
            }
        }
    }

    public IReadOnlyList<double> Values => [.. Readings.Select(reading => reading.Value)];

    public IReadOnlyList<string> Qualities
    {
        get
        {
            lock (_gate)
            {
                return [.. _qualities];
            }
        }
    }

    public string[] Times(string device) =>
        [.. Readings.Where(reading => reading.Device == device).Select(reading => reading.Timestamp.ToString("HH:mm:ss.fff"))];

    public void Write(SampledSensor sensor, IReadOnlyList<SensorReading> readings)
    {
        lock (_gate)
        {
            _readings.AddRange(readings);
        }
    }

    public void QualityChanged(SampledSensor sensor, SensorQuality quality, DateTimeOffset at)
    {
        lock (_gate)
        {
            _qualities.Add($"{sensor.Name} {quality.ToString().ToLowerInvariant()}");
        }
    }
}
