using System.CommandLine;
using System.Globalization;

namespace Sluice.Benchmarks.Engine;

/// <summary>
/// The engine beside SQLite (Microsoft.Data.Sqlite, WAL, synchronous=FULL): same statements, same disk, turn about, with the syncs of both
/// made slower by the same time.
/// </summary>
internal static class EngineBenchmark
{
    /// <summary>What is measured of the tables.</summary>
    private sealed record Choice(int[] LatenciesMs, bool[] Indexes, int MemoryRows);

    /// <summary>A workload of the write table; goals by the sync's extra latency of 0, 1 and 5 ms.</summary>
    private sealed record WriteLoad(string Name, int Writers, int Batch, double?[] Goals);

    private static readonly int[] s_latenciesMs = [0, 1, 5];

    private static readonly WriteLoad[] s_writeLoads =
    [
        new("1 writer x 1 row", 1, 1, [1.0, 1.0, 1.0]),
        new("8 writers x 1 row", 8, 1, [null, null, 6.0]),
        new("64 writers x 1 row", 64, 1, [5.0, null, 40.0]),
        new("8 writers x 100 rows", 8, 100, [1.5, null, 3.0]),
    ];

    private static readonly string[] s_sections = ["writes", "bulk", "reads", "latency", "bytes", "memory", "open"];

