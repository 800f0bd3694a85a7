using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;

namespace Sluice.Engine.Transactions;

/// <summary>
/// A transaction of a <see cref="Store"/>: reads its epoch's pages overlaid by the delta, writes versions into the delta, or, once exclusive,
/// reads and writes pages. What it holds: its epoch until it commits; its place inside the writer gate, the plain-writer lock and its
/// rowid claims until the outcome is settled.
/// </summary>
internal sealed partial class StoreTransaction : Transaction
{
    private readonly Store _store;
    private readonly TimeSpan _busyTimeout;
    private readonly RowidClaims _claims = new();
    private readonly List<int> _marks = [];

    // What was read, where the isolation level asks for it.
    private readonly ReadSet? _reads;
    private HashSet<uint>? _watch;

    private Hold _hold;
    private Epoch _epoch;
    private long _snapshot;
    private WriteSet? _writes;
    private ExclusiveWriter? _exclusive;
    private bool _ended;
    private bool _pinned;
    private bool _hasRead;
    private bool _isInside;
    private bool _isPlain;

    // The counter last used: most transactions write one table.
    private uint _counterRoot;
    private RowidCounter? _counter;

    // Rowids that were given and whose rows are still to be written: a counter must not go back behind them.
    private readonly List<(RowidCounter Counter, long Rowid)> _unwritten = [];

    public StoreTransaction(Store store, TransactionKind kind, TimeSpan busyTimeout, Isolation isolation)
    {
        _store = store;
        _reads = isolation == Isolation.Serializable ? new ReadSet() : null;
        _busyTimeout = busyTimeout;
        Kind = kind;
        if (kind is TransactionKind.Immediate or TransactionKind.Exclusive)
        {
            store.RequireWritable();
            store.Gate.EnterPlain(this, busyTimeout);
            _isPlain = true;
        }

        try
        {
            if (kind is TransactionKind.Concurrent or TransactionKind.Immediate)
            {
                store.WaitForMemory(busyTimeout);
            }

            _hold = store.Pin();
            _epoch = _hold.Epoch;
            _snapshot = _hold.Snapshot;

            // It has said that it is going to write.
            _hold.IsWriting = kind != TransactionKind.Deferred && kind != TransactionKind.Concurrent;
        }
        catch
        {
            LeavePlain();
            throw;
        }

        _pinned = true;
        View = new Viewpoint(_snapshot, _epoch.Checkpointed, null);
        store.TransactionBegan();
        if (kind == TransactionKind.Exclusive)
        {
            try
            {
                BecomeExclusive();
            }
            catch
            {
                Rollback();
                throw;
            }
        }
    }

    public override TransactionKind Kind { get; }

    public override Schema Schema => _exclusive?.Schema ?? _epoch.Schema;

    public override IPageSource Pages => _exclusive?.Pages ?? (IPageSource)_epoch.Pages;

    internal override Execute.Spill.WorkSpace Work => _store.Work;

    public override PageTransaction ExclusivePages => RequireExclusive().Pages;

    public override BTreeWriter Trees => RequireExclusive();

    public override bool HasWrites => _exclusive is { } exclusive ? exclusive.Pages.HasChanges : _writes is { Count: > 0 };

    public Delta Delta => _epoch.Delta;

    public Viewpoint View { get; private set; }

    /// <summary>
    /// Begins a step of a merged cursor: the pages to read, which change at most once. What <see cref="View"/> sees is as new as they are, and stays until
    /// <see cref="ExitReading"/>.
    /// </summary>
    public IPageSource EnterReading()
    {
        Epoch epoch = _hold.Enter();
        if (!ReferenceEquals(epoch, _epoch))
        {
            _epoch = epoch;
            View = new Viewpoint(_snapshot, epoch.Checkpointed, _writes?.Stamp);
        }

        return epoch.Pages;
    }

    public void ExitReading() => _hold.Exit();

