using System.Text.Unicode;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// PUBLISH: the way of a message from the pipe's buffer to the ingress and to the subscribers, and the packets that end an
/// exchange of QoS 1 or 2.
/// </summary>
internal sealed partial class Connection
{
    // Of the read loop.
    private TopicName?[]? _aliases;
    private PayloadSlab? _slab;
    private int _bytesInRead;
    private int _inboundAtConnect;

    private ValueTask OnPublish(in PublishPacket packet)
    {
        _messagesInRead++;
        if (packet.HasSubscriptionIdentifier)
            throw MqttProtocolException.Protocol("3.3.4", "a client sent a subscription identifier");
        TopicName topic = ResolveTopic(in packet);
        if (!MayPublish(topic))
            return OnForbidden(in packet, topic);
        if (packet.IsText && !Utf8.IsValid(packet.Payload))
            return OnWrongFormat(in packet, topic);
        if (packet.QualityOfService == QualityOfService.ExactlyOnce)
            return OnExactlyOnce(in packet, topic);
        TopicMatch matches = _core.Subscriptions.Match(topic);
        PublishedMessage? forwarded = CopyForSubscribers(in packet, topic, matches);
        if (packet.QualityOfService == QualityOfService.AtLeastOnce)
        {
            CheckReceiveMaximum();
            long token = Output.Owe(packet.PacketIdentifier, PacketType.PubAck, forwarded is not null && !matches.IsEmpty);
            return forwarded is null
                ? Hand(Incoming(in packet, topic, Output, token, rows: null))
                : Publish(in packet, topic, forwarded, matches, new Publication(_core, Output, token));
        }
        if (forwarded is null)
            return Hand(Incoming(in packet, topic, _core.Unacknowledged, 0, rows: null));
        if (packet.Retain)
            return Publish(in packet, topic, forwarded, matches, new Publication(_core, _core.Unacknowledged, 0));
        BrokerCore.Forward(forwarded, matches);
        return Hand(Incoming(in packet, topic, _core.Unacknowledged, 0, rows: null));
    }

    private ValueTask Publish(in PublishPacket packet, TopicName topic, PublishedMessage message, TopicMatch matches, Publication publication)
    {
        publication.Offer(message, matches);
        return Hand(Incoming(in packet, topic, publication, 0, publication.Rows));
    }

    // Only the broker publishes below $SYS.
    private bool MayPublish(TopicName topic) => _access.MayPublish(topic) && !SystemTopics.IsOne(topic);

    // Section 3.3.4: a 5.0 client is told by PUBACK or PUBREC, another one loses its connection (3.1.1 section 3.3.5). At QoS 0 nobody is told.
    private ValueTask OnForbidden(in PublishPacket packet, TopicName topic)
    {
        _core.Counters.Dropped(DropReason.NotAuthorized);
        if (_core.LogLimits.Forbidden.Allows(out long others))
            MqttLog.PublishForbidden(_core.Log, ClientId, Address, topic.Text, others);
        return Refuse(in packet, IngressResult.NotAuthorized);
    }

    // Section 3.3.2.3.2: told like what is forbidden.
    private ValueTask OnWrongFormat(in PublishPacket packet, TopicName topic)
    {
        _core.Counters.Dropped(DropReason.PayloadFormatInvalid);
        if (_core.LogLimits.Forbidden.Allows(out long others))
            MqttLog.PayloadFormatInvalid(_core.Log, ClientId, Address, topic.Text, others);
        return Refuse(in packet, IngressResult.PayloadFormatInvalid);
    }

    private ValueTask Refuse(in PublishPacket packet, IngressResult result)
    {
        if (packet.QualityOfService == QualityOfService.AtMostOnce)
            return default;
        CheckReceiveMaximum();
        PacketType answer = packet.QualityOfService == QualityOfService.AtLeastOnce ? PacketType.PubAck : PacketType.PubRec;
        Output.Complete(Output.Owe(packet.PacketIdentifier, answer, hasSubscribers: false), result);
        return default;
    }

    private ValueTask OnExactlyOnce(in PublishPacket packet, TopicName topic)
    {
        Session session = _session!;
        TopicMatch matches = _core.Subscriptions.Match(topic);
        if (session.FindInbound(packet.PacketIdentifier) is { } known)
        {
            // Sent again: the first one is on its way already, and its subscribers get it once.
            known.Await(Output, Output.Owe(packet.PacketIdentifier, PacketType.PubRec, !matches.IsEmpty));
            return default;
        }
        CheckReceiveMaximum();
        PublishedMessage? forwarded = CopyForSubscribers(in packet, topic, matches);
        InboundReceipt receipt = session.AddInbound(packet.PacketIdentifier);
        receipt.Await(Output, Output.Owe(packet.PacketIdentifier, PacketType.PubRec, forwarded is not null && !matches.IsEmpty));
        var publication = new Publication(_core, receipt, 0);
        publication.Receive(session, packet.PacketIdentifier);
        if (forwarded is not null)
            publication.Offer(forwarded, matches);
        return Hand(Incoming(in packet, topic, publication, 0, publication.Rows));
    }

