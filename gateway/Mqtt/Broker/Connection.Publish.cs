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
    private int _inboundAtConnect;

    private ValueTask OnPublish(in PublishPacket packet)
    {
        _messagesInRead++;
        if (packet.HasSubscriptionIdentifier)
            throw MqttProtocolException.Protocol("3.3.4", "a client sent a subscription identifier");
        TopicName topic = ResolveTopic(in packet);
        if (!_access.MayPublish(topic))
            return OnForbidden(in packet, topic);
        TopicMatch matches = _core.Subscriptions.Match(topic);
        PublishedMessage? forwarded = !matches.IsEmpty || packet.Retain ? CopyForSubscribers(in packet, topic) : null;
        switch (packet.QualityOfService)
        {
            case QualityOfService.AtMostOnce:
                return Hand(Incoming(in packet, topic, _core.Unacknowledged, 0), forwarded, matches);
            case QualityOfService.AtLeastOnce:
                CheckReceiveMaximum();
                long token = Output.Owe(packet.PacketIdentifier, PacketType.PubAck, !matches.IsEmpty);
                return Hand(Incoming(in packet, topic, Output, token), forwarded, matches);
            default:
                return OnExactlyOnce(in packet, topic, forwarded, !matches.IsEmpty);
        }
    }

    // Section 3.3.4: a 5.0 client is told by PUBACK or PUBREC, another one loses its connection (3.1.1 section 3.3.5). At QoS 0 nobody is told.
    private ValueTask OnForbidden(in PublishPacket packet, TopicName topic)
    {
        _core.Counters.Dropped(DropReason.NotAuthorized);
        if (_core.LogLimits.Forbidden.Allows(out long others))
            MqttLog.PublishForbidden(_core.Log, ClientId, Address, topic.Text, others);
        if (packet.QualityOfService == QualityOfService.AtMostOnce)
            return default;
        CheckReceiveMaximum();
        PacketType answer = packet.QualityOfService == QualityOfService.AtLeastOnce ? PacketType.PubAck : PacketType.PubRec;
        Output.Complete(Output.Owe(packet.PacketIdentifier, answer, hasSubscribers: false), IngressResult.NotAuthorized);
        return default;
    }

    private ValueTask OnExactlyOnce(in PublishPacket packet, TopicName topic, PublishedMessage? forwarded, bool hasSubscribers)
    {
        Session session = _session!;
        var fresh = new InboundReceipt(_core, session, packet.PacketIdentifier, forwarded);
        if (!session.HasInbound(packet.PacketIdentifier))
            CheckReceiveMaximum();
        InboundReceipt receipt = session.FindOrAddInbound(packet.PacketIdentifier, fresh);
        receipt.Await(Output, Output.Owe(packet.PacketIdentifier, PacketType.PubRec, hasSubscribers));
        // Sent again: the first one is on its way already, and its subscribers get it once.
        return ReferenceEquals(receipt, fresh) ? Hand(Incoming(in packet, topic, receipt, 0), null, TopicMatch.None) : default;
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

    private PublishedMessage CopyForSubscribers(in PublishPacket packet, TopicName topic) => new(
        topic,
        packet.Payload.ToArray(),
        packet.QualityOfService,
        packet.Retain,
        PublishPacket.ForwardedProperties(packet.Properties),
        _core.ExpiresMs(packet.MessageExpiry),
        _session);

    // Copies the payload into the connection's slab; the message owns a reference to it from here on.
    private IngressMessage Incoming(in PublishPacket packet, TopicName topic, IAcknowledgement acknowledgement, long token)
    {
        ReadOnlyMemory<byte> payload = default;
        if (_slab is null || !_slab.TryAppend(packet.Payload, out payload))
        {
            ReleaseSlab();
            _slab = new PayloadSlab(Math.Max(PayloadSlab.DefaultSizeBytes, packet.Payload.Length));
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
        };
    }

    // Also whenever the client is silent, so that an idle connection holds none.
    private void ReleaseSlab()
    {
        _slab?.Release();
        _slab = null;
    }

    private ValueTask Hand(in IngressMessage message, PublishedMessage? forwarded, TopicMatch matches)
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
            return HandSlowly(taken, message, forwarded, matches);
        taken.GetAwaiter().GetResult();
        if (forwarded is not null)
            _core.Forward(forwarded, matches);
        return default;
    }

    private async ValueTask HandSlowly(ValueTask taken, IngressMessage message, PublishedMessage? forwarded, TopicMatch matches)
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
        if (forwarded is not null)
            _core.Forward(forwarded, matches);
    }

    private void OnAcknowledgement(in AckPacket packet)
    {
        Session session = _session!;
        switch (packet.Type)
        {
            case PacketType.PubAck:
                if (session.Acknowledge(packet.PacketIdentifier, QualityOfService.AtLeastOnce))
                    Output.Signal();
                break;
            case PacketType.PubRec when packet.Reason >= ReasonCode.UnspecifiedError:
                if (session.Acknowledge(packet.PacketIdentifier, QualityOfService.ExactlyOnce))
                    Output.Signal();
                break;
            case PacketType.PubRec:
                ReasonCode released = session.Release(packet.PacketIdentifier) ? ReasonCode.Success : ReasonCode.PacketIdentifierNotFound;
                Output.Send(new AckPacket(PacketType.PubRel, packet.PacketIdentifier, released), _version);
                break;
            case PacketType.PubRel:
                bool known = session.ReleaseInbound(packet.PacketIdentifier);
                ReasonCode reason = known ? ReasonCode.Success : ReasonCode.PacketIdentifierNotFound;
                Output.Send(new AckPacket(PacketType.PubComp, packet.PacketIdentifier, reason), _version);
                break;
            default:
                if (session.Finish(packet.PacketIdentifier))
                    Output.Signal();
                break;
        }
    }
}
