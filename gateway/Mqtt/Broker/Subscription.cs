using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>A session's subscription. Immutable: subscribing again with the same filter puts another in its place.</summary>
/// <param name="Session">Who subscribed.</param>
/// <param name="Request">The filter and its options.</param>
/// <param name="Identifier">The subscription identifier (MQTT 5.0 section 3.8.2.1.2); 0 for none.</param>
internal sealed record Subscription(Session Session, SubscriptionRequest Request, uint Identifier)
{
    /// <summary>The identifier as a delivery carries it, made once.</summary>
    public uint[]? Identifiers { get; } = Identifier == 0 ? null : [Identifier];
}

/// <summary>One session's subscriptions that match a topic: nearly always a single one.</summary>
internal readonly record struct SubscriberMatch(Session Session, Subscription First, Subscription[] More)
{
    /// <summary>
    /// What the session gets of a message: one copy however many of its subscriptions match (MQTT 5.0 section 3.3.4), with the
    /// highest QoS among them and all their identifiers. Null when No Local excludes the publisher.
    /// </summary>
    public Delivery? Deliver(PublishedMessage message)
    {
        if (More.Length == 0)
        {
            if (First.Request.NoLocal && message.Publisher == Session.ClientId)
                return null;
            return new Delivery(
                message,
                Least(message.QualityOfService, First.Request.MaximumQoS),
                message.Retain && First.Request.RetainAsPublished,
                First.Identifiers);
        }
        return Merge(message);
    }

    private Delivery? Merge(PublishedMessage message)
    {
        QualityOfService? qos = null;
        bool retain = false;
        List<uint>? identifiers = null;
        foreach (Subscription subscription in (ReadOnlySpan<Subscription>)[First, .. More])
        {
            SubscriptionRequest request = subscription.Request;
            if (request.NoLocal && message.Publisher == Session.ClientId)
                continue;
            if (qos is null || request.MaximumQoS > qos)
                qos = request.MaximumQoS;
            retain |= message.Retain && request.RetainAsPublished;
            if (subscription.Identifier != 0)
                (identifiers ??= []).Add(subscription.Identifier);
        }
        return qos is { } highest
            ? new Delivery(message, Least(message.QualityOfService, highest), retain, identifiers?.ToArray())
            : null;
    }

    private static QualityOfService Least(QualityOfService a, QualityOfService b) => a < b ? a : b;
}
