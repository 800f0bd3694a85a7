using Sluice.Engine;
using Sluice.Engine.Data;
using Sluice.Gateway.Pipeline;
using Sluice.Gateway.Status;

namespace Sluice.Gateway.Writers;

/// <summary>
/// Gives series their ids. A new series is created in a transaction of its own, before the batch that needs it: only a
/// durable row's id is ever remembered, so nothing has to be taken back when a batch is rolled back. It costs one
/// sync more, once in a series' life, for all new series of the batch together.
/// </summary>
internal sealed class SeriesResolver : IDisposable
{
    private readonly SluiceConnection _connection;
    private readonly GatewayCounters _counters;
    private readonly SluiceCommand _find;
    private readonly SluiceCommand _insert;
    private readonly SluiceCommand _setUnit;
    private readonly List<Reading> _missing = [];
    private readonly HashSet<Series> _seen = [];

    /// <param name="connection">The writer's, in no transaction during the calls.</param>
    /// <param name="counters">Counts units that differ.</param>
    public SeriesResolver(SluiceConnection connection, GatewayCounters counters)
    {
        _connection = connection;
        _counters = counters;
        _find = Command("SELECT id, unit FROM series WHERE device = @device AND metric = @metric", "@device", "@metric");
        _insert = Command(
            "INSERT INTO series(device, metric, unit) VALUES(@device, @metric, @unit) ON CONFLICT DO NOTHING",
            "@device", "@metric", "@unit");
        _setUnit = Command("UPDATE series SET unit = @unit WHERE id = @id AND unit IS NULL", "@unit", "@id");
    }

    /// <summary>Sees to it that every reading's series has its id. May throw a transient error; calling again is right then.</summary>
    public async Task ResolveAsync(List<Reading> readings)
    {
        _missing.Clear();
        _seen.Clear();
        foreach (Reading reading in readings)
        {
            if (reading.Series.Id == 0 && _seen.Add(reading.Series))
            {
                _missing.Add(reading);
            }
        }

        if (_missing.Count > 0)
        {
            await FindAsync();
        }

        if (_missing.Count > 0)
        {
            await CreateAsync();
            await FindAsync();
        }

        if (_missing.Count > 0)
        {
            throw new SluiceException(ResultCode.Internal, $"series {_missing[0].Series.Device}/{_missing[0].Series.Metric} was created and is not there");
        }

        await CompareUnitsAsync(readings);
    }

    public void Dispose()
    {
        _find.Dispose();
        _insert.Dispose();
        _setUnit.Dispose();
    }

    /// <summary>Takes the series that have a row out of the missing ones.</summary>
    private async Task FindAsync()
    {
        for (int i = _missing.Count - 1; i >= 0; i--)
        {
            Series series = _missing[i].Series;
            _find.Parameters[0].Value = series.Device;
            _find.Parameters[1].Value = series.Metric;
            await using SluiceDataReader row = await _find.ExecuteReaderAsync();
            if (await row.ReadAsync())
            {
                series.Unit = row.IsDBNull(1) ? null : row.GetString(1);
                series.Id = row.GetInt64(0);
                _missing.RemoveAt(i);
            }
        }
    }

    private async Task CreateAsync()
    {
        await using SluiceTransaction transaction = _connection.BeginTransaction(SluiceTransactionMode.Concurrent);
        foreach (Reading reading in _missing)
        {
            _insert.Parameters[0].Value = reading.Series.Device;
            _insert.Parameters[1].Value = reading.Series.Metric;
            _insert.Parameters[2].Value = (object?)reading.Unit ?? DBNull.Value;
            await _insert.ExecuteNonQueryAsync();
        }

        await transaction.CommitAsync();
    }

    /// <summary>A series without a unit takes the first that a message names; one that has one keeps it, and the difference is counted.</summary>
    private async Task CompareUnitsAsync(List<Reading> readings)
    {
        foreach (Reading reading in readings)
        {
            if (reading.Unit is not { } unit || unit == reading.Series.Unit)
            {
                continue;
            }

            if (reading.Series.Unit is not null)
            {
                _counters.UnitMismatches.Add();
                continue;
            }

            _setUnit.Parameters[0].Value = unit;
            _setUnit.Parameters[1].Value = reading.Series.Id;
            await _setUnit.ExecuteNonQueryAsync();
            reading.Series.Unit = unit;
        }
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
}
