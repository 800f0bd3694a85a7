using Sluice.Engine.BTree;

namespace Sluice.Engine.Transactions;

/// <summary>What a run of commits wrote, after one timestamp up to another: the nodes of each tree in key order.</summary>
internal sealed class Portion
{
    private readonly (DeltaTree Tree, DeltaNode[] Nodes)[] _trees;
    private readonly long _from;

    /// <param name="from">The commits after this one,</param>
    /// <param name="to">up to this one.</param>
    /// <param name="written">What they wrote, in any order; what was written twice is there twice.</param>
    public Portion(long from, long to, Dictionary<DeltaTree, List<DeltaNode>> written)
    {
        _from = from;
        To = to;
        _trees = [.. written.OrderBy(pair => pair.Key.IsIndex).ThenBy(pair => pair.Key.Root).Select(pair => (pair.Key, Ordered(pair.Key, pair.Value)))];
    }

    public long To { get; }

    /// <summary>Writes the newest of the versions of each node.</summary>
    public void Apply(PageTreeWriter trees)
    {
        foreach ((DeltaTree tree, DeltaNode[] nodes) in _trees)
        {
            tree.Apply(trees, nodes, _from, To);
        }
    }

    /// <summary>Drops the versions that are not needed, if there may be any; returns the memory freed.</summary>
    public long Sweep(Needed needed)
    {
        long bytes = 0;
        if (needed.From > _from)
        {
            foreach ((DeltaTree tree, DeltaNode[] nodes) in _trees)
            {
                bytes += tree.Sweep(nodes, needed);
            }
        }

        return bytes;
    }

    /// <summary>Whether nothing of it can be left once what is not needed has been dropped.</summary>
    public bool IsDropped(Needed needed)
    {
        bool isSeen = false;
        foreach ((long after, long upTo) in needed.Windows)
        {
            isSeen |= after < To && upTo > _from;
        }

        return needed.From >= To && !isSeen;
    }

    private static DeltaNode[] Ordered(DeltaTree tree, List<DeltaNode> written)
    {
        DeltaNode[] nodes = [.. written];
        tree.Sort(nodes);
        int count = 0;
        foreach (DeltaNode node in nodes)
        {
            if (count == 0 || !ReferenceEquals(nodes[count - 1], node))
            {
                nodes[count++] = node;
            }
        }

        return count == nodes.Length ? nodes : nodes[..count];
    }
}
