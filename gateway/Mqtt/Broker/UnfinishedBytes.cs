namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// Memory of packets whose rest has not come yet, of all connections together: each alone is bounded by the largest packet accepted. What one read brings does not
/// count. Any thread.
/// </summary>
/// <param name="maximum">Bytes in all.</param>
internal sealed class UnfinishedBytes(long maximum)
{
    private long _held;

    /// <summary>Holds so many bytes more; false, and none, when that would be too many.</summary>
    public bool TryHold(long bytes)
    {
        if (Interlocked.Add(ref _held, bytes) <= maximum)
            return true;
        Release(bytes);
        return false;
    }

    public void Release(long bytes) => Interlocked.Add(ref _held, -bytes);
}
