using System.Diagnostics;
using Sluice.Sensors.Sampling;

namespace Sluice.Sensors.Tests.Sampling;

public sealed class SamplerTests
{
    private static readonly DateTimeOffset Start = new(2026, 5, 1, 10, 0, 0, 300, TimeSpan.Zero);

    private readonly ManualTime _time = new(Start);
    private readonly Recorder _output = new();
    private readonly BusWorker _worker = BusWorker.Inline();

    [Fact]
    public async Task Sensors_are_read_at_the_multiples_of_their_interval()
    {
        await using Sampler sampler = Run(Sensor("a", new Probe(), 1000), Sensor("b", new Probe(), 250));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(["10:00:01.000", "10:00:02.000"], _output.Times("a"));
        Assert.Equal(
            ["10:00:00.500", "10:00:00.750", "10:00:01.000", "10:00:01.250", "10:00:01.500", "10:00:01.750", "10:00:02.000", "10:00:02.250"],
            _output.Times("b"));
        Assert.All(sampler.Sensors, sensor => Assert.Equal(0, sensor.Statistics.Missed));
    }

    [Fact]
    public async Task A_conversion_does_not_hold_the_bus()
    {
        await using Sampler sampler = Run(Sensor("slow", new Probe { Conversion = 400 }, 1000), Sensor("quick", new Probe(), 100));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(10, _output.Times("quick").Length);
        Assert.Empty(_output.Times("slow"));
        _time.Advance(TimeSpan.FromMilliseconds(200));
        Assert.Equal(["10:00:01.000"], _output.Times("slow"));
    }

