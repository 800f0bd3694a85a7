using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Checkpoint;
using Sluice.Engine.Files;
using Sluice.Engine.Log;
using Sluice.Engine.Paging;

namespace Sluice.Engine.Transactions;

/// <summary>
/// One database file and the transactions on it.
/// <para>Reading: the pages of the last checkpoint (Paging, BTree), overlaid by versions in memory (<see cref="Transactions.Delta"/>). Writing: versions
/// in memory, made durable by a redo log that commits share (Log), moved into the pages by checkpoints (Checkpoint). Safe to use from
/// any number of threads; a transaction by one at a time.</para>
/// </summary>
public sealed class Store : IDisposable
{
    /// <summary>How long closing waits for foreign readers; what it could not checkpoint then stays in the log for the next open.</summary>
    private static readonly TimeSpan s_closePatience = TimeSpan.FromSeconds(5);

    private readonly StoreOptions _options;
    private readonly Epochs _epochs;
    private readonly RedoLog? _log;
    private readonly GroupCommit? _commits;
    private readonly Checkpointer? _checkpointer;
    private readonly ChecksumRenewal? _renewal;

    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly Dictionary<uint, RowidCounter> _counters = [];
    private bool _disposed;

    // Set while no other writer is inside; read under the writer gate.
    private long _lastExclusiveEpoch;
    private long _lastSchemaEpoch;
    private long _lastPlainCommit;

    // The schema of the newest state that was read, when this process is not the owner.
    private volatile Schema _readerSchema;

    private long _active;
    private long _conflicts;
    private long _memoryWaits;

    private Store(FileSystem files, Pager pager, StoreOptions options, Epochs epochs, RedoLog? log, bool isOwner)
    {
        Pager = pager;
        _options = options;
        _epochs = epochs;
        _readerSchema = epochs.Current.Schema;
        IsOwner = isOwner;
        Work = new Execute.Spill.WorkSpace(files, pager.Path, () => MemoryLimitBytes);
        if (isOwner)
        {
            _log = log;
            _commits = new GroupCommit(log, FirstNote, options, System.IO.Path.GetFileName(pager.Path));
            _checkpointer = new Checkpointer(pager, epochs, _commits, log, options);
            _renewal = pager.NeedsChecksums ? new ChecksumRenewal(pager, _checkpointer, options) : null;
        }
    }

    /// <summary>The canonical path of the file.</summary>
    public string Path => Pager.Path;

    /// <summary>Whether this process owns the file; if not, it is read from its last checkpoint.</summary>
    public bool IsOwner { get; }

    /// <summary>Whether writes are refused: not the owner, opened so, or after an error that makes going on unsafe.</summary>
    public bool IsReadOnly => _commits is null || _commits.Failure is not null;

    public StoreStatistics Statistics => new()
    {
        Commits = _commits?.Commits ?? 0,
        Syncs = _commits?.Syncs ?? 0,
        LogBytes = _commits?.BytesWritten ?? 0,
        Checkpoints = _checkpointer?.Checkpoints ?? 0,
        DeltaBytes = _checkpointer?.VersionBytes ?? 0,
        OldImageBytes = Pager.OldImageBytes,
        MemoryBytes = (_checkpointer?.VersionBytes ?? 0) + Pager.OldImageMemoryBytes + Pager.DirtyMemoryBytes,
        CacheBytes = Pager.CachedBytes,
        DurableTimestamp = _commits?.DurableTimestamp ?? 0,
        CheckpointedTimestamp = _epochs.InFile.Timestamp,
        ActiveTransactions = Volatile.Read(ref _active),
        Conflicts = Volatile.Read(ref _conflicts),
        MemoryWaits = Volatile.Read(ref _memoryWaits),
        PagesRead = Pager.PagesRead,
        PagesWritten = Pager.PagesWritten,
        WaitsForForeignReaders = Pager.WaitsForReaders,
        Failure = _commits?.Failure?.Message,
    };

