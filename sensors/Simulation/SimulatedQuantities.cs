using System.Collections.Concurrent;

namespace Sluice.Sensors.Simulation;

/// <summary>What there is to be measured around a simulated device: for each quantity a fixed value, or one that goes with time.</summary>
/// <param name="time">The clock that values go by.</param>
/// <param name="seed">Tells devices apart.</param>
public sealed class SimulatedQuantities(TimeProvider time, ulong seed)
{
    private readonly ConcurrentDictionary<string, double> _fixed = new(StringComparer.Ordinal);

    /// <summary>The value now; set, it stays so.</summary>
    public double this[string quantity]
    {
        get => _fixed.TryGetValue(quantity, out double value) ? value : Moving(quantity);
        set => _fixed[quantity] = value;
    }

    private double Moving(string quantity)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (Waveform.Find(quantity) is { } waveform)
        {
            return waveform.At(now, seed);
        }

        double wave = Math.Sin((2 * Math.PI * (now - DateTimeOffset.UnixEpoch).TotalSeconds / 600) + (6 * Noise.Uniform(seed, 1)));
        return quantity switch
        {
            "illuminance" => 420 + (180 * wave),
            "co2" => 650 + (200 * wave),
            "voltage" => 12.1 + (0.4 * wave),
            "current" => 0.8 + (0.3 * wave),
            "distance" => 0.9 + (0.35 * wave),
            "ambient" => 21 + wave,
            "load" => 120_000 + (40_000 * wave),
            _ => 0.5 + (0.4 * wave),
        };
    }
}
