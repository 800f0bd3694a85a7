using System.Data.Common;
using System.Globalization;
using Sluice.Benchmarks.Engine;

namespace Sluice.Benchmarks.Sql;

/// <summary>The gateway's default schema, filled: a reading a minute of each series, and messages that could not be decoded.</summary>
internal static class SqlData
{
    public const int Series = 1000;
    public const int DeadLetters = 200_000;
    public const long FirstTs = 1_700_000_000_000_000;
    public const long MinuteUs = 60_000_000;

    private const int MetricsADevice = 10;
    private const int Topics = 500;
    private const int RowsATransaction = 10_000;

    private static readonly string[] s_schema =
    [
        "CREATE TABLE series(id INTEGER PRIMARY KEY, device TEXT NOT NULL, metric TEXT NOT NULL, unit TEXT, UNIQUE(device, metric))",
        "CREATE TABLE readings(id INTEGER PRIMARY KEY, series_id INTEGER NOT NULL, ts INTEGER NOT NULL, value)",
        "CREATE INDEX readings_series_ts ON readings(series_id, ts)",
        "CREATE TABLE dead_letters(id INTEGER PRIMARY KEY, received_ts INTEGER NOT NULL, topic TEXT NOT NULL, payload, reason TEXT NOT NULL)",
        "CREATE TABLE copies(id INTEGER PRIMARY KEY, series_id INTEGER NOT NULL, ts INTEGER NOT NULL, value)",
    ];

    /// <summary>Makes the database of one side; one that a run with as many readings left is taken as it is.</summary>
    public static void Make(Side side, string folder, int readings)
    {
        using DbConnection connection = side.Open(folder);
        if (IsMade(connection, readings))
        {
            return;
        }

        Console.WriteLine($"making {side.FileName} ...");
        foreach (string sql in s_schema)
        {
            Side.Execute(connection, sql);
        }

        string[] metrics = ["temperature", "humidity", "pressure", "vibration", "current", "voltage", "power", "flow", "level", "speed"];
        Insert(side, connection, "INSERT INTO series(id, device, metric, unit) VALUES(@a, @b, @c, @d)", Series, (row, values) =>
        {
            values[0].Value = (long)row + 1;
            values[1].Value = $"plant-{row / MetricsADevice / 10}/line-{row / MetricsADevice % 10}";
            values[2].Value = metrics[row % MetricsADevice];
            values[3].Value = "si";
        });
        Random random = new(7);
        Insert(side, connection, "INSERT INTO readings(series_id, ts, value) VALUES(@a, @b, @c)", readings, (row, values) =>
        {
            values[0].Value = (long)(row % Series) + 1;
            values[1].Value = FirstTs + (row / Series * MinuteUs);
            values[2].Value = Math.Round(random.NextDouble() * 100, 3);
        });
        Insert(side, connection, "INSERT INTO dead_letters(received_ts, topic, payload, reason) VALUES(@a, @b, @c, @d)", DeadLetters, (row, values) =>
        {
            values[0].Value = FirstTs + (row * MinuteUs);
            values[1].Value = $"plants/{random.Next(Topics)}/state";
            values[2].Value = string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"device":"plant-{{row % 10}}/line-{{row % 7}}","seq":{{row}},"status":{"code":{{random.Next(50)}},"text":"not ready"},"values":[1.5,{{row % 100}},3]}""");
            values[3].Value = row % 3 == 0 ? "no such route" : "not a number";
        });
        Side.Execute(connection, string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {readings}"));
        Side.Execute(connection, side.Checkpoint);
    }

    private static bool IsMade(DbConnection connection, int readings)
    {
        using DbCommand version = connection.CreateCommand();
        version.CommandText = "PRAGMA user_version";
        long made = (long)version.ExecuteScalar()!;
        return made == readings || (made == 0 ? false : throw new InvalidOperationException($"the folder has a database of {made:N0} readings, not {readings:N0}"));
    }

    private static void Insert(Side side, DbConnection connection, string sql, int rows, Action<int, DbParameterCollection> bind)
    {
        string[] names = ["@a", "@b", "@c", "@d"];
        using DbCommand insert = Side.Prepare(connection, sql, names[..sql.Count(c => c == '@')]);
        for (int row = 0; row < rows;)
        {
            Side.Execute(connection, side.Begin);
            for (int end = Math.Min(rows, row + RowsATransaction); row < end; row++)
            {
                bind(row, insert.Parameters);
                _ = insert.ExecuteNonQuery();
            }

            Side.Execute(connection, "COMMIT");
        }
    }
}
