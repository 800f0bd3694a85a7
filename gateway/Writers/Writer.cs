using System.Diagnostics;
using Sluice.Engine;
using Sluice.Engine.Data;
using Sluice.Engine.Format;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Pipeline;
using Sluice.Gateway.Status;

namespace Sluice.Gateway.Writers;

/// <summary>
/// Stores what comes into its queue: it takes all that has gathered, up to a bound, decodes it, writes it in one
/// concurrent transaction, waits until that is durable, and completes the messages. While it waits, the next batch
/// gathers; while it works, the other writers' transactions share syncs with it.
///
/// One batch is under way at a time, so ids follow the order in which a device's messages came.
/// </summary>
public sealed class Writer : IAsyncDisposable
{
    /// <summary>How long a batch may meet conflicts before it is given up.</summary>
    private static readonly TimeSpan ConflictDeadline = TimeSpan.FromSeconds(30);

    private static readonly string[] ReadingColumns = ["series_id", "ts", "value"];
    private static readonly string[] DeadLetterColumns = ["received_ts", "topic", "payload", "reason"];

    private readonly WriterEnvironment _environment;
    private readonly SluiceConnection _connection;
    private readonly SeriesResolver _series;
    private readonly int _batchSize;
    private readonly Batch _batch = new();
    private readonly SqlValue[] _row = new SqlValue[Math.Max(ReadingColumns.Length, DeadLetterColumns.Length)];
    private SluiceAppender? _readings;
    private SluiceAppender? _deadLetters;
    private readonly Task _loop;

    /// <param name="connection">Its own; closed by <see cref="DisposeAsync"/>.</param>
    /// <param name="queue">Where its messages wait.</param>
    /// <param name="batchSize">Messages of one transaction at most.</param>
    /// <param name="environment">What all writers share.</param>
    public Writer(SluiceConnection connection, WriterQueue queue, int batchSize, WriterEnvironment environment)
    {
        _connection = connection;
        _environment = environment;
        _batchSize = batchSize;
        Queue = queue;
        _series = new SeriesResolver(connection, environment.Counters);
        _loop = Task.Run(RunAsync);
    }

    public WriterQueue Queue { get; }

    /// <summary>Stores what is in the queue, which takes nothing more, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        Queue.Close();
        await _loop;
        _series.Dispose();
        _readings?.Dispose();
        _deadLetters?.Dispose();
        await _connection.DisposeAsync();
    }

    private async Task RunAsync()
    {
        while (await Queue.WaitToTakeAsync())
        {
            _batch.Clear();
            Queue.Take(_batch.Messages, _batchSize);
            IngressResult result = await StoreAsync();
            foreach (QueuedMessage item in _batch.Messages)
            {
                item.Message.Complete(result);
            }
        }
    }

    /// <summary>Stores the batch and says what to tell its senders.</summary>
    private async Task<IngressResult> StoreAsync()
    {
        GatewayCounters counters = _environment.Counters;
        try
        {
            _batch.Decode();
            long begin = Stopwatch.GetTimestamp();
            await WriteWithRetryAsync();
            counters.CommitLatency.Add(Stopwatch.GetElapsedTime(begin));
        }
        catch (SluiceException e)
        {
            counters.MessagesFailed.Add(_batch.Messages.Count);
            _environment.StorageFailed(e);
            return e.PrimaryCode == ResultCode.Full ? IngressResult.QuotaExceeded : IngressResult.Failed;
        }
        catch (Exception e)
        {
            // Not the engine's error but ours: the senders are told, and the writer goes on for the others.
            counters.MessagesFailed.Add(_batch.Messages.Count);
            GatewayLog.BatchFault(_environment.Log, _batch.Messages.Count, e);
            return IngressResult.Failed;
        }

        counters.Batches.Add();
        counters.MessagesStored.Add(_batch.Messages.Count);
        counters.ReadingsStored.Add(_batch.Readings.Count);
        counters.DeadLetters.Add(_batch.DeadLetters.Count);
        foreach (Reading reading in _batch.Readings)
        {
            reading.Series.Note(reading.TsUs, reading.Value);
        }

        _environment.StorageWorks();
        _environment.Committed.Set();
        return IngressResult.Stored;
    }

    private async Task WriteWithRetryAsync()
    {
        long begin = Stopwatch.GetTimestamp();
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                await _series.ResolveAsync(_batch.Readings);
                await WriteAsync();
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

    private async Task WriteAsync()
    {
        await using SluiceTransaction transaction = _connection.BeginTransaction(SluiceTransactionMode.Concurrent);
        Append();
        await transaction.CommitAsync();
    }

    /// <summary>Into the open transaction. The appenders are made within the first one and serve all that follow.</summary>
    private void Append()
    {
        SqlValue[] row = _row;
        if (_batch.Readings.Count > 0)
        {
            _readings ??= _connection.CreateAppender("readings", ReadingColumns);
            foreach (Reading reading in _batch.Readings)
            {
                row[0] = SqlValue.FromInteger(reading.Series.Id);
                row[1] = SqlValue.FromInteger(reading.TsUs);
                row[2] = reading.Value;
                _readings.AppendRow(row.AsSpan(0, ReadingColumns.Length));
            }
        }

        if (_batch.DeadLetters.Count > 0)
        {
            _deadLetters ??= _connection.CreateAppender("dead_letters", DeadLetterColumns);
            foreach (DeadLetter letter in _batch.DeadLetters)
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
