namespace Sluice.Engine.Transactions;

/// <summary>
/// The commits whose versions are in a delta, in commit order: those that wait for a checkpoint one by one, those that are in the pages by portion.
/// So a checkpoint and a sweep look at what they move and drop, and not at the whole delta. A commit is here before it is durable, and thus before a
/// checkpoint asks for it.
/// </summary>
internal sealed class CommittedWrites
{
    /// <summary>So many nodes may wait for holds to end.</summary>
    private const int MostUnlinkedNodes = 1 << 17;

    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly Queue<WriteSet> _waiting = new();
    private long _waitingBytes;

    // Owned by who has the pages' turn.
    private readonly List<Portion> _moved = [];

    /// <summary>Nodes that each sweep unlinked, and the newest hold after it, which was not asked for yet after the last one.</summary>
    private readonly Queue<(NodeList Nodes, long? NewestHold)> _unlinked = new();
    private int _unlinkedNodes;

    /// <summary>Memory of the versions that wait, near enough.</summary>
    public long WaitingBytes => Volatile.Read(ref _waitingBytes);

    public void Add(WriteSet writes)
    {
        lock (_gate)
        {
            _waiting.Enqueue(writes);
            _waitingBytes += writes.Bytes;
        }
    }

    public Portion Gather(long from, long to)
    {
        Dictionary<DeltaTree, NodeList> nodes = [];
        foreach (WriteSet writes in WaitingUpTo(to))
        {
            writes.AddNodes(nodes);
        }

        return new Portion(from, to, nodes);
    }

    public void Moved(Portion portion)
    {
        lock (_gate)
        {
            while (_waiting.TryPeek(out WriteSet? writes) && writes.Stamp.Timestamp <= portion.To)
            {
                _waitingBytes -= _waiting.Dequeue().Bytes;
            }
        }

        _moved.Add(portion);
    }

    /// <summary>Drops the versions that are not needed.</summary>
    public void Sweep(Needed needed, ref SweepFigures figures)
    {
        NodeList unlinked = new();
        foreach (Portion portion in _moved)
        {
            portion.Sweep(needed, ref figures, unlinked);
        }

        _unlinkedNodes += unlinked.Count;
        _unlinked.Enqueue((unlinked, null));
        _ = _moved.RemoveAll(static portion => portion.IsEmpty);
    }

    /// <summary>
    /// Cuts the links of nodes that were unlinked, once all who may stand on them have ended. When these go on for long it is left to the collector, which takes longer
    /// for it.
    /// </summary>
    public void CutLinks(HoldRange holds)
    {
        for (int i = _unlinked.Count; i > 0; i--)
        {
            (NodeList nodes, long? newest) = _unlinked.Dequeue();
            if (_unlinkedNodes <= MostUnlinkedNodes && (newest is null || newest >= holds.Oldest))
            {
                _unlinked.Enqueue((nodes, newest ?? holds.Newest));
                continue;
            }

            _unlinkedNodes -= nodes.Count;
            if (newest < holds.Oldest)
            {
                foreach (DeltaNode node in nodes.Nodes)
                {
                    node.CutLinks();
                }
            }

            nodes.Cut(0);
        }
    }

    private List<WriteSet> WaitingUpTo(long to)
    {
        List<WriteSet> found = [];
        lock (_gate)
        {
            foreach (WriteSet writes in _waiting)
            {
                if (writes.Stamp.Timestamp > to)
                {
                    break;
                }

                found.Add(writes);
            }
        }

        return found;
    }
}