    /// <summary>Moves with each write, and each write taken back, of the transaction itself.</summary>
    public long WriteStamp
    {
        get => Writes.Stamp;
        private set => Writes.Stamp = value;
    }

    /// <summary><see cref="WriteStamp"/> for those who look at it often.</summary>
    public WriteMark Writes { get; } = new();

    public override RowCursor OpenRows(uint root)
    {
        RequireActive();
        _hasRead = true;
        RowCursor rows = CursorOver(root);
        return _reads is { } reads && _exclusive is null ? new RecordingRowCursor(rows, reads.Rows(root)) : rows;
    }

    public override KeyCursor OpenKeys(uint root, KeyOrder order)
    {
        RequireActive();
        _hasRead = true;
        if (_exclusive is { } exclusive)
        {
            return new IndexCursor(exclusive.Pages, root, order);
        }

        var keys = new MergedKeyCursor(this, root, order);
        return _reads is { } reads ? new RecordingKeyCursor(keys, reads.Keys(root, order), reads) : keys;
    }

    public override bool IsExclusive => _exclusive is not null;

    public override long LargestRowid(uint root)
    {
        // Says so if the table has gone since the snapshot.
        BeginWriting();
        return Counter(root).Largest;
    }

    public override long AllocateRowid(uint root)
    {
        BeginWriting();
        RowidCounter counter = Counter(root);
        if (counter.MayBeLower && !HasUnwritten(counter) && counter.MayLower(_claims, out long given) && SeesEverything)
        {
            RowCursor rows = CursorOver(root);
            counter.Lower(rows.MoveLast() ? rows.Rowid : 0, given, _claims);
        }

        if (counter.Largest == long.MaxValue)
        {
            return AnyFreeRowid(root);
        }

        long rowid = counter.Allocate(_claims);
        _unwritten.Add((counter, rowid));
        return rowid;
    }

    private bool HasUnwritten(RowidCounter counter)
    {
        foreach ((RowidCounter given, _) in _unwritten)
        {
            if (ReferenceEquals(given, counter))
            {
                return true;
            }
        }

        return false;
    }

    public override void GiveBackRowid(uint root, long rowid)
    {
        RowidCounter counter = Counter(root);
        _ = _unwritten.Remove((counter, rowid));
        counter.GiveBack(rowid);
    }

    public override void PutRow(uint root, long rowid, ReadOnlySpan<byte> record)
    {
        BeginWriting();
        RowidCounter counter = Counter(root);
        counter.Raise(rowid, _claims);
        if (_unwritten.Count > 0)
        {
            _ = _unwritten.Remove((counter, rowid));
        }

        if (_exclusive is { } exclusive)
        {
            exclusive.PutRow(root, rowid, record);
        }
        else if (!_writes!.TryPut(root, rowid, record))
        {
            throw RowConflict(root, rowid);
        }

        WriteStamp++;
    }

    public override void DeleteRow(uint root, long rowid)
    {
        BeginWriting();
        Counter(root).NoteRemoval(rowid);
        if (_exclusive is { } exclusive)
        {
            exclusive.DeleteRow(root, rowid);
        }
        else if (!_writes!.TryDelete(root, rowid))
        {
            throw RowConflict(root, rowid);
        }

        WriteStamp++;
    }

    public override void ShareRow(uint root, long rowid) => Share(root, rowid, isClaim: false);

    public override void ClaimRow(uint root, long rowid) => Share(root, rowid, isClaim: true);

    public override void PutKey(uint root, KeyOrder order, ReadOnlySpan<byte> key)
    {
        BeginWriting();
        if (_exclusive is { } exclusive)
        {
            exclusive.PutKey(root, order, key);
        }
        else if (!_writes!.TryPut(root, order, key, deleted: false))
        {
            throw KeyConflict(root);
        }

        WriteStamp++;
    }

