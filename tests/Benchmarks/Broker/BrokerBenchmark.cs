using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sluice.Benchmarks.Broker;

/// <summary>
/// The broker's speed beside mosquitto's, on loopback: the gateway stores each message as a reading and acknowledges it when it is on the disk. Fresh
/// processes, turn about, the same load generator; medians and their ratios.
/// <para>Broker and generator share the machine's cores, so a broker's rate also depends on what the generator leaves it: the rate for a second of the broker's own
/// processor time does not.</para>
/// </summary>
internal static partial class BrokerBenchmark
{
    /// <summary>The names that <c>--only</c> takes.</summary>
    private static readonly string[] s_rows = ["qos1", "qos0", "fanout", "latency", "clients"];

    public static Command CreateCommand()
    {
        Option<string[]> only = new("--only") { Description = $"Which of {string.Join(", ", s_rows)}; all of them without it.", AllowMultipleArgumentsPerToken = true };
        only.AcceptOnlyFromAmong(s_rows);
        Option<double> seconds = new("--seconds") { Description = "Length of one measurement, in seconds.", DefaultValueFactory = _ => 5 };
        Option<double> warmUp = new("--warm-up") { Description = "Load on the gateway before its first measurement, in seconds: .NET compiles meanwhile.", DefaultValueFactory = _ => 30 };
        Option<int> rounds = new("--rounds") { Description = "Measurements of each side.", DefaultValueFactory = _ => 3 };
        Option<int> clients = new("--clients") { Description = "Connected clients of the row of that name.", DefaultValueFactory = _ => 10_000 };
        Command command = new("broker", "The broker's speed, beside mosquitto.") { only, seconds, warmUp, rounds, clients };
        command.SetAction((parse, _) => RunAsync(
            parse.GetValue(only) is { Length: > 0 } chosen ? chosen : s_rows, parse.GetValue(seconds), parse.GetValue(warmUp), parse.GetValue(rounds), parse.GetValue(clients)));
        return command;
    }

    private static async Task RunAsync(string[] rows, double seconds, double warmUp, int rounds, int clients)
    {
        LoadPlan plan = new(0, 50, 0, 1, 100, 0, 1, seconds, 100);
        Console.WriteLine(
            $"{Environment.ProcessorCount} cores, shared by broker and load generator; 100-byte JSON; {rounds} x {seconds} s a side, each after a second of load; the gateway warmed up for {warmUp} s");
        double peak = 0;
        if (rows.Contains("qos1"))
        {
            peak = await CompareAsync(
                "QoS 1 in, 50 publishers, 100 in flight each", plan, warmUp, rounds, run => run.Rate, BrokerKind.Mosquitto, BrokerKind.MosquittoSaving);
        }

        if (rows.Contains("qos0"))
        {
            _ = await CompareAsync("QoS 0 in, 50 publishers", plan with { Qos = 0 }, warmUp, rounds, run => run.Rate, BrokerKind.Mosquitto);
        }

        if (rows.Contains("fanout"))
        {
            _ = await CompareAsync(
                "QoS 0 from 1 publisher to 100 subscribers, received", plan with { Publishers = 1, Subscribers = 100, Qos = 0 }, warmUp, rounds, run => run.Delivered,
                BrokerKind.Mosquitto);
        }

        if (rows.Contains("latency"))
        {
            await MeasureLatencyAsync(plan, warmUp, peak);
        }

        if (rows.Contains("clients"))
        {
            await MeasureClientsAsync(plan with { Publishers = clients, Rate = clients, WarmUp = warmUp });
        }
    }

    /// <summary>Prints each run and the medians; returns the gateway's.</summary>
    private static async Task<double> CompareAsync(
        string title, LoadPlan plan, double warmUp, int rounds, Func<Measurement, double> figure, params BrokerKind[] others)
    {
        Console.WriteLine($"\n{title}");
        List<Measurement> ours = [];
        Dictionary<BrokerKind, List<Measurement>> theirs = others.ToDictionary(kind => kind, _ => new List<Measurement>());
        await using BrokerProcess gateway = await BrokerProcess.StartAsync(BrokerKind.Sluice);
        _ = await Measurement.TakeAsync(gateway, plan with { Seconds = warmUp });
        for (int round = 0; round < rounds; round++)
        {
            ours.Add(await MeasureAsync(gateway, plan, figure));
            gateway.Pause();
            foreach (BrokerKind kind in others)
            {
                await using BrokerProcess other = await BrokerProcess.StartAsync(kind);
                theirs[kind].Add(await MeasureAsync(other, plan, figure));
            }

            gateway.Resume();
        }

        Measurement our = Measurement.Median(ours);
        foreach (BrokerKind kind in others)
        {
            Measurement their = Measurement.Median(theirs[kind]);
            double sameTime = figure(our) / our.BrokerCores / (figure(their) / their.BrokerCores);
            Console.WriteLine($"  median {figure(our):F0}/s, {figure(our) / figure(their):F2}x {BrokerProcess.NameOf(kind)} ({sameTime:F2}x for the same processor time)");
        }

        return figure(our);
    }

