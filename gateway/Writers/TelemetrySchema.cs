using Sluice.Engine;
using Sluice.Engine.Data;

namespace Sluice.Gateway.Writers;

/// <summary>
/// The tables that users query. <c>PRAGMA user_version</c> counts the steps that a file has been through: a newer program
/// takes an older file through the missing ones, an older program refuses a newer file.
/// </summary>
public static class TelemetrySchema
{
    /// <summary>One entry a version, the first makes an empty file version 1. An entry, once released, never changes.</summary>
    private static readonly string[][] Steps =
    [
        [
            "CREATE TABLE series(id INTEGER PRIMARY KEY, device TEXT NOT NULL, metric TEXT NOT NULL, unit TEXT, UNIQUE(device, metric))",
            "CREATE TABLE readings(id INTEGER PRIMARY KEY, series_id INTEGER NOT NULL, ts INTEGER NOT NULL, value)",
            "CREATE INDEX readings_series_ts ON readings(series_id, ts)",
            "CREATE TABLE dead_letters(id INTEGER PRIMARY KEY, received_ts INTEGER NOT NULL, topic TEXT NOT NULL, payload, reason TEXT NOT NULL)",
            "CREATE TABLE settings(name TEXT PRIMARY KEY, value)",
            """
            CREATE VIEW telemetry AS
              SELECT readings.id AS id, series.device AS device, series.metric AS metric, series.unit AS unit,
                     readings.ts AS ts, readings.value AS value
              FROM readings JOIN series ON series.id = readings.series_id
            """,
        ],
        Mqtt.State.StateRows.Schema,
        Mqtt.State.StateRows.SourceFilterSchema,
        Mqtt.State.StateRows.ShareSchema,
    ];

    /// <summary>The version that this program writes.</summary>
    public static int Version => Steps.Length;

    /// <summary>Brings a database to <see cref="Version"/>, in one transaction.</summary>
    /// <exception cref="SluiceException">The file is of a newer program, or is not ours.</exception>
    public static async Task ApplyAsync(SluiceConnection connection, string path)
    {
        long version = await ReadVersionAsync(connection);
        if (version > Version)
        {
            throw new SluiceException(
                ResultCode.Mismatch,
                $"{path}: made by a newer version of sluice (schema {version}, this one knows {Version}); run that version, or choose another data folder");
        }

        if (version == Version)
        {
            return;
        }

        await using SluiceTransaction transaction = connection.BeginTransaction(SluiceTransactionMode.Immediate);
        for (long step = version; step < Version; step++)
        {
            foreach (string sql in Steps[step])
            {
                await ExecuteAsync(connection, sql);
            }
        }

        // Readings upstream are told apart by this: a replaced or restored file must not continue another one's numbers.
        await ExecuteAsync(connection, "INSERT INTO settings(name, value) VALUES('instance', lower(hex(randomblob(16)))) ON CONFLICT DO NOTHING");
        await ExecuteAsync(connection, $"PRAGMA user_version = {Version}");
        await transaction.CommitAsync();
    }

    private static async Task<long> ReadVersionAsync(SluiceConnection connection)
    {
        await using SluiceCommand command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static async Task ExecuteAsync(SluiceConnection connection, string sql)
    {
        await using SluiceCommand command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }
}
