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
    private readonly SluiceCommand _readings;
    private readonly SluiceCommand _series;

    // Of one batch only: a series without a unit may get one at any time.
    private readonly Dictionary<long, (string Device, string Metric, string? Unit)?> _known = [];

    private OutboxReader(TelemetryDatabase database, SluiceConnection connection)
    {
        _database = database;
        _connection = connection;

        // Not the view: a range of rowids and point look-ups need no planner to be quick on a table of any size.
        _readings = Command(
            "SELECT id, series_id, ts, value FROM readings WHERE id > @after AND id < @horizon ORDER BY id LIMIT @rows", "@after", "@horizon", "@rows");
        _series = Command("SELECT device, metric, unit FROM series WHERE id = @id", "@id");
    }

    /// <summary>The horizon of the last <see cref="ReadAsync"/>: when that found nothing, all below it is upstream.</summary>
    public long Horizon { get; private set; }

    public static async Task<OutboxReader> OpenAsync(TelemetryDatabase database) => new(database, await database.ConnectAsync());

    /// <summary>The readings after a cursor, at most <paramref name="maximum"/>; null when there are none yet.</summary>
    public async Task<OutboxBatch?> ReadAsync(long after, int maximum, CancellationToken cancellation)
    {
        long horizon = _database.GetStableHorizon();
        Horizon = horizon;
        if (after + 1 >= horizon)
        {
            return null;
        }

        List<(long Id, long Series, long TsUs, SqlValue Value)> readings = await ReadReadingsAsync(after, horizon, maximum, cancellation);
        if (readings.Count == 0)
        {
            return null;
        }

        _known.Clear();
        List<OutboxRow> rows = new(readings.Count);
        foreach ((long id, long seriesId, long tsUs, SqlValue stored) in readings)
        {
            if (!_known.TryGetValue(seriesId, out (string Device, string Metric, string? Unit)? series))
            {
                series = await FindSeriesAsync(seriesId, cancellation);
                _known.Add(seriesId, series);
            }

            if (series is { } known)
            {
                (double? value, string? text) = Convert(stored);
                rows.Add(new OutboxRow(id, known.Device, known.Metric, known.Unit, Timestamps.ToUtc(tsUs), value, text));
            }
        }

        return new OutboxBatch(after, readings[^1].Id, rows);
    }

    public async ValueTask DisposeAsync()
    {
        await _readings.DisposeAsync();
        await _series.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private async Task<List<(long Id, long Series, long TsUs, SqlValue Value)>> ReadReadingsAsync(
        long after, long horizon, int maximum, CancellationToken cancellation)
    {
        _readings.Parameters[0].Value = after;
        _readings.Parameters[1].Value = horizon;
        _readings.Parameters[2].Value = (long)maximum;
        List<(long, long, long, SqlValue)> readings = [];
        await using SluiceDataReader reader = await _readings.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            readings.Add((reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetSqlValue(3)));
        }

        return readings;
    }

    private async Task<(string Device, string Metric, string? Unit)?> FindSeriesAsync(long id, CancellationToken cancellation)
    {
        _series.Parameters[0].Value = id;
        await using SluiceDataReader reader = await _series.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation)
            ? (reader.GetString(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2))
            : null;
    }

    private SluiceCommand Command(string sql, params ReadOnlySpan<string> parameters)
    {
        SluiceCommand command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (string name in parameters)
        {
            command.Parameters.Add(new SluiceParameter { ParameterName = name });
        }

        return command;
    }

    private static (double? Value, string? Text) Convert(in SqlValue value) => value.Type switch
    {
        SqlType.Real => (value.Real, null),
        SqlType.Integer when value.Integer is >= -ExactDouble and <= ExactDouble => (value.Integer, null),
        SqlType.Integer => (value.Integer, value.Integer.ToString(CultureInfo.InvariantCulture)),
        SqlType.Text => (null, value.DecodeText()),

        // The gateway writes neither; somebody's own INSERT may.
        SqlType.Blob => (null, System.Convert.ToHexString(value.Bytes)),
        _ => (null, null),
    };
}
