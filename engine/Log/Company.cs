namespace Sluice.Engine.Log;

/// <summary>
/// Whether a batch of commits is worth a wait for those who are likely to join it: as many as were in the last batch and waited behind it,
/// for they tend to come back as soon as they are let go. The wait is a fraction of what a sync takes, ends when they are all here, and is
/// left out for a while when they did not come. Guarded by its owner.
/// </summary>
internal sealed class Company(TimeProvider clock)
{
    /// <summary>A sync shorter than this is not worth a wait: letting a thread go takes a good part of it.</summary>
    private static readonly TimeSpan s_shortSync = TimeSpan.FromMilliseconds(0.6);

    /// <summary>Waits of less are not to be had from the operating system's locks.</summary>
    private static readonly TimeSpan s_shortestWait = TimeSpan.FromMilliseconds(1);

    /// <summary>However slow the disk is, or was once: nobody's commit waits longer than this for others.</summary>
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMilliseconds(10);

    private const int MostMisses = 6;

    private TimeSpan _sync;
    private int _likely;
    private int _misses;
    private int _passes;
    private long _syncedAt;

    /// <summary>How long a batch with this many commits should wait for more.</summary>
    public TimeSpan Patience(int commits)
    {
        if (commits == 0 || commits >= _likely || _passes > 0 || _sync < s_shortSync)
        {
            return TimeSpan.Zero;
        }

        // Whoever has not come back within the time of a sync has something else to do.
        TimeSpan wait = TimeSpan.FromTicks(Math.Clamp(_sync.Ticks / 4, s_shortestWait.Ticks, s_longestWait.Ticks));
        return clock.GetElapsedTime(_syncedAt) < _sync ? wait : TimeSpan.Zero;
    }

    /// <summary>Whether a batch with this many commits need not wait any longer.</summary>
    public bool IsHere(int commits) => commits >= _likely;

    /// <summary>A wait has ended with this many commits.</summary>
    public void Awaited(int commits)
    {
        if (commits >= _likely)
        {
            _misses = 0;
            return;
        }

        _misses = Math.Min(_misses + 1, MostMisses);
        _passes = 1 << _misses;
    }

    /// <summary>A batch was synced, which took so long; <paramref name="waiting"/> commits have gathered behind it.</summary>
    public void Synced(int commits, int waiting, TimeSpan length)
    {
        _sync = _sync == TimeSpan.Zero ? length : _sync + ((length - _sync) / 8);
        _likely = commits + waiting;
        _passes = Math.Max(0, _passes - 1);
        _syncedAt = clock.GetTimestamp();
    }
}
