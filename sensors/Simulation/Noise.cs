namespace Sluice.Sensors.Simulation;

/// <summary>
/// Random numbers that are a function of a seed and a position, so that a simulated sensor gives the same value for
/// the same moment however often it was restarted. SplitMix64's output function (Steele, Lea and Flood 2014).
/// </summary>
internal static class Noise
{
    /// <summary>Evenly spread in [0, 1).</summary>
    public static double Uniform(ulong seed, long position)
    {
        ulong z = seed + (unchecked((ulong)position + 1) * 0x9E3779B97F4A7C15UL);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        z ^= z >> 31;
        return (z >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>About normal with mean 0 and deviation 1: the sum of twelve uniform numbers less six, so never beyond 6.</summary>
    public static double Normal(ulong seed, long position)
    {
        double sum = -6;
        for (int i = 0; i < 12; i++)
        {
            sum += Uniform(seed + ((ulong)i * 0xD1342543DE82EF95UL), position);
        }

        return sum;
    }

    /// <summary>A seed from a name: FNV-1a, 64 bits (the same on every machine, as string.GetHashCode is not).</summary>
    public static ulong Seed(string name)
    {
        ulong hash = 14695981039346656037UL;
        foreach (char c in name)
        {
            hash = (hash ^ c) * 1099511628211UL;
        }

        return hash;
    }
}
