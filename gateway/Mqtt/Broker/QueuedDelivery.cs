using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>How far the message of a <see cref="QueuedDelivery"/> is.</summary>
internal enum DeliveryState : byte
{
    /// <summary>Its transaction is not durable yet.</summary>
    Pending,

    /// <summary>It can be sent, or was.</summary>
    Ready,

    /// <summary>It was not stored: it is passed over.</summary>
    Failed,
}

/// <summary>A message's place in one session's queue. Of the session's lock, but for what never changes.</summary>
internal sealed class QueuedDelivery
{
    public QueuedDelivery(in Delivery delivery, long number, bool isStored, DeliveryState state)
    {
        Message = delivery.Message;
        QualityOfService = delivery.QualityOfService;
        Retain = delivery.Retain;
        SubscriptionIdentifiers = delivery.SubscriptionIdentifiers;
        Share = delivery.Share;
        IsRetained = delivery.IsRetained;
        CostBytes = delivery.Message.CostBytes;
        Number = number;
        IsStored = isStored;
        State = state;
    }

    /// <summary>A message that only the database holds.</summary>
    public QueuedDelivery(long number, QualityOfService qos, int costBytes, bool isReleased, string? share, DeliveryState state = DeliveryState.Ready)
    {
        QualityOfService = qos;
        CostBytes = costBytes;
        Number = number;
        IsStored = true;
        IsReleased = isReleased;
        Share = share;
        State = state;
    }

    /// <summary>
    /// Its number in the session, from 1; 0 in QoS 0. It gives the packet identifier too, so that a message has the same one
    /// also after a restart (MQTT 5.0 section 4.4) and nothing has to be written when it is sent.
    /// </summary>
    public long Number { get; }

    public ushort PacketIdentifier => IdentifierOf(Number);

    public QualityOfService QualityOfService { get; }

    public bool Retain { get; private set; }

    public uint[]? SubscriptionIdentifiers { get; private set; }

    /// <summary>The filter of the shared subscription that it is for; null for one that is not shared.</summary>
    public string? Share { get; }

    /// <summary>A retained message that a new subscription gets; not known any more after a restart.</summary>
    public bool IsRetained { get; }

    /// <summary>See <see cref="PublishedMessage.CostBytes"/>.</summary>
    public int CostBytes { get; }

    /// <summary>True when it has, or will have, a row.</summary>
    public bool IsStored { get; }

    /// <summary>The message; null while only the database holds it.</summary>
    public PublishedMessage? Message { get; private set; }

    public DeliveryState State { get; set; }

    /// <summary>PUBREC has come, PUBREL was sent, PUBCOMP is awaited.</summary>
    public bool IsReleased { get; set; }

    /// <summary>Sent on the present connection, so that it counts towards the client's Receive Maximum.</summary>
    public bool IsOutstanding { get; set; }

    public static ushort IdentifierOf(long number) => (ushort)(((number - 1) % ushort.MaxValue) + 1);

    /// <summary>Leaves the message to the database.</summary>
    public void Unload() => Message = null;

    /// <summary>Takes the message back from the database.</summary>
    public void Load(in Delivery stored)
    {
        Message = stored.Message;
        Retain = stored.Retain;
        SubscriptionIdentifiers = stored.SubscriptionIdentifiers;
    }
}
