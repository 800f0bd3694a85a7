using Sluice.Engine.BTree;
using Sluice.Engine.Log;
using Sluice.Engine.Paging;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Checkpoint;

/// <summary>
/// Moves committed versions into pages, in the background or on demand, and drops them from memory once no reader needs them. Pages take a third of the memory that
/// versions take, and a collector need not look into them: so versions are moved soon, in portions, to pages in memory that are ahead of the file, and these are
/// brought into the file, all at once, when there are many, and at a checkpoint.
/// <para>Invariants: 1. whoever changes pages (a checkpoint, an exclusive transaction) holds the pages' turn. 2. The file gets exactly
/// the commits up to some T, in one page transaction, announced by an Intent note that is on the disk before. 3. A
/// version is dropped only when every epoch in use has it in its pages, or nobody who sees it is left (<see cref="Epochs"/>). 4. A log segment is recycled only after the page transaction that
/// made it needless. 5. Who takes the pages' turn to change them itself brings what is ahead into the file before (<see cref="RunWithPages"/>).</para>
/// </summary>
internal sealed class Checkpointer : IDisposable
{
    /// <summary>How often a writer that waits for memory looks whether the checkpoint has met a foreign reader.</summary>
    private static readonly TimeSpan ForeignReaderPoll = TimeSpan.FromMilliseconds(100);

    /// <summary>A transaction with more than a fourth of the versions that memory is for goes straight on the pages, or fails.</summary>
    private const int LargeShare = 4;

    /// <summary>Past the limit only those with less than this may write on.</summary>
    private const int SmallShare = 64;

    /// <summary>Writers are faster than versions are moved: when this many times <see cref="MoveLimit"/> wait, who is going to write waits, too.</summary>
    private const int MostPortionsWaiting = 4;

    private readonly Pager _pager;
    private readonly Epochs _epochs;
    private readonly GroupCommit _commits;
    private readonly RedoLog? _log;
    private readonly long _checkpointLogBytes;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _pagesTurn = new(1, 1);
    private readonly CancellationTokenSource _closing = new();
    private readonly BackgroundLoop _loop;
    private readonly ITimer _timer;
    private readonly CheckpointPace _pace;
    private readonly long _moveBytes;
    private long _memoryLimit;

    private readonly object _gate = new();

    // Guarded by _gate.
    private bool _wanted;
    private bool _moveWanted;
    private bool _sweepWanted;
    private bool _stopping;
    private long _begun;
    private long _finished;
    private long? _target;
    private bool _toFile;

    // Owned by who holds the pages' turn: the pages that are ahead of the file, and the log that was written when the last of them were moved.
    private PageTransaction? _ahead;
    private long _aheadLogBytes;

    /// <summary>So many pages are ahead that they are to be in the file before more are. Set by who holds the pages' turn.</summary>
    private volatile bool _isAheadFull;

    // Owned by who holds the pages' turn; read by others.
    private long _checkpoints;
    private long _logBytesAtCheckpoint;
    private long _olderBytes;

    public Checkpointer(Pager pager, Epochs epochs, GroupCommit commits, RedoLog? log, StoreOptions options)
    {
        _pager = pager;
        _epochs = epochs;
        _commits = commits;
        _log = log;
        _memoryLimit = options.MemoryLimitBytes;
        _moveBytes = options.MoveBytes;
        _checkpointLogBytes = options.CheckpointLogBytes;
        _pace = new CheckpointPace(options.Clock) { BytesPerSecond = options.CheckpointBytesPerSecond };
        _clock = options.Clock;
        _epochs.Freed = WantSweep;
        _loop = options.Work.Start($"sluice checkpoint {System.IO.Path.GetFileName(pager.Path)}", RunWhenWanted);
        _timer = options.Clock.CreateTimer(_ => WantCheckpoint(), null, options.CheckpointInterval, options.CheckpointInterval);
    }

    public long Checkpoints => Volatile.Read(ref _checkpoints);

    /// <summary>See <see cref="StoreOptions.MemoryLimitBytes"/>.</summary>
    public long MemoryLimitBytes
    {
        get => Volatile.Read(ref _memoryLimit);
        set => Volatile.Write(ref _memoryLimit, value);
    }

