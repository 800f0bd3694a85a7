namespace Sluice.Engine.Transactions;

/// <summary>How much memory is left for versions, and so what is kept for whom.</summary>
internal enum MemoryLevel
{
    /// <summary>Everything since the oldest snapshot is kept, so every transaction may write.</summary>
    Enough,

    /// <summary>For transactions that have only read so far, and for long, only what they see is kept.</summary>
    Short,

    /// <summary>For those that have written, too.</summary>
    Over,
}

/// <summary>
/// Which versions are still needed: those committed after <see cref="From"/>, for some epoch in use does not have them in its pages, or some
/// transaction that may yet write has to find out who wrote before it; and those in <see cref="Windows"/>, which an old transaction sees.
/// </summary>
internal sealed record Needed(long From, IReadOnlyList<(long After, long UpTo)> Windows)
{
    public static Needed Everything { get; } = new(long.MinValue, []);

    public bool Has(long timestamp) => timestamp > From || IsInWindow(timestamp);

    /// <summary>Whether versions can be dropped by this that were still there after a sweep for <paramref name="swept"/>.</summary>
    public bool IsNarrowerThan(Needed swept)
    {
        if (From > swept.From)
        {
            return true;
        }

        foreach ((long after, long upTo) in swept.Windows)
        {
            long last = Math.Min(upTo, From);
            if (last > after && !Covers(after, last))
            {
                return true;
            }
        }

        return false;
    }

    private bool Covers(long after, long last)
    {
        foreach ((long windowAfter, long upTo) in Windows)
        {
            if (windowAfter <= after && upTo >= last)
            {
                return true;
            }
        }

        return false;
    }

    private bool IsInWindow(long timestamp)
    {
        foreach ((long after, long upTo) in Windows)
        {
            if (timestamp > after && timestamp <= upTo)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>The transactions that are open, by the <see cref="Hold.Number"/> of the oldest and of the last one that has begun; without any the oldest is yet to come.</summary>
internal readonly record struct HoldRange(long Oldest, long Newest);

/// <summary>What a sweep through a delta has done, in bytes of versions.</summary>
internal struct SweepFigures
{
    /// <summary>Dropped.</summary>
    public long Freed;

    /// <summary>Kept though the newest pages hold them.</summary>
    public long InPages;

    /// <summary>Kept only because an old transaction sees them (<see cref="Needed.Windows"/>).</summary>
    public long InWindows;
}
