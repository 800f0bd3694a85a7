using System.Diagnostics;
using System.Globalization;

namespace Sluice.Benchmarks.Broker;

/// <summary>What one run of the load generator against one broker gave. Latencies in milliseconds; processor time in cores.</summary>
/// <param name="Rate">Messages published a second until the broker was done with them.</param>
/// <param name="Delivered">Messages received by subscribers a second.</param>
/// <param name="P50">Of the acknowledgement.</param>
/// <param name="P99">Of the acknowledgement.</param>
/// <param name="Most">Of the acknowledgement.</param>
/// <param name="GeneratorCores">The load generator's processor time a second.</param>
/// <param name="BrokerCores">The broker's.</param>
/// <param name="BytesEach">Memory that a client has added, when clients were connected and silent.</param>
internal sealed record Measurement(
    double Rate, double Delivered, double P50, double P99, double Most, double GeneratorCores, double BrokerCores, double BytesEach)
{
    /// <summary>Runs the load generator against a broker.</summary>
    public static async Task<Measurement> TakeAsync(BrokerProcess broker, LoadPlan plan)
    {
        long memory = broker.MemoryBytes;
        using Process generator = Start(plan with { Port = broker.Port });
        try
        {
            await ExpectAsync(generator, "connected");
            double bytesEach = (double)(broker.MemoryBytes - memory) / plan.Publishers;
            await generator.StandardInput.WriteLineAsync();
            await ExpectAsync(generator, "begin");
            TimeSpan before = broker.ProcessorTime;
            await ExpectAsync(generator, "end");
            TimeSpan used = broker.ProcessorTime - before;
            string line = await generator.StandardOutput.ReadLineAsync() ?? "";
            await generator.WaitForExitAsync();
            string[] words = line.Split(' ');
            double Value(string name) => double.Parse(words[Array.IndexOf(words, name) + 1], CultureInfo.InvariantCulture);
            double seconds = Value("seconds");
            return new Measurement(
                Value("published") / seconds, Value("delivered") / seconds, Value("p50"), Value("p99"), Value("max"),
                Value("cpu"), used.TotalSeconds / seconds, bytesEach);
        }
        finally
        {
            if (!generator.HasExited)
            {
                generator.Kill();
            }
        }
    }

    /// <summary>The median, by rate.</summary>
    public static Measurement Median(IReadOnlyList<Measurement> runs) => runs.OrderBy(run => run.Rate).ElementAt(runs.Count / 2);

    private static Process Start(LoadPlan plan)
    {
        string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
        string[] arguments =
        [
            "load", "--port", Text(plan.Port), "--publishers", Text(plan.Publishers), "--subscribers", Text(plan.Subscribers), "--qos", Text(plan.Qos),
            "--window", Text(plan.Window), "--rate", Text(plan.Rate), "--warm-up", Text(plan.WarmUp), "--seconds", Text(plan.Seconds), "--size", Text(plan.Size),
        ];
        ProcessStartInfo start = new(Environment.ProcessPath!, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true };
        return Process.Start(start) ?? throw new InvalidOperationException("cannot start the load generator");
    }

    private static async Task ExpectAsync(Process generator, string word)
    {
        string? line = await generator.StandardOutput.ReadLineAsync();
        if (line != word)
        {
            throw new InvalidOperationException($"the load generator said \"{line}\" instead of \"{word}\"");
        }
    }
}
