using Sluice.Engine.Log;
using Sluice.Engine.Paging;

namespace Sluice.Engine.Transactions;

/// <content>Beginning to write, becoming exclusive, and the end.</content>
internal sealed partial class StoreTransaction
{
    [ThreadStatic]
    private static RedoBuilder? t_redo;

    /// <summary>What the log writer does for a commit before anybody hears of it.</summary>
    private sealed class Pending(StoreTransaction transaction, bool asynchronous) : PendingCommit(asynchronous, transaction.Synchronous)
    {
        internal override void Ordering() => transaction.Ordering();

        internal override void Ordered() => transaction._epoch.Delta.Committed(transaction._writes!);

        protected override void Settled(bool durable) => transaction.Settled(durable);
    }

    public override void BeginWriting()
    {
        RequireActive();
        if (_isInside || _exclusive is not null)
        {
            return;
        }

        _store.RequireWritable();
        bool tookPlain = false;
        if (Kind == TransactionKind.Deferred && !_isPlain)
        {
            WaitForMemory();
            _store.Gate.EnterPlain(this, _busyTimeout);
            _isPlain = tookPlain = true;
        }

        try
        {
            _store.Gate.Enter(_busyTimeout, CheckFreshness);
        }
        catch
        {
            if (tookPlain)
            {
                LeavePlain();
            }

            throw;
        }

        _isInside = true;
        _hold.IsWriting = true;
        _writes = new WriteSet(_epoch.Delta, _snapshot, _store.Checkpointer.RequireRoom);
        View = new Viewpoint(_snapshot, _epoch.Checkpointed, _writes.Stamp);
    }

    public override void BecomeExclusive()
    {
        RequireActive();
        if (_exclusive is not null)
        {
            return;
        }

        _store.RequireWritable();
        bool tookPlain = !_isPlain;
        if (tookPlain)
        {
            _store.Gate.EnterPlain(this, _busyTimeout);
            _isPlain = true;
        }

        bool gate = false;
        bool pages = false;
        try
        {
            _store.Gate.BeginExclusive(_busyTimeout, _isInside);
            gate = true;
            RequireNewestSnapshot();
            if (!_store.Checkpointer.TryTakePagesFromCheckpoint(_busyTimeout))
            {
                throw new SluiceException(ResultCode.Busy, "database is locked: a checkpoint is waiting for another process to stop reading");
            }

            pages = true;
            _store.Checkpointer.RunWithPages(_busyTimeout, CancellationToken.None);
            MoveToPages();
        }
        catch
        {
            if (pages)
            {
                _store.Checkpointer.ReleasePages();
            }

            if (gate)
            {
                _store.Gate.EndExclusive();
            }

            if (tookPlain)
            {
                LeavePlain();
            }

            throw;
        }
    }

    public override void Commit()
    {
        if (TryEndWithoutLog())
        {
            return;
        }

        var pending = new Pending(this, asynchronous: false);
        Enqueue(pending);
        _store.Commits.Wait(pending);
    }

    public override ValueTask CommitAsync()
    {
        if (TryEndWithoutLog())
        {
            return ValueTask.CompletedTask;
        }

        var pending = new Pending(this, asynchronous: true);
        Enqueue(pending);
        return pending.AsTask();
    }

    public override void Rollback()
    {
        RequireActive();
        _claims.NoteTakenBack();
        _writes?.RollbackTo(0);
        _writes?.ReleaseShares();
        if (_exclusive is { } exclusive)
        {
            exclusive.Pages.Rollback();
            _store.Checkpointer.ReleasePages();
            _store.Gate.EndExclusive();
        }

        End();
        _claims.Release();
        Leave();
    }

    /// <summary>The end of a transaction that has nothing for the log.</summary>
    private bool TryEndWithoutLog()
    {
        RequireActive();
        if (_exclusive is not null)
        {
            CommitPages(_exclusive);
            return true;
        }

        if (HasWrites)
        {
            return false;
        }

        End();
        _claims.Release();
        Leave();
        return true;
    }

    private void Enqueue(Pending pending)
    {
        if (_reads is null)
        {
            // Nothing is read any more. What was written stays on top of its chains until the stamp is set.
            End();
        }
        else
        {
            CompareReads(_reads);
        }

        RedoBuilder redo = t_redo ??= new RedoBuilder();
        WriteSet writes = _writes!;
        try
        {
            writes.WriteTo(redo);
            writes.Report();
            _store.Commits.Enqueue(redo.FinishCommit(), writes.Stamp, pending);
        }
        catch
        {
            _claims.NoteTakenBack();
            writes.RollbackTo(0);
            writes.ReleaseShares();
            if (!_ended)
            {
                End();
            }

            _claims.Release();
            Leave();
            throw;
        }
        finally
        {
            redo.Clear();
            EndWatch();
        }

        if (!_ended)
        {
            End();
        }
    }

    /// <summary>
    /// Compares what was read with the commits since the snapshot, as far as they have come; <see cref="Ordering"/> has the last word. The epoch
    /// is kept until then, for it keeps those commits' versions in the delta, unless memory is short.
    /// </summary>
    private void CompareReads(ReadSet reads)
    {
        _watch = _store.Commits.BetweenCommits(_store.Watches.Begin);
        reads.CloseRanges();
        if (FindReadConflict(reads, among: null) is { } conflict)
        {
            EndWatch();
            Rollback();
            throw conflict;
        }
    }

    /// <summary>Whether a commit since the snapshot changed what was read, or that cannot be found out any more.</summary>
    private SluiceException? FindReadConflict(ReadSet reads, HashSet<uint>? among) =>
        reads.FindChanged(_epoch.Delta, _snapshot, _writes!.Stamp, among) is { } changed ? ReadConflict(changed)
        : _epoch.Delta.Floor > _snapshot ? Store.SnapshotTooOld()
        : null;

