namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>Why the broker did not deliver or keep a message.</summary>
public enum DropReason
{
    /// <summary>A subscriber's queue was full (messages or bytes), or all of them together were.</summary>
    QueueFull,

    /// <summary>The message expired before it could be sent (MQTT 5.0 section 3.3.2.3.3).</summary>
    Expired,

    /// <summary>The packet is larger than the subscriber accepts (MQTT 5.0 section 3.1.2.11.4).</summary>
    TooLargeForClient,

    /// <summary>The store of retained messages was full; the message was delivered but not kept.</summary>
    RetainedFull,

    /// <summary>A QoS 0 message for a session whose client is away; only QoS 1 and 2 are queued for it (MQTT 5.0 section 4.1).</summary>
    ClientAway,

    /// <summary>The session ended with messages still queued.</summary>
    SessionEnded,

    /// <summary>The ingress refused or failed to store the message.</summary>
    IngressFailed,

    /// <summary>The publisher may not publish to its topic, or the subscriber may not read it any more.</summary>
    NotAuthorized,

    /// <summary>Its payload is not the UTF-8 that its Payload Format Indicator says (MQTT 5.0 section 3.3.2.3.2).</summary>
    PayloadFormatInvalid,
}

/// <summary>Why the broker closed a connection that had broken no rule.</summary>
public enum CloseReason
{
    /// <summary>It was not a client's in time: its TLS handshake, its WebSocket request or its CONNECT had not come whole (<see cref="MqttOptions.ConnectTimeout"/>).</summary>
    ConnectTimeout,

    /// <summary>Nothing came for one and a half times its keep alive.</summary>
    KeepAlive,

    /// <summary>It did not read what was sent to it (<see cref="MqttOptions.SendTimeout"/>).</summary>
    NotReading,

    /// <summary>Packets that had not come whole took too much memory (<see cref="MqttOptions.MaximumUnfinishedBytes"/>).</summary>
    UnfinishedBytes,

    /// <summary>A packet had not come whole in time (<see cref="MqttOptions.PacketTimeout"/>).</summary>
    PacketTimeout,
}

/// <summary>Figures of the broker since its start, taken at one moment. Gauges say so; the rest only grows.</summary>
public sealed record BrokerStatistics
{
    /// <summary>Gauge: clients connected (CONNECT accepted).</summary>
    public required int ClientsConnected { get; init; }

    /// <summary>Gauge: sessions held, connected or not.</summary>
    public required int Sessions { get; init; }

    /// <summary>Gauge: subscriptions.</summary>
    public required int Subscriptions { get; init; }

    /// <summary>Gauge: retained messages.</summary>
    public required int Retained { get; init; }

    /// <summary>Gauge: bytes of messages that wait for subscribers or are in flight to them.</summary>
    public required long QueuedBytes { get; init; }

    public required long ConnectionsAccepted { get; init; }

    /// <summary>Connections closed for a violation of the protocol.</summary>
    public required long ProtocolErrors { get; init; }

    /// <summary>Clients refused for who they are, or because too many are there.</summary>
    public required long Refused { get; init; }

    /// <summary>Connections closed that had broken no rule, by reason.</summary>
    public required IReadOnlyDictionary<CloseReason, long> Closed { get; init; }

    /// <summary>PUBLISH packets received.</summary>
    public required long MessagesIn { get; init; }

    /// <summary>PUBLISH packets sent.</summary>
    public required long MessagesOut { get; init; }

    public required long BytesIn { get; init; }

    public required long BytesOut { get; init; }

    /// <summary>PUBACK and PUBREC packets sent.</summary>
    public required long AcknowledgementsOut { get; init; }

    /// <summary>Messages not delivered or not kept, by reason.</summary>
    public required IReadOnlyDictionary<DropReason, long> Dropped { get; init; }
}
