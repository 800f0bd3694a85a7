namespace Sluice.Sensors.Sampling;

/// <summary>When a sensor is read.</summary>
public abstract class Schedule
{
    /// <summary>The usual time between two turns: what "late" and "stale" are measured by.</summary>
    public abstract TimeSpan Period { get; }

    /// <summary>The first turn after a moment.</summary>
    public abstract DateTimeOffset Next(DateTimeOffset after);

    /// <summary>How many turns are after one moment and not after the other.</summary>
    public virtual long Count(DateTimeOffset after, DateTimeOffset until)
    {
        long count = 0;
        for (DateTimeOffset turn = Next(after); turn <= until; turn = Next(turn))
        {
            count++;
        }

        return count;
    }

    /// <summary>Multiples of the interval since the Unix epoch: two gateways sample at the same moments, and nothing drifts.</summary>
    public static Schedule Aligned(TimeSpan every) => new Interval(every, DateTimeOffset.UnixEpoch);

    /// <summary>Multiples of the interval since a moment: sensors that need not agree do not all ask at once.</summary>
    public static Schedule From(DateTimeOffset begin, TimeSpan every) => new Interval(every, begin);

    private sealed class Interval : Schedule
    {
        private readonly DateTimeOffset _origin;

        public Interval(TimeSpan every, DateTimeOffset origin)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(every, TimeSpan.Zero);
            Period = every;
            _origin = origin;
        }

        public override TimeSpan Period { get; }

        public override DateTimeOffset Next(DateTimeOffset after) => _origin.AddTicks((Turns(after) + 1) * Period.Ticks);

        public override long Count(DateTimeOffset after, DateTimeOffset until) => Math.Max(0, Turns(until) - Turns(after));

        /// <summary>Whole intervals from the origin, rounded down also before it.</summary>
        private long Turns(DateTimeOffset moment)
        {
            (long turns, long rest) = Math.DivRem((moment - _origin).Ticks, Period.Ticks);
            return rest < 0 ? turns - 1 : turns;
        }
    }
}
