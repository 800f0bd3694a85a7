using System.CommandLine;
using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using Sluice.Benchmarks.Engine;

namespace Sluice.Benchmarks.Sql;

/// <summary>
/// Queries over telemetry on the engine and on SQLite (Microsoft.Data.Sqlite) in one process: the same schema, data, page cache and statements, warm,
/// turn about. Each answer is read to its last value, and must be the same on both sides.
/// </summary>
internal static class SqlBenchmark
{
    public const double MeanGoal = 1.5;
    public const double LeastGoal = 0.7;

    /// <summary>Ratio of parsing and planning: at most twice SQLite's time.</summary>
    public const double PreparationGoal = 0.5;

    /// <summary>Each side runs a query for so long before it is measured: the compiler of .NET comes after some hundred milliseconds, later on a busy machine.</summary>
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(3);

    public static Command CreateCommand()
    {
        Option<int> readings = new("--readings") { Description = "How many readings, of 1,000 series.", DefaultValueFactory = _ => 5_000_000 };
        Option<int> rounds = new("--rounds") { Description = "Measurements of each query and side, warm; the median counts.", DefaultValueFactory = _ => 3 };
        Option<string?> folder = new("--folder") { Description = "Where the databases are made, and kept for the next time; without it they are temporary." };
        Option<string[]> only = new("--only") { Description = "Only the queries whose names contain one of these.", AllowMultipleArgumentsPerToken = true };
        Command command = new("sql", "Queries over telemetry, beside SQLite.") { readings, rounds, folder, only };
        command.SetAction(parse =>
        {
            string? kept = parse.GetValue(folder);
            string path = kept is null ? Directory.CreateTempSubdirectory("sluice-bench-").FullName : Directory.CreateDirectory(kept).FullName;
            try
            {
                Run(path, parse.GetValue(readings), parse.GetValue(rounds), parse.GetValue(only) ?? []);
            }
            finally
            {
                if (kept is null)
                {
                    Directory.Delete(path, recursive: true);
                }
            }
        });
        return command;
    }

    private static void Run(string folder, int readings, int rounds, string[] only)
    {
        Side[] sides = [Side.Of("sluice"), Side.Of("sqlite")];
        foreach (Side side in sides)
        {
            SqlData.Make(side, folder, readings);
        }

        using DbConnection ours = sides[0].Open(folder);
        using DbConnection theirs = sides[1].Open(folder);
        Console.WriteLine($"\n{readings:N0} readings of {SqlData.Series:N0} series, SQLite {theirs.ServerVersion}; milliseconds, ratio above 1 where Sluice is faster");
        Console.WriteLine($"  {"",-44} {"Sluice",10} {"SQLite",10} {"ratio",8}");
        List<double> ratios = [];
        foreach (SqlQuery query in SqlQueries.All(readings).Where(query => only.Length == 0 || Array.Exists(only, part => query.Name.Contains(part, StringComparison.OrdinalIgnoreCase))))
        {
            double ratio = Measure(query, sides, ours, theirs, rounds);
            if (query.IsRunTime)
            {
                ratios.Add(ratio);
            }
        }

        if (ratios.Count > 0)
        {
            double mean = Math.Exp(ratios.Average(Math.Log));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"\n  geometric mean {mean:0.00}x, goal {MeanGoal:0.0}x {Verdict(mean >= MeanGoal)}; least {ratios.Min():0.00}x, goal {LeastGoal:0.0}x {Verdict(ratios.Min() >= LeastGoal)}"));
        }
    }

    private static double Measure(SqlQuery query, Side[] sides, DbConnection ours, DbConnection theirs, int rounds)
    {
        SqlAnswer expected = query.Run(theirs, query.Theirs ?? query.Sql);
        query.After(sides[1], theirs);
        SqlAnswer answer = query.Run(ours, query.Sql);
        query.After(sides[0], ours);
        if (!answer.Equals(expected))
        {
            throw new InvalidOperationException($"{query.Name}: Sluice answers {answer}, SQLite {expected}");
        }

        WarmUp(query, sides[1], theirs, query.Theirs ?? query.Sql);
        WarmUp(query, sides[0], ours, query.Sql);
        double[] ourMs = new double[rounds];
        double[] theirMs = new double[rounds];
        for (int round = 0; round < rounds; round++)
        {
            ourMs[round] = Time(query, sides[0], ours, query.Sql);
            theirMs[round] = Time(query, sides[1], theirs, query.Theirs ?? query.Sql);
        }

        Array.Sort(ourMs);
        Array.Sort(theirMs);
        double ratio = theirMs[rounds / 2] / ourMs[rounds / 2];
        double goal = query.IsRunTime ? LeastGoal : PreparationGoal;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  {query.Name,-44} {ourMs[rounds / 2],10:0.0} {theirMs[rounds / 2],10:0.0} {ratio,7:0.00}x{(ratio < goal ? "  below " + goal.ToString("0.0", CultureInfo.InvariantCulture) + "x" : "")}"));
        return ratio;
    }

    private static void WarmUp(SqlQuery query, Side side, DbConnection connection, string sql)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < s_warmUp)
        {
            _ = query.Run(connection, sql);
            query.After(side, connection);
        }
    }

    private static double Time(SqlQuery query, Side side, DbConnection connection, string sql)
    {
        GC.Collect();
        long start = Stopwatch.GetTimestamp();
        _ = query.Run(connection, sql);
        double ms = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        query.After(side, connection);
        return ms;
    }

    private static string Verdict(bool met) => met ? "met" : "MISSED";
}
