using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.State;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// A message between its arrival and its commit. In QoS 1 and 2 it has its places in the subscribers' queues from the start, which keeps the order;
/// they get it when it is durable, together with its rows in their queues, and its publisher is told after that. In QoS 0 subscribers get it at once,
/// and only what is retained has a row.
/// </summary>
/// <param name="core">The broker.</param>
/// <param name="next">Told the result after the subscribers.</param>
/// <param name="nextToken">For <paramref name="next"/>.</param>
/// <param name="rows">Written with the message, and added to; null for none yet.</param>
internal sealed class Publication(BrokerCore core, IAcknowledgement next, long nextToken, RowChanges? rows = null) : IAcknowledgement
{
    private readonly List<(Session Session, QueuedDelivery Delivery)> _places = [];
    private readonly RowChanges _rows = rows ?? new RowChanges();
    private RetainedChange? _retained;

    /// <summary>What is to be written with the message; null for nothing.</summary>
    public RowChanges? Rows => _rows.IsEmpty ? null : _rows;

    /// <summary>Takes the message's places, and its place among the retained messages.</summary>
    public void Offer(PublishedMessage message, TopicMatch matches)
    {
        DeliveryState state = message.QualityOfService == QualityOfService.AtMostOnce ? DeliveryState.Ready : DeliveryState.Pending;
        if (message.Retain)
            _retained = core.Retain(message, _rows);
        foreach ((Session session, Delivery delivery) in matches.Deliveries(message))
        {
            if (session.Offer(delivery, state, _rows) is { } place && state == DeliveryState.Pending)
                _places.Add((session, place));
        }
    }

    /// <summary>A QoS 2 message: its identifier is stored with it, where the session is.</summary>
    public void Receive(Session session, ushort packetIdentifier)
    {
        if (session.IsStored)
            _rows.InsertReceived(session.Id, packetIdentifier);
    }

    /// <inheritdoc/>
    public void Complete(long token, IngressResult result)
    {
        if (_retained is not null)
            core.Retained.Settle(_retained, result.IsDone());
        foreach ((Session session, QueuedDelivery delivery) in _places)
            session.Settle(delivery, result.IsDone());
        next.Complete(nextToken, result);
    }
}
