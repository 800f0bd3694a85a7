namespace Sluice.Sensors;

/// <summary>
/// Reads all sensors at their intervals from one task: no thread a sensor. A read that takes long holds up only its
/// own sensor, whose missed turns are counted; the others go on.
///
/// Turns are multiples of the interval since the Unix epoch, so two gateways sample at the same moments and the
/// schedule does not drift. A turn that has passed is skipped, never made up for.
/// </summary>
public sealed class SensorScheduler : IAsyncDisposable
{
    private readonly TimeProvider _time;
    private readonly ISensorOutput _output;
    private readonly CancellationTokenSource _stop = new();

    // Owned by the loop.
    private readonly PriorityQueue<Slot, DateTimeOffset> _due = new();
    private readonly List<Slot> _slots = [];
    private Task _loop = Task.CompletedTask;

    public SensorScheduler(IEnumerable<ISensor> sensors, ISensorOutput output, TimeProvider time)
    {
        _time = time;
        _output = output;
        foreach (ISensor sensor in sensors)
        {
            if (sensor.Every <= TimeSpan.Zero)
            {
                throw new ArgumentException($"Sensor {sensor.Name}: the interval must be more than zero.", nameof(sensors));
            }

            _slots.Add(new Slot(sensor));
        }
    }

    /// <summary>How many sensors are read.</summary>
    public int Count => _slots.Count;

    /// <summary>Begins to read; the first turn of each sensor is its next multiple of the interval.</summary>
    public void Start()
    {
        DateTimeOffset now = _time.GetUtcNow();
        foreach (Slot slot in _slots)
        {
            _due.Enqueue(slot, NextTurn(now, slot.Sensor.Every));
        }

        _loop = _slots.Count == 0 ? Task.CompletedTask : Task.Run(RunAsync);
    }

    /// <summary>Stops, waits for the reads that are under way, and disposes the sensors.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        foreach (Slot slot in _slots)
        {
            await slot.Running;
            await slot.Sensor.DisposeAsync();
        }

        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (_due.TryPeek(out Slot? slot, out DateTimeOffset due))
        {
            TimeSpan wait = due - _time.GetUtcNow();
            if (wait > TimeSpan.Zero)
            {
                try
                {
                    await Task.Delay(wait, _time, _stop.Token);
                }
                catch (OperationCanceledException)
                {
                    return;
                }

                // A timer may fire early by its resolution; look at the clock again.
                continue;
            }

            if (_stop.IsCancellationRequested)
            {
                return;
            }

            _due.Dequeue();
            if (slot.Running.IsCompleted)
            {
                slot.Running = ReadAsync(slot, due);
            }
            else
            {
                _output.Missed(slot.Sensor, 1);
            }

            ScheduleNext(slot, due);
        }
    }

    private void ScheduleNext(Slot slot, DateTimeOffset due)
    {
        TimeSpan every = slot.Sensor.Every;
        DateTimeOffset next = due + every;
        DateTimeOffset now = _time.GetUtcNow();
        if (next <= now)
        {
            DateTimeOffset later = NextTurn(now, every);
            _output.Missed(slot.Sensor, (later - next).Ticks / every.Ticks);
            next = later;
        }

        _due.Enqueue(slot, next);
    }

    private async Task ReadAsync(Slot slot, DateTimeOffset due)
    {
        slot.Readings.Clear();
        try
        {
            await slot.Sensor.ReadAsync(due, slot.Readings, _stop.Token);
            _output.Write(slot.Sensor, slot.Readings);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Stopping: the reading is not missing, nobody asks for it any more.
        }
        catch (Exception e)
        {
            // Whatever a driver throws is that sensor's fault alone: the next turn tries again.
            _output.Failed(slot.Sensor, e);
        }
    }

    private static DateTimeOffset NextTurn(DateTimeOffset now, TimeSpan every)
    {
        long since = (now - DateTimeOffset.UnixEpoch).Ticks;
        return DateTimeOffset.UnixEpoch.AddTicks(((since / every.Ticks) + 1) * every.Ticks);
    }

    private sealed class Slot(ISensor sensor)
    {
        public ISensor Sensor { get; } = sensor;

        public Task Running { get; set; } = Task.CompletedTask;

        /// <summary>Owned by the read that runs.</summary>
        public List<SensorReading> Readings { get; } = [];
    }
}
