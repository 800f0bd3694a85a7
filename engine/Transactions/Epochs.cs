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

    /// <summary>Transactions that hold it, and one more while it is the newest. Guarded by <see cref="Epochs"/>.</summary>
    internal int Pins { get; set; } = 1;
}

/// <summary>The commits up to a timestamp are in the file, and how the file is known by then.</summary>
internal sealed record FileState(long Timestamp, FileMark Mark)
{
    public FileState(long timestamp, BaseSnapshot pages) : this(timestamp, new FileMark(pages.Header.ChangeCounter, pages.PageCount))
    {
    }
}

/// <summary>
/// The epochs that are in use, and who holds them. Invariants: 1. a transaction takes its epoch and its snapshot together, so the snapshot is
/// never older than what the epoch's pages hold. 2. A version may be dropped from the delta when the pages of every epoch in use hold it, or
/// (see <see cref="Needed(MemoryLevel)"/>) when nobody sees it.
/// </summary>
internal sealed class Epochs(Epoch first, TimeProvider clock)
{
    /// <summary>Who has read for this long may go on for longer: a checkpoint stops at its snapshot.</summary>
    private static readonly TimeSpan s_longReading = TimeSpan.FromMilliseconds(10);

    /// <summary>Who has read for this long is not likely to write, and gives way when memory is short.</summary>
    private static readonly TimeSpan s_oldReading = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly List<Epoch> _inUse = [first];

    private volatile FileState _inFile = new(first.Checkpointed, first.Pages);

    // Guarded by _gate: the holds from the oldest snapshot to the newest.
    private Hold? _oldest;
    private Hold? _newest;
    private long _lastHold;

    public Epoch Current { get; private set; } = first;

    /// <summary>What the file holds. Pages of the newest epochs may be ahead of it. Set by who has the pages' turn.</summary>
    public FileState InFile
    {
        get => _inFile;
        set => _inFile = value;
    }

    /// <summary>Called, under no lock, when an old epoch is no longer in use: there may be versions to drop.</summary>
    public Action? Freed { get; set; }

    /// <summary>Holds the newest epoch and the newest durable commit, as one.</summary>
    public Hold Pin(GroupCommit commits)
    {
        long now = clock.GetTimestamp();
        lock (_gate)
        {
            Current.Pins++;
            var hold = new Hold(Current, Math.Max(commits.DurableTimestamp, Current.Checkpointed), now, ++_lastHold) { Previous = _newest };
            if (_newest is null)
            {
                _oldest = hold;
            }
            else
            {
                _newest.Next = hold;
            }

            return _newest = hold;
        }
    }

    public void Unpin(Hold hold)
    {
        Epoch? freed;
        Epoch? freedExact;
        lock (_gate)
        {
            if (hold.Previous is null)
            {
                _oldest = hold.Next;
            }
            else
            {
                hold.Previous.Next = hold.Next;
            }

            if (hold.Next is null)
            {
                _newest = hold.Previous;
            }
            else
            {
                hold.Next.Previous = hold.Previous;
            }

            hold.Next = hold.Previous = null;
            freed = Release(hold.Epoch);
            freedExact = hold.Exact is { } exact ? Release(exact) : null;
        }

        Free(freed);
        Free(freedExact);
    }

    /// <summary>Makes an epoch the one on which transactions begin from now on.</summary>
    public void Publish(Epoch next)
    {
        Epoch? freed;
        lock (_gate)
        {
            Epoch before = Current;
            _inUse.Add(next);
            Current = next;
            for (Hold? hold = _oldest; hold is not null && hold.Snapshot <= next.Checkpointed; hold = hold.Next)
            {
                if (hold.Snapshot == next.Checkpointed && hold.Exact is null && hold.Epoch.Checkpointed < hold.Snapshot
                    && ReferenceEquals(hold.Epoch.Delta, next.Delta))
                {
                    hold.Exact = next;
                    next.Pins++;
                }
            }

            freed = Release(before);
        }

        Free(freed);
    }

