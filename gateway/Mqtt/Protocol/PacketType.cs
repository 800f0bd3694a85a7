namespace Sluice.Gateway.Mqtt.Protocol;

/// <summary>Control packet types, the high nibble of a packet's first byte (MQTT 5.0 section 2.1.2).</summary>
public enum PacketType : byte
{
    Connect = 1,
    ConnAck = 2,
    Publish = 3,
    PubAck = 4,
    PubRec = 5,
    PubRel = 6,
    PubComp = 7,
    Subscribe = 8,
    SubAck = 9,
    Unsubscribe = 10,
    UnsubAck = 11,
    PingReq = 12,
    PingResp = 13,
    Disconnect = 14,
    Auth = 15,
}

/// <summary>The protocol level a connection speaks (MQTT 5.0 section 3.1.2.2; 3.1.1 the same section; 3.1 "CONNECT").</summary>
public enum ProtocolVersion : byte
{
    Mqtt31 = 3,
    Mqtt311 = 4,
    Mqtt50 = 5,
}

/// <summary>Delivery quality (MQTT 5.0 section 4.3).</summary>
public enum QualityOfService : byte
{
    AtMostOnce = 0,
    AtLeastOnce = 1,
    ExactlyOnce = 2,
}
