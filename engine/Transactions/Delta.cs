using System.Buffers;
using System.Collections.Concurrent;
using Sluice.Engine.BTree;
using Sluice.Engine.Format;
using Sluice.Engine.Log;

namespace Sluice.Engine.Transactions;

/// <summary>
/// What was written since the pages were last changed under it, by root page of table or index. A commit on pages directly (an exclusive
/// transaction's) begins a new, empty delta; those who began before keep the one they have.
/// </summary>
internal sealed class Delta
{
    private readonly ConcurrentDictionary<uint, TableDelta> _tables = new();
    private readonly ConcurrentDictionary<uint, IndexDelta> _indexes = new();
    private readonly CommittedWrites _committed = new();
    private long _bytes;
    private long _floor;

    // Owned by who holds the pages' turn.
    private Needed _swept = Needed.Everything;
    private SweepFigures _figures;

    /// <summary>Rows that are relied on without being written.</summary>
    public RowShares Shares { get; } = new();

    /// <summary>Memory of the versions that were committed and are not in the pages.</summary>
    public long WaitingBytes => _committed.WaitingBytes;

    /// <summary>Memory of all versions, committed or not, near enough; writers report in portions.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>
    /// Commits up to this one may be missing from the chains though an old transaction does not see them: who has an older snapshot cannot find
    /// out any more who wrote before it, and so must not write. It is raised before anything is dropped, so it is asked after looking for others.
    /// </summary>
    public long Floor => Interlocked.Read(ref _floor);

    /// <summary>Raises the floor; before anything is dropped. One thread at a time.</summary>
    public void RaiseFloor(long timestamp) => Interlocked.Exchange(ref _floor, Math.Max(_floor, timestamp));

    /// <summary>What the last sweep has left, see <see cref="SweepFigures.InPages"/>; for who holds the pages' turn, like what follows.</summary>
    public long BytesInPages => _figures.InPages;

    /// <summary>See <see cref="SweepFigures.InWindows"/>.</summary>
    public long BytesInWindows => _figures.InWindows;

    /// <summary>Drops the versions that are in the pages and not needed, if there may be any.</summary>
    public void Sweep(Needed needed)
    {
        if (!needed.IsNarrowerThan(_swept))
        {
            return;
        }

        _swept = needed;
        _figures = default;
        _committed.Sweep(needed, ref _figures);
        AddBytes(-_figures.Freed);
        Shares.Sweep(needed.From);
    }

    /// <summary>See <see cref="CommittedWrites.CutLinks"/>.</summary>
    public void CutLinks(HoldRange holds, long mostBytes) => _committed.CutLinks(holds, mostBytes);

    public void AddBytes(long bytes) => Interlocked.Add(ref _bytes, bytes);

    public TableDelta? FindTable(uint root) => _tables.GetValueOrDefault(root);

    public IndexDelta? FindIndex(uint root) => _indexes.GetValueOrDefault(root);

    public TableDelta Table(uint root) =>
        _tables.TryGetValue(root, out TableDelta? table) ? table : _tables.GetOrAdd(root, new TableDelta(root));

    public IndexDelta Index(uint root, KeyOrder order) =>
        _indexes.TryGetValue(root, out IndexDelta? index) ? index : _indexes.GetOrAdd(root, new IndexDelta(root, order));

    /// <summary>A transaction has got its commit timestamp. In the order of timestamps.</summary>
    public void Committed(WriteSet writes) => _committed.Add(writes);

    /// <summary>What was committed after one timestamp up to another, to be moved to the pages. By who has the pages' turn, as the next two.</summary>
    public Portion Gather(long from, long to) => _committed.Gather(from, to);

    /// <summary>A portion is in the newest pages.</summary>
    public void Moved(Portion portion) => _committed.Moved(portion);
}

/// <summary>The delta of one table or index.</summary>
internal abstract class DeltaTree(uint root)
{
    public uint Root { get; } = root;

    /// <summary>Tables come before indexes, for the same order every time.</summary>
    public abstract bool IsIndex { get; }

    /// <summary>Puts nodes into the order of their keys.</summary>
    public abstract void Sort(Span<DeltaNode> nodes);

    /// <summary>Writes the newest committed version of each node, of those committed after <paramref name="from"/> up to <paramref name="to"/>.</summary>
    public abstract void Apply(PageTreeWriter trees, ReadOnlySpan<DeltaNode> nodes, long from, long to);

    /// <summary>Writes one version, as a transaction made it.</summary>
    public abstract void ApplyOne(BTreeWriter trees, DeltaNode node, Version version);

    /// <summary>
    /// Drops those versions of nodes in key order that are not needed. The nodes that keep one committed after <paramref name="from"/> up to
    /// <paramref name="to"/> come to stand first; returns how many they are. Those of which nothing is left, and which are no longer in the map, are added to
    /// <paramref name="unlinked"/>.
    /// </summary>
    public abstract int Sweep(Span<DeltaNode> nodes, Needed needed, long from, long to, ref SweepFigures figures, NodeList unlinked);

