namespace Sluice.Gateway;

/// <summary>
/// Pauses between attempts to reach something that is away: they double up to a longest one. Half of each is certain and half at random, so that gateways that
/// lost the same server spread out.
/// </summary>
internal sealed class Backoff(TimeSpan first, TimeSpan longest)
{
    private TimeSpan? _next;

    /// <summary>It was reached.</summary>
    public void Reset() => _next = null;

    /// <summary>The pause before the next attempt.</summary>
    public TimeSpan Next()
    {
        TimeSpan pause = _next ?? first;
        _next = pause * 2 < longest ? pause * 2 : longest;
        return pause * (0.5 + (Random.Shared.NextDouble() / 2));
    }
}
