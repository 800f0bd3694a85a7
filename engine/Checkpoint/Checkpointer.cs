using Sluice.Engine.BTree;
using Sluice.Engine.Log;
using Sluice.Engine.Paging;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Checkpoint;

/// <summary>
/// Moves committed versions into the pages of the database file, in the background or on demand, and drops them from memory once no
/// reader needs them.
/// <para>Invariants: 1. whoever changes pages (a checkpoint, an exclusive transaction) holds the pages' turn. 2. A checkpoint to T puts exactly
/// the commits up to T into the pages, in one page transaction, announced by an Intent note that is on the disk before. 3. A
/// version is dropped only when every epoch in use has it in its pages. 4. A log segment is recycled only after the page transaction that
/// made it needless.</para>
/// </summary>
internal sealed class Checkpointer : IDisposable
{
    /// <summary>The share of the memory limit that one page transaction takes at most, about: its changed pages are in memory too.</summary>
    private const int PortionsOfLimit = 4;

    /// <summary>How often a writer that waits for memory looks whether the checkpoint has met a foreign reader.</summary>
    private static readonly TimeSpan ForeignReaderPoll = TimeSpan.FromMilliseconds(100);

    private readonly Pager _pager;
    private readonly Epochs _epochs;
    private readonly GroupCommit _commits;
    private readonly RedoLog? _log;
    private readonly StoreOptions _options;
    private readonly SemaphoreSlim _pagesTurn = new(1, 1);
    private readonly CancellationTokenSource _closing = new();
    private readonly BackgroundLoop _loop;
    private readonly ITimer _timer;

    private readonly object _gate = new();

    // Guarded by _gate.
    private bool _wanted;
    private bool _sweepWanted;
    private bool _stopping;
    private long _begun;
    private long _finished;

    // Owned by who holds the pages' turn; read by others.
    private long _checkpoints;
    private long _logBytesAtCheckpoint;
    private long _sweptTo;
    private Delta? _sweptDelta;

    public Checkpointer(Pager pager, Epochs epochs, GroupCommit commits, RedoLog? log, StoreOptions options)
    {
        _pager = pager;
        _epochs = epochs;
        _commits = commits;
        _log = log;
        _options = options;
        _epochs.Freed = WantSweep;
        _loop = options.Work.Start($"sluice checkpoint {System.IO.Path.GetFileName(pager.Path)}", RunWhenWanted);
        _timer = options.Clock.CreateTimer(_ => WantCheckpoint(), null, options.CheckpointInterval, options.CheckpointInterval);
    }

    public long Checkpoints => Volatile.Read(ref _checkpoints);

    /// <summary>Called after each commit: asks for a checkpoint, or for the next log segment, when it is time.</summary>
    public void Consider()
    {
        if (_epochs.Current.Delta.Bytes > _options.MemoryLimitBytes / 2
            || (_log is not null && _commits.BytesWritten - Volatile.Read(ref _logBytesAtCheckpoint) > _options.CheckpointLogBytes))
        {
            WantCheckpoint();
        }
        else if (_log is { WantsSpare: true })
        {
            WantSweep();
        }
    }

    /// <summary>
    /// Waits while the versions in memory are over the limit: at least until a checkpoint that begins now has ended, and then, if
    /// old readers keep them there, up to the timeout.
    /// </summary>
    /// <returns>Whether it had to wait.</returns>
    public bool WaitForMemory(TimeSpan timeout)
    {
        if (!IsOverLimit)
        {
            return false;
        }

        lock (_gate)
        {
            Want();
            long enough = _begun + 1;
            var deadline = new Deadline(timeout);
            while (IsOverLimit && !_stopping && _commits.Failure is null)
            {
                if (_finished < enough && !_pager.WaitsForReaders)
                {
                    _loop.Wait(_gate, ForeignReaderPoll);
                }
                else if (deadline.Wait(_gate))
                {
                    Want();
                }
                else
                {
                    throw new SluiceException(
                        ResultCode.Busy,
                        $"database is locked: {_epochs.Current.Delta.Bytes} bytes of versions are in memory, the limit is {_options.MemoryLimitBytes}, and a transaction that is still open keeps them there");
                }
            }
        }

        return true;
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
            MovePortion(lockTimeout, cancel);
            Sweep();
        }

