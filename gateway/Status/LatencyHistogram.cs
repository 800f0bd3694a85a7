namespace Sluice.Gateway.Status;

/// <summary>Durations counted by size, in the form that Prometheus asks of a histogram. Any thread may add.</summary>
public sealed class LatencyHistogram
{
    private static readonly double[] Bounds =
        [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly long[] _counts = new long[Bounds.Length + 1];
    private long _sumTicks;

    /// <summary>The upper bounds in seconds; a last bucket takes the rest.</summary>
    public static IReadOnlyList<double> BoundsSeconds => Bounds;

    public void Add(TimeSpan duration)
    {
        int bucket = Array.FindIndex(Bounds, bound => duration.TotalSeconds <= bound);
        Interlocked.Increment(ref _counts[bucket < 0 ? Bounds.Length : bucket]);
        Interlocked.Add(ref _sumTicks, duration.Ticks);
    }

    /// <summary>The counts of each bucket, the last one for what is beyond all bounds, and the sum in seconds.</summary>
    public (long[] Counts, double SumSeconds) Snapshot()
    {
        long[] counts = new long[_counts.Length];
        for (int i = 0; i < counts.Length; i++)
        {
            counts[i] = Interlocked.Read(ref _counts[i]);
        }

        return (counts, TimeSpan.FromTicks(Interlocked.Read(ref _sumTicks)).TotalSeconds);
    }

    /// <summary>
    /// The duration in seconds below which a share of those counted between two snapshots lies, interpolated within its
    /// bucket; 0 when there were none.
    /// </summary>
    public static double Quantile(double share, long[] before, long[] after)
    {
        long total = after.Sum() - before.Sum();
        double wanted = share * total;
        double seen = 0;
        for (int i = 0; i < after.Length && total > 0; i++)
        {
            double inside = after[i] - before[i];
            if (inside > 0 && seen + inside >= wanted)
            {
                double low = i == 0 ? 0 : Bounds[i - 1];
                double high = i < Bounds.Length ? Bounds[i] : Bounds[^1];
                return low + ((high - low) * (wanted - seen) / inside);
            }

            seen += inside;
        }

        return 0;
    }
}
