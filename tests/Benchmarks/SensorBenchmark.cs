using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Sluice.Sensors;
using Sluice.Sensors.Configuration;
using Sluice.Sensors.Drivers;
using Sluice.Sensors.Gpio;
using Sluice.Sensors.Sampling;
using Sluice.Sensors.Simulation;

namespace Sluice.Benchmarks;

/// <summary>
/// Processor time of the sensors' part, in real time: 200 sensors once a second through their drivers, and eight pulse counters
/// at 1000 edges a second each. The simulated devices run in this process and are counted too, so the figures are upper bounds.
/// </summary>
internal static class SensorBenchmark
{
    private const int Sensors = 200;
    private const int Buses = 25;
    private const int Lines = 8;

    private static readonly string[] Kinds = ["bme280", "sht4x", "mcp9808", "ina219", "ads1115", "bh1750", "scd4x", "aht20"];

    public static Command CreateCommand()
    {
        Option<double> seconds = new("--seconds") { Description = "Length of one measurement, in seconds.", DefaultValueFactory = _ => 15 };
        Command command = new("sensors", "Processor time of 200 sensors at 1 Hz, and of 8 GPIO lines at 1 kHz edges.") { seconds };
        command.SetAction((parse, _) => RunAsync(TimeSpan.FromSeconds(parse.GetValue(seconds))));
        return command;
    }

    private static async Task RunAsync(TimeSpan length)
    {
        Counter counter = new();
        SensorConfiguration configuration = new() { Sensors = [.. Enumerable.Range(0, Sensors).Select(Define)] };
        await using (SensorHost host = new(configuration, counter, TimeProvider.System))
        {
            host.Start();
            await Task.Delay(TimeSpan.FromSeconds(7));
            double percent = await MeasureAsync(length);
            TimeSpan late = TimeSpan.FromTicks((long)host.Sampler.Sensors.Average(sensor => sensor.Statistics.MeanLateness.Ticks));
            TimeSpan latest = host.Sampler.Sensors.Max(sensor => sensor.Statistics.MaximumLateness);
            Console.WriteLine(
                $"{Sensors} sensors at 1 Hz ({Buses} buses, {Kinds.Length} kinds): {percent:F1} % of one core; {counter.Readings:N0} readings, {host.Sampler.Sensors.Sum(sensor => sensor.Statistics.Failed)} failed, "
                + $"begun {late.TotalMilliseconds:F1} ms late on average, {latest.TotalMilliseconds:F1} ms at most");
        }

        await MeasureEdgesAsync(length);
    }

    private static SensorDefinition Define(int number)
    {
        DriverKind kind = DriverCatalog.Find(Kinds[number % Kinds.Length])!;
        return new SensorDefinition
        {
            Name = $"s{number}",
            Device = $"d{number}",
            Kind = kind,
            Bus = $"simulated-{number / (Sensors / Buses)}",
            Address = kind.Addresses[0],
            Settings = new NoSettings(),
            Plan = new SamplingPlan { Schedule = Schedule.Aligned(TimeSpan.FromSeconds(1)) },
            Seed = (ulong)number,
        };
    }

    private static async Task MeasureEdgesAsync(TimeSpan length)
    {
        SimulatedGpioChip chip = new("simulated", Lines);
        using GpioPort port = new(() => chip);
        SensorDriver[] counters = [.. Enumerable.Range(0, Lines).Select(line => PulseCounterDriver.Kind.Create(new DriverSetup { Settings = new NoSettings(("line", $"{line}")), Port = port }))];
        port.Start();
        long pulses = 0;
        using CancellationTokenSource stop = new();
        Task script = Task.Run(async () =>
        {
            // A thousand edges a second: every two milliseconds one up and one down at each line.
            Stopwatch watch = Stopwatch.StartNew();
            while (!stop.IsCancellationRequested)
            {
                for (long due = watch.ElapsedMilliseconds / 2; pulses < due; pulses++)
                {
                    for (int line = 0; line < Lines; line++)
                    {
                        chip.Drive(line, true);
                        chip.Drive(line, false);
                    }
                }

                await Task.Delay(1);
            }
        });
        await Task.Delay(TimeSpan.FromSeconds(1));
        double readerBefore = ReaderSeconds();
        double percent = await MeasureAsync(length);
        double readerPercent = (ReaderSeconds() - readerBefore) / length.TotalSeconds * 100;
        await stop.CancelAsync();
        await script;
        long counted = 0;
        for (Stopwatch wait = Stopwatch.StartNew(); counted != pulses * Lines && wait.Elapsed < TimeSpan.FromSeconds(5);)
        {
            counted = (long)counters.Sum(Count);
        }

        Console.WriteLine($"{Lines} GPIO lines at 1 kHz edges: {readerPercent:F1} % of one core, {percent:F1} % with the script that drives them; {counted:N0} of {pulses * Lines:N0} pulses counted, {port.Lost} events lost");
    }

    /// <summary>Processor time of the port's reader, a thread of its own (proc_pid_schedstat: nanoseconds on a processor).</summary>
    private static double ReaderSeconds() => Directory.EnumerateDirectories("/proc/self/task")
        .Where(task => File.ReadAllText(Path.Combine(task, "comm")).Trim() == "gpio")
        .Sum(task => double.Parse(File.ReadAllText(Path.Combine(task, "schedstat")).Split(' ')[0], CultureInfo.InvariantCulture) / 1e9);

    private static double Count(SensorDriver counter)
    {
        List<Measurement> measured = [];
        counter.Read(measured);
        return measured.First(measurement => measurement.Metric == "count").Value;
    }

    private static async Task<double> MeasureAsync(TimeSpan length)
    {
        using Process process = Process.GetCurrentProcess();
        TimeSpan before = process.TotalProcessorTime;
        Stopwatch watch = Stopwatch.StartNew();
        await Task.Delay(length);
        process.Refresh();
        return (process.TotalProcessorTime - before) / watch.Elapsed * 100;
    }

    private sealed class Counter : ISensorOutput
    {
        private long _readings;

        public long Readings => Interlocked.Read(ref _readings);

        public void Write(SampledSensor sensor, IReadOnlyList<SensorReading> readings) => Interlocked.Add(ref _readings, readings.Count);

        public void QualityChanged(SampledSensor sensor, SensorQuality quality, DateTimeOffset at)
        {
        }
    }

    private sealed class NoSettings(params (string Key, string Value)[] pairs) : SensorSettings
    {
        public override string? Text(string key) => pairs.FirstOrDefault(pair => pair.Key == key).Value;

        public override void Fail(string key, string what) => throw new InvalidOperationException($"{key}: {what}");
    }
}
