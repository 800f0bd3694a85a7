using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.Security;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>What a connected client accepts (MQTT 5.0 sections 3.1.2.11.3 and .4).</summary>
/// <param name="Version">Its protocol version.</param>
/// <param name="ReceiveMaximum">QoS 1 and 2 messages that may be unacknowledged.</param>
/// <param name="MaximumPacketSize">Largest packet it takes, in bytes.</param>
/// <param name="TopicAliasMaximum">Topic aliases it takes (section 3.1.2.11.5).</param>
/// <param name="WantsReasons">A 5.0 client that has not asked for less (Request Problem Information, section 3.1.2.11.7).</param>
/// <param name="Access">What it may read; null for everything.</param>
internal sealed record ClientLimits(ProtocolVersion Version, int ReceiveMaximum, long MaximumPacketSize, int TopicAliasMaximum = 0, bool WantsReasons = false, ClientAccess? Access = null)
{
    private const int MaximumReasonChars = 200;

    /// <summary>The properties of a packet with a Reason String; null where the client does not want it or takes no packet of that size.</summary>
    /// <param name="why">For people; null for nothing to say.</param>
    /// <param name="otherBytes">What the packet has besides its properties, at most.</param>
    public PropertySet? Explain(string? why, int otherBytes)
    {
        if (why is null || !WantsReasons)
            return null;
        if (why.Length > MaximumReasonChars)
            why = why[..(char.IsHighSurrogate(why[MaximumReasonChars - 1]) ? MaximumReasonChars - 1 : MaximumReasonChars)];
        var properties = new PropertySet { ReasonString = why };
        return otherBytes + PropertySet.SizeWithLength(properties) <= MaximumPacketSize ? properties : null;
    }
}

/// <summary>
/// A session's messages to its client: those that wait, in order, and those in flight (QoS 1 and 2, sent and not yet
/// acknowledged).
/// <para>
/// 1. Waiting messages are bounded in number and bytes; one too many is refused and counted by the caller.
/// 2. A message has its place from when it was published, and is sent when it is durable: one that is not yet holds up those after it, for a commit.
/// 3. At most the client's Receive Maximum are outstanding on a connection; past it sending stops until an acknowledgement comes.
/// 4. After a reconnect those in flight are sent again, in their first order, before anything new (MQTT 5.0 section 4.4).
/// 5. In a session with rows a message is first sent when the database knows that it may have been (<see cref="SendLimit"/>), so that after a
///    restart it is told from one that never was.
/// </para>
/// <para>Not thread-safe: the session locks.</para>
/// </summary>
internal sealed class OutboundQueue
{
    private readonly Queue<QueuedDelivery> _waiting = new();
    private readonly Dictionary<ushort, QueuedDelivery> _inFlight = [];
    private readonly Queue<QueuedDelivery> _again = new();
    private OutboundAliases? _aliases;
    private long _waitingBytes;

    // Of those that wait, retained messages that a new subscription gets: they are not within the bounds of the others.
    private int _retained;
    private long _retainedBytes;
    private long _lastNumber;

    // Of the messages that were there before the client was: it may have been allowed to read more then.
    private long _lastBefore;
    private int _outstanding;

    /// <summary>Messages waiting or in flight.</summary>
    public int Count => _waiting.Count + _inFlight.Count;

    /// <summary>Messages that wait, and those that the client has to acknowledge before more are sent.</summary>
    public int OnTheWay => _waiting.Count + _again.Count + _outstanding;

    /// <summary>Bytes of the messages waiting or in flight, as <see cref="PublishedMessage.CostBytes"/> counts them.</summary>
    public long Bytes { get; private set; }

    /// <summary>The highest number that was sent.</summary>
    public long Sent { get; private set; }

    /// <summary>Messages up to this number may be sent.</summary>
    public long SendLimit { get; set; } = long.MaxValue;

    /// <summary>Numbers of stored messages that are done with, whose rows can go.</summary>
    public List<long> Finished { get; } = [];

    /// <summary>Where sending stopped for a message that the database has to give first; null where it did not.</summary>
    public QueuedDelivery? Missing { get; private set; }

    /// <summary>Queues a message; null when the bounds are reached.</summary>
    public QueuedDelivery? TryAdd(in Delivery delivery, MqttOptions options, bool isStored, DeliveryState state)
    {
        if (!delivery.IsRetained && !HasRoomFor(delivery.Message.CostBytes, options))
            return null;
        bool acknowledged = delivery.QualityOfService != QualityOfService.AtMostOnce;
        var queued = new QueuedDelivery(delivery, acknowledged ? ++_lastNumber : 0, isStored && acknowledged, state);
        Enqueue(queued);
        return queued;
    }