    /// <summary>Where a checkpoint from one commit to another has to stop: at the first snapshot of somebody who has read for a while.</summary>
    public long StopAt(long from, long to)
    {
        lock (_gate)
        {
            for (Hold? hold = _oldest; hold is not null && hold.Snapshot < to; hold = hold.Next)
            {
                if (hold.Snapshot > from && clock.GetElapsedTime(hold.Since) >= s_longReading)
                {
                    return hold.Snapshot;
                }
            }

            return to;
        }
    }

    /// <summary>
    /// What is needed of the newest delta. Moves transactions to pages that hold exactly their snapshots, as far as they rest. When memory is
    /// short, of old transactions only what they see: they cannot write any more then.
    /// </summary>
    public Needed Needed(MemoryLevel level)
    {
        lock (_gate)
        {
            long from = Current.Checkpointed;
            List<(long, long)> windows = [];
            for (Hold? hold = _oldest; hold is not null; hold = hold.Next)
            {
                if (!ReferenceEquals(hold.Epoch.Delta, Current.Delta) || hold.IsGivenUp)
                {
                    continue;
                }

                hold.TryMove();
                bool isSafe = level == MemoryLevel.Enough || (level == MemoryLevel.Short && hold.IsWriting);
                if (isSafe || clock.GetElapsedTime(hold.Since) < s_oldReading)
                {
                    from = Math.Min(from, hold.PagesHold);
                }
                else if (hold.NeedsVersions)
                {
                    windows.Add((hold.PagesHold, hold.Snapshot));
                }
            }

            return new Needed(from, windows);
        }
    }

    /// <summary>
    /// The deltas before the newest one that are still read, and what is needed of each: what is seen, for nobody writes over the pages of an
    /// exclusive transaction.
    /// </summary>
    public IReadOnlyList<(Delta Delta, Needed Needed)> NeededOfOlder()
    {
        lock (_gate)
        {
            List<(Delta, Needed)> needed = [];
            List<(long, long)>? windows = null;
            Delta? last = null;
            for (Hold? hold = _oldest; hold is not null && !ReferenceEquals(hold.Epoch.Delta, Current.Delta); hold = hold.Next)
            {
                if (!ReferenceEquals(hold.Epoch.Delta, last))
                {
                    last = hold.Epoch.Delta;
                    windows = [];
                    needed.Add((last, new Needed(long.MaxValue - 1, windows)));
                }

                hold.TryMove();
                if (hold.NeedsVersions)
                {
                    windows!.Add((hold.PagesHold, hold.Snapshot));
                }
            }

            return needed;
        }
    }

    /// <summary>Gives up the oldest snapshot that needs versions; false if there is none, or it is being read.</summary>
    public bool GiveUpOldest()
    {
        lock (_gate)
        {
            for (Hold? hold = _oldest; hold is not null && hold.Snapshot < Current.Checkpointed; hold = hold.Next)
            {
                if (hold.NeedsVersions && clock.GetElapsedTime(hold.Since) >= s_oldReading)
                {
                    return hold.TryGiveUp();
                }
            }

            return false;
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

    /// <summary>The transactions that are open now.</summary>
    public HoldRange Holds
    {
        get
        {
            lock (_gate)
            {
                return new HoldRange(_oldest?.Number ?? long.MaxValue, _lastHold);
            }
        }
    }

    /// <summary>The epoch, if nobody holds it any more: then it is to be freed once the lock is released.</summary>
    private Epoch? Release(Epoch epoch)
    {
        if (--epoch.Pins > 0)
        {
            return null;
        }

        _inUse.Remove(epoch);
        return epoch;
    }

    private void Free(Epoch? epoch)
    {
        if (epoch is not null)
        {
            epoch.Pages.Dispose();
            Freed?.Invoke();
        }
    }
}
