using System.Diagnostics;
using Sluice.Sensors.Drivers;
using Sluice.Sensors.Gpio;
using Sluice.Sensors.Kernel;
using Sluice.Sensors.Simulation;
using Xunit.Abstractions;

namespace Sluice.Sensors.Tests.Gpio;

public sealed partial class PulseTests(ITestOutputHelper output)
{
    private const ulong Ms = 1_000_000;

    private readonly SimulatedGpioChip _chip = new("simulated", 64);

    /// <summary>
    /// A million edges at the contacts of eight meters, as they come from a reed contact: each opening and closing bounces up to
    /// three times within 0.1 ms; pulses come at 1 Hz to 2 kHz. Debounced by the kernel's rule (0.15 ms, as a chip does that debounces by
    /// itself; the kernel's own debounce counts its timer ticks), each is counted once.
    /// </summary>
    [Fact]
    public void A_million_edges_with_bounce_are_counted_exactly()
    {
        const int Meters = 8;
        int seed = Environment.TickCount;
        Random random = new(seed);
        using GpioPort port = new(() => _chip);
        SensorDriver[] counters = [.. Enumerable.Range(0, Meters).Select(line => Counter(port, $"{line}", ("debounce_ms", "0.15")))];
        port.Start();
        Stopwatch watch = Stopwatch.StartNew();
        long[] pulses = new long[Meters];
        ulong[] at = new ulong[Meters];
        long edges = 0;
        while (edges < 1_000_000)
        {
            for (int meter = 0; meter < Meters; meter++)
            {
                // Half a period of 0.25 ms (2 kHz) to 0.5 s (1 Hz), mostly short ones.
                ulong half = Math.Max(Ms / 4, (ulong)(Ms / 4 * Math.Pow(2000, Math.Pow(random.NextDouble(), 8))));
                edges += Bounce(random, meter, true, at[meter] += half);
                edges += Bounce(random, meter, false, at[meter] += half);
                pulses[meter]++;
            }

            while (_chip.Waiting(0) > GpioPort.EventBuffer / 2)
            {
                Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), "the reader does not read");
                Thread.Yield();
            }
        }

        _chip.Settle(at.Max() + (10 * Ms));
        Until(() => _chip.Waiting(0) == 0 && Enumerable.Range(0, Meters).All(meter => Count(counters[meter]) == pulses[meter]));
        Assert.Equal(0, port.Lost);
        output.WriteLine($"{edges:N0} edges, {pulses.Sum():N0} pulses of {Meters} meters, all counted, none lost, {watch.Elapsed.TotalSeconds:0.0} s (seed {seed})");
    }

    [Fact]
    public void A_forced_overflow_is_a_gap_with_its_size_and_the_count_is_right_all_the_same()
    {
        using ManualResetEventSlim hold = new(false);
        using GpioPort port = new(() => _chip);
        SensorDriver counter = Counter(port, "3");
        List<string> notes = [];
        counter.Note = (reason, message) => notes.Add($"{reason}: {message}");

        // Another input's listener keeps the reader busy while 5000 pulses go by; the kernel keeps 1024 events.
        port.Add("9", new GpioLineSettings { Edges = GpioEdges.Rising }, new Holder(hold));
        port.Start();
        _chip.Drive(9, true);
        Until(() => _chip.Waiting(3) == 0);
        for (int i = 0; i < 5000; i++)
        {
            _chip.Drive(3, true);
            _chip.Drive(3, false);
        }

        Assert.Equal(GpioPort.EventBuffer, _chip.Waiting(3));
        hold.Set();
        Until(() => Count(counter) == 5000);
        Assert.Equal(5000 - GpioPort.EventBuffer, port.Lost);
        Assert.Equal([$"Overflow: a gap of {5000 - GpioPort.EventBuffer} edges: they came faster than they were read and are in the count all the same"], notes);
    }

    [Fact]
    public void Frequency_and_duty_are_those_between_two_turns()
    {
        using GpioPort port = new(() => _chip);
        SensorDriver counter = Counter(port, "1", ("duty", "true"));
        port.Start();

        // A hundred periods of 4 ms, high for the first of each: 250 Hz, 25 %. They end with an edge that rises.
        for (ulong i = 1; i <= 101; i++)
        {
            _chip.Drive(1, false, (i * 4 * Ms) - (3 * Ms));
            _chip.Drive(1, true, i * 4 * Ms);
        }

        Until(() => ((IRestorable)counter).Total == 101);
        AssertTurn(101, 250, 25);

        // Ten more from the last edge on, of 10 ms, high for 8 of them.
        for (ulong i = 1; i <= 10; i++)
        {
            _chip.Drive(1, false, (404 * Ms) + (i * 10 * Ms) - (2 * Ms));
            _chip.Drive(1, true, (404 * Ms) + (i * 10 * Ms));
        }

        Until(() => ((IRestorable)counter).Total == 111);
        AssertTurn(111, 100, 80);

        // Nothing since.
        AssertTurn(111, 0, null);

        void AssertTurn(double count, double frequency, double? duty)
        {
            List<Measurement> measured = [];
            counter.Read(measured);
            Dictionary<string, double> values = measured.ToDictionary(measurement => measurement.Metric, measurement => measurement.Value);
            Assert.Equal(count, values["count"]);
            Assert.Equal(frequency, values["frequency"], 1e-9);
            Assert.Equal(duty is not null, values.TryGetValue("duty", out double part));
            Assert.Equal(duty ?? 0, part, 1e-9);
        }
    }

    /// <summary>A read of the kernel's events takes all there are: the reader waits only when it has emptied the buffer.</summary>
    [Fact]
    public unsafe void A_read_of_events_fills_what_it_is_given()
    {
        int* ends = stackalloc int[2];
        Assert.Equal(0, pipe(ends));
        GpioAbi.LineEvent[] events = new GpioAbi.LineEvent[300];
        for (int i = 0; i < events.Length; i++)
        {
            events[i] = new GpioAbi.LineEvent { Offset = 3, Id = GpioAbi.RisingEdge, LineSequence = (uint)i + 1, Sequence = (uint)i + 1 };
        }

        using (KernelFile write = KernelFile.Own("pipe", ends[1]))
        using (KernelGpioLines lines = new(KernelFile.Own("pipe", ends[0])))
        {
            write.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(events.AsSpan()));
            GpioEvent[] taken = new GpioEvent[256];
            Assert.Equal(256, lines.ReadEvents(taken, TimeSpan.FromSeconds(10)));
            Assert.Equal(256u, taken[^1].LineSequence);
            Assert.Equal(44, lines.ReadEvents(taken, TimeSpan.FromSeconds(10)));
            Assert.Equal(300u, taken[43].LineSequence);
        }
    }

    [System.Runtime.InteropServices.LibraryImport("libc")]
    private static unsafe partial int pipe(int* ends);

    [Fact]
    public void A_counter_goes_on_from_its_stored_total()
    {
        using GpioPort port = new(() => _chip);
        SensorDriver counter = Counter(port, "GPIO5");
        ((IRestorable)counter).Restore(1234);
        port.Start();
        _chip.Drive(5, true);
        Until(() => Count(counter) == 1235);
    }

    [Fact]
    public void An_input_gives_each_change_and_its_level_at_other_turns()
    {
        using GpioPort port = new(() => _chip);
        TestSettings settings = new(("line", "7"), ("active_low", "true"), ("bias", "pull-up"));
        SensorDriver input = GpioInputDriver.Kind.Create(new DriverSetup { Settings = settings, Port = port });
        int wakes = 0;
        input.Wake = () => Interlocked.Increment(ref wakes);
        _chip.Drive(7, true);
        port.Start();
        List<Measurement> measured = [];
        input.Read(measured);
        Assert.Equal([0.0], measured.Select(measurement => measurement.Value));
        _chip.Drive(7, false);
        _chip.Drive(7, true);

        // For the level when the line was taken, and for each change.
        Until(() => Volatile.Read(ref wakes) == 3);
        measured.Clear();
        input.Read(measured);
        Assert.Equal([1.0, 0.0], measured.Select(measurement => measurement.Value));
        Assert.All(measured, measurement => Assert.InRange(measurement.At!.Value, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow));
    }

    [Fact]
    public void A_chip_that_is_pulled_out_is_a_fault_and_is_opened_again()
    {
        using GpioPort port = new(() => _chip);
        SensorDriver counter = Counter(port, "2");
        port.Start();
        _chip.Drive(2, true);
        Until(() => Count(counter) == 1);
        _chip.Plug(false);
        Until(() => port.Reopened == 1);
        Assert.Equal(FaultReason.Missing, Assert.Throws<SensorException>(() => counter.Read([])).Reason);
        _chip.Plug(true);
        Until(() => TryCount(counter) == 1);
        _chip.Drive(2, false);
        _chip.Drive(2, true);
        Until(() => Count(counter) == 2);
    }

    [Fact]
    public void A_line_that_is_not_there_is_told()
    {
        using GpioPort port = new(() => _chip);
        SensorDriver counter = Counter(port, "DOOR");
        port.Start();
        SensorException e = Assert.Throws<SensorException>(() => counter.Read([]));
        Assert.Contains("has no line \"DOOR\"; it has 64", e.Message, StringComparison.Ordinal);
    }

    private static SensorDriver Counter(GpioPort port, string line, params (string, string)[] more)
    {
        TestSettings settings = new([("line", line), .. more]);
        SensorDriver driver = PulseCounterDriver.Kind.Create(new DriverSetup { Settings = settings, Port = port });
        Assert.Empty(settings.Errors);
        return driver;
    }

    private static double Count(SensorDriver counter)
    {
        List<Measurement> measured = [];
        counter.Read(measured);
        return measured.First(measurement => measurement.Metric == "count").Value;
    }

    private static double? TryCount(SensorDriver counter)
    {
        try
        {
            return Count(counter);
        }
        catch (SensorException)
        {
            return null;
        }
    }

    private long Bounce(Random random, int line, bool level, ulong at)
    {
        int bounces = random.Next(4);
        long edges = 1;
        _chip.Drive(line, level, at);
        for (int i = 1; i <= bounces; i++)
        {
            _chip.Drive(line, !level, at + ((ulong)i * 30_000) - 15_000);
            _chip.Drive(line, level, at + ((ulong)i * 30_000));
            edges += 2;
        }

        return edges;
    }

    private static void Until(Func<bool> condition)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), "the condition did not come to hold");
            Thread.Yield();
        }
    }

    private sealed class Holder(ManualResetEventSlim hold) : IGpioListener
    {
        public void OnEdge(in GpioEvent e, uint lost) => hold.Wait();

        public void OnTaken(bool level)
        {
        }
    }
}