    [Fact]
    public async Task A_bus_that_hangs_holds_up_its_own_sensors_only_and_their_values_become_stale()
    {
        using BusWorker hanging = BusWorker.Threaded("hanging");
        Probe stuck = new();
        SampledSensor slow = Sensor("slow", stuck, 1000, worker: hanging);
        SampledSensor neighbour = Sensor("neighbour", new Probe(), 1000, worker: hanging);
        await using Sampler sampler = Run(slow, neighbour, Sensor("other", new Probe(), 1000));
        _time.Advance(TimeSpan.FromSeconds(1));
        await UntilAsync(() => neighbour.Statistics.Good == 1);
        using ManualResetEventSlim hold = new(false);
        stuck.Gate = hold;
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(6, _output.Times("other").Length);
        Assert.Equal(1, slow.Statistics.Good);
        Assert.Equal(4, slow.Statistics.Missed);
        Assert.Equal(SensorQuality.Stale, slow.Quality);
        stuck.Gate = null;
        hold.Set();
        await UntilAsync(() => slow.Statistics.Good == 2 && slow.Quality == SensorQuality.Good);
        Assert.Equal(["slow good", "slow stale", "slow good"], _output.Qualities.Where(line => line.StartsWith("slow", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_turn_is_tried_again_before_it_fails()
    {
        Probe probe = new();
        probe.Faults.Enqueue(FaultReason.Nack);
        probe.Faults.Enqueue(FaultReason.Crc);
        SampledSensor sensor = Sensor("p", probe, 1000);
        await using Sampler sampler = Run(sensor);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["10:00:01.000"], _output.Times("p"));
        Assert.Equal((1, 1, 0), (sensor.Statistics.Faults(FaultReason.Nack), sensor.Statistics.Faults(FaultReason.Crc), sensor.Statistics.Failed));
        Assert.Equal(3, probe.Initialized);
        Assert.Equal(["p good"], _output.Qualities);
    }

    [Fact]
    public async Task A_sensor_that_fails_is_a_fault_is_left_alone_longer_and_longer_and_recovers()
    {
        Probe probe = new() { Lasting = FaultReason.Timeout };
        SampledSensor sensor = Sensor("p", probe, 1000);
        await using Sampler sampler = Run(sensor);
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(SensorQuality.Fault, sensor.Quality);
        Assert.Empty(_output.Times("p"));

        // 1 s, 2 s, 4 s ... 60 s between attempts: three at once, then a dozen and a half in ten minutes.
        Assert.InRange(sensor.Statistics.Failed, 12, 24);
        Assert.Equal(600, sensor.Statistics.Failed + sensor.Statistics.LeftAlone);
        Assert.Equal(3 * sensor.Statistics.Failed, sensor.Statistics.Faults(FaultReason.Timeout));
        Assert.Equal("timed out", sensor.Statistics.LastFault!.Message);
        probe.Lasting = null;
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(SensorQuality.Good, sensor.Quality);
        Assert.Equal(["p fault", "p good"], _output.Qualities);
        Assert.InRange(_output.Times("p").Length, 60, 120);
    }

    [Fact]
    public async Task A_value_that_is_no_number_is_a_fault()
    {
        SampledSensor sensor = Sensor("p", new Probe { Value = double.NaN }, 1000);
        await using Sampler sampler = Run(sensor);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(_output.Times("p"));
        Assert.Equal(3, sensor.Statistics.Faults(FaultReason.Range));
    }

    [Fact]
    public async Task A_clock_that_is_set_forward_is_counted_and_not_made_up_for()
    {
        SampledSensor sensor = Sensor("p", new Probe(), 1000);
        await using Sampler sampler = Run(sensor);
        _time.Advance(TimeSpan.FromSeconds(1));
        _time.Jump(TimeSpan.FromSeconds(3600));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(3, _output.Times("p").Length);
        Assert.InRange(sensor.Statistics.Missed, 3598, 3600);
    }

    [Fact]
    public async Task A_clock_that_is_set_back_does_not_silence_sensors()
    {
        await using Sampler sampler = Run(Sensor("p", new Probe(), 1000));
        _time.Advance(TimeSpan.FromSeconds(2));
        _time.SetWall(Start.AddHours(-1));
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.InRange(_output.Times("p").Length, 5, 6);
        Assert.Equal("09:00:04.000", _output.Times("p")[^1]);
    }

    [Fact]
    public async Task Oversampling_calibration_filter_and_deadband()
    {
        Probe probe = new();
        SampledSensor sensor = new("p", "p", probe, _worker, new SamplingPlan
        {
            Schedule = Schedule.Aligned(TimeSpan.FromSeconds(1)),
            Oversample = 4,
            Filter = Filter.Parse("median 3"),
            Calibrations = new Dictionary<string, Calibration> { ["m"] = new(2, 1, [], "kPa") },
            Deadband = 5,
            Heartbeat = TimeSpan.FromSeconds(10),
        });
        await using Sampler sampler = Run(sensor);

        // The mean of four is 10: 2 * 10 + 1.
        foreach (double value in (double[])[7, 9, 11, 13])
        {
            probe.Values.Enqueue(value);
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([21.0], _output.Values);
        Assert.Equal("kPa", _output.Readings[0].Unit);

        // The median of 21 and 1001, then of 21, 1001 and 23; the next ones are within the deadband until the heartbeat.
        probe.Value = 500;
        _time.Advance(TimeSpan.FromSeconds(1));
        probe.Value = 11;
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal([21.0, 511.0, 23.0], _output.Values);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal([21.0, 511.0, 23.0, 23.0], _output.Values);
    }

    [Fact]
    public async Task A_burst_passes_on_the_window_around_an_event()
    {
        Probe probe = new() { Value = 1 };
        SampledSensor sensor = new("p", "p", probe, _worker, new SamplingPlan
        {
            Schedule = Schedule.Aligned(TimeSpan.FromMilliseconds(10)),
            Burst = new BurstPlan { Metric = "m", Above = 4, Before = TimeSpan.FromMilliseconds(50), After = TimeSpan.FromMilliseconds(30) },
        });
        await using Sampler sampler = Run(sensor);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(_output.Values);
        probe.Value = 5;
        _time.Advance(TimeSpan.FromMilliseconds(10));
        probe.Value = 1;
        _time.Advance(TimeSpan.FromSeconds(1));

        // Five before it, itself, three after it.
        Assert.Equal([1, 1, 1, 1, 1, 5, 1, 1, 1], _output.Values);
        Assert.Equal(9, _output.Times("p").Distinct().Count());
    }

    [Fact]
    public async Task Stopping_reads_counters_once_more_and_disposes_drivers()
    {
        Probe counter = new() { IsCounter = true };
        Probe other = new();
        Sampler sampler = Run(Sensor("c", counter, 60_000), Sensor("o", other, 60_000));
        await sampler.DisposeAsync();
        Assert.Single(_output.Times("c"));
        Assert.Empty(_output.Times("o"));
        Assert.True(counter.IsDisposed && other.IsDisposed);
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_conversions()
    {
        Probe counter = new() { IsCounter = true, Conversion = 60_000 };
        Sampler sampler = Run(Sensor("slow", new Probe { Conversion = 60_000 }, 1000), Sensor("c", counter, 1000));
        _time.Advance(TimeSpan.FromSeconds(1));
        Stopwatch watch = Stopwatch.StartNew();
        await sampler.DisposeAsync();
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(4));
        Assert.True(counter.IsDisposed);
    }

    [Theory]
    [InlineData("mean 3", new[] { 3.0, 6, 9, 0 }, new[] { 3.0, 4.5, 6, 5 })]
    [InlineData("exponential 0.25", new[] { 8.0, 16, 0 }, new[] { 8.0, 10, 7.5 })]
    [InlineData("median 2", new[] { 1.0, 9, 4 }, new[] { 1.0, 5, 6.5 })]
    public void Filters(string text, double[] values, double[] filtered)
    {
        Filter filter = Filter.Parse(text)!();
        Assert.Equal(filtered, values.Select(filter.Apply));
    }

    [Theory]
    [InlineData("mean")]
    [InlineData("mean 0")]
    [InlineData("median 1.5")]
    [InlineData("exponential 2")]
    [InlineData("kalman 3")]
    public void What_is_no_filter(string text) => Assert.Null(Filter.Parse(text));

    /// <summary>Counted by whole days, as by going from turn to turn; and so fast that a clock that is set from 1970 to now holds up nobody.</summary>
    [Theory]
    [InlineData("*/7 3-5,22 * * *")]
    [InlineData("*/20 */7 * * * 1-5")]
    [InlineData("0 0 13 * 5")]
    [InlineData("59 59 23 31 12 *")]
    public void Turns_of_a_cron_schedule_are_counted(string text)
    {
        CronSchedule schedule = new(text);
        int seed = Environment.TickCount;
        Random random = new(seed);
        for (int i = 0; i < 20; i++)
        {
            DateTimeOffset from = Start.AddSeconds(random.NextDouble() * 86400 * 40);
            DateTimeOffset until = from.AddSeconds(random.NextDouble() * 86400 * (i % 2 == 0 ? 1 : 20));
            long count = 0;
            for (DateTimeOffset turn = schedule.Next(from); turn <= until; turn = schedule.Next(turn))
            {
                count++;
            }

            Assert.True(count == schedule.Count(from, until), $"{count}, not {schedule.Count(from, until)} from {from:O} until {until:O} (seed {seed})");
        }

        CronSchedule everySecond = new("* * * * * *");
        Stopwatch watch = Stopwatch.StartNew();
        Assert.Equal((long)(Start - DateTimeOffset.UnixEpoch).TotalSeconds, everySecond.Count(DateTimeOffset.UnixEpoch, Start));
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData("*/5 * * * *", "10:05:00", "10:10:00")]
    [InlineData("0 6 * * 1-5", "04 06:00:00", "05 06:00:00")]
    [InlineData("30 2 29 2 *", "2028-02-29 02:30:00", "2032-02-29 02:30:00")]
    [InlineData("*/20 * * * * *", "10:00:20", "10:00:40")]
    [InlineData("0 0 13 * 5", "08 00:00:00", "13 00:00:00")]
    [InlineData("15,45 8-10/2 * * 0,7", "03 08:15:00", "03 08:45:00")]
    public void Cron(string text, string first, string second)
    {
        CronSchedule schedule = new(text);
        DateTimeOffset next = schedule.Next(Start);
        Assert.EndsWith(first, next.ToString("yyyy-MM-dd HH:mm:ss"), StringComparison.Ordinal);
        Assert.EndsWith(second, schedule.Next(next).ToString("yyyy-MM-dd HH:mm:ss"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("* * * *")]
    [InlineData("60 * * * *")]
    [InlineData("5-1 * * * *")]
    [InlineData("*/0 * * * *")]
    [InlineData("0 0 30 2 *")]
    public void Cron_that_is_wrong_is_refused(string text) => Assert.Throws<FormatException>(() => new CronSchedule(text));

    [Fact]
    public void A_calibration_table_is_straight_between_its_points_and_beyond()
    {
        Calibration calibration = new(1, 0, [(10, 100), (0, 0), (20, 300)], null);
        Assert.Equal([50.0, 200, 400, -100, 100], ((double[])[5, 15, 25, -10, 10]).Select(calibration.Apply));
    }

    private Sampler Run(params SampledSensor[] sensors)
    {
        Sampler sampler = new(sensors, _output, _time);
        sampler.Start();
        return sampler;
    }

    private SampledSensor Sensor(string name, Probe probe, int everyMs, BusWorker? worker = null) =>
        new(name, name, probe, worker ?? _worker, new SamplingPlan { Schedule = Schedule.Aligned(TimeSpan.FromMilliseconds(everyMs)) });

    private static async Task UntilAsync(Func<bool> condition)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), "the condition did not come to hold");
            await Task.Yield();
        }
    }

    private sealed class Probe : SensorDriver
    {
        public Queue<FaultReason> Faults { get; } = new();

        public Queue<double> Values { get; } = new();

        public FaultReason? Lasting { get; set; }

        public double Value { get; set; } = 1;

        public int Conversion { get; init; }

        public ManualResetEventSlim? Gate { get; set; }

        public bool IsCounter { get; init; }

        public int Initialized { get; private set; }

        public bool IsDisposed { get; private set; }

        public override bool ReadsAtEnd => IsCounter;

        public override TimeSpan Initialize()
        {
            Initialized++;
            return TimeSpan.Zero;
        }

        public override TimeSpan Begin() => TimeSpan.FromMilliseconds(Conversion);

        public override void Read(ICollection<Measurement> into)
        {
            Gate?.Wait();
            if ((Faults.TryDequeue(out FaultReason fault) ? fault : Lasting) is { } reason)
            {
                throw new SensorException(reason, reason == FaultReason.Timeout ? "timed out" : "failed");
            }

            into.Add(new Measurement("m", null, Values.TryDequeue(out double value) ? value : Value));
        }

        protected override void Dispose(bool disposing) => IsDisposed = true;
    }
}