    private static async Task<Measurement> MeasureAsync(BrokerProcess broker, LoadPlan plan, Func<Measurement, double> figure)
    {
        Measurement run = await Measurement.TakeAsync(broker, plan);
        string latency = plan.Qos == 1 ? $"  p50 {run.P50,6:F2} p99 {run.P99,7:F2} ms" : "";
        Console.WriteLine(
            $"  {BrokerProcess.NameOf(broker.Kind),-30} {figure(run),9:F0}/s  broker {run.BrokerCores * 100,3:F0} %, {figure(run) / run.BrokerCores,9:F0} a second of its processor time"
            + $"  generator {run.GeneratorCores * 100,3:F0} %{latency}");
        return run;
    }

    private static async Task MeasureLatencyAsync(LoadPlan plan, double warmUp, double peak)
    {
        await using BrokerProcess gateway = await BrokerProcess.StartAsync(BrokerKind.Sluice);
        double warmRate = (await Measurement.TakeAsync(gateway, plan with { WarmUp = warmUp })).Rate;
        peak = peak > 0 ? peak : warmRate;
        Console.WriteLine($"\nAcknowledgement, QoS 1, at a tenth of the peak of {peak:F0}/s");
        double[] syncs = TimeSyncs();
        double sync = syncs[syncs.Length / 2];
        Console.WriteLine($"  one sync of this disk: median {sync:F2} ms, p99 {syncs[(int)(0.99 * (syncs.Length - 1))]:F2} ms");
        Measurement run = await Measurement.TakeAsync(gateway, plan with { Rate = peak / 10, Seconds = 3 * plan.Seconds });
        Console.WriteLine(
            $"  {run.Rate:F0}/s: p50 {run.P50:F2}, p99 {run.P99:F2}, most {run.Most:F2} ms; p99 is one median sync and {run.P99 - sync:F2} ms; "
            + $"broker {run.BrokerCores * 100:F0} %, generator {run.GeneratorCores * 100:F0} %");
    }

    private static async Task MeasureClientsAsync(LoadPlan plan)
    {
        Console.WriteLine($"\n{plan.Publishers} connected clients; broker and generator each need as many descriptors (ulimit -n)");
        foreach (BrokerKind kind in (BrokerKind[])[BrokerKind.Sluice, BrokerKind.Mosquitto])
        {
            await using BrokerProcess broker = await BrokerProcess.StartAsync(kind);
            // One client and its messages bring with them what all share.
            _ = await Measurement.TakeAsync(broker, plan with { Publishers = 1, Rate = 100, WarmUp = 0, Seconds = 1 });
            Measurement run = await Measurement.TakeAsync(broker, plan);
            Console.WriteLine(
                $"  {BrokerProcess.NameOf(kind),-30} idle {run.BytesEach:F0} bytes each; a QoS 1 message a second each: {run.Rate:F0}/s, broker {run.BrokerCores * 100:F0} % of a core, "
                + $"p50 {run.P50:F2}, p99 {run.P99:F2} ms, generator {run.GeneratorCores * 100:F0} %");
        }
    }

    /// <summary>What a write of one block and its fdatasync take on the disk where the databases are; sorted, in milliseconds.</summary>
    private static double[] TimeSyncs()
    {
        string file = Path.GetTempFileName();
        try
        {
            using SafeFileHandle handle = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite);
            byte[] block = new byte[4096];
            double[] times = new double[300];
            // Within a file that has its size, as the log is.
            RandomAccess.Write(handle, new byte[block.Length * times.Length], 0);
            Synchronize(handle);
            for (int i = 0; i < times.Length; i++)
            {
                Stopwatch watch = Stopwatch.StartNew();
                RandomAccess.Write(handle, block, (long)i * block.Length);
                Synchronize(handle);
                times[i] = watch.Elapsed.TotalMilliseconds;
            }

            Array.Sort(times);
            return times;
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static void Synchronize(SafeFileHandle handle)
    {
        if (fdatasync(handle) != 0)
        {
            throw new InvalidOperationException($"fdatasync failed with error {Marshal.GetLastPInvokeError()}");
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(SafeFileHandle file);
}
