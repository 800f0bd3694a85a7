using System.Collections.Concurrent;
using Sluice.Engine.BTree;
using Sluice.Engine.Format;

namespace Sluice.Engine.Transactions;

/// <summary>
/// What was written since the pages were last changed under it, by root page of table or index. A commit on pages directly (an exclusive
/// transaction's) begins a new, empty delta; those who began before keep the one they have.
/// </summary>
internal sealed class Delta
{
    private readonly ConcurrentDictionary<uint, TableDelta> _tables = new();
    private readonly ConcurrentDictionary<uint, IndexDelta> _indexes = new();
    private long _bytes;
    private long _floor;

    // Owned by who holds the pages' turn.
    private Needed _swept = Needed.Everything;
    private SweepFigures _figures;

    /// <summary>Rows that are relied on without being written.</summary>
    public RowShares Shares { get; } = new();

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

    /// <summary>Drops the versions that are not needed, if there may be any. <paramref name="checkpointed"/>: what the newest pages hold.</summary>
    public void Sweep(Needed needed, long checkpointed)
    {
        if (!needed.IsNarrowerThan(_swept))
        {
            return;
        }

        _swept = needed;
        _figures = default;
        foreach (DeltaTree tree in Trees)
        {
            tree.Sweep(needed, checkpointed, ref _figures);
        }

        AddBytes(-_figures.Freed);
        Shares.Sweep(needed.From);
    }

    public void AddBytes(long bytes) => Interlocked.Add(ref _bytes, bytes);

    public TableDelta? FindTable(uint root) => _tables.GetValueOrDefault(root);

    public IndexDelta? FindIndex(uint root) => _indexes.GetValueOrDefault(root);

    public TableDelta Table(uint root) =>
        _tables.TryGetValue(root, out TableDelta? table) ? table : _tables.GetOrAdd(root, new TableDelta(root));

    public IndexDelta Index(uint root, KeyOrder order) =>
        _indexes.TryGetValue(root, out IndexDelta? index) ? index : _indexes.GetOrAdd(root, new IndexDelta(root, order));

    /// <summary>Tables, then indexes, each by root page: the same order every time.</summary>
    public IEnumerable<DeltaTree> Trees =>
        _tables.Values.Cast<DeltaTree>().OrderBy(tree => tree.Root).Concat(_indexes.Values.OrderBy(tree => tree.Root));
}

/// <summary>The delta of one table or index.</summary>
internal abstract class DeltaTree(uint root)
{
    public uint Root { get; } = root;

    /// <summary>Writes the newest committed version of each key, of those committed after <paramref name="from"/> up to <paramref name="to"/>.</summary>
    public abstract void Apply(BTreeWriter trees, long from, long to);

    /// <summary>Writes one version, as a transaction made it.</summary>
    public abstract void ApplyOne(BTreeWriter trees, DeltaNode node, Version version);

    /// <summary>Drops the versions that are not needed.</summary>
    public abstract void Sweep(Needed needed, long checkpointed, ref SweepFigures figures);

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
internal sealed class TableDelta(uint root) : DeltaTree(root)
{
    private const int NodeBytes = DeltaNode.OverheadBytes;

    public DeltaMap<long, RowidOrder> Map { get; } = new(default);

    /// <summary>Puts a version on a row; null on a conflict. Adds the memory taken to <paramref name="bytes"/>.</summary>
    public DeltaNode? Push(long rowid, Version version, long snapshot, ref long bytes)
    {
        DeltaNode? node = Map.Push(rowid, version, snapshot, out bool made);
        if (node is not null)
        {
            bytes += version.Bytes + (made ? NodeBytes : 0);
        }

        return node;
    }

    public static long RowidOf(DeltaNode node) => ((DeltaMap<long, RowidOrder>.Node)node).Key;

    public override void Apply(BTreeWriter trees, long from, long to)
    {
        for (var node = Map.First; node is not null; node = node.Next)
        {
            if (FindInWindow(node, from, to, out Version newest, out _))
            {
                ApplyOne(trees, node, newest);
            }
        }
    }

    public override void ApplyOne(BTreeWriter trees, DeltaNode node, Version version)
    {
        if (version.Deleted)
        {
            trees.DeleteRow(Root, RowidOf(node));
        }
        else
        {
            trees.PutRow(Root, RowidOf(node), version.Content);
        }
    }

    public override void Sweep(Needed needed, long checkpointed, ref SweepFigures figures)
    {
        for (var node = Map.First; node is not null; node = node.Next)
        {
            if (node.Cut(needed, checkpointed, ref figures) && Map.TryRemove(node))
            {
                figures.Freed += NodeBytes;
            }
        }
    }

    public override long Undo(DeltaNode node, Version version)
    {
        bool empty = node.Pop(version);
        return version.Bytes + (empty && Map.TryRemove((DeltaMap<long, RowidOrder>.Node)node) ? NodeBytes : 0);
    }
}
