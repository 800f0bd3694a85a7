using Sluice.Engine.BTree;

namespace Sluice.Engine.Transactions;

/// <summary>What a run of commits wrote, after one timestamp up to another: the nodes of each tree in key order.</summary>
internal sealed class Portion
{
    private readonly NodeList[] _lists;
    private readonly long _from;

    /// <param name="from">The commits after this one,</param>
    /// <param name="to">up to this one.</param>
    /// <param name="written">What they wrote, in any order; what was written twice is there twice.</param>
    public Portion(long from, long to, IEnumerable<NodeList> written)
    {
        _from = from;
        To = to;
        _lists = [.. written.OrderBy(list => list.Tree.IsIndex).ThenBy(list => list.Tree.Root)];
        foreach (NodeList list in _lists)
        {
            list.Sort();
        }
    }

    public long To { get; }

    /// <summary>Writes the newest of the versions of each node.</summary>
    public void Apply(PageTreeWriter trees)
    {
        foreach (NodeList list in _lists)
        {
            list.Tree.Apply(trees, list.Nodes, _from, To);
        }
    }

    /// <summary>Whether none of the versions is left.</summary>
    public bool IsEmpty => Array.TrueForAll(_lists, static list => list.Count == 0);

    /// <summary>Nodes that were dropped when none was left.</summary>
    public int Dropped => _lists.Sum(static list => list.Dropped);

    /// <summary>Drops the versions that are not needed.</summary>
    public void Sweep(Needed needed, ref SweepFigures figures)
    {
        foreach (NodeList list in _lists)
        {
            int kept = list.Tree.Sweep(list.Nodes, needed, _from, To, ref figures);
            if (kept > 0)
            {
                list.Cut(kept);
            }
            else
            {
                list.Drop();
            }
        }
    }

    /// <summary>Nobody can stand on the nodes that were dropped any more.</summary>
    public void Free()
    {
        foreach (NodeList list in _lists)
        {
            list.Free();
        }
    }
}
