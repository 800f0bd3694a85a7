namespace Sluice.Sensors.Sampling;

/// <summary>
/// The one scheduler of all sensors: a timer and a queue ordered by time. A turn is handed to the worker of the sensor's bus;
/// while a device converts, its turn waits here and the bus serves others. A turn that has passed is counted and never made up for.
///
/// The queue goes by the monotonic clock, and turns are planned on the wall clock at most <see cref="LookAgain"/> ahead, so a
/// wall clock that is set, forward or back, shifts turns and neither stops sensors nor makes them hurry.
/// </summary>
public sealed class Sampler : IAsyncDisposable
{
    /// <summary>How soon a set clock is noticed by sensors that are read seldom.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromMinutes(1);

    /// <summary>How long stopping waits for turns that are under way: a device that hangs must not hold up the gateway's end.</summary>
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(5);

    private readonly IReadOnlyList<SampledSensor> _sensors;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly ITimer _timer;

    // Guarded by _gate.
    private readonly PriorityQueue<(SampledSensor Sensor, bool IsTurn), long> _queue = new();
    private readonly List<SampledSensor> _starting = [];
    private long _armed = long.MaxValue;
    private bool _isStopped;
    private int _busy;
    private TaskCompletionSource? _idle;

    /// <param name="sensors">Owned from <see cref="Start"/> on.</param>
    /// <param name="output">Takes the readings.</param>
    /// <param name="time">The clock.</param>
    public Sampler(IReadOnlyList<SampledSensor> sensors, ISensorOutput output, TimeProvider time)
    {
        _sensors = sensors;
        Output = output;
        _time = time;
        _timer = time.CreateTimer(_ => Tick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The sensors that are read.</summary>
    public IReadOnlyList<SampledSensor> Sensors => _sensors;

    internal ISensorOutput Output { get; }

    internal DateTimeOffset Now => _time.GetUtcNow();

    /// <summary>Begins to read; the first turn of each sensor is the next of its schedule.</summary>
    public void Start()
    {
        DateTimeOffset now = Now;
        foreach (SampledSensor sensor in _sensors)
        {
            sensor.Attach(this, now);
        }

        lock (_gate)
        {
            foreach (SampledSensor sensor in _sensors)
            {
                sensor.NextDue = sensor.Plan.Schedule.Next(now);
                Plan(sensor, now);
            }

            Arm();
        }
    }

    /// <summary>Gives a sensor a turn now, or right after the one that is under way.</summary>
    public void Trigger(SampledSensor sensor)
    {
        lock (_gate)
        {
            if (_isStopped || sensor.IsBusy)
            {
                sensor.IsWanted = true;
                return;
            }

            Occupy(sensor, Now, isScheduled: false);
        }

        sensor.Begin();
    }

    /// <summary>Stops, waits for the turns that are under way, lets counters write their last, and disposes the drivers.</summary>
    public async ValueTask DisposeAsync()
    {
        Task idle;
        lock (_gate)
        {
            if (_isStopped)
            {
                return;
            }

            _isStopped = true;
            _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

            // Turns that wait for their device are over: its answer is not waited for any more.
            while (_queue.TryDequeue(out (SampledSensor Sensor, bool IsTurn) next, out _))
            {
                if (!next.IsTurn)
                {
                    next.Sensor.IsBusy = false;
                    _busy--;
                }
            }

            foreach (SampledSensor sensor in _sensors.Where(sensor => !sensor.IsBusy && sensor.Driver.ReadsAtEnd))
            {
                Occupy(sensor, Now, isScheduled: true);
                _starting.Add(sensor);
            }

            if (_busy == 0)
            {
                _idle.SetResult();
            }

            idle = _idle.Task;
        }

        await _timer.DisposeAsync();
        _starting.ForEach(sensor => sensor.Begin());
        await Task.WhenAny(idle, Task.Delay(StopTimeout, CancellationToken.None));
        foreach (SampledSensor sensor in _sensors)
        {
            sensor.Driver.Dispose();
        }
    }

    /// <summary>Goes on with a turn after a while.</summary>
    internal void Continue(SampledSensor sensor, TimeSpan wait)
    {
        lock (_gate)
        {
            if (!_isStopped)
            {
                _queue.Enqueue((sensor, false), At(wait));
                Arm();
                return;
            }
        }

        // Stopping: the device's answer is not waited for any more.
        Ended(sensor);
    }

    /// <summary>A turn is over.</summary>
    internal void Ended(SampledSensor sensor)
    {
        bool again;
        lock (_gate)
        {
            sensor.IsBusy = false;
            _busy--;
            again = sensor.IsWanted && !_isStopped;
            sensor.IsWanted = false;
            if (again)
            {
                Occupy(sensor, Now, isScheduled: false);
            }
            else if (_busy == 0)
            {
                _idle?.TrySetResult();
            }
        }

        if (again)
        {
            sensor.Begin();
        }
    }

    private void Tick()
    {
        SampledSensor[] starting;
        List<SampledSensor> continuing = [];
        lock (_gate)
        {
            _armed = long.MaxValue;
            if (_isStopped)
            {
                return;
            }

            long timestamp = _time.GetTimestamp();
            DateTimeOffset now = Now;
            while (_queue.TryPeek(out (SampledSensor Sensor, bool IsTurn) next, out long at) && at <= timestamp)
            {
                _queue.Dequeue();
                if (next.IsTurn)
                {
                    Turn(next.Sensor, now);
                }
                else
                {
                    continuing.Add(next.Sensor);
                }
            }

            starting = [.. _starting];
            _starting.Clear();
            Arm();
        }

        foreach (SampledSensor sensor in continuing)
        {
            sensor.Post();
        }

        foreach (SampledSensor sensor in starting)
        {
            sensor.Begin();
        }
    }

    /// <summary>A turn has come, or the clock is to be looked at again.</summary>
    private void Turn(SampledSensor sensor, DateTimeOffset now)
    {
        Schedule schedule = sensor.Plan.Schedule;
        DateTimeOffset due = sensor.NextDue;
        TimeSpan early = due - now;
        if (early > TimeSpan.Zero)
        {
            // Not yet; or the clock was set back, and waiting for the old time would be silence.
            sensor.NextDue = early > schedule.Period * 2 ? schedule.Next(now) : due;
            Plan(sensor, now);
            return;
        }

        sensor.NextDue = schedule.Next(due);
        if (sensor.NextDue <= now)
        {
            sensor.Statistics.TurnsMissed(schedule.Count(due, now));
            sensor.NextDue = schedule.Next(now);
            due = now;
        }

        if (sensor.IsBusy)
        {
            sensor.Statistics.TurnsMissed(1);
            sensor.CheckStale(now);
        }
        else if (due < sensor.LeftAloneUntil)
        {
            sensor.Statistics.TurnLeftAlone();
        }
        else
        {
            Occupy(sensor, due, isScheduled: true);
            _starting.Add(sensor);
        }

        Plan(sensor, now);
    }

    private void Occupy(SampledSensor sensor, DateTimeOffset due, bool isScheduled)
    {
        sensor.Driver.IsScheduled = isScheduled;
        sensor.IsBusy = true;
        sensor.Due = due;
        _busy++;
    }

    private void Plan(SampledSensor sensor, DateTimeOffset now)
    {
        TimeSpan wait = sensor.NextDue - now;
        _queue.Enqueue((sensor, true), At(wait < LookAgain ? wait : LookAgain));
    }

    private long At(TimeSpan wait) => _time.GetTimestamp() + (long)(wait.TotalSeconds * _time.TimestampFrequency);

    private void Arm()
    {
        if (!_queue.TryPeek(out _, out long at) || at >= _armed)
        {
            return;
        }

        _armed = at;
        TimeSpan wait = _time.GetElapsedTime(_time.GetTimestamp(), at);

        // A timer counts whole milliseconds; rounding up saves it from firing too early and again.
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(0, Math.Ceiling(wait.TotalMilliseconds))), Timeout.InfiniteTimeSpan);
    }
}