    /// <summary>See <see cref="StoreOptions.CheckpointBytesPerSecond"/>.</summary>
    public long BytesPerSecond
    {
        get => _pace.BytesPerSecond;
        set => _pace.BytesPerSecond = value;
    }

    /// <summary>Called after each commit: asks for a checkpoint, for versions to be moved, or for the next log segment, when it is time.</summary>
    public void Consider()
    {
        if (_log is not null && _commits.BytesWritten - Volatile.Read(ref _logBytesAtCheckpoint) > _checkpointLogBytes)
        {
            WantCheckpoint();
        }
        else if (WaitingBytes > MoveLimit)
        {
            lock (_gate)
            {
                WantMove();
            }
        }
        else if (_log is { WantsSpare: true })
        {
            WantSweep();
        }
    }

    /// <summary>
    /// Waits while the versions in memory are over the limit: at least until all that is committed now was moved, and then, if
    /// old readers keep them there, up to the timeout.
    /// </summary>
    /// <returns>Whether it had to wait.</returns>
    public bool WaitForMemory(TimeSpan timeout)
    {
        if (!MustWait)
        {
            return false;
        }

        lock (_gate)
        {
            WantMove();
            long enough = _begun + 1;
            var deadline = new Deadline(timeout);
            while (MustWait && !_stopping && _commits.Failure is null)
            {
                if (_finished < enough && !_pager.WaitsForReaders)
                {
                    _loop.Wait(_gate, ForeignReaderPoll);
                }
                else if (deadline.Wait(_gate))
                {
                    WantMove();
                }
                else if (!IsOverLimit)
                {
                    break;
                }
                else
                {
                    throw new SluiceException(
                        ResultCode.Busy,
                        $"database is locked: {VersionBytes} bytes of versions are in memory, the limit is {MemoryLimitBytes}, and a transaction that is still open keeps them there");
                }
            }
        }

        return true;
    }

    /// <summary>
    /// Refuses a transaction to write on when memory is used up and it has a large part of it. It is told often enough for the others to stay
    /// small.
    /// </summary>
    /// <exception cref="SluiceException">NoMemory: it is larger than what memory is for; Busy: all are together, and it may be tried again.</exception>
    public void RequireRoom(long ownBytes)
    {
        long bytes = VersionBytes;
        if (bytes > VersionLimit && ownBytes > VersionLimit / LargeShare)
        {
            throw new SluiceException(
                ResultCode.NoMemory,
                $"out of memory: this transaction has written {ownBytes} bytes of versions, and PRAGMA memory_limit allows {MemoryLimitBytes} for all; commit more often, or begin with BEGIN EXCLUSIVE, which writes straight on the pages");
        }

        if (bytes > MemoryLimitBytes && ownBytes > VersionLimit / SmallShare)
        {
            throw new SluiceException(
                ResultCode.Busy, $"database is locked: open transactions have written {bytes} bytes of versions, and PRAGMA memory_limit allows {MemoryLimitBytes}");
        }
    }

    /// <summary>Takes the pages' turn; false when somebody else has it.</summary>
    public bool TryTakePages() => _pagesTurn.Wait(TimeSpan.Zero);

    /// <summary>
    /// Takes the pages' turn, after a checkpoint that may be running. False only when that has waited for a foreign reader for longer than the
    /// timeout: a checkpoint that gets on is nobody's lock.
    /// </summary>
    public bool TryTakePagesFromCheckpoint(TimeSpan timeout)
    {
        long start = Environment.TickCount64;
        while (!_pagesTurn.Wait(ForeignReaderPoll))
        {
            bool isOver = timeout != Timeout.InfiniteTimeSpan && Environment.TickCount64 - start >= timeout.TotalMilliseconds;
            if (isOver && _pager.WaitsForReaders)
            {
                return false;
            }
        }

        return true;
    }

    public void ReleasePages()
    {
        _pagesTurn.Release();
        _loop.Wake();
    }

    /// <summary>Puts everything durable into the pages and drops what no reader needs.</summary>
    public void Run()
    {
        _pagesTurn.Wait();
        try
        {
            RunWithPages(Timeout.InfiniteTimeSpan, CancellationToken.None);
        }
        finally
        {
            ReleasePages();
        }
    }

