using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>SUBSCRIBE and UNSUBSCRIBE (MQTT 5.0 sections 3.8.4 and 3.10.4).</summary>
internal sealed partial class Connection
{
    // Of a SUBACK without its properties and reasons, with the longest fixed header.
    private const int SubAckBytes = 7;

    /// <summary>Retained messages whose rows are written at a time.</summary>
    private const int RetainedChunk = 1000;

    // Answered when the subscriptions are durable, where the session is.
    private async ValueTask OnSubscribe(SubscribePacket packet)
    {
        uint identifier = packet.Properties?.SubscriptionIdentifiers is [uint given] ? given : 0;
        var reasons = new ReasonCode[packet.Requests.Count];
        var rows = new RowChanges();
        List<(SubscriptionRequest Request, bool IsNew)>? granted = null;
        for (int i = 0; i < reasons.Length; i++)
        {
            SubscriptionRequest request = packet.Requests[i];
            if (_isBridge)
                request = request with { NoLocal = !TopicRules.IsShared(request.Filter), RetainAsPublished = true };
            reasons[i] = Subscribe(request, identifier, rows, out bool isNew);
            if (reasons[i] < ReasonCode.UnspecifiedError)
                (granted ??= []).Add((request, isNew));
        }
        await SaveAsync(rows).ConfigureAwait(false);
        int refused = Array.FindIndex(reasons, reason => reason >= ReasonCode.UnspecifiedError);
        string? why = refused < 0 ? null : WhyRefused(reasons[refused], packet.Requests[refused].Filter);
        Output.Send(new SubAckPacket(PacketType.SubAck, packet.PacketIdentifier, reasons, Limits.Explain(why, SubAckBytes + reasons.Length)), _version);
        foreach ((SubscriptionRequest request, bool isNew) in granted ?? [])
            await SendRetainedAsync(request, isNew, identifier).ConfigureAwait(false);
    }

    private string WhyRefused(ReasonCode reason, string filter) => reason switch
    {
        ReasonCode.TopicFilterInvalid => $"a filter has {SubscriptionTree.MaximumLevels} levels at most",
        ReasonCode.QuotaExceeded => $"a session has {_core.Options.MaximumSubscriptionsPerSession} subscriptions at most",
        _ => $"it may not subscribe to '{filter}'",
    };

    private async ValueTask SaveAsync(RowChanges rows)
    {
        if (!rows.IsEmpty && !await _core.State.SaveAsync(ClientId, rows).ConfigureAwait(false))
            throw new MqttProtocolException(ReasonCode.UnspecifiedError, "4.1", "its subscriptions could not be stored");
    }

    private ReasonCode Subscribe(SubscriptionRequest request, uint identifier, RowChanges rows, out bool isNew)
    {
        isNew = false;
        if (request.Filter.AsSpan().Count('/') >= SubscriptionTree.MaximumLevels)
            return ReasonCode.TopicFilterInvalid;
        if (!_access.MaySubscribe(request.Filter))
        {
            if (_core.LogLimits.Forbidden.Allows(out long others))
                MqttLog.SubscribeForbidden(_core.Log, ClientId, Address, request.Filter, others);
            return ReasonCode.NotAuthorized;
        }
        if (_session!.Subscribe(request, identifier, rows) is not { } added)
            return ReasonCode.QuotaExceeded;
        isNew = added;
        return (ReasonCode)request.MaximumQoS;
    }

    // Sections 3.3.1.3 and 3.8.3.1. A retained message keeps its RETAIN flag, which is how a subscriber tells it from a live one.
    private async ValueTask SendRetainedAsync(SubscriptionRequest request, bool isNew, uint identifier)
    {
        // Whoever of a share would get them, the others would miss them (section 4.8.2).
        if (TopicRules.IsShared(request.Filter))
            return;
        if (request.RetainHandling == RetainHandling.DoNotSend || (request.RetainHandling == RetainHandling.SendIfNew && !isNew))
            return;
        await SendRetainedAsync(request, identifier).ConfigureAwait(false);
    }

    // They take their places in the queue at once, before any message that comes later, and are sent when both they and their places are durable.
    private async ValueTask SendRetainedAsync(SubscriptionRequest request, uint identifier)
    {
        Session session = _session!;
        uint[]? identifiers = identifier == 0 ? null : [identifier];
        List<RetainedChange> changes = _core.Retained.Match(request.Filter, _core.NowMs);
        changes.AddRange(_core.System.Match(request.Filter).Select(figure => new RetainedChange(figure.Topic.Text, figure, version: 0) { State = RetainedState.Durable }));
        bool hasRoom = session.HasRoomForRetained;
        var places = new QueuedDelivery?[changes.Count];
        for (int i = 0; i < places.Length; i++)
        {
            if (changes[i].Message is { } message && !(request.NoLocal && message.Publisher == ClientId))
                places[i] = Offer(message);
        }
        List<string>? reverted = null;
        for (int first = 0; first < places.Length; first += RetainedChunk)
        {
            var rows = new RowChanges();
            List<QueuedDelivery> kept = [];
            for (int i = first; i < Math.Min(first + RetainedChunk, places.Length); i++)
            {
                QueuedDelivery? place = places[i];
                if (!await _core.Retained.IsDurableAsync(changes[i]).ConfigureAwait(false))
                {
                    (reverted ??= []).Add(changes[i].Topic);
                    if (place is not null)
                        session.Settle(place, isDurable: false);
                }
                else if (place is not null)
                {
                    session.SaveQueued(place, rows);
                    kept.Add(place);
                }
            }
            bool isDurable = rows.IsEmpty || await _core.State.SaveAsync(ClientId, rows).ConfigureAwait(false);
            foreach (QueuedDelivery place in kept)
                session.Settle(place, isDurable);
        }
        // These topics have again what they had before.
        foreach (string topic in reverted ?? [])
            await SendRetainedAsync(request with { Filter = topic }, identifier).ConfigureAwait(false);

        QueuedDelivery? Offer(PublishedMessage message)
        {
            QualityOfService qos = message.QualityOfService < request.MaximumQoS ? message.QualityOfService : request.MaximumQoS;
            if (hasRoom)
                return session.Offer(new Delivery(message, qos, Retain: true, identifiers, IsRetained: true), DeliveryState.Pending, rows: null);
            _core.Counters.Dropped(DropReason.QueueFull);
            return null;
        }
    }

    private async ValueTask OnUnsubscribe(UnsubscribePacket packet)
    {
        var reasons = new ReasonCode[packet.Filters.Count];
        var rows = new RowChanges();
        for (int i = 0; i < reasons.Length; i++)
            reasons[i] = _session!.Unsubscribe(packet.Filters[i], rows) ? ReasonCode.Success : ReasonCode.NoSubscriptionExisted;
        await SaveAsync(rows).ConfigureAwait(false);
        Output.Send(new SubAckPacket(PacketType.UnsubAck, packet.PacketIdentifier, reasons), _version);
    }
}
