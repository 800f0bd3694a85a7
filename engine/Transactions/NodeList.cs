using System.Buffers;

namespace Sluice.Engine.Transactions;

/// <summary>
/// Nodes of one tree, in an array that is borrowed, for it is large and there is one with each checkpoint. It belongs to who holds the pages' turn.
/// </summary>
internal sealed class NodeList(DeltaTree tree)
{
    private DeltaNode[] _nodes = [];

    public DeltaTree Tree => tree;

    public int Count { get; private set; }

    /// <summary>How many were dropped at last.</summary>
    public int Dropped { get; private set; }

    public Span<DeltaNode> Nodes => _nodes.AsSpan(0, Count);

    public void Add(DeltaNode node)
    {
        if (Count == _nodes.Length)
        {
            Grow();
        }

        // Through a span, for an array checks the type of what is stored.
        _nodes.AsSpan()[Count++] = node;
    }

    /// <summary>Puts the nodes into the order of their keys, each once.</summary>
    public void Sort()
    {
        tree.Sort(Nodes);
        int count = 0;
        foreach (DeltaNode node in Nodes)
        {
            if (count == 0 || !ReferenceEquals(_nodes[count - 1], node))
            {
                _nodes[count++] = node;
            }
        }

        Cut(count);
    }

    /// <summary>Leaves the first <paramref name="count"/> nodes.</summary>
    public void Cut(int count)
    {
        _nodes.AsSpan(count, Count - count).Clear();
        Count = count;
    }

    /// <summary>Leaves none; those that were left are <see cref="Dropped"/>.</summary>
    public void Drop()
    {
        Dropped += Count;
        Count = 0;
    }

    /// <summary>Cuts the links of the nodes that were dropped, and gives the array back.</summary>
    public void Free()
    {
        foreach (DeltaNode node in _nodes.AsSpan(0, Dropped))
        {
            node.CutLinks();
        }

        Dropped = 0;
        if (_nodes.Length > 0)
        {
            ArrayPool<DeltaNode>.Shared.Return(_nodes, clearArray: true);
            _nodes = [];
        }
    }

    private void Grow()
    {
        DeltaNode[] larger = ArrayPool<DeltaNode>.Shared.Rent(Math.Max(64, _nodes.Length * 2));
        Nodes.CopyTo(larger);
        if (_nodes.Length > 0)
        {
            ArrayPool<DeltaNode>.Shared.Return(_nodes, clearArray: true);
        }

        _nodes = larger;
    }
}
