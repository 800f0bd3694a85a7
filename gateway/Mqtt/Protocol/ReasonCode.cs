namespace Sluice.Gateway.Mqtt.Protocol;

/// <summary>Reason codes (MQTT 5.0 section 2.4). From 0x80 on they say failure.</summary>
public enum ReasonCode : byte
{
    /// <summary>Also Normal disconnection and Granted QoS 0.</summary>
    Success = 0x00,
    GrantedQoS1 = 0x01,
    GrantedQoS2 = 0x02,
    DisconnectWithWill = 0x04,
    NoMatchingSubscribers = 0x10,
    NoSubscriptionExisted = 0x11,
    ContinueAuthentication = 0x18,
    ReAuthenticate = 0x19,
    UnspecifiedError = 0x80,
    MalformedPacket = 0x81,
    ProtocolError = 0x82,
    ImplementationSpecificError = 0x83,
    UnsupportedProtocolVersion = 0x84,
    ClientIdentifierNotValid = 0x85,
    BadUserNameOrPassword = 0x86,
    NotAuthorized = 0x87,
    ServerUnavailable = 0x88,
    ServerBusy = 0x89,
    Banned = 0x8A,
    ServerShuttingDown = 0x8B,
    BadAuthenticationMethod = 0x8C,
    KeepAliveTimeout = 0x8D,
    SessionTakenOver = 0x8E,
    TopicFilterInvalid = 0x8F,
    TopicNameInvalid = 0x90,
    PacketIdentifierInUse = 0x91,
    PacketIdentifierNotFound = 0x92,
    ReceiveMaximumExceeded = 0x93,
    TopicAliasInvalid = 0x94,
    PacketTooLarge = 0x95,
    MessageRateTooHigh = 0x96,
    QuotaExceeded = 0x97,
    AdministrativeAction = 0x98,
    PayloadFormatInvalid = 0x99,
    RetainNotSupported = 0x9A,
    QoSNotSupported = 0x9B,
    UseAnotherServer = 0x9C,
    ServerMoved = 0x9D,
    SharedSubscriptionsNotSupported = 0x9E,
    ConnectionRateExceeded = 0x9F,
    MaximumConnectTime = 0xA0,
    SubscriptionIdentifiersNotSupported = 0xA1,
    WildcardSubscriptionsNotSupported = 0xA2,
}

/// <summary>Which packet may carry which reason code (the table of MQTT 5.0 section 2.4).</summary>
public static class ReasonCodes
{
    /// <summary>Throws when the byte is no reason code of this packet type.</summary>
    public static ReasonCode Validate(byte value, PacketType packet)
    {
        var code = (ReasonCode)value;
        bool valid = packet switch
        {
            PacketType.ConnAck => code is ReasonCode.Success or (>= ReasonCode.UnspecifiedError and <= ReasonCode.Banned)
                or ReasonCode.BadAuthenticationMethod or ReasonCode.TopicNameInvalid or ReasonCode.PacketTooLarge
                or ReasonCode.QuotaExceeded or (>= ReasonCode.PayloadFormatInvalid and <= ReasonCode.ServerMoved)
                or ReasonCode.ConnectionRateExceeded,
            PacketType.PubAck or PacketType.PubRec => code is ReasonCode.Success or ReasonCode.NoMatchingSubscribers
                or ReasonCode.UnspecifiedError or ReasonCode.ImplementationSpecificError or ReasonCode.NotAuthorized
                or ReasonCode.TopicNameInvalid or ReasonCode.PacketIdentifierInUse or ReasonCode.QuotaExceeded
                or ReasonCode.PayloadFormatInvalid,
            PacketType.PubRel or PacketType.PubComp => code is ReasonCode.Success or ReasonCode.PacketIdentifierNotFound,
            PacketType.SubAck => code is ReasonCode.Success or ReasonCode.GrantedQoS1 or ReasonCode.GrantedQoS2
                or ReasonCode.UnspecifiedError or ReasonCode.ImplementationSpecificError or ReasonCode.NotAuthorized
                or ReasonCode.TopicFilterInvalid or ReasonCode.PacketIdentifierInUse or ReasonCode.QuotaExceeded
                or ReasonCode.SharedSubscriptionsNotSupported or ReasonCode.SubscriptionIdentifiersNotSupported
                or ReasonCode.WildcardSubscriptionsNotSupported,
            PacketType.UnsubAck => code is ReasonCode.Success or ReasonCode.NoSubscriptionExisted
                or ReasonCode.UnspecifiedError or ReasonCode.ImplementationSpecificError or ReasonCode.NotAuthorized
                or ReasonCode.TopicFilterInvalid or ReasonCode.PacketIdentifierInUse,
            PacketType.Disconnect => code is ReasonCode.Success or ReasonCode.DisconnectWithWill
                or (>= ReasonCode.UnspecifiedError and <= ReasonCode.ImplementationSpecificError)
                or ReasonCode.NotAuthorized or ReasonCode.ServerBusy
                or (>= ReasonCode.ServerShuttingDown and <= ReasonCode.TopicNameInvalid)
                or (>= ReasonCode.ReceiveMaximumExceeded and <= ReasonCode.WildcardSubscriptionsNotSupported),
            PacketType.Auth => code is ReasonCode.Success or ReasonCode.ContinueAuthentication or ReasonCode.ReAuthenticate,
            _ => false,
        };
        if (!valid)
            throw new MqttProtocolException(ReasonCode.MalformedPacket, "2.4", $"0x{value:X2} is no reason code of {packet}");
        return code;
    }

    /// <summary>
    /// The CONNACK return code of 3.1.1 (section 3.2.2.3) nearest to a 5.0 reason code. Codes without a counterpart become 3, server unavailable.
    /// </summary>
    public static byte ToConnectReturnCode(ReasonCode code) => code switch
    {
        ReasonCode.Success => 0,
        ReasonCode.UnsupportedProtocolVersion => 1,
        ReasonCode.ClientIdentifierNotValid => 2,
        ReasonCode.BadUserNameOrPassword => 4,
        ReasonCode.NotAuthorized or ReasonCode.Banned or ReasonCode.BadAuthenticationMethod => 5,
        _ => 3,
    };

    /// <summary>The other way round, for a client. Throws for a code that 3.1.1 reserves.</summary>
    public static ReasonCode FromConnectReturnCode(byte code) => code switch
    {
        0 => ReasonCode.Success,
        1 => ReasonCode.UnsupportedProtocolVersion,
        2 => ReasonCode.ClientIdentifierNotValid,
        3 => ReasonCode.ServerUnavailable,
        4 => ReasonCode.BadUserNameOrPassword,
        5 => ReasonCode.NotAuthorized,
        _ => throw new MqttProtocolException(ReasonCode.MalformedPacket, "3.1.1:3.2.2.3", $"return code {code} is reserved"),
    };
}