    internal Pager Pager { get; }

    internal WriterGate Gate { get; } = new();

    internal GroupCommit Commits => _commits!;

    internal CommitWatches Watches { get; } = new();

    internal Random Random => _options.Random;

    /// <summary>Where statements put rows aside.</summary>
    internal Execute.Spill.WorkSpace Work { get; }

    internal Checkpointer Checkpointer => _checkpointer!;

    internal bool HasLog => _log is { Exists: true };

    /// <summary>Opens a database file, makes it if it is not there, and recovers what a crash left in its log.</summary>
    /// <exception cref="SluiceException">Busy when another process owns the file; Corrupt or CannotOpen with file, place and reason.</exception>
    public static Store Open(FileSystem fileSystem, string path, StoreOptions options)
    {
        if (options.ReadOnly)
        {
            return OpenReader(fileSystem, path, options);
        }

        Pager pager = Pager.Open(fileSystem, path, PagerOptionsOf(options, readOnly: false));
        try
        {
            options.Owned?.Invoke();
            if (options.Durable)
            {
                Recovery.Run(fileSystem, pager, options);
            }

            BaseSnapshot pages = pager.Pin();
            var first = new Epoch(1, pages, LoadSchema(pages), new Delta(), 0);
            RedoLog? log = null;
            if (options.Durable)
            {
                ulong salt = (ulong)options.Random.NextInt64(long.MinValue, long.MaxValue);
                log = new RedoLog(fileSystem, pager.Path, (uint)pages.PageSize, salt, options.SegmentBytes);
            }

            return new Store(fileSystem, pager, options, new Epochs(first, options.Clock), log, isOwner: true);
        }
        catch
        {
            pager.Dispose();
            throw;
        }
    }

    /// <summary>See <see cref="StoreOptions.CommitDelay"/>.</summary>
    public TimeSpan CommitDelay
    {
        get => _commits?.Delay ?? TimeSpan.Zero;
        set
        {
            RequireWritable();
            Commits.Delay = value;
        }
    }

    /// <summary>See <see cref="StoreOptions.MemoryLimitBytes"/>.</summary>
    public long MemoryLimitBytes
    {
        get => _checkpointer?.MemoryLimitBytes ?? _options.MemoryLimitBytes;
        set
        {
            RequireWritable();
            Checkpointer.MemoryLimitBytes = value;
            Pager.OldImageLimitBytes = OldImageShare(value);
            Pager.DirtyLimitBytes = DirtyShare(value);
        }
    }

    /// <summary>See <see cref="StoreOptions.CheckpointBytesPerSecond"/>.</summary>
    public long CheckpointBytesPerSecond
    {
        get => _checkpointer?.BytesPerSecond ?? _options.CheckpointBytesPerSecond;
        set
        {
            RequireWritable();
            Checkpointer.BytesPerSecond = value;
        }
    }

