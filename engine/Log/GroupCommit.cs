using Sluice.Engine.Transactions;

namespace Sluice.Engine.Log;

// Group commit.
//
// A committer takes the next timestamp and its place in the gathering batch under one short lock; timestamp order is log order. One thread
// at a time writes: it takes the gathering batch, writes and syncs it once, advances the durable timestamp and completes everybody in it,
// while the next batch gathers. When nobody writes, a synchronous committer writes its batch itself (saves two thread switches); what
// gathered meanwhile goes to the log writer's own loop, which writes until nothing is left. Nobody spins.
//
// Writers whose commits have just been completed tend to come back at once. Where a sync takes long against that, it pays to await them: else
// they find the next sync begun without them, and each sync carries half of the writers. Company says how long.
//
// What a batch asks for is what its strictest member asks for (see Synchronous). A commit that asked for less than a sync is visible, and
// "durable" below, when it is written; a later sync covers it. The log is synced without being asked a while after a NORMAL commit.
//
// Invariants
//   1. A timestamp is durable only after its batch was written, and synced if a member asked for it, and so were all batches before it.
//   2. After a failed write or sync nothing is written any more, nothing more becomes durable, and every waiting and later commit fails
//      with the cause. The durable timestamp stays what it was.
//   3. Batches waiting are bounded by the committers: each transaction is in at most one, and transactions are bounded by the memory limit.
internal sealed class GroupCommit : IDisposable
{
    /// <summary>A batch is closed to more commits past this size, so that one sync does not wait for too many bytes.</summary>
    private const int BatchBytes = 4 << 20;

    /// <summary>How long a NORMAL commit may wait for its sync.</summary>
    public static readonly TimeSpan NormalSyncDelay = TimeSpan.FromMilliseconds(200);

    private readonly RedoLog? _log;
    private readonly Func<byte[]> _firstNote;
    private readonly Company _company;
    private readonly TimeProvider _clock;
    private readonly BackgroundWork _work;
    private readonly BackgroundLoop? _loop;

    private readonly object _gate = new();

    // Guarded by _gate. The last batch of the queue is the one that gathers.
    private readonly Queue<LogBatch> _waiting = new();
    private readonly Stack<LogBatch> _free = new();
    private LogBatch _gathering = new();
    private bool _writing;
    private bool _loopWanted;
    private long? _gathersSince;
    private long? _unsyncedSince;
    private TimeSpan _delay;
    private bool _stopping;
    private SluiceException? _failure;
    private long _lastTimestamp;

    // Written by whoever writes the log, read by everybody.
    private long _durable;
    private long _commits;
    private long _syncs;
    private long _bytes;

    /// <param name="log">Where batches go; null makes every commit durable at once, for databases in memory.</param>
    /// <param name="firstNote">The Base note with which a log that has no files yet begins.</param>
    /// <param name="options">How long a batch gathers before it is written, by which clock, and who runs the log writer.</param>
    /// <param name="name">The database, for the log writer's name.</param>
    public GroupCommit(RedoLog? log, Func<byte[]> firstNote, StoreOptions options, string name)
    {
        _log = log;
        _firstNote = firstNote;
        _delay = options.CommitDelay;
        _clock = options.Clock;
        _company = new Company(_clock);
        _work = options.Work;
        if (log is not null)
        {
            _loop = _work.Start($"sluice log {name}", WriteWhenWanted);
        }
    }

    /// <summary>The newest timestamp that is on the disk: a snapshot taken now sees all up to it.</summary>
    public long DurableTimestamp => Volatile.Read(ref _durable);

    public long Commits => Volatile.Read(ref _commits);

    public long Syncs => Volatile.Read(ref _syncs);

    public long BytesWritten => Volatile.Read(ref _bytes);

    /// <summary>How long a batch gathers before it is written. Waiting is exact to a millisecond.</summary>
    public TimeSpan Delay
    {
        get
        {
            lock (_gate)
            {
                return _delay;
            }
        }

        set
        {
            lock (_gate)
            {
                _delay = value;
            }
        }
    }

    /// <summary>Why nothing can be written any more, or null.</summary>
    public SluiceException? Failure => Volatile.Read(ref _failure);

