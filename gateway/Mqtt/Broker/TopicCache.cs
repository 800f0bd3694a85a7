using Sluice.Gateway.Ingress;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// Turns topic names on the wire into <see cref="TopicName"/> objects, the same one for the same topic nearly always. A
/// fixed table with one entry a slot: a collision replaces the entry, so the cache is bounded, needs no eviction, and is
/// shared by all connections without a lock (a reference is read and written whole).
/// </summary>
internal sealed class TopicCache
{
    /// <summary>Slots; a power of two. Some thousand sensors with some metrics each.</summary>
    private const int Slots = 16 * 1024;

    /// <summary>Longer topics are not remembered, so the cache holds at most some 10 MB.</summary>
    private const int MaximumCachedBytes = 256;

    private readonly TopicName?[] _slots = new TopicName?[Slots];

    /// <param name="utf8">A validated topic name.</param>
    public TopicName Get(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > MaximumCachedBytes)
            return new TopicName(utf8);
        var hash = new HashCode();
        hash.AddBytes(utf8);
        ref TopicName? slot = ref _slots[hash.ToHashCode() & (Slots - 1)];
        TopicName? known = Volatile.Read(ref slot);
        if (known is not null && known.Utf8.SequenceEqual(utf8))
            return known;
        var fresh = new TopicName(utf8);
        Volatile.Write(ref slot, fresh);
        return fresh;
    }
}
