using System.Data.Common;
using System.Globalization;
using Sluice.Benchmarks.Engine;

namespace Sluice.Benchmarks.Sql;

/// <summary>One line of the table: a statement, and how it is run.</summary>
internal class SqlQuery(string name, string sql)
{
    public string Name { get; } = name;

    public string Sql { get; } = sql;

    /// <summary>What says the same to SQLite where it lacks a function of ours.</summary>
    public string? Theirs { get; init; }

    /// <summary>Makes ready for the next measurement; not measured.</summary>
    public string? Undo { get; init; }

    /// <summary>How many times it runs in a measurement, with other parameters each time.</summary>
    public int Times { get; init; } = 1;

    /// <summary>The parameters of one time.</summary>
    public Func<int, long[]> Parameters { get; init; } = _ => [];

    /// <summary>Whether it counts in the mean: compiling does not.</summary>
    public virtual bool IsRunTime => true;

    public virtual SqlAnswer Run(DbConnection connection, string sql)
    {
        SqlAnswer answer = default;
        string[] names = ["@p0", "@p1", "@p2"];
        using DbCommand command = Side.Prepare(connection, sql, names.AsSpan(0, Parameters(0).Length));
        for (int time = 0; time < Times; time++)
        {
            long[] values = Parameters(time);
            for (int i = 0; i < values.Length; i++)
            {
                command.Parameters[i].Value = values[i];
            }

            using DbDataReader reader = command.ExecuteReader();
            answer.Add(reader);
        }

        return answer;
    }

    public void After(Side side, DbConnection connection)
    {
        if (Undo is not null)
        {
            Side.Execute(connection, Undo);
            Side.Execute(connection, side.Checkpoint);
        }
    }
}

/// <summary>Parsing and planning alone: each time another text, so that no cache of statements answers.</summary>
internal sealed class SqlPreparation(string name, string sql) : SqlQuery(name, sql)
{
    private static int s_texts;

    public override bool IsRunTime => false;

    public override SqlAnswer Run(DbConnection connection, string sql)
    {
        for (int time = 0; time < Times; time++)
        {
            using DbCommand command = connection.CreateCommand();
            command.CommandText = string.Create(CultureInfo.InvariantCulture, $"{sql} -- {s_texts++}");
            command.Prepare();
        }

        return default;
    }
}

internal static class SqlQueries
{
    private const long HourUs = 60 * SqlData.MinuteUs;

    public static IEnumerable<SqlQuery> All(int readings)
    {
        int perSeries = Math.Max(1, readings / SqlData.Series);
        return
        [
            new("newest value of each series, max(ts)", "SELECT series_id, max(ts), value FROM readings GROUP BY series_id"),
            new("newest value of each series, subquery", "SELECT id, (SELECT value FROM readings WHERE series_id = series.id ORDER BY ts DESC LIMIT 1) FROM series"),
            new("range of one series, 1,000 rows, 100 times", "SELECT ts, value FROM readings WHERE series_id = @p0 AND ts >= @p1 AND ts < @p2")
            {
                Times = 100,
                Parameters = time =>
                {
                    long low = SqlData.FirstTs + (Scatter(time, Math.Max(1, perSeries - 1000)) * SqlData.MinuteUs);
                    return [Scatter(time, SqlData.Series) + 1, low, low + (1000 * SqlData.MinuteUs)];
                },
            },
            new("hourly average of one series, 20 times", $"SELECT ts / {HourUs} AS hour, avg(value) FROM readings WHERE series_id = @p0 GROUP BY hour")
            {
                Times = 20,
                Parameters = time => [Scatter(time, SqlData.Series) + 1],
            },
            new("hourly average of all", $"SELECT ts / {HourUs} AS hour, avg(value) FROM readings GROUP BY hour"),
            new("top 10 series by maximum", "SELECT series_id, max(value) AS peak FROM readings GROUP BY series_id ORDER BY peak DESC, series_id LIMIT 10"),
            new("count with a filter on value", "SELECT count(*) FROM readings WHERE value > 90"),
            new(
                "join with series by device prefix",
                "SELECT s.device, s.metric, count(*), avg(r.value) FROM series AS s JOIN readings AS r ON r.series_id = s.id WHERE s.device GLOB 'plant-3/*' GROUP BY s.id"),
            new("percentile of all values", "SELECT percentile_disc(value, 0.95) FROM readings")
            {
                Theirs = "SELECT value FROM readings ORDER BY value LIMIT 1 OFFSET (SELECT CAST(0.95 * (count(*) - 1) AS INTEGER) FROM readings)",
            },
            new(
                "moving average, 100,000 rows",
                "SELECT series_id, ts, avg(value) OVER (PARTITION BY series_id ORDER BY ts ROWS 9 PRECEDING) FROM readings WHERE series_id <= 20"),
            new("ORDER BY without an index, LIMIT 100", "SELECT id, series_id, value FROM readings ORDER BY value DESC, id LIMIT 100"),
            new("GROUP BY text", "SELECT topic, count(*), max(received_ts) FROM dead_letters GROUP BY topic ORDER BY topic"),
            new("point lookups, 20,000", "SELECT series_id, ts, value FROM readings WHERE id = @p0") { Times = 20_000, Parameters = time => [Scatter(time, readings) + 1] },
            new(
                "recursive CTE of a million steps",
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT count(*), sum(i) FROM n"),
            new("json_extract filter over 200,000 rows", "SELECT count(*) FROM dead_letters WHERE json_extract(payload, '$.status.code') = 7"),
            new("INSERT ... SELECT of 1,000,000 rows", "INSERT INTO copies SELECT id, series_id, ts, value FROM readings WHERE id <= 1000000") { Undo = "DELETE FROM copies" },
            new SqlPreparation(
                "parse and plan, 2,000 times",
                "SELECT s.device, s.metric, max(r.value) FROM readings AS r JOIN series AS s ON s.id = r.series_id WHERE s.device = ? AND r.ts BETWEEN ? AND ? GROUP BY s.metric ORDER BY 2 LIMIT 10")
            {
                Times = 2000,
            },
        ];
    }

    /// <summary>Numbers below a bound that look random and are the same each time.</summary>
    private static long Scatter(int time, int bound) => (long)(((ulong)time + 1) * 0x9E3779B97F4A7C15UL >> 33) % bound;
}
