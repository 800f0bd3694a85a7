namespace Sluice.Sensors.Simulation;

/// <summary>A sensor whose values are a <see cref="Waveform"/>: for demonstrations and tests, through the same path as a real one.</summary>
public sealed class SimulatedSensor : ISensor
{
    private readonly Waveform _waveform;
    private readonly string _device;
    private readonly string _metric;
    private readonly ulong _seed;

    /// <param name="waveform">What it measures.</param>
    /// <param name="device">The device's name.</param>
    /// <param name="metric">The metric's name; null for the waveform's own.</param>
    /// <param name="every">The interval.</param>
    /// <param name="seed">Tells sensors of one kind apart; null for one made from device and metric.</param>
    public SimulatedSensor(Waveform waveform, string device, string? metric, TimeSpan every, ulong? seed)
    {
        _waveform = waveform;
        _device = device;
        _metric = metric ?? waveform.Kind;
        _seed = seed ?? Noise.Seed(device + "/" + _metric);
        Every = every;
    }

    public string Name => $"{_device}/{_metric}";

    public TimeSpan Every { get; }

    public ValueTask ReadAsync(DateTimeOffset due, ICollection<SensorReading> readings, CancellationToken cancellation)
    {
        readings.Add(new SensorReading(_device, _metric, _waveform.Unit, due, _waveform.At(due, _seed)));
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
