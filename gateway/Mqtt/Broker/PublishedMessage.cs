using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// A message on its way to subscribers: immutable, in garbage-collected memory, shared by all their queues and by the
/// store of retained messages. Made only when there is a subscriber or the message is retained.
/// </summary>
/// <param name="Topic">The topic name.</param>
/// <param name="Payload">The payload; nobody writes to it.</param>
/// <param name="QualityOfService">As published.</param>
/// <param name="Retain">As published.</param>
/// <param name="Properties">The encoded properties that are passed on (see <see cref="PublishPacket.ForwardedProperties"/>).</param>
/// <param name="ExpiresMs">On the broker's monotonic clock; <see cref="NeverExpires"/> when it has no expiry.</param>
/// <param name="Publisher">The client that published it, for No Local; null for messages from inside.</param>
internal sealed record PublishedMessage(
    TopicName Topic,
    byte[] Payload,
    QualityOfService QualityOfService,
    bool Retain,
    byte[] Properties,
    long ExpiresMs,
    string? Publisher)
{
    public const long NeverExpires = long.MaxValue;

    /// <summary>What the objects around a message count for.</summary>
    public const int OverheadBytes = 128;

    /// <summary>What it counts for in the bounds of queues: payload, topic and properties, plus the objects around them.</summary>
    public int CostBytes => Payload.Length + Topic.Utf8.Length + Properties.Length + OverheadBytes;
}

/// <summary>What a subscription makes of a message.</summary>
/// <param name="Message">The shared message.</param>
/// <param name="QualityOfService">The lesser of the message's and the subscription's.</param>
/// <param name="Retain">The RETAIN flag to send (MQTT 5.0 section 3.3.1.3).</param>
/// <param name="SubscriptionIdentifiers">Of every subscription that matched; null for none.</param>
/// <param name="Share">The filter of the shared subscription that it is for; null for one that is not shared.</param>
/// <param name="IsRetained">A retained message that a new subscription gets: a queue's bounds are for those that come later.</param>
internal readonly record struct Delivery(
    PublishedMessage Message, QualityOfService QualityOfService, bool Retain, uint[]? SubscriptionIdentifiers, string? Share = null, bool IsRetained = false);