    // Past Receive Maximum a 5.0 client breaks the protocol (section 3.3.4); a 3.1.1 client knows no such limit and is held by
    // the reader. What was open when the client connected does not count (section 4.9).
    private void CheckReceiveMaximum()
    {
        if (_version != ProtocolVersion.Mqtt50)
            return;
        int outstanding = Output.OwedPubAcks + Math.Max(_session!.InboundCount - _inboundAtConnect, 0);
        if (outstanding >= _core.Options.ReceiveMaximum)
        {
            throw new MqttProtocolException(
                ReasonCode.ReceiveMaximumExceeded, "3.3.4", $"more than {_core.Options.ReceiveMaximum} unacknowledged messages");
        }
    }

    // Section 3.3.2.3.4.
    private TopicName ResolveTopic(in PublishPacket packet)
    {
        if (packet.TopicAlias == 0)
            return _core.Topics.Get(packet.Topic);
        if (packet.TopicAlias > _core.Options.TopicAliasMaximum)
        {
            throw new MqttProtocolException(
                ReasonCode.TopicAliasInvalid, "3.3.2.3.4", $"topic alias {packet.TopicAlias}, the most is {_core.Options.TopicAliasMaximum}");
        }
        _aliases ??= new TopicName?[_core.Options.TopicAliasMaximum + 1];
        ref TopicName? known = ref _aliases[packet.TopicAlias];
        if (!packet.Topic.IsEmpty)
            known = _core.Topics.Get(packet.Topic);
        return known
            ?? throw MqttProtocolException.Protocol("3.3.2.3.4", $"topic alias {packet.TopicAlias} was not set on this connection");
    }

    // Null where nobody is to get it and it is not to be kept.
    private PublishedMessage? CopyForSubscribers(in PublishPacket packet, TopicName topic, TopicMatch matches) =>
        (matches.IsEmpty && !packet.Retain) || !_core.Ingress.Forwards(topic)
            ? null
            : new(
                topic,
                packet.Payload.ToArray(),
                packet.QualityOfService,
                packet.Retain,
                PublishPacket.ForwardedProperties(packet.Properties),
                _core.ExpiresMs(packet.MessageExpiry),
                ClientId);

    // Copies the payload into the connection's slab; the message owns a reference to it from here on.
    private IngressMessage Incoming(in PublishPacket packet, TopicName topic, IAcknowledgement acknowledgement, long token, RowChanges? rows)
    {
        ReadOnlyMemory<byte> payload = default;
        if (_slab is null || !_slab.TryAppend(packet.Payload, out payload))
        {
            ReleaseSlab();
            // A client that sends one reading now and then needs no more than that.
            _slab = new PayloadSlab(Math.Max(Math.Min(PayloadSlab.DefaultSizeBytes, _bytesInRead), packet.Payload.Length));
            _slab.TryAppend(packet.Payload, out payload);
        }
        return new IngressMessage
        {
            Topic = topic,
            ClientId = ClientId,
            Payload = payload,
            ReceivedUs = _receivedUs,
            QualityOfService = (byte)packet.QualityOfService,
            Retain = packet.Retain,
            Slab = _slab,
            Acknowledgement = acknowledgement,
            Token = token,
            Rows = rows,
        };
    }

    // Also whenever the client is silent, so that an idle connection holds none.
    private void ReleaseSlab()
    {
        _slab?.Release();
        _slab = null;
    }

    private ValueTask Hand(in IngressMessage message)
    {
        ValueTask taken;
        try
        {
            taken = _core.Ingress.EnqueueAsync(in message, _abort.Token);
        }
        catch
        {
            message.Complete(IngressResult.Failed);
            throw;
        }
        if (!taken.IsCompletedSuccessfully)
            return HandSlowly(taken, message);
        taken.GetAwaiter().GetResult();
        return default;
    }

    private static async ValueTask HandSlowly(ValueTask taken, IngressMessage message)
    {
        try
        {
            await taken.ConfigureAwait(false);
        }
        catch
        {
            message.Complete(IngressResult.Failed);
            throw;
        }
    }

    private ValueTask OnAcknowledgement(in AckPacket packet)
    {
        Session session = _session!;
        bool hasRoom = false;
        switch (packet.Type)
        {
            case PacketType.PubAck:
                hasRoom = session.Acknowledge(packet.PacketIdentifier, QualityOfService.AtLeastOnce);
                break;
            case PacketType.PubRec when packet.Reason >= ReasonCode.UnspecifiedError:
                hasRoom = session.Acknowledge(packet.PacketIdentifier, QualityOfService.ExactlyOnce);
                break;
            case PacketType.PubRec:
                return session.Release(packet.PacketIdentifier, this);
            case PacketType.PubRel:
                return session.ReleaseInbound(packet.PacketIdentifier, this);
            default:
                hasRoom = session.Finish(packet.PacketIdentifier);
                break;
        }
        if (hasRoom)
            Output.Signal();
        return default;
    }
}
