namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>What a retained message made of its topic. Guarded by the lock of its <see cref="RetainedStore"/>.</summary>
/// <param name="topic">The topic.</param>
/// <param name="message">What the topic has; null when it has none any more.</param>
/// <param name="version">The change's place among all.</param>
internal sealed class RetainedChange(string topic, PublishedMessage? message, long version)
{
    public string Topic => topic;

    public PublishedMessage? Message => message;

    public long Version => version;

    public RetainedState State { get; set; }

    /// <summary>Told whether it was stored; null while nobody waits for that.</summary>
    public TaskCompletionSource<bool>? Waiting { get; set; }

    /// <summary>What the topic had before, until this change is durable.</summary>
    public RetainedChange? Before { get; set; }
}

/// <summary>What became of a change's row.</summary>
internal enum RetainedState
{
    Pending,
    Durable,
    Failed,
}