        Sweep();
    }

    /// <summary>
    /// The note before a page commit that takes the file to a timestamp. Without changed pages the file stays as it is and holds the commits all
    /// the same.
    /// </summary>
    public static byte[] IntentFor(Epoch before, long to, PageTransaction pages) => RedoBuilder.Intent(new CheckpointIntent(
        before.Checkpointed,
        before.Pages.Header.ChangeCounter,
        to,
        pages.HasChanges ? new FileMark(pages.NextChangeCounter, pages.PageCount) : before.FileMark));

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

    public bool IsOverLimit => _epochs.Current.Delta.Bytes > _options.MemoryLimitBytes;

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
            wanted = _wanted || _sweepWanted;
        }

        if (wanted)
        {
            PrepareSpare();
            if (TryTakePages())
            {
                RunWithTurn();
            }
        }

        return null;
    }

    private void RunWithTurn()
    {
        bool checkpoint;
        lock (_gate)
        {
            checkpoint = _wanted;
            _wanted = false;
            _sweepWanted = false;
            _begun++;
        }

        try
        {
            RunOnce(checkpoint);
        }
        finally
        {
            _pagesTurn.Release();
            lock (_gate)
            {
                _finished = _begun;
                Monitor.PulseAll(_gate);
            }
        }
    }

    private void RunOnce(bool checkpoint)
    {
        try
        {
            if (checkpoint && _commits.Failure is null)
            {
                RunWithPages(Timeout.InfiniteTimeSpan, _closing.Token);
            }
            else
            {
                Sweep();
            }
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
        }
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

    /// <summary>One page transaction: the commits after the last checkpoint, as many as memory allows.</summary>
    private void MovePortion(TimeSpan lockTimeout, CancellationToken cancel)
    {
        Epoch before = _epochs.Current;
        long from = before.Checkpointed;
        long to = PortionEnd(from, _commits.DurableTimestamp, before.Delta.Bytes);
        long logBytes = _commits.BytesWritten;
        using PageTransaction pages = _pager.BeginWrite();
        var trees = new PageTreeWriter(pages);
        foreach (DeltaTree tree in before.Delta.Trees)
        {
            tree.Apply(trees, from, to);
        }

        if (_log is { Exists: true })
        {
            _commits.WriteNote(IntentFor(before, to, pages), intent: true);
        }

        pages.Commit(lockTimeout, cancel);

        _epochs.Publish(new Epoch(before.Number + 1, _pager.Pin(), before.Schema, before.Delta, to));
        Volatile.Write(ref _checkpoints, _checkpoints + 1);
        Volatile.Write(ref _logBytesAtCheckpoint, logBytes);
        if (_log is not null)
        {
            _commits.AddNote(RedoBuilder.Done(to));
            _log.Recycle(to);
        }
    }

    /// <summary>How far to go in one page transaction, from the average size of a commit.</summary>
    private long PortionEnd(long from, long durable, long deltaBytes)
    {
        long portion = Math.Max(1 << 20, _options.MemoryLimitBytes / PortionsOfLimit);
        if (deltaBytes <= portion)
        {
            return durable;
        }

        long commits = (long)((durable - from) * ((double)portion / deltaBytes));
        return from + Math.Clamp(commits, 1, durable - from);
    }

    /// <summary>Drops the versions that are in the pages of every epoch in use.</summary>
    private void Sweep()
    {
        Delta delta = _epochs.Current.Delta;
        long held = _epochs.HeldByAll;
        if (ReferenceEquals(delta, _sweptDelta) && held == _sweptTo)
        {
            return;
        }

        foreach (DeltaTree tree in delta.Trees)
        {
            delta.AddBytes(-tree.Sweep(held));
        }

        delta.Shares.Sweep(held);

        _sweptDelta = delta;
        _sweptTo = held;
    }
}
