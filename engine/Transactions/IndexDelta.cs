using System.Buffers;
using Sluice.Engine.BTree;
using Sluice.Engine.Format;
using Sluice.Engine.Log;

namespace Sluice.Engine.Transactions;

/// <summary>
/// A key record, with a rank of its first two columns that decides most comparisons without a look at the record. A structure, so that the compiler
/// makes a map of its own for it and need not look types up as it runs.
/// </summary>
internal readonly struct IndexKey(Payload record, KeyRank rank)
{
    public Payload Record => record;

    public KeyRank Rank => rank;
}

internal readonly struct KeyRecordOrder(KeyOrder order) : IComparer<IndexKey>
{
    public int Compare(IndexKey x, IndexKey y)
    {
        int compared = x.Rank.CompareTo(y.Rank);
        return compared != 0 ? compared : KeyComparer.Compare(x.Record, y.Record, order);
    }
}

/// <summary>Looks for a prefix of a key's columns. With <paramref name="equalIsBefore"/> the search goes on behind all that are equal.</summary>
internal readonly ref struct KeyProbe(ReadOnlySpan<SqlValue> columns, KeyOrder order, bool equalIsBefore) : IProbe<IndexKey>
{
    private readonly ReadOnlySpan<SqlValue> _columns = columns;

    public int CompareKey(in IndexKey key)
    {
        int compared = KeyComparer.Compare(key.Record, _columns, order);
        return compared == 0 && equalIsBefore ? -1 : compared;
    }
}

/// <summary>
/// The versions of an index's entries. A node stands for what may be there only once: in a unique index the columns, without the rowid
/// unless one of them is NULL; else the whole key. So two transactions that want the same unique key meet at one node, and a node hides
/// every entry of the pages that is equal to its key. A version holds the whole key, put or removed; who changes an
/// entry removes the old one before it puts the new one.
/// </summary>
internal sealed class IndexDelta(uint root, KeyOrder order) : DeltaTree<IndexKey, KeyRecordOrder>(root, new KeyRecordOrder(order), Places)
{
    /// <summary>Places remembered, spread by the first column: so many series may be written in turn.</summary>
    private const int Places = 256;

    private readonly Comparison<DeltaNode> _byKey = (x, y) => new KeyRecordOrder(order).Compare(KeyOf(x), KeyOf(y));

    public KeyOrder Order { get; } = order;

    public override bool IsIndex => true;

    /// <summary>Puts a version on a key; null on a conflict. Adds the memory taken to <paramref name="bytes"/>.</summary>
    public DeltaNode? Push(Payload key, CommitStamp owner, bool deleted, long snapshot, ref long bytes, out Version version)
    {
        Payload identity = IdentityOf(key);
        var rank = KeyRank.Of(identity, Order);
        var node = Map.Push(new IndexKey(identity, rank), rank.Spread, owner, key, deleted, snapshot, out version);
        if (node is not null)
        {
            bytes += version.Bytes + (ReferenceEquals(node, version) ? BytesOf(node) : 0);
        }

        return node;
    }

    /// <summary>The record that a key's node is ordered by.</summary>
    private Payload IdentityOf(in Payload key)
    {
        if (!Order.Unique)
        {
            return key;
        }

        var reader = default(RecordReader);
        reader.Reset(key);
        var columns = new SqlValue[Order.Count];
        for (int i = 0; i < columns.Length; i++)
        {
            columns[i] = reader.Get(i);
            if (columns[i].IsNull)
            {
                return key;
            }
        }

        byte[] identity = RecordWriter.Encode(columns);
        return new Payload(identity, 0, identity.Length);
    }

    public override void Sort(Span<DeltaNode> nodes)
    {
        KeyRank[] rented = ArrayPool<KeyRank>.Shared.Rent(nodes.Length);
        Span<KeyRank> ranks = rented.AsSpan(0, nodes.Length);
        for (int i = 0; i < nodes.Length; i++)
        {
            ranks[i] = KeyOf(nodes[i]).Rank;
        }

        ranks.Sort(nodes);
        int first = 0;
        for (int i = 1; i <= nodes.Length; i++)
        {
            if (i == nodes.Length || ranks[i].CompareTo(ranks[first]) != 0)
            {
                nodes[first..i].Sort(_byKey);
                first = i;
            }
        }

        ArrayPool<KeyRank>.Shared.Return(rented);
    }

    public override void Apply(PageTreeWriter trees, ReadOnlySpan<DeltaNode> nodes, long from, long to)
    {
        foreach (DeltaNode node in nodes)
        {
            if (!FindInWindow(node, from, to, out Version newest, out Version oldest))
            {
                continue;
            }

            // What was in the pages was removed by the first version of the window, if anything was there.
            if (oldest.Deleted)
            {
                trees.EndRun();
                trees.DeleteKey(Root, Order, oldest.Content.Span);
            }

            if (!newest.Deleted)
            {
                trees.PutNextKey(Root, Order, newest.Content.Span);
            }
        }

        trees.EndRun();
    }

    public override void ApplyOne(BTreeWriter trees, DeltaNode node, Version version)
    {
        if (version.Deleted)
        {
            trees.DeleteKey(Root, Order, version.Content.Span);
        }
        else
        {
            trees.PutKey(Root, Order, version.Content.Span);
        }
    }

    protected override long BytesOf(DeltaNode node) => DeltaNode.OverheadBytes + 24 + (Order.Unique ? KeyOf(node).Record.Length : 0);
}
