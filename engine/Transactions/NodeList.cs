using System.Buffers;

namespace Sluice.Engine.Transactions;

/// <summary>
/// Nodes in an array that is borrowed, for it is large and there are some with each portion of a checkpoint. It belongs to who holds the pages' turn.
/// </summary>
internal sealed class NodeList
{
    private DeltaNode[] _nodes = [];

    public int Count { get; private set; }

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

    /// <summary>Puts the nodes of a tree into the order of their keys, each once.</summary>
    public void Sort(DeltaTree tree)
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

    /// <summary>Leaves the first <paramref name="count"/> nodes; without any the array is given back.</summary>
    public void Cut(int count)
    {
        _nodes.AsSpan(count, Count - count).Clear();
        Count = count;
        if (count == 0 && _nodes.Length > 0)
        {
            ArrayPool<DeltaNode>.Shared.Return(_nodes);
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