    public static Command CreateCommand()
    {
        Option<double> seconds = new("--seconds") { Description = "Length of one measurement, in seconds.", DefaultValueFactory = _ => 3 };
        Option<int> rounds = new("--rounds") { Description = "Measurements of each side; the median counts.", DefaultValueFactory = _ => 1 };
        Option<string> folder = new("--folder") { Description = "Where the databases are made: the disk to measure.", DefaultValueFactory = _ => Path.GetTempPath() };
        Option<int[]> latency = new("--latency") { Description = "Of writes, bulk and latency only those with so many ms added to each sync.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => s_latenciesMs };
        latency.AcceptOnlyFromAmong([.. s_latenciesMs.Select(Text)]);
        Option<bool?> index = new("--index") { Description = "Of writes and bulk only those with the index, or only those without." };
        Option<int> rows = new("--rows") { Description = "Rows of the table 'memory'.", DefaultValueFactory = _ => 10_000_000 };
        Option<string[]> only = new("--only") { Description = $"Only these tables: {string.Join(", ", s_sections)}.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => s_sections };
        only.AcceptOnlyFromAmong(s_sections);
        Command command = new("engine", "Writing and reading, beside SQLite.") { seconds, rounds, folder, latency, index, rows, only };
        command.SetAction(parse =>
        {
            DirectoryInfo tools = Directory.CreateTempSubdirectory("sluice-bench-");
            try
            {
                var bench = new Bench(parse.GetValue(folder)!, SlowSync.Compile(tools.FullName), parse.GetValue(rounds), parse.GetValue(seconds));
                bool[] indexes = parse.GetValue(index) is { } one ? [one] : [true, false];
                Run(bench, parse.GetValue(only)!, new Choice(parse.GetValue(latency)!, indexes, parse.GetValue(rows)));
            }
            finally
            {
                tools.Delete(recursive: true);
            }
        });
        return command;
    }

    private static void Run(Bench bench, string[] sections, Choice choice)
    {
        foreach (string section in sections)
        {
            Action<Bench, Choice> run = section switch
            {
                "writes" => Writes,
                "bulk" => Bulk,
                "reads" => Reads,
                "latency" => Latency,
                "bytes" => Bytes,
                "memory" => Memory,
                _ => Opening,
            };
            run(bench, choice);
        }

        Console.WriteLine($"\n{bench.Summary}");
    }

    private static void Writes(Bench bench, Choice choice)
    {
        foreach (bool index in choice.Indexes)
        {
            foreach (int latencyMs in choice.LatenciesMs)
            {
                bench.Title($"Writing, {(index ? "table with its index" : "table without index")}, sync + {latencyMs} ms");
                Bench.Header("rows a second", "commits/sync   p50/p99/max ms of Sluice, of SQLite");
                foreach (WriteLoad load in s_writeLoads)
                {
                    string[] workload = ["writers", "--writers", Text(load.Writers), "--batch", Text(load.Batch)];
                    (Dictionary<string, double> ours, Dictionary<string, double> theirs) =
                        bench.Compare(latencyMs * 1000, index ? [.. workload, "--index"] : workload);
                    bench.Row(load.Name, ours["rate"], theirs["rate"], load.Goals[Array.IndexOf(s_latenciesMs, latencyMs)], $"{ours["commits_per_sync"],6:0.0}   {Latencies(ours)}, {Latencies(theirs)}");
                }
            }
        }
    }

    private static void Bulk(Bench bench, Choice choice)
    {
        bench.Title("1 writer, 1,000,000 rows in transactions of 10,000, checkpoints included");
        Bench.Header("rows a second", "a second of processor time   share of the time that the garbage collector stopped it");
        foreach (bool index in choice.Indexes)
        {
            foreach (int latencyMs in choice.LatenciesMs)
            {
                string[] workload = ["bulk", "--batch", "10000"];
                (Dictionary<string, double> ours, Dictionary<string, double> theirs) = bench.Compare(latencyMs * 1000, index ? [.. workload, "--index"] : workload);
                bench.Row($"{(index ? "with index" : "without")}, sync + {latencyMs} ms", ours["rate"], theirs["rate"], 1.0, $"{Bench.Processor(ours["cpu"], theirs["cpu"])}   {ours["collecting_share"]:P0}, {theirs["collecting_share"]:P0}");
            }
        }
    }

    private static void Reads(Bench bench, Choice _)
    {
        bench.Title("Reading, 1,000,000 rows, table with its index, one connection");
        Bench.Header("answers a second", "a second of processor time");
        (Dictionary<string, double> ours, Dictionary<string, double> theirs) = bench.Compare(0, "reads");
        foreach ((string kind, string title) in Reading.Kinds)
        {
            bench.Row(title, ours[kind], theirs[kind], 1.0, Bench.Processor(ours[$"{kind}_cpu"], theirs[$"{kind}_cpu"]));
        }
    }

    private static void Latency(Bench bench, Choice choice)
    {
        bench.Title("Latency of a commit, 8 writers x 1 row, without a checkpoint and with one after the other; p99 at most 3x");
        Console.WriteLine($"  {"",-16} {"without: p50/p99/max ms",28} {"with",28} {"checkpoints",12} {"p99",8}");
        foreach (int latencyMs in choice.LatenciesMs)
        {
            string[] workload = ["writers", "--index", "--writers", "8"];
            Dictionary<string, double> quiet = bench.Measure("sluice", latencyMs * 1000, workload);
            Dictionary<string, double> busy = bench.Measure("sluice", latencyMs * 1000, [.. workload, "--checkpointing"]);
            double ratio = busy["p99_ms"] / quiet["p99_ms"];
            Console.WriteLine(
                $"  {$"sync + {latencyMs} ms",-16} {Latencies(quiet),28} {Latencies(busy),28} {busy["checkpoints"],12:0} {ratio,7:0.0}x {bench.Verdict(ratio <= 3)}");
        }
    }

    private static void Bytes(Bench bench, Choice _)
    {
        bench.Title("Bytes that the disk wrote a row, log, checkpoints and file system, table with its index; ours at most half (ratio at least 2)");
        Bench.Header("bytes a row");
        foreach ((string name, string[] workload) in new (string, string[])[]
        {
            ("1 writer x 1 row", ["bytes", "--writers", "1", "--rows", "20000"]),
            ("8 writers x 1 row", ["bytes", "--writers", "8", "--rows", "20000"]),
            ("8 writers x 100 rows", ["bytes", "--writers", "8", "--batch", "100", "--rows", "400000"]),
            ("1 writer x 10,000 rows", ["bulk", "--index", "--batch", "10000", "--rows", "500000"]),
        })
        {
            (Dictionary<string, double> ours, Dictionary<string, double> theirs) = bench.Compare(0, workload);
            bool met = ours["disk_bytes_per_row"] * 2 <= theirs["disk_bytes_per_row"];
            double ratio = theirs["disk_bytes_per_row"] / ours["disk_bytes_per_row"];
            Console.WriteLine(
                $"  {name,-34} {Bench.Number(ours["disk_bytes_per_row"]),11} {Bench.Number(theirs["disk_bytes_per_row"]),11} {ratio,8:0.00}x  {"2.0x",6} {bench.Verdict(met),-6}"
                + $"  by write calls {Bench.Number(ours["written_bytes_per_row"])}, {Bench.Number(theirs["written_bytes_per_row"])}{Parts(ours)}");
        }
    }

    private static string Parts(Dictionary<string, double> figures)
    {
        if (!figures.TryGetValue("log_bytes_per_row", out double log))
        {
            return "";
        }

        double pages = figures["page_bytes_per_row"];
        return $"; ours: log {Bench.Number(log)}, pages {Bench.Number(pages)}, journals {Bench.Number(figures["written_bytes_per_row"] - log - pages)}";
    }

    private static void Memory(Bench bench, Choice choice)
    {
        bench.Title($"Memory while 4 writers insert {choice.MemoryRows:N0} rows in transactions of 1,000");
        Dictionary<string, double> ours = bench.Measure("sluice", 0, "memory", "--rows", Text(choice.MemoryRows));
        double grown = ours["peak_bytes"] - ours["before_bytes"];
        Console.WriteLine(
            $"  {ours["rate"]:N0} rows/s; before {Mebibytes(ours["before_bytes"])}, peak {Mebibytes(ours["peak_bytes"])}, grown by {Mebibytes(grown)}; "
            + $"limit {Mebibytes(ours["limit_bytes"])} {bench.Verdict(grown <= ours["limit_bytes"])}");
        Console.WriteLine(
            $"  at the peak: heap {Mebibytes(ours["heap_bytes"])}, of it counted by the limit {Mebibytes(ours["counted_bytes"])} (versions {Mebibytes(ours["versions_bytes"])}), page cache {Mebibytes(ours["cache_bytes"])}");
        Console.WriteLine(
            $"  the collector had {Mebibytes(ours["committed_bytes"])}, after its last collection {Mebibytes(ours["old_bytes"])} of old and large objects, {Mebibytes(ours["fragmented_bytes"])} free between them; "
            + $"the process beside the collector {Mebibytes(ours["other_bytes"])}; collections {ours["collections0"]:N0}, {ours["collections1"]:N0}, {ours["collections2"]:N0} by generation");
    }

    private static void Opening(Bench bench, Choice _)
    {
        bench.Title("Opening after 8 writers were killed in full flight, up to the first count(*)");
        foreach (string side in new[] { "sluice", "sqlite" })
        {
            Dictionary<string, double> figures = bench.OpenAfterCrash(side);
            Console.WriteLine($"  {side,-8} {figures["seconds"] * 1000,8:0} ms (the compiler of .NET: {figures["compiling_seconds"] * 1000:0} ms), log {Mebibytes(figures["log_bytes"])}, {figures["rows"]:N0} rows");
        }
    }

    private static string Latencies(Dictionary<string, double> figures) =>
        string.Create(CultureInfo.InvariantCulture, $"{figures["p50_ms"]:0.00}/{figures["p99_ms"]:0.00}/{figures["max_ms"]:0.0}");

    private static string Mebibytes(double bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1 << 20):0.0} MiB");

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
