using Sluice.Engine.BTree;

namespace Sluice.Engine.Transactions;

/// <summary>What a run of commits wrote, after one timestamp up to another: the nodes of each tree in key order.</summary>
internal sealed class Portion
{
    private readonly (DeltaTree Tree, NodeList Nodes)[] _lists;
    private readonly long _from;

    /// <param name="from">The commits after this one,</param>
    /// <param name="to">up to this one.</param>
    /// <param name="written">What they wrote in each tree, in any order; what was written twice is there twice.</param>
    public Portion(long from, long to, Dictionary<DeltaTree, NodeList> written)
    {
        _from = from;
        To = to;
        _lists = [.. written.OrderBy(list => list.Key.IsIndex).ThenBy(list => list.Key.Root).Select(list => (list.Key, list.Value))];
        foreach ((DeltaTree tree, NodeList nodes) in _lists)
        {
            nodes.Sort(tree);
        }
    }

    public long To { get; }

    /// <summary>Writes the newest of the versions of each node.</summary>
    public void Apply(PageTreeWriter trees)
    {
        foreach ((DeltaTree tree, NodeList nodes) in _lists)
        {
            tree.Apply(trees, nodes.Nodes, _from, To);
        }
    }

    /// <summary>Whether none of the versions is left.</summary>
    public bool IsEmpty => Array.TrueForAll(_lists, static list => list.Nodes.Count == 0);

    /// <summary>Drops the versions that are not needed. The nodes of which nothing is left are added to <paramref name="unlinked"/>.</summary>
    public void Sweep(Needed needed, ref SweepFigures figures, NodeList unlinked)
    {
        foreach ((DeltaTree tree, NodeList nodes) in _lists)
        {
            nodes.Cut(tree.Sweep(nodes.Nodes, needed, _from, To, ref figures, unlinked));
        }
    }
}