    /// <summary>
    /// Puts a commit record in the log. <paramref name="stamp"/> gets the timestamp, in order, before anybody can see it durable.
    /// A synchronous <paramref name="pending"/> may be complete on return; in any case wait for it.
    /// </summary>
    public void Enqueue(ReadOnlySpan<byte> record, CommitStamp stamp, PendingCommit pending)
    {
        bool lead;
        lock (_gate)
        {
            ThrowIfFailed();
            pending.Ordering();
            long timestamp = ++_lastTimestamp;
            if (_log is null)
            {
                stamp.Assign(timestamp);
                pending.Ordered();
                Volatile.Write(ref _durable, timestamp);
                _commits++;
                lead = false;
            }
            else
            {
                LogBatch batch = BatchFor(record.Length);
                stamp.Assign(timestamp);
                batch.AddCommit(record, timestamp, pending);
                pending.Ordered();
                lead = Arrange(pending.IsAsynchronous);
                if (_gathersSince is not null && _delay == TimeSpan.Zero && _company.IsHere(batch.Commits))
                {
                    _loop!.Wake();
                }
            }
        }

        if (_log is null)
        {
            pending.Complete(null, _work.CompletesInline);
        }
        else if (lead)
        {
            WriteOne();
        }
    }

    /// <summary>Runs something short while no commit gets a timestamp.</summary>
    public T BetweenCommits<T>(Func<T> action)
    {
        lock (_gate)
        {
            return action();
        }
    }

    /// <summary>Puts a note in the log and returns when it is on the disk.</summary>
    public void WriteNote(ReadOnlySpan<byte> record, bool intent)
    {
        var pending = new PendingCommit(asynchronous: false, Synchronous.Full);
        bool lead;
        lock (_gate)
        {
            ThrowIfFailed();
            BatchFor(record.Length).AddNote(record, intent, pending);
            lead = Arrange(asynchronous: false);
        }

        if (lead)
        {
            WriteOne();
        }

        Wait(pending);
    }

    /// <summary>Parks the thread until what it put in the log is durable.</summary>
    public void Wait(PendingCommit pending) => pending.Wait(_loop);

    /// <summary>Puts a note in the log that goes to the disk with the next batch, whenever that is.</summary>
    public void AddNote(ReadOnlySpan<byte> record)
    {
        lock (_gate)
        {
            if (_failure is null)
            {
                BatchFor(record.Length).AddNote(record, intent: false, pending: null);
            }
        }
    }

    /// <summary>Turns read-only for a cause outside the log.</summary>
    public void Fail(SluiceException cause)
    {
        lock (_gate)
        {
            _failure ??= cause;
        }
    }

