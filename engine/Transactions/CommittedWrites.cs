namespace Sluice.Engine.Transactions;

/// <summary>
/// The commits whose versions are in a delta, in commit order: those that wait for a checkpoint one by one, those that are in the pages by portion.
/// So a checkpoint and a sweep look at what they move and drop, and not at the whole delta. A commit is here before it is durable, and thus before a
/// checkpoint asks for it.
/// </summary>
internal sealed class CommittedWrites
{
    /// <summary>So many nodes may wait for holds to end.</summary>
    private const int MostEmptyNodes = 1 << 17;

    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly Queue<WriteSet> _waiting = new();
    private long _waitingBytes;

    // Owned by who has the pages' turn.
    private readonly List<Portion> _moved = [];

    /// <summary>Portions of which nothing is left, and the newest hold when the last of it was dropped; nothing while that is not known.</summary>
    private readonly Queue<(Portion Portion, long? NewestHold)> _empty = new();
    private int _emptyNodes;

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

        return new Portion(from, to, nodes.Values);
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
        foreach (Portion portion in _moved)
        {
            portion.Sweep(needed, ref figures);
            if (portion.IsEmpty)
            {
                _emptyNodes += portion.Dropped;
                _empty.Enqueue((portion, null));
            }
        }

        _ = _moved.RemoveAll(static portion => portion.IsEmpty);
    }

    /// <summary>
    /// Cuts the links of what was dropped, once all who may have stood on it then have ended. When these go on for long it is left to the collector, which needs longer
    /// for it.
    /// </summary>
    public void FreeDropped(HoldRange holds)
    {
        for (int i = _empty.Count; i > 0; i--)
        {
            (Portion portion, long? newest) = _empty.Dequeue();
            if (newest is null && _emptyNodes <= MostEmptyNodes)
            {
                _empty.Enqueue((portion, holds.Newest));
            }
            else if (newest >= holds.Oldest && _emptyNodes <= MostEmptyNodes)
            {
                _empty.Enqueue((portion, newest));
            }
            else
            {
                _emptyNodes -= portion.Dropped;
                if (newest < holds.Oldest)
                {
                    portion.Free();
                }
            }
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