    /// <summary>As <see cref="Run"/>, for who has the pages' turn already.</summary>
    public void RunWithPages(TimeSpan lockTimeout, CancellationToken cancel)
    {
        long target = _commits.DurableTimestamp;
        while (_epochs.Current.Checkpointed < target)
        {
            FlushIfFull(lockTimeout, cancel);
            MovePortion(target, lockTimeout, cancel);
            Sweep();
        }

        Flush(lockTimeout, cancel);
        Sweep();
    }

    /// <summary>
    /// The note before a page commit that takes the file to a timestamp. Without changed pages the file stays as it is and holds the commits all
    /// the same.
    /// </summary>
    public byte[] IntentFor(long to, PageTransaction pages) => RedoBuilder.Intent(
        new CheckpointIntent(_epochs.InFile.Timestamp, _epochs.InFile.Mark.ChangeCounter, to, MarkAfter(pages)));

    /// <summary>Ends the background work. The caller then has the last word on the pages.</summary>
    public void Stop()
    {
        _timer.Dispose();
        lock (_gate)
        {
            _stopping = true;
            Monitor.PulseAll(_gate);
        }

        _closing.Cancel();
        _loop.Stop();
    }

    public void Dispose()
    {
        _closing.Dispose();
        _pagesTurn.Dispose();
    }

    /// <summary>
    /// Whether who is going to write waits before: for memory, or for what was committed to be moved, for writers are faster than that; but not while the move waits itself,
    /// for another process or its budget.
    /// </summary>
    public bool MustWait => IsOverLimit || (WaitingBytes > MoveLimit * MostPortionsWaiting && !_pager.WaitsForReaders && Rest == TimeSpan.Zero);

    /// <summary>Bytes of versions in memory.</summary>
    public long VersionBytes => _epochs.Current.Delta.Bytes + OlderBytes;

    /// <summary>What the memory limit leaves for versions: a quarter is for pages that are changed, a sixteenth for old pages.</summary>
    public long VersionLimit => MemoryLimitBytes / 16 * 11;

    private bool IsOverLimit => VersionBytes > VersionLimit;

    private long WaitingBytes => _epochs.Current.Delta.WaitingBytes;

    /// <summary>When so much waits it is moved.</summary>
    private long MoveLimit => Math.Min(_moveBytes, VersionLimit / 4);

    private long OlderBytes => Volatile.Read(ref _olderBytes);

    private void WantCheckpoint()
    {
        lock (_gate)
        {
            Want();
        }
    }

    private void Want()
    {
        _wanted = true;
        _loop.Wake();
    }

    private void WantMove()
    {
        _moveWanted = true;
        _loop.Wake();
    }

    private void WantSweep()
    {
        lock (_gate)
        {
            _sweepWanted = true;
        }

        _loop.Wake();
    }

    /// <summary>A step of the background work. Without the pages' turn it ends at once: who releases them wakes it.</summary>
    private TimeSpan? RunWhenWanted()
    {
        bool wanted;
        lock (_gate)
        {
            wanted = _wanted || _moveWanted || _sweepWanted || _target is not null || MustFlush;
        }

        if (!wanted)
        {
            return null;
        }

        PrepareSpare();
        if ((MustFlush || (_target is not null && (_toFile || _pager.NeedsChecksums))) && Rest is { Ticks: > 0 } rest)
        {
            return rest;
        }

        return TryTakePages() ? RunWithTurn() : null;
    }

    /// <summary>One portion of a checkpoint or of a move, or a sweep; null when there is nothing more to do.</summary>
    private TimeSpan? RunWithTurn()
    {
        lock (_gate)
        {
            _sweepWanted = false;
            if (_target is null && (_wanted || _moveWanted))
            {
                _toFile = _wanted;
                _wanted = _moveWanted = false;
                _begun++;
                _target = _commits.DurableTimestamp;
            }
        }

        bool more = false;
        try
        {
            more = RunOnce();
        }
        finally
        {
            _pagesTurn.Release();
            lock (_gate)
            {
                if (!more && _target is not null)
                {
                    _target = null;
                    _finished = _begun;
                }

                more = _target is not null || _wanted || _moveWanted || _sweepWanted || MustFlush;
                Monitor.PulseAll(_gate);
            }
        }

        return more ? TimeSpan.Zero : null;
    }

