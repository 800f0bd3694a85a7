namespace Sluice.Simulation;

/// <summary>Time that passes only when the simulation says so. Timers fire within <see cref="Advance"/>.</summary>
internal sealed class SimulatedClock : TimeProvider
{
    private readonly List<Timer> _timers = [];
    private TimeSpan _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public TimeSpan Now => _now;

    public override long GetTimestamp() => _now.Ticks;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + _now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        _timers.Add(timer);
        return timer;
    }

    public void Advance(TimeSpan by)
    {
        _now += by;
        foreach (Timer timer in _timers.ToArray())
        {
            timer.FireIfDue();
        }
    }

    /// <summary>The process that made the timers is dead.</summary>
    public void ForgetTimers() => _timers.Clear();

    private sealed class Timer(SimulatedClock clock, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan? _due;
        private TimeSpan _period;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _due = dueTime == Timeout.InfiniteTimeSpan ? null : clock._now + dueTime;
            _period = period;
            return true;
        }

        public void FireIfDue()
        {
            if (_due is not { } due || due > clock._now)
            {
                return;
            }

            _due = _period > TimeSpan.Zero ? clock._now + _period : null;
            callback(state);
        }

        public void Dispose()
        {
            _due = null;
            clock._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
