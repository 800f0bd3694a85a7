namespace Sluice.Sensors.Simulation;

/// <summary>
/// What a simulated sensor measures: a value for every moment, from a seed alone. Slow waves give the shape that the
/// quantity has in a plant room, noise gives the jitter of a real sensor.
/// </summary>
public abstract class Waveform
{
    private Waveform(string kind, string? unit, double step)
    {
        Kind = kind;
        Unit = unit;
        Step = step;
    }

    /// <summary>The name in a configuration, which is the metric's default name too.</summary>
    public string Kind { get; }

    public string? Unit { get; }

    /// <summary>The sensor's resolution: values are multiples of it.</summary>
    public double Step { get; }

    /// <summary>All waveforms, in the order in which messages list them.</summary>
    public static IReadOnlyList<Waveform> All { get; } =
        [new Temperature(), new Humidity(), new Pressure(), new Vibration(), new Counter()];

    /// <summary>The waveform of that name, or null.</summary>
    public static Waveform? Find(string kind) => All.FirstOrDefault(w => w.Kind == kind);

    /// <summary>The value at a moment, rounded to <see cref="Step"/>.</summary>
    public double At(DateTimeOffset moment, ulong seed)
    {
        double seconds = (moment - DateTimeOffset.UnixEpoch).TotalSeconds;
        double raw = Value(seconds, (moment - DateTimeOffset.UnixEpoch).Ticks, seed);

        // Rounding by multiples leaves 21.400000000000002; rounding to the step's digits does not.
        int digits = Math.Max(0, (int)Math.Ceiling(-Math.Log10(Step)));
        return Math.Round(Math.Round(raw / Step) * Step, digits);
    }

    protected abstract double Value(double seconds, long ticks, ulong seed);

    /// <summary>A sine of the given period whose phase comes from the seed.</summary>
    protected static double Wave(double seconds, double periodSeconds, ulong seed) =>
        Math.Sin(2 * Math.PI * ((seconds / periodSeconds) + Noise.Uniform(seed, (long)periodSeconds)));

    /// <summary>A constant of this sensor in [-1, 1).</summary>
    protected static double Offset(ulong seed) => (2 * Noise.Uniform(seed, -1)) - 1;

    private sealed class Temperature() : Waveform("temperature", "°C", 0.01)
    {
        protected override double Value(double seconds, long ticks, ulong seed) =>
            21.5 + (3 * Offset(seed)) + (2.5 * Wave(seconds, 86400, seed)) + (0.4 * Wave(seconds, 1200, seed))
            + (0.15 * Wave(seconds, 90, seed)) + (0.03 * Noise.Normal(seed, ticks));
    }

    private sealed class Humidity() : Waveform("humidity", "%", 0.1)
    {
        protected override double Value(double seconds, long ticks, ulong seed) => Math.Clamp(
            48 + (8 * Offset(seed)) - (9 * Wave(seconds, 86400, seed)) + (2 * Wave(seconds, 1500, seed))
            + (0.3 * Noise.Normal(seed, ticks)), 0, 100);
    }

    private sealed class Pressure() : Waveform("pressure", "hPa", 0.01)
    {
        protected override double Value(double seconds, long ticks, ulong seed) =>
            1013.25 + (4 * Offset(seed)) + (9 * Wave(seconds, 5 * 86400, seed)) + (0.6 * Wave(seconds, 43200, seed))
            + (0.05 * Noise.Normal(seed, ticks));
    }

    /// <summary>Velocity of a machine's housing, root mean square; it runs rough for about one minute in thirty.</summary>
    private sealed class Vibration() : Waveform("vibration", "mm/s", 0.001)
    {
        protected override double Value(double seconds, long ticks, ulong seed)
        {
            bool rough = Noise.Uniform(seed, (long)(seconds / 60)) < 1.0 / 30;
            double level = 1.4 + (0.3 * Offset(seed)) + (0.2 * Wave(seconds, 600, seed)) + (rough ? 3.5 : 0);
            return level * Math.Exp(0.12 * Noise.Normal(seed, ticks));
        }
    }

    /// <summary>Pulses of a meter since the first of January 2020: never less than before.</summary>
    private sealed class Counter() : Waveform("counter", null, 1)
    {
        private const double BeginSeconds = 1577836800;

        // Rate 0.5/s on average, between 0.1 and 0.9 over a day: the integral of 0.5 + 0.4 sin(wt) is
        // 0.5 t - 0.4/w cos(wt), which never falls.
        protected override double Value(double seconds, long ticks, ulong seed)
        {
            double w = 2 * Math.PI / 86400;
            double t = Math.Max(0, seconds - BeginSeconds);
            return Math.Floor((0.5 * t) + (0.4 / w * (1 - Math.Cos(w * t))));
        }
    }
}
