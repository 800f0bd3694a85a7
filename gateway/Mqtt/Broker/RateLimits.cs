namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// How fast one client may send, beside all others. Who is faster is not read from for a while, so it is TCP that slows it down and nothing is
/// lost. Of one connection's reader, but for the bucket that all share.
/// </summary>
internal sealed class RateLimits
{
    private readonly TokenBucket? _messages;
    private readonly TokenBucket? _bytes;
    private readonly TokenBucket? _messagesOfAll;

    public RateLimits(MqttOptions options, TokenBucket? messagesOfAll, TimeProvider time)
    {
        _messages = Of(options.MaximumMessagesPerSecond, time);
        _bytes = Of(options.MaximumBytesPerSecond, time);
        _messagesOfAll = messagesOfAll;
    }

    /// <summary>A bucket; null for a rate of 0, which limits nothing.</summary>
    public static TokenBucket? Of(double perSecond, TimeProvider time) => perSecond > 0 ? new TokenBucket(perSecond, time) : null;

    /// <summary>Takes note of what was read; how long not to read on.</summary>
    public TimeSpan Received(long bytes, long messages)
    {
        TimeSpan pause = _bytes?.Take(bytes) ?? TimeSpan.Zero;
        if (messages > 0)
        {
            pause = Longer(pause, _messages?.Take(messages) ?? TimeSpan.Zero);
            pause = Longer(pause, _messagesOfAll?.Take(messages) ?? TimeSpan.Zero);
        }
        return pause;
    }

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
