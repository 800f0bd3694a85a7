using System.Collections.Concurrent;
using System.Diagnostics;

namespace Sluice.Sensors.Tests;

public sealed class SensorSchedulerTests
{
    private static readonly DateTimeOffset Start = new(2026, 5, 1, 10, 0, 0, 300, TimeSpan.Zero);

    private readonly ManualTime _time = new(Start);
    private readonly Output _output = new();

    [Fact]
    public async Task Sensors_are_read_at_the_multiples_of_their_interval()
    {
        await using SensorScheduler scheduler = new([new Probe("a", 1000), new Probe("b", 250)], _output, _time);
        scheduler.Start();
        await AdvanceAsync(2000, 50);
        Assert.Equal(["10:00:01.000", "10:00:02.000"], _output.Times("a"));
        Assert.Equal(
            ["10:00:00.500", "10:00:00.750", "10:00:01.000", "10:00:01.250", "10:00:01.500", "10:00:01.750", "10:00:02.000", "10:00:02.250"],
            _output.Times("b"));
        Assert.Equal(0, _output.MissedReads);
    }

    [Fact]
    public async Task A_slow_sensor_misses_its_own_turns_only()
    {
        Probe slow = new("slow", 1000) { Hold = new TaskCompletionSource() };
        await using SensorScheduler scheduler = new([slow, new Probe("quick", 1000)], _output, _time);
        scheduler.Start();
        await AdvanceAsync(3000, 100);
        Assert.Equal(3, _output.Times("quick").Length);
        Assert.Empty(_output.Times("slow"));
        Assert.Equal(2, _output.MissedReads);
        slow.Hold.SetResult();
        slow.Hold = null;
        await UntilAsync(() => _output.Times("slow").Length == 1);
        await AdvanceAsync(1000, 100);
        Assert.Equal(["10:00:01.000", "10:00:04.000"], _output.Times("slow"));
    }

    [Fact]
    public async Task A_sensor_that_fails_is_reported_and_read_again()
    {
        Probe probe = new("p", 1000) { Fault = new SensorException("no answer on the bus") };
        await using SensorScheduler scheduler = new([probe], _output, _time);
        scheduler.Start();
        await AdvanceAsync(1000, 100);
        probe.Fault = null;
        await AdvanceAsync(1000, 100);
        Assert.Equal(["p: no answer on the bus"], _output.Failures);
        Assert.Equal(["10:00:02.000"], _output.Times("p"));
    }

    [Fact]
    public async Task A_jump_of_the_clock_is_counted_and_not_made_up_for()
    {
        await using SensorScheduler scheduler = new([new Probe("p", 1000)], _output, _time);
        scheduler.Start();
        await AdvanceAsync(1000, 100);
        await SleepingAsync();
        _time.Jump(TimeSpan.FromSeconds(3600));
        await UntilAsync(() => _output.MissedReads > 0);
        await AdvanceAsync(1000, 100);
        Assert.Equal(3, _output.Times("p").Length);
        Assert.InRange(_output.MissedReads, 3598, 3600);
    }

    [Fact]
    public async Task Stopping_waits_for_a_read_and_disposes_the_sensors()
    {
        Probe probe = new("p", 1000);
        SensorScheduler scheduler = new([probe], _output, _time);
        scheduler.Start();
        await AdvanceAsync(1000, 100);
        await scheduler.DisposeAsync();
        Assert.True(probe.IsDisposed);
    }

    [Fact]
    public void An_interval_of_nothing_is_refused() =>
        Assert.Throws<ArgumentException>(() => new SensorScheduler([new Probe("p", 0)], _output, _time));

    /// <summary>Lets time go in steps, each when the scheduler has gone back to sleep.</summary>
    private async Task AdvanceAsync(int ms, int stepMs)
    {
        for (int at = 0; at < ms; at += stepMs)
        {
            await SleepingAsync();
            _time.Advance(TimeSpan.FromMilliseconds(stepMs));
        }

        await SleepingAsync();
    }

    private Task SleepingAsync() => UntilAsync(() => _time.Waiting == 1);

    private static async Task UntilAsync(Func<bool> condition)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), "the condition did not come to hold");
            await Task.Yield();
        }
    }

    private sealed class Probe(string name, int everyMs) : ISensor
    {
        public string Name => name;

        public TimeSpan Every => TimeSpan.FromMilliseconds(everyMs);

        public TaskCompletionSource? Hold { get; set; }

        public Exception? Fault { get; set; }

        public bool IsDisposed { get; private set; }

        public async ValueTask ReadAsync(DateTimeOffset due, ICollection<SensorReading> readings, CancellationToken cancellation)
        {
            if (Hold is { } hold)
            {
                await hold.Task.WaitAsync(cancellation);
            }

            if (Fault is not null)
            {
                throw Fault;
            }

            readings.Add(new SensorReading(name, "m", null, due, 1));
        }

        public ValueTask DisposeAsync()
        {
            IsDisposed = true;
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Output : ISensorOutput
    {
        private readonly ConcurrentQueue<SensorReading> _readings = new();
        private long _missed;

        public ConcurrentQueue<string> Failures { get; } = new();

        public long MissedReads => Interlocked.Read(ref _missed);

        public string[] Times(string device) =>
            [.. _readings.Where(reading => reading.Device == device).Select(reading => reading.Timestamp.ToString("HH:mm:ss.fff"))];

        public void Write(ISensor sensor, IReadOnlyList<SensorReading> readings)
        {
            foreach (SensorReading reading in readings)
            {
                _readings.Enqueue(reading);
            }
        }

        public void Failed(ISensor sensor, Exception reason) => Failures.Enqueue($"{sensor.Name}: {reason.Message}");

        public void Missed(ISensor sensor, long count) => Interlocked.Add(ref _missed, count);
    }
}