    /// <summary>Begins a transaction.</summary>
    public Transaction Begin(TransactionKind kind, TimeSpan busyTimeout, Isolation isolation = Isolation.Snapshot)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new StoreTransaction(this, kind, busyTimeout, isolation);
    }

    /// <summary>
    /// The smallest rowid of a table that an open transaction may still commit, or the next rowid. Read it before a transaction begins:
    /// every row below it is then visible to that transaction or never will be. Rowids that a writer chooses itself below those given
    /// before are not covered.
    /// </summary>
    public long StableHorizon(uint root)
    {
        if (IsOwner)
        {
            return Counter(root).Horizon;
        }

        Hold hold = Pin();
        try
        {
            return RowidCounter.After(new TableCursor(hold.Epoch.Pages, root)).Horizon;
        }
        finally
        {
            Unpin(hold);
        }
    }

    /// <summary>Moves everything committed into the pages of the file; returns when it is there.</summary>
    public void Checkpoint()
    {
        RequireWritable();
        Checkpointer.Run();
    }

    /// <summary>Checkpoints, removes the log and releases the file. Open transactions must have ended.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        try
        {
            if (IsOwner)
            {
                CloseLog();
            }
        }
        finally
        {
            _log?.Dispose();
            _checkpointer?.Dispose();
            _epochs.Close();
            Pager.Dispose();
        }
    }

    internal Hold Pin()
    {
        if (_commits is not null)
        {
            return _epochs.Pin(_commits);
        }

        // Not the owner: the pages as they are now, held (and with them the file's lock) no longer than the transaction.
        BaseSnapshot pages = Pager.Pin();
        Schema schema = _readerSchema;
        if (schema.Cookie != pages.Header.SchemaCookie)
        {
            _readerSchema = schema = LoadSchema(pages);
        }

        return new Hold(new Epoch(0, pages, schema, new Delta(), 0), 0, 0, 0);
    }

    internal void Unpin(Hold hold)
    {
        if (IsOwner)
        {
            _epochs.Unpin(hold);
        }
        else
        {
            hold.Epoch.Pages.Dispose();
        }
    }

    internal void TransactionBegan() => Interlocked.Increment(ref _active);

    internal void TransactionEnded() => Interlocked.Decrement(ref _active);

    internal void CountConflict() => Interlocked.Increment(ref _conflicts);

    internal void PlainWriterCommitted(long timestamp) => Volatile.Write(ref _lastPlainCommit, timestamp);

    internal void WaitForMemory(TimeSpan timeout)
    {
        if (_checkpointer is not null && _checkpointer.WaitForMemory(timeout))
        {
            Interlocked.Increment(ref _memoryWaits);
        }
    }

    internal void RequireWritable()
    {
        if (!IsOwner)
        {
            throw new SluiceException(
                ResultCode.ReadOnly,
                _options.ReadOnly
                    ? $"attempt to write a readonly database: {Path} was opened for reading only"
                    : $"attempt to write a readonly database: {Path} is owned by another process; what is read is its last checkpoint");
        }

        if (Commits.Failure is { } failure)
        {
            throw new SluiceException(ResultCode.ReadOnly, $"attempt to write a readonly database: it is read-only since an error: {failure.Message}", failure);
        }

        Pager.RequireWritable(_epochs.Current.Pages.Header);
    }

    /// <summary>Whether a transaction that has this epoch and snapshot may begin to write. Under the writer gate.</summary>
    internal bool IsFresh(Epoch epoch, TransactionKind kind, long snapshot) =>
        epoch.Number >= _lastExclusiveEpoch && epoch.Delta.Floor <= snapshot && !(kind == TransactionKind.Deferred && snapshot < Volatile.Read(ref _lastPlainCommit));

    /// <summary>Throws when <see cref="IsFresh"/> is false, with the reason.</summary>
    internal void RequireFresh(Epoch epoch, TransactionKind kind, long snapshot)
    {
        if (epoch.Number < _lastSchemaEpoch)
        {
            throw SchemaHasChanged();
        }

        if (epoch.Number >= _lastExclusiveEpoch && epoch.Delta.Floor > snapshot)
        {
            throw SnapshotTooOld();
        }

        if (!IsFresh(epoch, kind, snapshot))
        {
            throw new SluiceException(ResultCode.BusySnapshot, "database is locked: another transaction has committed since this one began to read, so it cannot write any more");
        }
    }

    internal static SluiceException SchemaHasChanged() =>
        new(ResultCode.BusySchema, "database schema has changed since the transaction began");

    internal static SluiceException SnapshotTooOld() => new(
        ResultCode.BusySnapshot,
        "database is locked: this transaction's snapshot is too old to write on: memory was short (PRAGMA memory_limit), and later commits were moved to the file");

    /// <summary>Makes the pages of an exclusive transaction the newest epoch, with an empty delta.</summary>
    internal void PublishExclusive(Epoch before, ExclusiveWriter exclusive)
    {
        exclusive.HandOverCounters();
        var next = new Epoch(before.Number + 1, Pager.Pin(), exclusive.Schema, new Delta(), before.Checkpointed);
        _epochs.InFile = new FileState(next.Checkpointed, next.Pages);
        _lastExclusiveEpoch = next.Number;
        if (exclusive.HasNewSchema)
        {
            _lastSchemaEpoch = next.Number;
        }

        _epochs.Publish(next);
    }

    /// <summary>The counter of a table's rowids; it begins after the largest rowid that there is.</summary>
    internal RowidCounter Counter(uint root)
    {
        lock (_gate)
        {
            if (_counters.TryGetValue(root, out RowidCounter? counter))
            {
                return counter;
            }

            // Nobody has written the table yet: every writer asks for the counter first.
            Hold hold = Pin();
            try
            {
                counter = RowidCounter.After(new TableCursor(hold.Epoch.Pages, root));
            }
            finally
            {
                Unpin(hold);
            }

            _counters.Add(root, counter);
            return counter;
        }
    }

    internal void SetCounter(uint root, RowidCounter? counter)
    {
        lock (_gate)
        {
            if (counter is null)
            {
                _counters.Remove(root);
            }
            else
            {
                _counters[root] = counter;
            }
        }
    }

    private static Store OpenReader(FileSystem fileSystem, string path, StoreOptions options)
    {
        Pager pager = Pager.Open(fileSystem, path, PagerOptionsOf(options, readOnly: true));
        try
        {
            using BaseSnapshot pages = pager.Pin();
            var first = new Epoch(0, pages, LoadSchema(pages), new Delta(), 0);
            return new Store(fileSystem, pager, options, new Epochs(first, options.Clock), null, isOwner: false);
        }
        catch
        {
            pager.Dispose();
            throw;
        }
    }

    private static Schema LoadSchema(BaseSnapshot pages) =>
        SchemaLoader.Load(new TableCursor(pages, 1), pages.Header.SchemaCookie, pages.Path, pages.Header.SchemaFormat, root => new TableCursor(pages, root));

    private static long OldImageShare(long memoryLimit) => memoryLimit / 16;

    /// <summary>Twice this much while a page transaction commits, with the images that it replaces.</summary>
    private static long DirtyShare(long memoryLimit) => memoryLimit / 8;

    private static PagerOptions PagerOptionsOf(StoreOptions options, bool readOnly) => new()
    {
        PageSize = options.PageSize,
        Checksums = options.Durable,
        CacheBytes = options.CacheBytes,
        OldImageBytes = OldImageShare(options.MemoryLimitBytes),
        DirtyBytes = DirtyShare(options.MemoryLimitBytes),
        ReadOnly = readOnly,
        LockTimeout = options.LockTimeout,
        Clock = options.Clock,
        Random = options.Random,
    };

    private byte[] FirstNote()
    {
        FileState file = _epochs.InFile;
        return RedoBuilder.Base(file.Timestamp, file.Mark);
    }

    /// <summary>The last checkpoint. When it cannot be taken (an error before, a foreign reader) the log stays, and the next open recovers.</summary>
    private void CloseLog()
    {
        bool clean = false;
        try
        {
            _renewal?.Stop();
            Checkpointer.Stop();
            if (Commits.Failure is null)
            {
                Checkpointer.RunWithPages(s_closePatience, CancellationToken.None);
                if (HasLog)
                {
                    Commits.WriteNote(RedoBuilder.Done(Commits.DurableTimestamp), intent: false);
                }

                clean = true;
            }
        }
        catch (SluiceException error) when (error.PrimaryCode == ResultCode.Busy)
        {
            clean = false;
        }
        finally
        {
            Commits.Dispose();
        }

        if (clean)
        {
            _log?.RemoveFiles();
        }
    }
}