    /// <summary>Queues a message that only the database holds, to be settled; null when the bounds are reached.</summary>
    public QueuedDelivery? TryAdopt(QueuedDelivery left, QualityOfService qos, MqttOptions options)
    {
        if (!HasRoomFor(left.CostBytes, options))
            return null;
        var queued = new QueuedDelivery(++_lastNumber, qos, left.CostBytes, isReleased: false, left.Share, DeliveryState.Pending);
        Enqueue(queued);
        return queued;
    }

    /// <summary>Whether the retained messages of one more subscription may wait, however many they are: not while as many wait as others may.</summary>
    public bool HasRoomForRetained(MqttOptions options) => _retained < options.MaximumQueuedMessages && _retainedBytes < options.MaximumQueuedBytes;

    /// <summary>Takes over what a restart left, in the order of the numbers.</summary>
    /// <param name="stored">The messages, all ready.</param>
    /// <param name="sent">Messages up to this number may have been sent.</param>
    public void Recover(IEnumerable<QueuedDelivery> stored, long sent)
    {
        _lastNumber = sent;
        Sent = sent;
        SendLimit = sent;
        foreach (QueuedDelivery delivery in stored)
        {
            _lastNumber = Math.Max(_lastNumber, delivery.Number);
            if (delivery.Number <= sent && _inFlight.TryAdd(delivery.PacketIdentifier, delivery))
                Bytes += delivery.CostBytes;
            else
                Enqueue(delivery);
        }
    }

