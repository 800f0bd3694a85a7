using System.Globalization;
using Sluice.Engine.Data;
using Sluice.Engine.Format;
using Sluice.Gateway.Pipeline;
using Sluice.Gateway.Writers;

namespace Sluice.Gateway.Sync;

/// <summary>
/// Reads what is to go upstream. It reads only below the stable horizon, and takes the horizon before the snapshot of its
/// query: whatever will ever be committed below that id is visible then, so nothing can appear behind a cursor.
/// </summary>
internal sealed class OutboxReader : IAsyncDisposable
{
    /// <summary>2^53: whole numbers up to here are exact as double precision.</summary>
    private const long ExactDouble = 1L << 53;

    private readonly TelemetryDatabase _database;
    private readonly SluiceConnection _connection;
    private readonly SluiceCommand _read;

    private OutboxReader(TelemetryDatabase database, SluiceConnection connection)
    {
        _database = database;
        _connection = connection;
        _read = connection.CreateCommand();
        _read.CommandText =
            "SELECT id, device, metric, unit, ts, value FROM telemetry WHERE id > @after AND id < @horizon ORDER BY id LIMIT @rows";
        foreach (string name in (ReadOnlySpan<string>)["@after", "@horizon", "@rows"])
        {
            _read.Parameters.Add(new SluiceParameter { ParameterName = name });
        }
    }

    public static async Task<OutboxReader> OpenAsync(TelemetryDatabase database) => new(database, await database.ConnectAsync());

    /// <summary>The rows after a cursor, at most <paramref name="maximum"/>; null when there are none yet.</summary>
    public async Task<OutboxBatch?> ReadAsync(long after, int maximum, CancellationToken cancellation)
    {
        long horizon = _database.GetStableHorizon();
        if (after + 1 >= horizon)
        {
            return null;
        }

        _read.Parameters[0].Value = after;
        _read.Parameters[1].Value = horizon;
        _read.Parameters[2].Value = (long)maximum;
        List<OutboxRow> rows = [];
        await using SluiceDataReader reader = await _read.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            (double? value, string? text) = ReadValue(reader);
            rows.Add(new OutboxRow(
                reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.IsDBNull(3) ? null : reader.GetString(3),
                Timestamps.ToUtc(reader.GetInt64(4)), value, text));
        }

        return rows.Count == 0 ? null : new OutboxBatch(after, rows);
    }

    public async ValueTask DisposeAsync()
    {
        await _read.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private static (double? Value, string? Text) ReadValue(SluiceDataReader reader)
    {
        SqlValue value = reader.GetSqlValue(5);
        return value.Type switch
        {
            SqlType.Real => (value.Real, null),
            SqlType.Integer when value.Integer is >= -ExactDouble and <= ExactDouble => (value.Integer, null),
            SqlType.Integer => (value.Integer, value.Integer.ToString(CultureInfo.InvariantCulture)),
            SqlType.Text => (null, value.DecodeText()),

            // The gateway writes neither; somebody's own INSERT may.
            SqlType.Blob => (null, Convert.ToHexString(value.Bytes)),
            _ => (null, null),
        };
    }
}
