using Sluice.Sensors.Drivers;

namespace Sluice.Sensors.Simulation;

/// <summary>A sensor without any device, whose values are a <see cref="Waveform"/>: <c>simulate: temperature</c> in a configuration.</summary>
public sealed class WaveformDriver : SensorDriver
{
    private readonly Waveform _waveform;
    private readonly TimeProvider _time;
    private readonly ulong _seed;

    /// <summary>The kind <c>simulate</c>, whose key names the waveform.</summary>
    public static DriverKind Kind { get; } = new()
    {
        Name = "simulate",
        Summary = "values that are made up",
        Bus = BusKind.None,
        Create = setup => new WaveformDriver(Find(setup.Settings), setup.Seed, setup.Time),
    };

    /// <param name="waveform">What it measures.</param>
    /// <param name="seed">Tells sensors of one kind apart.</param>
    /// <param name="time">The clock that values go by.</param>
    public WaveformDriver(Waveform waveform, ulong seed, TimeProvider time)
    {
        _waveform = waveform;
        _seed = seed;
        _time = time;
    }

    /// <summary>A seed made from names, the same on every machine.</summary>
    public static ulong SeedOf(string device, string metric) => Noise.Seed(device + "/" + metric);

    /// <summary>The waveform that the key names; whoever takes the configuration has refused others.</summary>
    private static Waveform Find(SensorSettings settings) => Waveform.Find(settings.Required("simulate", "temperature")) ?? Waveform.All[0];

    public override IReadOnlyList<string> Metrics => [_waveform.Kind];

    public override void Read(ICollection<Measurement> into) =>
        into.Add(new Measurement(_waveform.Kind, _waveform.Unit, _waveform.At(_time.GetUtcNow(), _seed)));
}