    /// <summary>
    /// Those of a share that another member may get, in order: what has begun in QoS 2 stays with whom it was sent to (section 4.8.2). Also those that are not durable
    /// yet.
    /// </summary>
    public List<QueuedDelivery> Inheritable() =>
    [
        .. _inFlight.Values.Where(delivery => delivery.QualityOfService == QualityOfService.AtLeastOnce).OrderBy(delivery => delivery.Number)
            .Concat(_waiting.Where(delivery => delivery.Number != 0))
            .Where(delivery => delivery is { Share: not null, State: not DeliveryState.Failed }),
    ];

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        _waiting.Clear();
        _inFlight.Clear();
        _again.Clear();
        Finished.Clear();
        Missing = null;
        _waitingBytes = 0;
        _retained = 0;
        _retainedBytes = 0;
        Bytes = 0;
    }

    /// <summary>The client is back: what is in flight is due once more.</summary>
    public void Resume()
    {
        _again.Clear();
        _aliases = null;
        _outstanding = 0;
        _lastBefore = _lastNumber;
        foreach (QueuedDelivery message in _inFlight.Values.OrderBy(m => m.Number))
        {
            message.IsOutstanding = false;
            _again.Enqueue(message);
        }
    }

    /// <summary>What is to be sent, the next one first.</summary>
    public IEnumerable<QueuedDelivery> Due() => _again.Concat(_waiting);

    /// <summary>
    /// Writes what may be sent now, until about <paramref name="limitBytes"/> are in the buffer.
    /// </summary>
    /// <returns>PUBLISH packets written.</returns>
    public int Write(PooledBuffer output, ClientLimits client, int limitBytes, long nowMs, BrokerCounters counters)
    {
        int written = 0;
        Missing = null;
        if (client.TopicAliasMaximum > 0)
            _aliases ??= new OutboundAliases(client.TopicAliasMaximum);
        while (output.Length < limitBytes && _again.TryPeek(out QueuedDelivery? again))
        {
            bool isCurrent = _inFlight.TryGetValue(again.PacketIdentifier, out QueuedDelivery? current) && ReferenceEquals(again, current);
            if (isCurrent && again.State == DeliveryState.Failed)
            {
                Finish(again);
            }
            else if (isCurrent && !again.IsReleased)
            {
                if (_outstanding >= client.ReceiveMaximum || !IsHere(again))
                    return written;
                if (TrySend(again, duplicate: true, output, client, nowMs, counters))
                    written++;
                else
                    Finish(again);
            }
            else if (isCurrent)
            {
                new AckPacket(PacketType.PubRel, again.PacketIdentifier).Write(output, client.Version);
            }
            _again.Dequeue();
        }
        while (output.Length < limitBytes && _waiting.TryPeek(out QueuedDelivery? next) && next.State != DeliveryState.Pending)
        {
            bool acknowledged = next.Number != 0;
            if (next.State == DeliveryState.Ready)
            {
                if (acknowledged && (_outstanding >= client.ReceiveMaximum || next.Number > SendLimit || _inFlight.ContainsKey(next.PacketIdentifier)))
                    break;
                if (!IsHere(next))
                    break;
            }
            Dequeue();
            Sent = Math.Max(Sent, next.Number);
            bool isSent = next.State == DeliveryState.Ready && TrySend(next, duplicate: false, output, client, nowMs, counters);
            if (isSent)
                written++;
            if (isSent && acknowledged)
                _inFlight.Add(next.PacketIdentifier, next);
            else
                Done(next);
        }
        return written;
    }

    /// <summary>PUBACK, or a PUBREC that refuses: the message is done. False when it was not in flight.</summary>
    public bool Acknowledge(ushort identifier, QualityOfService qos)
    {
        if (!_inFlight.TryGetValue(identifier, out QueuedDelivery? message) || message.QualityOfService != qos || message.IsReleased)
            return false;
        Finish(message);
        return true;
    }

    /// <summary>The message that PUBREC is for; null when it is not in flight.</summary>
    public QueuedDelivery? FindReceived(ushort identifier) =>
        _inFlight.TryGetValue(identifier, out QueuedDelivery? message) && message.QualityOfService == QualityOfService.ExactlyOnce ? message : null;

    /// <summary>PUBCOMP: the exchange is over. False when it was not released.</summary>
    public bool Complete(ushort identifier)
    {
        if (!_inFlight.TryGetValue(identifier, out QueuedDelivery? message) || !message.IsReleased)
            return false;
        Finish(message);
        return true;
    }

    private void Enqueue(QueuedDelivery delivery)
    {
        _waiting.Enqueue(delivery);
        _waitingBytes += delivery.CostBytes;
        Bytes += delivery.CostBytes;
        if (!delivery.IsRetained)
            return;
        _retained++;
        _retainedBytes += delivery.CostBytes;
    }

    private void Dequeue()
    {
        QueuedDelivery delivery = _waiting.Dequeue();
        _waitingBytes -= delivery.CostBytes;
        if (!delivery.IsRetained)
            return;
        _retained--;
        _retainedBytes -= delivery.CostBytes;
    }

    private bool HasRoomFor(int costBytes, MqttOptions options) =>
        _waiting.Count - _retained < options.MaximumQueuedMessages && _waitingBytes - _retainedBytes + costBytes <= options.MaximumQueuedBytes;

    private bool IsHere(QueuedDelivery delivery)
    {
        if (delivery.Message is not null)
            return true;
        Missing = delivery;
        return false;
    }

    private void Finish(QueuedDelivery delivery)
    {
        _inFlight.Remove(delivery.PacketIdentifier);
        if (delivery.IsOutstanding)
            _outstanding--;
        Done(delivery);
    }

    private void Done(QueuedDelivery delivery)
    {
        Bytes -= delivery.CostBytes;
        if (delivery.IsStored && delivery.State == DeliveryState.Ready)
            Finished.Add(delivery.Number);
    }

    private bool TrySend(QueuedDelivery delivery, bool duplicate, PooledBuffer output, ClientLimits client, long nowMs, BrokerCounters counters)
    {
        PublishedMessage message = delivery.Message!;
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
        if (delivery.Number != 0 && delivery.Number <= _lastBefore && client.Access?.MaySubscribe(message.Topic.Text) == false)
        {
            counters.Dropped(DropReason.NotAuthorized);
            return false;
        }
        byte[] properties = v5 ? message.Properties : [];
        (ushort alias, bool isKnown) = _aliases?.Find(message.Topic) ?? default;
        ReadOnlySpan<uint> identifiers = v5 ? delivery.SubscriptionIdentifiers : default;
        ReadOnlySpan<byte> topic = isKnown ? default : message.Topic.Utf8;
        if (SizeOf(topic, delivery, properties, expiry, identifiers, alias, client.Version) > client.MaximumPacketSize)
        {
            // Perhaps it fits without telling an alias.
            bool fits = alias != 0 && !isKnown && SizeOf(topic, delivery, properties, expiry, identifiers, 0, client.Version) <= client.MaximumPacketSize;
            if (!fits)
            {
                counters.Dropped(DropReason.TooLargeForClient);
                return false;
            }
            alias = 0;
        }
        new PublishPacket
        {
            Duplicate = duplicate,
            QualityOfService = delivery.QualityOfService,
            Retain = delivery.Retain,
            Topic = topic,
            PacketIdentifier = delivery.Number == 0 ? (ushort)0 : delivery.PacketIdentifier,
            Properties = properties,
            Payload = message.Payload,
        }.Write(output, client.Version, expiry, identifiers, alias);
        if (alias != 0 && !isKnown)
            _aliases!.Told(message.Topic, alias);
        if (delivery.Number != 0)
        {
            delivery.IsOutstanding = true;
            _outstanding++;
        }
        return true;
    }

    private static int SizeOf(
        ReadOnlySpan<byte> topic, QueuedDelivery delivery, byte[] properties, uint? expiry, ReadOnlySpan<uint> identifiers, ushort alias, ProtocolVersion version) =>
        PublishPacket.Size(
            topic.Length, delivery.QualityOfService, properties.Length + PublishPacket.AddedBytes(expiry, identifiers, alias),
            delivery.Message!.Payload.Length, version);
}