    public override void DeleteKey(uint root, KeyOrder order, ReadOnlySpan<byte> key)
    {
        BeginWriting();
        if (_exclusive is { } exclusive)
        {
            exclusive.DeleteKey(root, order, key);
        }
        else if (!_writes!.TryPut(root, order, key, deleted: true))
        {
            throw KeyConflict(root);
        }

        WriteStamp++;
    }

    public override int Mark()
    {
        RequireActive();
        _marks.Add(_writes?.Count ?? 0);
        return _exclusive?.Mark() ?? _marks.Count - 1;
    }

    public override void RollbackTo(int mark)
    {
        RequireActive();
        _claims.NoteTakenBack();
        _unwritten.Clear();
        if (_exclusive is { } exclusive)
        {
            exclusive.RollbackTo(mark);
        }
        else
        {
            _writes?.RollbackTo(_marks[mark]);
        }

        _marks.RemoveRange(mark + 1, _marks.Count - mark - 1);
        WriteStamp++;
    }

    public override void Release(int mark)
    {
        RequireActive();
        _exclusive?.Release(mark);
        _marks.RemoveRange(mark, _marks.Count - mark);
    }

    public override void SchemaChanged() => RequireExclusive().SchemaChanged();

    public override void Dispose()
    {
        if (!_ended)
        {
            Rollback();
        }
    }

    private void Share(uint root, long rowid, bool isClaim)
    {
        BeginWriting();
        if (_exclusive is null && !_writes!.TryShare(root, rowid, isClaim))
        {
            throw RowConflict(root, rowid);
        }
    }

    /// <summary>Whether no other transaction is writing, or has committed after the snapshot.</summary>
    private bool SeesEverything => _exclusive is not null || (_store.Gate.Inside == 1 && _snapshot >= _store.Commits.DurableTimestamp);

    /// <summary>A cursor for the engine's own purposes, which does not count as reading.</summary>
    private RowCursor CursorOver(uint root) => _exclusive is { } exclusive
        ? new TableCursor(exclusive.Pages, root)
        : new MergedRowCursor(this, root);

    /// <summary>Tries some at random ("Autoincrement", sqlite.org/autoinc.html, section 2).</summary>
    private long AnyFreeRowid(uint root)
    {
        const int attempts = 100;
        RowCursor rows = CursorOver(root);
        for (int i = 0; i < attempts; i++)
        {
            long rowid = _store.Random.NextInt64(1, long.MaxValue / 2);
            if (!rows.SeekExact(rowid))
            {
                return rowid;
            }
        }

        throw new SluiceException(ResultCode.Full, "database or disk is full");
    }

    private RowidCounter Counter(uint root)
    {
        if (_exclusive is { } exclusive)
        {
            return exclusive.Counter(root);
        }

        if (_counter is null || _counterRoot != root)
        {
            _counter = _store.Counter(root);
            _counterRoot = root;
        }

        return _counter;
    }

    private SluiceException RowConflict(uint root, long rowid) => Conflict($"another transaction wrote row {rowid} of {NameOf(root)} first");

    private SluiceException KeyConflict(uint root) => Conflict($"another transaction wrote the same key of {NameOf(root)} first");

    private SluiceException ReadConflict(uint root) =>
        Conflict($"another transaction changed what this one, which is serializable, has read of {NameOf(root)}");

    private SluiceException Conflict(string reason)
    {
        _store.CountConflict();
        return new SluiceException(ResultCode.BusyConflict, $"database is locked: {reason}");
    }

    private string NameOf(uint root) => Schema.TryGetTable(root, out Table? table) ? $"table {table.Name}"
        : Schema.Indexes.FirstOrDefault(index => index.RootPage == root) is { } found ? $"index {found.Name}"
        : $"the tree with root page {root}";

    private ExclusiveWriter RequireExclusive()
    {
        RequireActive();
        return _exclusive ?? throw new InvalidOperationException("The transaction is not exclusive.");
    }

    private void RequireActive() => ObjectDisposedException.ThrowIf(_ended, this);
}
