using System.Diagnostics;
using Sluice.Engine;
using Sluice.Engine.Data;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Pipeline;
using Sluice.Gateway.Status;

namespace Sluice.Gateway.Writers;

/// <summary>
/// Stores what comes into its queue: it takes all that has gathered, up to a bound, decodes it, writes it in one
/// concurrent transaction, waits until that is durable, and completes the messages. While it waits, the next batch
/// gathers; while it works, the other writers' transactions share syncs with it.
///
/// A batch of few messages waits a moment for more (<see cref="Gathering"/>). One batch is under way at a time, so ids follow the order in which a device's messages came. While it is detached
/// from the database, which is being opened anew, it refuses what comes.
/// </summary>
public sealed class Writer : IAsyncDisposable
{
    /// <summary>A small part of what a message takes over a network, and as short as timers are.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(1);

    private readonly WriterEnvironment _environment;
    private readonly int _batchSize;
    private readonly Batch _batch = new();
    private readonly Task _loop;

    /// <summary>Whose turn it is to use <see cref="_store"/>: the loop's for a batch, or that of who detaches and attaches.</summary>
    private readonly SemaphoreSlim _turn = new(1, 1);
    private BatchStore? _store;

    /// <param name="connection">Its own; closed by <see cref="DisposeAsync"/>.</param>
    /// <param name="queue">Where its messages wait.</param>
    /// <param name="batchSize">Messages of one transaction at most.</param>
    /// <param name="environment">What all writers share.</param>
    public Writer(SluiceConnection connection, WriterQueue queue, int batchSize, WriterEnvironment environment)
    {
        _environment = environment;
        _batchSize = batchSize;
        Queue = queue;
        _store = new BatchStore(connection, environment);
        _loop = Task.Run(RunAsync);
    }

    public WriterQueue Queue { get; }

    /// <summary>Closes its connection, after the batch that is under way; what comes from now on is refused.</summary>
    public async Task DetachAsync()
    {
        await _turn.WaitAsync();
        try
        {
            BatchStore? store = _store;
            _store = null;
            if (store is not null)
            {
                await store.DisposeAsync();
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Stores again, on a new connection.</summary>
    public async Task AttachAsync(SluiceConnection connection)
    {
        await _turn.WaitAsync();
        _store = new BatchStore(connection, _environment);
        _turn.Release();
    }

    /// <summary>Stores what is in the queue, which takes nothing more, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        Queue.Close();
        await _loop;
        await DetachAsync();
        _turn.Dispose();
    }

    private async Task RunAsync()
    {
        Gathering gathering = new(_batchSize, s_patience);
        int likely = 0;
        while (await Queue.WaitToTakeAsync())
        {
            await gathering.WaitAsync(Queue, likely);
            _batch.Clear();
            Queue.Take(_batch.Messages, _batchSize);
            await _turn.WaitAsync();
            IngressResult result = await StoreAsync(_store);
            _turn.Release();
            likely = _batch.Messages.Count + Queue.Count;
            _batch.Complete(result);
        }
    }

    /// <summary>Stores the batch and says what to tell its senders. Does not throw.</summary>
    private async Task<IngressResult> StoreAsync(BatchStore? store)
    {
        GatewayCounters counters = _environment.Counters;
        if (store is null)
        {
            counters.MessagesFailed.Add(_batch.Messages.Count);
            return IngressResult.Failed;
        }

        try
        {
            _batch.Decode();
            long begin = Stopwatch.GetTimestamp();
            await store.WriteAsync(_batch);
            counters.CommitLatency.Add(Stopwatch.GetElapsedTime(begin));
        }
        catch (SluiceException e)
        {
            counters.MessagesFailed.Add(_batch.Messages.Count);
            _environment.StorageFailed(e.Message);
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
        counters.MessagesStored.Add(_batch.Messages.Count - _batch.OnlyRows);
        counters.ReadingsStored.Add(_batch.Readings.Count);
        counters.DeadLetters.Add(_batch.DeadLetters.Count);
        foreach (Reading reading in _batch.Readings)
        {
            reading.Series.Note(reading.TsUs, reading.Value);
        }

        _environment.StorageWorks();
        if (_batch.Readings.Count > 0)
        {
            _environment.Committed.Set();
        }

        return IngressResult.Stored;
    }
}
