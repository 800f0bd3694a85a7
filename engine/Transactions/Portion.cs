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

    /// <summary>Whether none of the versions is left.</summary>
    public bool IsEmpty => Array.TrueForAll(_trees, static tree => tree.Nodes.Length == 0);

    /// <summary>Drops the versions that are not needed.</summary>
    public void Sweep(Needed needed, ref SweepFigures figures)
    {
        for (int i = 0; i < _trees.Length; i++)
        {
            (DeltaTree tree, DeltaNode[] nodes) = _trees[i];
            int kept = tree.Sweep(nodes, needed, _from, To, ref figures);
            if (kept < nodes.Length)
            {
                _trees[i] = (tree, nodes[..kept]);
            }
        }
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
