using System.Diagnostics;
using Sluice.Engine;
using Sluice.Engine.Data;
using Sluice.Engine.Format;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Pipeline;

namespace Sluice.Gateway.Writers;

/// <summary>Writes batches on one connection, each in one concurrent transaction. One writer's, used by one task at a time.</summary>
internal sealed class BatchStore : IAsyncDisposable
{
    /// <summary>How long a batch may meet conflicts before it is given up.</summary>
    private static readonly TimeSpan ConflictDeadline = TimeSpan.FromSeconds(30);

    private static readonly string[] ReadingColumns = ["series_id", "ts", "value"];
    private static readonly string[] DeadLetterColumns = ["received_ts", "topic", "payload", "reason"];

    private readonly WriterEnvironment _environment;
    private readonly SluiceConnection _connection;
    private readonly SeriesResolver _series;
    private readonly SqlValue[] _row = new SqlValue[Math.Max(ReadingColumns.Length, DeadLetterColumns.Length)];
    private readonly RowStatements _rows;
    private SluiceAppender? _readings;
    private SluiceAppender? _deadLetters;

    /// <param name="connection">Its own; closed by <see cref="DisposeAsync"/>.</param>
    /// <param name="environment">What all writers share.</param>
    public BatchStore(SluiceConnection connection, WriterEnvironment environment)
    {
        _connection = connection;
        _environment = environment;
        _series = new SeriesResolver(connection, environment.Counters);
        _rows = new RowStatements(connection);
    }

    /// <summary>Returns when the batch is durable.</summary>
    /// <exception cref="SluiceException">It is not; nothing of it is there, or the engine says that it does not know.</exception>
    public async Task WriteAsync(Batch batch)
    {
        long begin = Stopwatch.GetTimestamp();
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                await _series.ResolveAsync(batch.Readings);
                await CommitAsync(batch);
                return;
            }
            catch (SluiceException e) when (e.IsTransient && Stopwatch.GetElapsedTime(begin) < ConflictDeadline)
            {
                _environment.Counters.Conflicts.Add();
            }

            // From 1 ms doubling to 128 ms, with up to as much again at random so that two losers do not meet again.
            double waitMs = (1 << Math.Min(attempt, 7)) * (1 + Random.Shared.NextDouble());
            await Task.Delay(TimeSpan.FromMilliseconds(waitMs));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _series.Dispose();
        _readings?.Dispose();
        _deadLetters?.Dispose();
        _rows.Dispose();
        await _connection.DisposeAsync();
    }

    private async Task CommitAsync(Batch batch)
    {
        await using SluiceTransaction transaction = _connection.BeginTransaction(SluiceTransactionMode.Concurrent);
        Append(batch);
        foreach (RowChanges rows in batch.Rows)
        {
            _rows.Run(rows);
        }

        await transaction.CommitAsync();
    }

    /// <summary>Into the open transaction. The appenders are made within the first one and serve all that follow.</summary>
    private void Append(Batch batch)
    {
        SqlValue[] row = _row;
        if (batch.Readings.Count > 0)
        {
            _readings ??= _connection.CreateAppender("readings", ReadingColumns);
            foreach (Reading reading in batch.Readings)
            {
                row[0] = SqlValue.FromInteger(reading.Series.Id);
                row[1] = SqlValue.FromInteger(reading.TsUs);
                row[2] = reading.Value;
                _readings.AppendRow(row.AsSpan(0, ReadingColumns.Length));
            }
        }

        if (batch.DeadLetters.Count > 0)
        {
            _deadLetters ??= _connection.CreateAppender("dead_letters", DeadLetterColumns);
            foreach (DeadLetter letter in batch.DeadLetters)
            {
                row[0] = SqlValue.FromInteger(letter.ReceivedUs);
                row[1] = letter.Topic;
                row[2] = letter.Payload;
                row[3] = letter.Reason;
                _deadLetters.AppendRow(row.AsSpan(0, DeadLetterColumns.Length));
            }
        }
    }
}
