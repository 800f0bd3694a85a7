using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>What a connected client accepts (MQTT 5.0 sections 3.1.2.11.3 and .4).</summary>
/// <param name="Version">Its protocol version.</param>
/// <param name="ReceiveMaximum">QoS 1 and 2 messages that may be unacknowledged.</param>
/// <param name="MaximumPacketSize">Largest packet it takes, in bytes.</param>
/// <param name="TopicAliasMaximum">Topic aliases it takes (section 3.1.2.11.5).</param>
internal sealed record ClientLimits(ProtocolVersion Version, int ReceiveMaximum, long MaximumPacketSize, int TopicAliasMaximum = 0);

/// <summary>
/// A session's messages to its client: those that wait, in order, and those in flight (QoS 1 and 2, sent and not yet
/// acknowledged).
/// <para>
/// 1. Waiting messages are bounded in number and bytes; one too many is refused and counted by the caller.
/// 2. At most the client's Receive Maximum are in flight; past it sending stops until an acknowledgement comes.
/// 3. After a reconnect the ones in flight are sent again, in their first order, before anything new (section 4.4).
/// </para>
/// <para>Not thread-safe: the session locks.</para>
/// </summary>
internal sealed class OutboundQueue
{
    private readonly Queue<Delivery> _waiting = new();
    private readonly Dictionary<ushort, InFlight> _inFlight = [];
    private readonly Queue<InFlight> _again = new();
    private OutboundAliases? _aliases;
    private long _waitingBytes;
    private long _sequence;
    private ushort _lastIdentifier;

    /// <summary>Messages waiting or in flight.</summary>
    public int Count => _waiting.Count + _inFlight.Count;

    /// <summary>Queues a message; false when the bounds are reached.</summary>
    public bool TryAdd(in Delivery delivery, MqttOptions options)
    {
        int cost = delivery.Message.CostBytes;
        if (_waiting.Count >= options.MaximumQueuedMessages || _waitingBytes + cost > options.MaximumQueuedBytes)
            return false;
        _waiting.Enqueue(delivery);
        _waitingBytes += cost;
        return true;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        _waiting.Clear();
        _inFlight.Clear();
        _again.Clear();
        _waitingBytes = 0;
    }

    /// <summary>The client is back: what is in flight is due once more.</summary>
    public void Resume()
    {
        _again.Clear();
        _aliases = null;
        foreach (InFlight message in _inFlight.Values.OrderBy(m => m.Sequence))
            _again.Enqueue(message);
    }

    /// <summary>
    /// Writes what may be sent now, until about <paramref name="limitBytes"/> are in the buffer.
    /// </summary>
    /// <returns>PUBLISH packets written.</returns>
    public int Write(PooledBuffer output, ClientLimits client, int limitBytes, long nowMs, BrokerCounters counters)
    {
        int written = 0;
        if (client.TopicAliasMaximum > 0)
            _aliases ??= new OutboundAliases(client.TopicAliasMaximum);
        while (output.Length < limitBytes && _again.TryDequeue(out InFlight? again))
        {
            if (!_inFlight.TryGetValue(again.PacketIdentifier, out InFlight? current) || !ReferenceEquals(again, current))
                continue;
            if (again.IsReleased)
                new AckPacket(PacketType.PubRel, again.PacketIdentifier).Write(output, client.Version);
            else if (TrySend(again.Delivery, again.PacketIdentifier, duplicate: true, output, client, nowMs, counters))
                written++;
            else
                _inFlight.Remove(again.PacketIdentifier);
        }
        while (output.Length < limitBytes && _waiting.TryPeek(out Delivery delivery))
        {
            bool acknowledged = delivery.QualityOfService != QualityOfService.AtMostOnce;
            if (acknowledged && _inFlight.Count >= client.ReceiveMaximum)
                break;
            _waiting.Dequeue();
            _waitingBytes -= delivery.Message.CostBytes;
            ushort identifier = acknowledged ? NextIdentifier() : (ushort)0;
            if (!TrySend(delivery, identifier, duplicate: false, output, client, nowMs, counters))
                continue;
            written++;
            if (acknowledged)
                _inFlight.Add(identifier, new InFlight(identifier, delivery, _sequence++));
        }
        return written;
    }

