using System.CommandLine;
using System.Data.Common;
using System.Diagnostics;
using System.Runtime;

namespace Sluice.Benchmarks.Engine;

/// <summary>One measurement of one engine in this process; started by <see cref="EngineBenchmark"/> with the shim preloaded.</summary>
internal static class MeasureCommand
{
    public static Command Create()
    {
        Option<string> side = new("--side") { Required = true };
        Option<string> workload = new("--workload") { Required = true };
        Option<string> folder = new("--folder") { Required = true };
        Option<bool> index = new("--index");
        Option<int> writers = new("--writers") { DefaultValueFactory = _ => 1 };
        Option<int> batch = new("--batch") { DefaultValueFactory = _ => 1 };
        Option<int> rows = new("--rows") { DefaultValueFactory = _ => 1_000_000 };
        Option<double> seconds = new("--seconds") { DefaultValueFactory = _ => 3 };
        Option<bool> checkpointing = new("--checkpointing");
        Command command = new("measure", "One measurement of one engine (used by 'engine').") { Hidden = true };
        foreach (Option option in new Option[] { side, workload, folder, index, writers, batch, rows, seconds, checkpointing })
        {
            command.Options.Add(option);
        }

        command.SetAction(parse =>
        {
            SlowSync.LeadEngineThroughShim();
            Side engine = Side.Of(parse.GetValue(side)!);
            string path = parse.GetValue(folder)!;
            TimeSpan length = TimeSpan.FromSeconds(parse.GetValue(seconds));
            switch (parse.GetValue(workload))
            {
                case "writers":
                    Writing.Writers(
                        engine, path, parse.GetValue(index), parse.GetValue(writers), parse.GetValue(batch), length, parse.GetValue(checkpointing));
                    break;
                case "bulk":
                    Writing.Bulk(engine, path, parse.GetValue(index), parse.GetValue(rows), parse.GetValue(batch));
                    break;
                case "bytes":
                    Writing.Bytes(engine, path, parse.GetValue(writers), parse.GetValue(batch), parse.GetValue(rows));
                    break;
                case "memory":
                    Writing.Memory(engine, path, parse.GetValue(rows));
                    break;
                case "endless":
                    Writing.Endless(engine, path);
                    break;
                case "open":
                    Open(engine, path);
                    break;
                case "reads":
                    Reading.Run(engine, path, parse.GetValue(rows), length);
                    break;
                default:
                    throw new ArgumentException("no such workload");
            }
        });
        return command;
    }

    /// <summary>Opens what a crash left, up to the first answer.</summary>
    private static void Open(Side side, string folder)
    {
        long logBytes = Directory.EnumerateFiles(folder).Where(file => !file.EndsWith(".db", StringComparison.Ordinal)).Sum(file => new FileInfo(file).Length);
        TimeSpan compiledBefore = JitInfo.GetCompilationTime();
        long start = Stopwatch.GetTimestamp();
        using DbConnection connection = side.Open(folder);
        using DbCommand count = Side.Prepare(connection, "SELECT count(*) FROM readings");
        long rows = (long)count.ExecuteScalar()!;
        Figures.Print("seconds", Stopwatch.GetElapsedTime(start).TotalSeconds);
        Figures.Print("compiling_seconds", (JitInfo.GetCompilationTime() - compiledBefore).TotalSeconds);
        Figures.Print("rows", rows);
        Figures.Print("log_bytes", logBytes);
    }
}