    /// <summary>Takes back a version, the newest of its chain; returns the memory freed.</summary>
    public abstract long Undo(DeltaNode node, Version version);

    /// <summary>The newest committed version in a window of time, and the oldest.</summary>
    protected static bool FindInWindow(DeltaNode node, long from, long to, out Version newest, out Version oldest)
    {
        newest = oldest = null!;
        for (Version? version = node.Newest; version is not null; version = version.Older)
        {
            long timestamp = version.Owner.Timestamp;
            if (timestamp <= from)
            {
                break;
            }

            if (timestamp <= to)
            {
                newest ??= version;
                oldest = version;
            }
        }

        return newest is not null;
    }
}

/// <summary>A delta by its kind of key.</summary>
internal abstract class DeltaTree<TKey, TOrder>(uint root, TOrder order, int places) : DeltaTree(root)
    where TOrder : struct, IComparer<TKey>
{
    public DeltaMap<TKey, TOrder> Map { get; } = new(order, places);

    public static TKey KeyOf(DeltaNode node) => ((DeltaMap<TKey, TOrder>.Node)node).Key;

    public override int Sweep(Span<DeltaNode> nodes, Needed needed, long from, long to, ref SweepFigures figures, NodeList unlinked)
    {
        int kept = 0;
        Map.ForgetPlaces();
        DeltaMap<TKey, TOrder>.Place place = default;
        foreach (DeltaNode node in nodes)
        {
            if (Map.Cut((DeltaMap<TKey, TOrder>.Node)node, needed, from, to, ref figures, ref place, out bool keeps))
            {
                figures.Freed += BytesOf(node);
                unlinked.Add(node);
            }
            else if (keeps)
            {
                nodes[kept++] = node;
            }
        }

        return kept;
    }

    public override long Undo(DeltaNode node, Version version)
    {
        bool empty = node.Pop(version);
        return version.Bytes + (empty && Map.TryRemove((DeltaMap<TKey, TOrder>.Node)node) ? BytesOf(node) : 0);
    }

    /// <summary>Memory of a node without its versions.</summary>
    protected abstract long BytesOf(DeltaNode node);
}

internal readonly struct RowidOrder : IComparer<long>
{
    public int Compare(long x, long y) => x.CompareTo(y);
}

/// <summary>Looks for a rowid. With <paramref name="equalIsBefore"/> the search goes on behind it.</summary>
internal readonly struct RowidProbe(long rowid, bool equalIsBefore) : IProbe<long>
{
    public int CompareKey(in long key) => key < rowid ? -1 : key > rowid ? 1 : equalIsBefore ? -1 : 0;
}

/// <summary>The versions of a table's rows by rowid.</summary>
internal sealed class TableDelta(uint root) : DeltaTree<long, RowidOrder>(root, default, places: 1)
{
    public override bool IsIndex => false;

    /// <summary>Puts a version on a row; null on a conflict. Adds the memory taken to <paramref name="bytes"/>.</summary>
    public DeltaNode? Push(long rowid, CommitStamp owner, Payload record, bool deleted, long snapshot, ref long bytes, out Version version)
    {
        DeltaNode? node = Map.Push(rowid, 0, owner, record, deleted, snapshot, out version);
        if (node is not null)
        {
            bytes += version.Bytes + (ReferenceEquals(node, version) ? DeltaNode.OverheadBytes : 0);
        }

        return node;
    }

    /// <summary>One writer alone has given the rowids in order.</summary>
    public override void Sort(Span<DeltaNode> nodes)
    {
        long[] keys = ArrayPool<long>.Shared.Rent(nodes.Length);
        bool ordered = true;
        for (int i = 0; i < nodes.Length; i++)
        {
            keys[i] = KeyOf(nodes[i]);
            ordered &= i == 0 || keys[i - 1] <= keys[i];
        }

        if (!ordered)
        {
            keys.AsSpan(0, nodes.Length).Sort(nodes);
        }

        ArrayPool<long>.Shared.Return(keys);
    }

    public override void Apply(PageTreeWriter trees, ReadOnlySpan<DeltaNode> nodes, long from, long to)
    {
        foreach (DeltaNode node in nodes)
        {
            if (!FindInWindow(node, from, to, out Version newest, out _))
            {
                continue;
            }

            if (newest.Deleted)
            {
                trees.EndRun();
                trees.DeleteRow(Root, KeyOf(node));
            }
            else
            {
                trees.PutNextRow(Root, KeyOf(node), newest.Content.Span);
            }
        }

        trees.EndRun();
    }

    public override void ApplyOne(BTreeWriter trees, DeltaNode node, Version version)
    {
        if (version.Deleted)
        {
            trees.DeleteRow(Root, KeyOf(node));
        }
        else
        {
            trees.PutRow(Root, KeyOf(node), version.Content.Span);
        }
    }

    protected override long BytesOf(DeltaNode node) => DeltaNode.OverheadBytes;
}