    /// <summary>Ends the log writer after what waits has been written.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
            while (_writing)
            {
                _loop!.Wake();
                _loop.Wait(_gate, Timeout.InfiniteTimeSpan);
            }
        }

        _loop?.Stop();
        if (_failure is null)
        {
            _log?.Sync();
        }
    }

    private void ThrowIfFailed()
    {
        if (_failure is not null)
        {
            throw new SluiceException(ResultCode.ReadOnly, $"the database is read-only since an error: {_failure.Message}", _failure);
        }

        if (_stopping)
        {
            throw new SluiceException(ResultCode.Misuse, "the database is closed");
        }
    }

    /// <summary>Makes sure that somebody will write; true when the caller has to.</summary>
    private bool Arrange(bool asynchronous)
    {
        if (_writing)
        {
            return false;
        }

        _writing = true;
        if (!asynchronous && _delay == TimeSpan.Zero && _company.Patience(_gathering.Commits) == TimeSpan.Zero)
        {
            return true;
        }

        WantLoop();
        return false;
    }

    private void WantLoop()
    {
        _loopWanted = true;
        _loop!.Wake();
    }

    private LogBatch BatchFor(int recordLength)
    {
        if (_gathering.Length > 0 && _gathering.Length + (long)recordLength > BatchBytes)
        {
            _waiting.Enqueue(_gathering);
            _gathering = _free.TryPop(out LogBatch? free) ? free : new LogBatch();
        }

        return _gathering;
    }

    /// <summary>Writes one batch on a committer's thread, then leaves the rest to the log writer's loop.</summary>
    private void WriteOne()
    {
        LogBatch? batch;
        lock (_gate)
        {
            batch = TakeBatch();
        }

        if (batch is not null)
        {
            Write(batch);
        }

        lock (_gate)
        {
            if (batch is not null)
            {
                Release(batch);
            }

            if (HasWork)
            {
                WantLoop();
                return;
            }

            SealAndStop();
        }
    }

    /// <summary>A step of the log writer: one batch, or the seal behind the last one.</summary>
    private TimeSpan? WriteWhenWanted()
    {
        LogBatch? batch;
        lock (_gate)
        {
            if (!_loopWanted)
            {
                return SyncWhenDue();
            }

            if (GatheringTime() is { } rest)
            {
                return rest;
            }

            batch = TakeBatch();
            if (batch is null)
            {
                _loopWanted = false;
                SealAndStop();
                return SyncWhenDue();
            }
        }

        Write(batch);
        lock (_gate)
        {
            Release(batch);
        }

        return TimeSpan.Zero;
    }

    /// <summary>How long commits may still gather; null when the batch is to be written.</summary>
    private TimeSpan? GatheringTime()
    {
        if (!_stopping && _waiting.Count == 0 && _gathering.MustBeWritten)
        {
            TimeSpan length = _delay > TimeSpan.Zero ? _delay : _company.Patience(_gathering.Commits);
            if (length > TimeSpan.Zero)
            {
                long now = _clock.GetTimestamp();
                TimeSpan left = length - _clock.GetElapsedTime(_gathersSince ??= now, now);
                if (left > TimeSpan.Zero)
                {
                    return left;
                }
            }
        }

        if (_gathersSince is not null)
        {
            _gathersSince = null;
            _company.Awaited(_gathering.Commits);
        }

        return null;
    }

    /// <summary>Syncs what NORMAL commits have left to sync, when its time has come; else says when that is. Nobody is writing.</summary>
    private TimeSpan? SyncWhenDue()
    {
        if (_unsyncedSince is not { } since || _writing || _failure is not null)
        {
            return null;
        }

        TimeSpan left = NormalSyncDelay - _clock.GetElapsedTime(since);
        if (left > TimeSpan.Zero)
        {
            return left;
        }

        try
        {
            _log!.Sync();
            _syncs++;
        }
        catch (SluiceException error)
        {
            _failure = Describe(error);
        }

        _unsyncedSince = null;
        return null;
    }

    private bool HasWork => _waiting.Count > 0 || _gathering.MustBeWritten;

    private LogBatch? TakeBatch()
    {
        if (_waiting.TryDequeue(out LogBatch? batch))
        {
            return batch;
        }

        if (!_gathering.MustBeWritten)
        {
            return null;
        }

        batch = _gathering;
        _gathering = _free.TryPop(out LogBatch? free) ? free : new LogBatch();
        return batch;
    }

    private void Release(LogBatch batch)
    {
        batch.Clear();
        if (_free.Count < 2)
        {
            _free.Push(batch);
        }
    }

    /// <summary>Nothing is left to write: seals the log and steps down. Under the lock, so that no batch can be under way.</summary>
    private void SealAndStop()
    {
        _writing = false;
        if (_failure is null)
        {
            try
            {
                _log!.Seal(_lastTimestamp + 1);
            }
            catch (SluiceException error)
            {
                _failure = error;
            }
        }

        if (_stopping)
        {
            Monitor.PulseAll(_gate);
        }
    }

    private void Write(LogBatch batch)
    {
        SluiceException? failure = Failure;
        if (failure is null)
        {
            try
            {
                if (!_log!.Exists)
                {
                    batch.Prepend(_firstNote());
                }

                long begin = _clock.GetTimestamp();
                long written = batch.WriteTo(_log);
                TimeSpan length = _clock.GetElapsedTime(begin);
                lock (_gate)
                {
                    Written(batch, written, length);
                }
            }
            catch (Exception error)
            {
                failure = Describe(error);
                lock (_gate)
                {
                    _failure ??= failure;
                }
            }
        }

        foreach (PendingCommit pending in batch.Pending)
        {
            pending.Complete(failure, _work.CompletesInline);
        }
    }

    /// <summary>A batch is in the log. Nobody in it has been told yet.</summary>
    private void Written(LogBatch batch, long bytes, TimeSpan length)
    {
        Volatile.Write(ref _bytes, _bytes + bytes);
        Volatile.Write(ref _commits, _commits + batch.Commits);
        if (batch.Commits > 0)
        {
            Volatile.Write(ref _durable, batch.LastCommit);
        }

        if (batch.Strictest == Synchronous.Full)
        {
            Volatile.Write(ref _syncs, _syncs + 1);
            _unsyncedSince = null;
            _company.Synced(batch.Commits, _gathering.Commits, length);
        }
        else if (batch.Strictest == Synchronous.Normal && _unsyncedSince is null)
        {
            _unsyncedSince = _clock.GetTimestamp();
            _loop!.Wake();
        }
    }

    private SluiceException Describe(Exception error) => new(
        (error as SluiceException)?.Code ?? ResultCode.IoErrorWrite,
        $"{_log!.CurrentPath}: the redo log cannot be written, so the commit is not known to be durable and the database is read-only until it is opened again: {error.Message}",
        error);
}
