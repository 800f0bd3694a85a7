namespace Sluice.Sensors.Tests.Sampling;

/// <summary>A clock for long runs: timers in a heap, each of which fires when the time has come to it. One thread.</summary>
internal sealed class FastTime(DateTimeOffset start) : TimeProvider
{
    private readonly PriorityQueue<(FastTimer Timer, long Version), long> _timers = new();
    private long _ticks = start.UtcTicks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => new(_ticks, TimeSpan.Zero);

    public override long GetTimestamp() => _ticks;

    public void RunUntil(DateTimeOffset end)
    {
        while (_timers.TryPeek(out (FastTimer Timer, long Version) next, out long due) && due <= end.UtcTicks)
        {
            _timers.Dequeue();
            if (next.Version == next.Timer.Version)
            {
                _ticks = Math.Max(_ticks, due);
                next.Timer.Fire();
            }
        }

        _ticks = end.UtcTicks;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        FastTimer timer = new(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class FastTimer(FastTime owner, Action fire) : ITimer
    {
        public long Version { get; private set; }

        public void Fire() => fire();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Version++;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                owner._timers.Enqueue((this, Version), owner._ticks + dueTime.Ticks);
            }

            return true;
        }

        public void Dispose() => Version++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
