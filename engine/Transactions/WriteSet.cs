using Sluice.Engine.Format;
using Sluice.Engine.BTree;
using Sluice.Engine.Log;

namespace Sluice.Engine.Transactions;

/// <summary>
/// What a transaction has written into the delta, in order, so that it can be logged, taken back, or moved to the pages. Owned by the
/// transaction's thread.
/// </summary>
/// <param name="delta">Where it is written.</param>
/// <param name="snapshot">What the transaction sees.</param>
/// <param name="grown">Told now and then of the bytes written so far; throws when they are too many.</param>
internal sealed class WriteSet(Delta delta, long snapshot, Action<long> grown)
{
    /// <summary>Memory is reported to the delta in portions, for all writers meet at that one number.</summary>
    private const long ReportBytes = 16 << 10;

    private readonly record struct Entry(DeltaTree Tree, DeltaNode Node, Version Version);

    private readonly Chunks<Entry> _entries = new();
    private readonly ContentBuffer _contents = new();

    // The trees last written, in which the next write mostly is.
    private TableDelta? _table;
    private IndexDelta? _index;
    private List<(uint Root, long Rowid)>? _shares;
    private long _unreportedBytes;
    private long _reportedBytes;

    public CommitStamp Stamp { get; } = new();

    public int Count => _entries.Count;

    /// <summary>Memory of the versions, as <see cref="Report">reported</see>.</summary>
    public long Bytes => _reportedBytes;

    /// <summary>False on a conflict.</summary>
    public bool TryPut(uint root, long rowid, ReadOnlySpan<byte> record) => TryPush(root, rowid, _contents.Keep(record), deleted: false);

    /// <summary>False on a conflict.</summary>
    public bool TryDelete(uint root, long rowid) => TryPush(root, rowid, default, deleted: true);

    /// <summary>False on a conflict.</summary>
    public bool TryPut(uint root, KeyOrder order, ReadOnlySpan<byte> key, bool deleted)
    {
        IndexDelta index = _index is { } last && last.Root == root ? last : _index = delta.Index(root, order);
        return Add(index, index.Push(_contents.Keep(key), Stamp, deleted, snapshot, ref _unreportedBytes, out Version version), version);
    }

    /// <summary>Relies on a row or, with <paramref name="isClaim"/>, takes its key away; false on a conflict. It holds until the transaction ends.</summary>
    public bool TryShare(uint root, long rowid, bool isClaim)
    {
        if (!delta.Shares.TryAdd(root, rowid, Stamp, snapshot, isClaim))
        {
            return false;
        }

        (_shares ??= []).Add((root, rowid));
        RequireAboveFloor();
        return true;
    }

    /// <summary>The transaction is rolled back: it relies on nothing any more.</summary>
    public void ReleaseShares()
    {
        foreach ((uint root, long rowid) in _shares ?? [])
        {
            delta.Shares.Remove(root, rowid, Stamp);
        }

        _shares = null;
    }

    /// <summary>Takes back, newest first, all but the first <paramref name="count"/> writes.</summary>
    public void RollbackTo(int count)
    {
        for (int i = _entries.Count - 1; i >= count; i--)
        {
            (DeltaTree tree, DeltaNode node, Version version) = _entries[i];
            _unreportedBytes -= tree.Undo(node, version);
        }

        _entries.Cut(count);
        Report();
    }

    /// <summary>The redo of the rows, each in its last form; index entries follow from them.</summary>
    public void WriteTo(RedoBuilder redo)
    {
        for (int i = 0; i < _entries.Count; i++)
        {
            (DeltaTree tree, DeltaNode node, Version version) = _entries[i];
            if (tree is TableDelta && ReferenceEquals(node.Newest, version))
            {
                if (version.Deleted)
                {
                    redo.Delete(tree.Root, TableDelta.KeyOf(node));
                }
                else
                {
                    redo.Put(tree.Root, TableDelta.KeyOf(node), version.Content.Span);
                }
            }
        }
    }

    /// <summary>Makes a range of the writes, in order, on pages.</summary>
    public void Apply(BTreeWriter trees, int from, int to)
    {
        for (int i = from; i < to; i++)
        {
            (DeltaTree tree, DeltaNode node, Version version) = _entries[i];
            tree.ApplyOne(trees, node, version);
        }
    }

    /// <summary>Adds the root pages of what was written.</summary>
    public void AddRoots(HashSet<uint> roots)
    {
        uint last = 0;
        for (int i = 0; i < _entries.Count; i++)
        {
            uint root = _entries[i].Tree.Root;
            if (root != last)
            {
                last = root;
                _ = roots.Add(last);
            }
        }
    }

    /// <summary>Adds the nodes written, in order, to those of their trees.</summary>
    public void AddNodes(Dictionary<DeltaTree, NodeList> nodes)
    {
        NodeList? list = null;
        DeltaTree? last = null;
        for (int i = 0; i < _entries.Count; i++)
        {
            (DeltaTree tree, DeltaNode node, _) = _entries[i];
            if (!ReferenceEquals(last, tree))
            {
                last = tree;
                if (!nodes.TryGetValue(tree, out list))
                {
                    nodes.Add(tree, list = new NodeList());
                }
            }

            list!.Add(node);
        }
    }

    public void Report()
    {
        delta.AddBytes(_unreportedBytes);
        _reportedBytes += _unreportedBytes;
        _unreportedBytes = 0;
    }

    private bool TryPush(uint root, long rowid, Payload record, bool deleted)
    {
        TableDelta table = _table is { } last && last.Root == root ? last : _table = delta.Table(root);
        return Add(table, table.Push(rowid, Stamp, record, deleted, snapshot, ref _unreportedBytes, out Version version), version);
    }

    /// <summary>Asked after a version or a share was put: had others been dropped before, the floor would have been raised.</summary>
    private void RequireAboveFloor()
    {
        if (delta.Floor > snapshot)
        {
            throw Store.SnapshotTooOld();
        }
    }

    private bool Add(DeltaTree tree, DeltaNode? node, Version version)
    {
        if (node is null)
        {
            return false;
        }

        _entries.Add(new Entry(tree, node, version));
        RequireAboveFloor();
        if (_unreportedBytes >= ReportBytes)
        {
            Report();
            grown(_reportedBytes);
        }

        return true;
    }
}