    /// <summary>How long the background rests before it writes to the file again: by its budget, but not while writers may run out of memory.</summary>
    private TimeSpan Rest => VersionBytes > VersionLimit / 4 * 3 ? TimeSpan.Zero : _pace.RestLeft;

    /// <summary>After an error nothing gets into the file any more.</summary>
    private bool MustFlush => _isAheadFull && _commits.Failure is null;

    /// <summary>Whether what is under way has more to do.</summary>
    private bool RunOnce()
    {
        bool more = false;
        try
        {
            if (_commits.Failure is null)
            {
                FlushIfFull(Timeout.InfiniteTimeSpan, _closing.Token);
                more = _target is { } target && MoveTowards(target);
            }

            Sweep();
        }
        catch (SluiceException error) when (error.PrimaryCode is ResultCode.Busy && _closing.IsCancellationRequested)
        {
            // Closing while waiting for foreign readers; the closer takes the last checkpoint.
        }
        catch (Exception error)
        {
            _commits.Fail(new SluiceException(
                (error as SluiceException)?.Code ?? ResultCode.Internal,
                $"{_pager.Path}: the checkpoint failed; what was committed is safe in the redo log and will be there when the database is opened again: {error.Message}",
                error));
            more = false;
        }

        return more;
    }

    /// <summary>A portion; or with the last one, if the file is to get them, all that is ahead of it. Whether there is more to move.</summary>
    private bool MoveTowards(long target)
    {
        if (_epochs.Current.Checkpointed < target)
        {
            MovePortion(target, Timeout.InfiniteTimeSpan, _closing.Token);
        }

        bool more = _epochs.Current.Checkpointed < target;
        if (!more && _toFile)
        {
            Flush(Timeout.InfiniteTimeSpan, _closing.Token);
        }

        return more;
    }

    private void PrepareSpare()
    {
        try
        {
            if (_commits.Failure is null)
            {
                _log?.PrepareSpare();
            }
        }
        catch (SluiceException)
        {
            // The log writer makes the segment itself when it needs it; if that fails too, its error counts.
        }
    }

    /// <summary>
    /// The commits after those that were moved last, as many as memory allows. What they change stays ahead of the file while there is room.
    /// </summary>
    private void MovePortion(long target, TimeSpan lockTimeout, CancellationToken cancel)
    {
        Epoch before = _epochs.Current;
        long from = before.Checkpointed;
        long waiting = before.Delta.WaitingBytes;
        long to = _epochs.StopAt(from, _pace.End(from, target, waiting));
        long logBytes = _commits.BytesWritten;
        Portion portion = before.Delta.Gather(from, to);
        if (TryMoveAhead(portion, out int changedPages))
        {
            _aheadLogBytes = logBytes;
        }
        else
        {
            Flush(lockTimeout, cancel);
            using PageTransaction pages = _pager.BeginWrite();
            portion.Apply(new PageTreeWriter(pages));
            changedPages = pages.ChangedPages;
            Commit(pages, to, lockTimeout, cancel);
        }

        BaseSnapshot moved = _pager.Pin();
        _pace.Moved((long)(waiting * ((double)(to - from) / Math.Max(1, target - from))), (long)changedPages * moved.PageSize * 2, MemoryLimitBytes);
        _epochs.Publish(new Epoch(before.Number + 1, moved, before.Schema, before.Delta, to));
        before.Delta.Moved(portion);
        if (_ahead is null)
        {
            RecycleLog(to, logBytes);
        }

        _isAheadFull = _ahead is { } ahead && (long)ahead.ChangedPages * ahead.PageSize > _pager.AheadBytes;
    }

