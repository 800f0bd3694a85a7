using System.Data.Common;
using System.Globalization;
using Sluice.Engine.Data;

namespace Sluice.Benchmarks.Engine;

/// <summary>The line protocol between the process that measures and the one that prints tables: "name value" a line.</summary>
internal static class Figures
{
    public static void Print(string name, double value) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} {value:R}"));

    public static Dictionary<string, double> Parse(string output)
    {
        Dictionary<string, double> figures = [];
        foreach (string line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = line.Split(' ');
            figures[parts[0]] = double.Parse(parts[1], CultureInfo.InvariantCulture);
        }

        return figures;
    }
}

/// <summary>Counters at one moment; the engine's own are 0 for the other side.</summary>
internal readonly record struct Counts(long Commits, long LogSyncs, long Syncs, long Checkpoints)
{
    public static Counts Now(DbConnection connection)
    {
        StatisticsOf(connection, out long commits, out long logSyncs, out long checkpoints);
        return new Counts(commits, logSyncs, SlowSync.Count(), checkpoints);
    }

    private static void StatisticsOf(DbConnection connection, out long commits, out long syncs, out long checkpoints)
    {
        var statistics = connection is SluiceConnection ours ? ours.Statistics : default;
        commits = statistics.Commits;
        syncs = statistics.Syncs;
        checkpoints = statistics.Checkpoints;
    }
}

/// <summary>Memory of this process (proc(5), status).</summary>
internal static class ProcessMemory
{
    public static long Resident() => Read("VmRSS:");

    public static long Peak() => Read("VmHWM:");

    private static long Read(string field)
    {
        string line = File.ReadLines("/proc/self/status").First(text => text.StartsWith(field, StringComparison.Ordinal));
        return long.Parse(line.AsSpan(field.Length).Trim(" \tkB"), CultureInfo.InvariantCulture) * 1024;
    }
}