    /// <summary>The commit's turn: the last look at what was read, then the others' watches are told of what was written.</summary>
    private void Ordering()
    {
        if (_watch is { } watch)
        {
            _ = _store.Watches.End(watch);
            _watch = null;
            if (watch.Count > 0 && FindReadConflict(_reads!, watch) is { } conflict)
            {
                throw conflict;
            }
        }

        _store.Watches.Note(_writes!);
    }

    private void EndWatch()
    {
        if (_watch is { } watch)
        {
            _watch = null;
            _ = _store.Commits.BetweenCommits(() => _store.Watches.End(watch));
        }
    }

    /// <summary>The outcome of a commit is known. A commit that failed may be on the disk all the same: its rowids stay claimed.</summary>
    private void Settled(bool durable)
    {
        if (durable)
        {
            _claims.Release();
            if (_isPlain)
            {
                _store.PlainWriterCommitted(_writes!.Stamp.Timestamp);
            }
        }

        Leave();
        _store.Checkpointer.Consider();
    }

    private void CommitPages(ExclusiveWriter exclusive)
    {
        PageTransaction pages = exclusive.Pages;
        Epoch before = _epoch;
        if (pages.HasChanges)
        {
            try
            {
                if (_store.HasLog)
                {
                    _store.Commits.WriteNote(_store.Checkpointer.IntentFor(before.Checkpointed, pages), intent: true);
                }

                pages.Commit(_busyTimeout, CancellationToken.None);
            }
            catch (SluiceException error) when (error.PrimaryCode != ResultCode.Busy)
            {
                if (_store.Pager.Failure is { } failure)
                {
                    // What the next process will find in the file is not known: no commit may build on it.
                    _store.Commits.Fail(failure);
                }

                Rollback();
                throw;
            }

            _store.PublishExclusive(before, exclusive);
        }
        else
        {
            pages.Rollback();
        }

        _store.Checkpointer.ReleasePages();
        _store.Gate.EndExclusive();
        End();
        _claims.Release();
        Leave();
    }

    /// <summary>Moves what was written so far from the delta onto pages, with the marks that were set.</summary>
    private void MoveToPages()
    {
        Hold newest = _store.Pin();
        _store.Unpin(_hold);
        Take(newest);
        PageTransaction pages = _store.Pager.BeginWrite();
        try
        {
            var exclusive = new ExclusiveWriter(_store, pages, _epoch.Schema);
            int done = 0;
            foreach (int mark in _marks)
            {
                _writes?.Apply(exclusive, done, mark);
                done = mark;
                exclusive.Mark();
            }

            _writes?.Apply(exclusive, done, _writes.Count);
            _writes?.RollbackTo(0);
            _writes?.ReleaseShares();
            _exclusive = exclusive;
            WriteStamp++;
        }
        catch
        {
            pages.Rollback();
            throw;
        }
    }

    /// <summary>Who has seen an older state cannot write pages, which are the newest one.</summary>
    private void RequireNewestSnapshot()
    {
        if (!_hasRead && !HasWrites)
        {
            return;
        }

        CheckFreshness();
        if (!IsBlind && _snapshot < _store.Commits.DurableTimestamp)
        {
            throw new SluiceException(ResultCode.BusySnapshot, "database is locked: other transactions have committed since this one began, so it cannot become exclusive");
        }
    }

    /// <summary>Whether the snapshot is new enough to write on. Runs while no other transaction can become exclusive.</summary>
    private void CheckFreshness()
    {
        if (!_hasRead && _writes is null && !_store.IsFresh(_epoch, Kind, _snapshot))
        {
            Refresh();
        }

        _store.RequireFresh(_epoch, Kind, _snapshot);
    }

    /// <summary>
    /// Takes a new snapshot, which nobody notices: nothing has been read on the old one. Not when the schema has changed, for the statement was
    /// compiled for the old one.
    /// </summary>
    private void Refresh()
    {
        Hold newest = _store.Pin();
        if (!ReferenceEquals(newest.Epoch.Schema, _epoch.Schema))
        {
            _store.Unpin(newest);
            return;
        }

        _store.Unpin(_hold);
        Take(newest);
    }

    private void Take(Hold hold)
    {
        _hold = hold;
        _epoch = hold.Epoch;
        _snapshot = hold.Snapshot;
        View = new Viewpoint(_snapshot, _epoch.Checkpointed, _writes?.Stamp);
    }

    /// <summary>A deferred transaction that begins with a write waits as others do before they begin: without holding old versions in memory.</summary>
    private void WaitForMemory()
    {
        if (_hasRead || !_store.Checkpointer.MustWait)
        {
            return;
        }

        Catalog.Schema schema = _epoch.Schema;
        _store.Unpin(_hold);
        _pinned = false;
        try
        {
            _store.WaitForMemory(_busyTimeout);
        }
        finally
        {
            // The wait may be in vain; the transaction goes on then, and may try again.
            Take(_store.Pin());
            _pinned = true;
        }

        if (!ReferenceEquals(schema, _epoch.Schema))
        {
            throw Store.SchemaHasChanged();
        }
    }

    /// <summary>The transaction reads and writes no more.</summary>
    private void End()
    {
        _ended = true;
        if (_pinned)
        {
            _pinned = false;
            _store.Unpin(_hold);
        }

        _store.TransactionEnded();
    }

    private void Leave()
    {
        if (_isInside)
        {
            _isInside = false;
            _store.Gate.Leave();
        }

        LeavePlain();
    }

    private void LeavePlain()
    {
        if (_isPlain)
        {
            _isPlain = false;
            _store.Gate.LeavePlain(this);
        }
    }
}