    /// <summary>PUBACK, or a PUBREC that refuses: the message is done. False when it was not in flight.</summary>
    public bool Acknowledge(ushort identifier, QualityOfService qos) =>
        _inFlight.TryGetValue(identifier, out InFlight? message)
        && message.Delivery.QualityOfService == qos
        && !message.IsReleased
        && _inFlight.Remove(identifier);

    /// <summary>PUBREC: from now on the message is represented by its identifier. False when it was not in flight.</summary>
    public bool Release(ushort identifier)
    {
        if (!_inFlight.TryGetValue(identifier, out InFlight? message) || message.Delivery.QualityOfService != QualityOfService.ExactlyOnce)
            return false;
        message.IsReleased = true;
        return true;
    }

    /// <summary>PUBCOMP: the exchange is over. False when it was not released.</summary>
    public bool Finish(ushort identifier) =>
        _inFlight.TryGetValue(identifier, out InFlight? message) && message.IsReleased && _inFlight.Remove(identifier);

    private bool TrySend(
        in Delivery delivery, ushort identifier, bool duplicate, PooledBuffer output, ClientLimits client, long nowMs, BrokerCounters counters)
    {
        PublishedMessage message = delivery.Message;
        bool v5 = client.Version == ProtocolVersion.Mqtt50;
        uint? expiry = null;
        if (message.ExpiresMs != PublishedMessage.NeverExpires)
        {
            // A retransmission is part of a delivery that has begun; only one that has not begun may be dropped (section 3.3.2.3.3).
            if (message.ExpiresMs <= nowMs && !duplicate)
            {
                counters.Dropped(DropReason.Expired);
                return false;
            }
            expiry = v5 ? (uint)((Math.Max(message.ExpiresMs - nowMs, 0) + 999) / 1000) : null;
        }
        byte[] properties = v5 ? message.Properties : [];
        ReadOnlySpan<uint> identifiers = v5 ? delivery.SubscriptionIdentifiers : default;
        ReadOnlySpan<byte> topic = message.Topic.Utf8;
        (ushort alias, bool isKnown) = _aliases?.Find(message.Topic) ?? default;
        if (isKnown)
            topic = default;
        int size = PublishPacket.Size(
            topic.Length, delivery.QualityOfService, properties.Length + PublishPacket.AddedBytes(expiry, identifiers, alias), message.Payload.Length, client.Version);
        if (size > client.MaximumPacketSize && alias != 0 && !isKnown)
        {
            // Perhaps it fits without telling an alias.
            alias = 0;
            size = PublishPacket.Size(
                topic.Length, delivery.QualityOfService, properties.Length + PublishPacket.AddedBytes(expiry, identifiers, 0), message.Payload.Length, client.Version);
        }
        if (size > client.MaximumPacketSize)
        {
            counters.Dropped(DropReason.TooLargeForClient);
            return false;
        }
        new PublishPacket
        {
            Duplicate = duplicate,
            QualityOfService = delivery.QualityOfService,
            Retain = delivery.Retain,
            Topic = topic,
            PacketIdentifier = identifier,
            Properties = properties,
            Payload = message.Payload,
        }.Write(output, client.Version, expiry, identifiers, alias);
        if (alias != 0 && !isKnown)
            _aliases!.Told(message.Topic, alias);
        return true;
    }

    // At most Receive Maximum (65,535 at most) identifiers are taken, and one is free when this is called.
    private ushort NextIdentifier()
    {
        do
        {
            if (++_lastIdentifier == 0)
                _lastIdentifier = 1;
        }
        while (_inFlight.ContainsKey(_lastIdentifier));
        return _lastIdentifier;
    }

    private sealed class InFlight(ushort packetIdentifier, Delivery delivery, long sequence)
    {
        public ushort PacketIdentifier => packetIdentifier;

        public Delivery Delivery => delivery;

        public long Sequence => sequence;

        /// <summary>PUBREC has come, PUBREL was sent, PUBCOMP is awaited.</summary>
        public bool IsReleased { get; set; }
    }
}
