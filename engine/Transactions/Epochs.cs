using Sluice.Engine.Catalog;
using Sluice.Engine.Log;
using Sluice.Engine.Paging;

namespace Sluice.Engine.Transactions;

/// <summary>
/// A state of the pages, what was committed into it, and what lies over it. Transactions begin on the newest one and keep it until they
/// end.
/// </summary>
internal sealed class Epoch(long number, BaseSnapshot pages, Schema schema, Delta delta, long checkpointed)
{
    public long Number { get; } = number;

    public BaseSnapshot Pages { get; } = pages;

    public Schema Schema { get; } = schema;

    public Delta Delta { get; } = delta;

    /// <summary>The pages hold all commits up to this timestamp.</summary>
    public long Checkpointed { get; } = checkpointed;

    public FileMark FileMark => new(Pages.Header.ChangeCounter, Pages.PageCount);

    /// <summary>Transactions that hold it, and one more while it is the newest. Guarded by <see cref="Epochs"/>.</summary>
    internal int Pins { get; set; } = 1;
}

/// <summary>
/// The epochs that are in use. Invariants: 1. a transaction takes its epoch and its snapshot together, so the snapshot is never older than
/// what the epoch's pages hold. 2. A version may be dropped from the delta when the pages of every epoch in use hold it.
/// </summary>
internal sealed class Epochs(Epoch first)
{
    private readonly Lock _gate = new();
    private readonly List<Epoch> _inUse = [first];

    public Epoch Current { get; private set; } = first;

    /// <summary>Called, under no lock, when an old epoch is no longer in use: there may be versions to drop.</summary>
    public Action? Freed { get; set; }

    /// <summary>The newest epoch and the newest durable commit, as one.</summary>
    public Epoch Pin(GroupCommit commits, out long snapshot)
    {
        lock (_gate)
        {
            Current.Pins++;
            snapshot = Math.Max(commits.DurableTimestamp, Current.Checkpointed);
            return Current;
        }
    }

    public void Unpin(Epoch epoch)
    {
        lock (_gate)
        {
            if (--epoch.Pins > 0)
            {
                return;
            }

            _inUse.Remove(epoch);
        }

        epoch.Pages.Dispose();
        Freed?.Invoke();
    }

    /// <summary>Makes an epoch the one on which transactions begin from now on.</summary>
    public void Publish(Epoch next)
    {
        Epoch before;
        lock (_gate)
        {
            before = Current;
            _inUse.Add(next);
            Current = next;
        }

        Unpin(before);
    }

    /// <summary>Commits up to this timestamp are in the pages of every epoch that reads the newest delta.</summary>
    public long HeldByAll
    {
        get
        {
            lock (_gate)
            {
                long held = Current.Checkpointed;
                foreach (Epoch epoch in _inUse)
                {
                    if (ReferenceEquals(epoch.Delta, Current.Delta))
                    {
                        held = Math.Min(held, epoch.Checkpointed);
                    }
                }

                return held;
            }
        }
    }

    /// <summary>Gives up the newest epoch when the store closes.</summary>
    public void Close()
    {
        lock (_gate)
        {
            foreach (Epoch epoch in _inUse)
            {
                epoch.Pages.Dispose();
            }

            _inUse.Clear();
        }
    }
}
