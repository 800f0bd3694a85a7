namespace Sluice.Engine.Transactions;

/// <summary>
/// The commits whose versions are in a delta, in commit order: those that wait for a checkpoint one by one, those that are in the pages by portion.
/// So a checkpoint and a sweep look at what they move and drop, and not at the whole delta. A commit is here before it is durable, and thus before a
/// checkpoint asks for it.
/// </summary>
internal sealed class CommittedWrites
{
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly Queue<WriteSet> _waiting = new();
    private long _waitingBytes;

    // Owned by who has the pages' turn.
    private readonly List<Portion> _moved = [];

    /// <summary>Nodes that were unlinked and whose links are still there, the bytes of what was dropped with them, and the newest hold after that.</summary>
    private readonly Queue<(NodeList Nodes, long Bytes, long NewestHold)> _unlinked = new();
    private NodeList _justUnlinked = new();
    private long _justBytes;
    private long _unlinkedBytes;

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
        long before = figures.Freed;
        foreach (Portion portion in _moved)
        {
            portion.Sweep(needed, ref figures, _justUnlinked);
        }

        _justBytes += figures.Freed - before;
        _ = _moved.RemoveAll(static portion => portion.IsEmpty);
    }

    /// <summary>
    /// Cuts the links of nodes that were unlinked, once all who may stand on them have ended. When these go on while more than <paramref name="mostBytes"/> were dropped, the
    /// oldest are left to the collector, which takes longer for it.
    /// </summary>
    /// <param name="holds">Asked for after the last sweep.</param>
    /// <param name="mostBytes">Memory that may be kept for it.</param>
    public void CutLinks(HoldRange holds, long mostBytes)
    {
        if (_justUnlinked.Count > 0)
        {
            _unlinked.Enqueue((_justUnlinked, _justBytes, holds.Newest));
            _unlinkedBytes += _justBytes;
            _justUnlinked = new NodeList();
            _justBytes = 0;
        }

        while (_unlinked.TryPeek(out (NodeList Nodes, long Bytes, long NewestHold) oldest)
            && (oldest.NewestHold < holds.Oldest || _unlinkedBytes > mostBytes))
        {
            _ = _unlinked.Dequeue();
            _unlinkedBytes -= oldest.Bytes;
            if (oldest.NewestHold < holds.Oldest)
            {
                foreach (DeltaNode node in oldest.Nodes.Nodes)
                {
                    node.CutLinks();
                }
            }

            oldest.Nodes.Cut(0);
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
