namespace Sluice.Sensors.Sampling;

/// <summary>What a sensor has been through since the start. Any thread may read; figures of different moments may stand side by side.</summary>
public sealed class SensorStatistics
{
    private readonly long[] _faults = new long[Enum.GetValues<FaultReason>().Length];
    private long _good;
    private long _failed;
    private long _missed;
    private long _leftAlone;
    private long _started;
    private long _lateTicks;
    private long _maximumLateTicks;

    /// <summary>Turns that gave values.</summary>
    public long Good => Interlocked.Read(ref _good);

    /// <summary>Turns that failed, with all their attempts.</summary>
    public long Failed => Interlocked.Read(ref _failed);

    /// <summary>Turns that did not take place, because the one before was still under way or the clock jumped.</summary>
    public long Missed => Interlocked.Read(ref _missed);

    /// <summary>Turns that did not take place, because the device fails and is left alone for a while.</summary>
    public long LeftAlone => Interlocked.Read(ref _leftAlone);

    /// <summary>The mean time from when a turn was due to when it began.</summary>
    public TimeSpan MeanLateness => new(Interlocked.Read(ref _lateTicks) / Math.Max(1, Interlocked.Read(ref _started)));

    /// <summary>The longest time from when a turn was due to when it began.</summary>
    public TimeSpan MaximumLateness => new(Interlocked.Read(ref _maximumLateTicks));

    /// <summary>The latest fault, with its time; null if there was none.</summary>
    public SensorFault? LastFault { get; private set; }

    /// <summary>Failed attempts, by reason; a turn may have several.</summary>
    public long Faults(FaultReason reason) => Interlocked.Read(ref _faults[(int)reason]);

    internal void Begun(TimeSpan late)
    {
        Interlocked.Increment(ref _started);
        Interlocked.Add(ref _lateTicks, Math.Max(0, late.Ticks));

        // One turn of a sensor at a time, so nobody else writes.
        _maximumLateTicks = Math.Max(_maximumLateTicks, late.Ticks);
    }

    internal void Succeeded() => Interlocked.Increment(ref _good);

    internal void Attempted(SensorFault fault)
    {
        Interlocked.Increment(ref _faults[(int)fault.Reason]);
        LastFault = fault;
    }

    internal void TurnFailed() => Interlocked.Increment(ref _failed);

    internal void TurnsMissed(long count) => Interlocked.Add(ref _missed, count);

    internal void TurnLeftAlone() => Interlocked.Increment(ref _leftAlone);
}

/// <summary>A failed attempt.</summary>
public sealed record SensorFault(FaultReason Reason, string Message, DateTimeOffset At);
