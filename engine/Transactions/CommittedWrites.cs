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

    // Owned by who has the pages' turn.
    private readonly List<Portion> _moved = [];

    public void Add(WriteSet writes)
    {
        lock (_gate)
        {
            _waiting.Enqueue(writes);
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
                _ = _waiting.Dequeue();
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
        }

        _ = _moved.RemoveAll(static portion => portion.IsEmpty);
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