    /// <summary>False, and nothing happens, when the pages have no room in memory, or when the checksums of the file are still being renewed.</summary>
    private bool TryMoveAhead(Portion portion, out int changedPages)
    {
        changedPages = 0;
        if (_pager.NeedsChecksums)
        {
            return false;
        }

        PageTransaction pages = _ahead ??= _pager.BeginWrite();
        int mark = pages.Mark();
        bool isPublished = false;
        try
        {
            portion.Apply(new PageTreeWriter(pages));
            isPublished = pages.TryPublish(out changedPages);
        }
        finally
        {
            if (isPublished)
            {
                pages.Release(mark);
            }
            else if (pages.HasPublished)
            {
                pages.RollbackTo(mark);
                pages.Release(mark);
            }
            else
            {
                pages.Rollback();
                _ahead = null;
            }
        }

        return isPublished;
    }

    private FileMark MarkAfter(PageTransaction pages) => pages.HasChanges ? new FileMark(pages.NextChangeCounter, pages.PageCount) : _epochs.InFile.Mark;

    private void FlushIfFull(TimeSpan lockTimeout, CancellationToken cancel)
    {
        if (_isAheadFull)
        {
            Flush(lockTimeout, cancel);
        }
    }

    /// <summary>Brings the pages that are ahead into the file.</summary>
    private void Flush(TimeSpan lockTimeout, CancellationToken cancel)
    {
        if (_ahead is { } pages)
        {
            long to = _epochs.Current.Checkpointed;
            Commit(pages, to, lockTimeout, cancel);
            _ahead = null;
            _isAheadFull = false;
            RecycleLog(to, _aheadLogBytes);
        }
    }

    /// <summary>Commits pages that hold all up to a commit.</summary>
    private void Commit(PageTransaction pages, long to, TimeSpan lockTimeout, CancellationToken cancel)
    {
        long begin = _clock.GetTimestamp();
        long writtenBefore = _pager.BytesWritten;
        FileMark after = MarkAfter(pages);
        if (_log is { Exists: true })
        {
            _commits.WriteNote(IntentFor(to, pages), intent: true);
        }

        try
        {
            pages.Commit(lockTimeout, cancel);
        }
        catch (SluiceException) when (_pager.Failure is { } failure)
        {
            // What the next process will find in the file is not known: no commit may build on it.
            _commits.Fail(failure);
            throw;
        }

        _pace.Wrote(_pager.BytesWritten - writtenBefore, _clock.GetElapsedTime(begin));
        _epochs.InFile = new FileState(to, after);
        Volatile.Write(ref _checkpoints, _checkpoints + 1);
    }

    /// <summary>What was logged for commits up to one is not needed any more. So many bytes were logged when they were moved.</summary>
    private void RecycleLog(long to, long logBytes)
    {
        Volatile.Write(ref _logBytesAtCheckpoint, logBytes);
        if (_log is not null)
        {
            _commits.AddNote(RedoBuilder.Done(to));
            _log.Recycle(to);
        }
    }

    /// <summary>
    /// Drops the versions that are in the pages of every epoch in use. When memory gets short, also those that nobody sees; when what old
    /// transactions see takes too much of it, the oldest snapshot is given up.
    /// </summary>
    private void Sweep()
    {
        Epoch newest = _epochs.Current;
        Delta delta = newest.Delta;
        SweepOlder();
        delta.Sweep(_epochs.Needed(MemoryLevel.Enough));
        if (VersionBytes > VersionLimit / 2)
        {
            DropUnseen(newest, MemoryLevel.Short);
        }

        if (IsOverLimit)
        {
            DropUnseen(newest, MemoryLevel.Over);
        }

        if (delta.BytesInWindows + OlderBytes > VersionLimit / 2 && _epochs.GiveUpOldest())
        {
            SweepOlder();
            DropUnseen(newest, MemoryLevel.Short);
        }

        delta.CutLinks(_epochs.Holds, VersionLimit / 4);
    }

    private void DropUnseen(Epoch newest, MemoryLevel level)
    {
        Needed needed = _epochs.Needed(level);
        newest.Delta.RaiseFloor(needed.From);
        newest.Delta.Sweep(needed);
    }

    /// <summary>Deltas that exclusive transactions have left behind: who began before them may still read.</summary>
    private void SweepOlder()
    {
        long bytes = 0;
        foreach ((Delta delta, Needed needed) in _epochs.NeededOfOlder())
        {
            delta.RaiseFloor(needed.From);
            delta.Sweep(needed);
            bytes += delta.Bytes;
        }

        Volatile.Write(ref _olderBytes, bytes);
    }
}
