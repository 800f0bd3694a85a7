using System.Data.Common;
using System.Diagnostics;

namespace Sluice.Benchmarks.Engine;

/// <summary>Measurements of reading: one connection, a table with an index, all of it checkpointed.</summary>
internal static class Reading
{
    private const int Series = 1000;
    private const long FirstTs = 1_700_000_000_000_000;

    public static readonly (string Name, string Title)[] Kinds =
    [
        ("rowid", "point lookup by rowid"),
        ("index", "point lookup by index"),
        ("range", "100-row range by index"),
        ("count", "full scan, count(*)"),
        ("sum", "full scan, sum(value)"),
    ];

    public static void Run(Side side, string folder, int rows, TimeSpan length)
    {
        using (DbConnection connection = side.Open(folder))
        {
            Fill(side, connection, rows);
        }

        using DbConnection reading = side.Open(folder);
        Random random = new(7);
        long perSeries = rows / Series;
        using DbCommand byRowid = Side.Prepare(reading, "SELECT id, series_id, ts, value FROM readings WHERE id = @id", "@id");
        Measure("rowid", length, () =>
        {
            byRowid.Parameters[0].Value = random.NextInt64(1, rows + 1);
            return ReadAll(byRowid);
        }, expected: 1);
        using DbCommand byIndex = Side.Prepare(reading, "SELECT id, value FROM readings WHERE series_id = @series AND ts = @ts", "@series", "@ts");
        Measure("index", length, () =>
        {
            byIndex.Parameters[0].Value = random.NextInt64(Series);
            byIndex.Parameters[1].Value = FirstTs + random.NextInt64(perSeries);
            return ReadAll(byIndex);
        }, expected: 1);
        using DbCommand range = Side.Prepare(
            reading, "SELECT ts, value FROM readings WHERE series_id = @series AND ts >= @low AND ts < @high", "@series", "@low", "@high");
        Measure("range", length, () =>
        {
            long low = FirstTs + random.NextInt64(perSeries - 100);
            range.Parameters[0].Value = random.NextInt64(Series);
            range.Parameters[1].Value = low;
            range.Parameters[2].Value = low + 100;
            return ReadAll(range);
        }, expected: 100);
        using DbCommand count = Side.Prepare(reading, "SELECT count(*) FROM readings");
        Measure("count", length, () => (long)count.ExecuteScalar()!, expected: rows);
        using DbCommand sum = Side.Prepare(reading, "SELECT sum(value) FROM readings");
        Measure("sum", length, () => (long)(double)sum.ExecuteScalar()!, expected: rows);
    }

    private static void Fill(Side side, DbConnection connection, int rows)
    {
        Side.CreateTable(connection, withIndex: true);
        using DbCommand insert = Side.Prepare(connection, Side.Insert, "@series", "@ts", "@value");
        for (int row = 0; row < rows;)
        {
            Side.Execute(connection, side.Begin);
            for (int end = Math.Min(rows, row + 10_000); row < end; row++)
            {
                insert.Parameters[0].Value = (long)(row % Series);
                insert.Parameters[1].Value = FirstTs + (row / Series);
                insert.Parameters[2].Value = row % 2 * 2.0;
                _ = insert.ExecuteNonQuery();
            }

            Side.Execute(connection, "COMMIT");
        }

        Side.Execute(connection, side.Checkpoint);
    }

    /// <summary>Answers a second, and a second of processor time, after some that do not count.</summary>
    private static void Measure(string kind, TimeSpan length, Func<long> query, long expected)
    {
        long start = 0;
        TimeSpan used = default;
        long answers = 0;
        foreach (bool counts in new[] { false, true })
        {
            answers = 0;
            start = Stopwatch.GetTimestamp();
            used = Environment.CpuUsage.TotalTime;
            do
            {
                long result = query();
                if (result != expected)
                {
                    throw new InvalidOperationException($"{kind}: the answer was {result}, not {expected}");
                }

                answers++;
            }
            while (Stopwatch.GetElapsedTime(start) < (counts ? length : Bench.WarmUp));
        }

        Figures.Print(kind, answers / Stopwatch.GetElapsedTime(start).TotalSeconds);
        Figures.Print($"{kind}_cpu", answers / (Environment.CpuUsage.TotalTime - used).TotalSeconds);
    }

    /// <summary>Reads every value of every row, as a program that uses them does.</summary>
    private static long ReadAll(DbCommand command)
    {
        long rows = 0;
        double values = 0;
        using DbDataReader reader = command.ExecuteReader();
        int fields = reader.FieldCount;
        while (reader.Read())
        {
            for (int i = 0; i < fields - 1; i++)
            {
                values += reader.GetInt64(i);
            }

            values += reader.GetDouble(fields - 1);
            rows++;
        }

        return values >= 0 ? rows : throw new InvalidOperationException("the values are all positive");
    }
}
