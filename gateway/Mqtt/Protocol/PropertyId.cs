namespace Sluice.Gateway.Mqtt.Protocol;

/// <summary>Identifiers of properties (MQTT 5.0 section 2.2.2.2, table 2-4).</summary>
public enum PropertyId : byte
{
    PayloadFormatIndicator = 0x01,
    MessageExpiryInterval = 0x02,
    ContentType = 0x03,
    ResponseTopic = 0x08,
    CorrelationData = 0x09,
    SubscriptionIdentifier = 0x0B,
    SessionExpiryInterval = 0x11,
    AssignedClientIdentifier = 0x12,
    ServerKeepAlive = 0x13,
    AuthenticationMethod = 0x15,
    AuthenticationData = 0x16,
    RequestProblemInformation = 0x17,
    WillDelayInterval = 0x18,
    RequestResponseInformation = 0x19,
    ResponseInformation = 0x1A,
    ServerReference = 0x1C,
    ReasonString = 0x1F,
    ReceiveMaximum = 0x21,
    TopicAliasMaximum = 0x22,
    TopicAlias = 0x23,
    MaximumQoS = 0x24,
    RetainAvailable = 0x25,
    UserProperty = 0x26,
    MaximumPacketSize = 0x27,
    WildcardSubscriptionAvailable = 0x28,
    SubscriptionIdentifierAvailable = 0x29,
    SharedSubscriptionAvailable = 0x2A,
}

/// <summary>How a property's value is written (MQTT 5.0 section 2.2.2.2).</summary>
internal enum PropertyType : byte
{
    Unknown,
    Byte,
    UInt16,
    UInt32,
    Variable,
    Text,
    Binary,
    TextPair,
}

/// <summary>Table 2-4 of MQTT 5.0: the type of each property and the packets it may stand in.</summary>
internal static class PropertyTable
{
    /// <summary>Stands for the will's properties in CONNECT, which are a place of their own in the table.</summary>
    public const PacketType Will = 0;

    private static readonly (PropertyType Type, ushort Places)[] Rows = Build();

    /// <summary>The value's type; Unknown when there is no such property.</summary>
    public static PropertyType TypeOf(uint id) => id < (uint)Rows.Length ? Rows[id].Type : PropertyType.Unknown;

    /// <summary>True when the property may stand in this packet.</summary>
    public static bool IsAllowed(PropertyId id, PacketType place) => (Rows[(int)id].Places >> (int)place & 1) != 0;

    /// <summary>True when the property may be there several times: User Property, and Subscription Identifier in PUBLISH.</summary>
    public static bool MayRepeat(PropertyId id, PacketType place) =>
        id == PropertyId.UserProperty || (id == PropertyId.SubscriptionIdentifier && place == PacketType.Publish);

    private static (PropertyType, ushort)[] Build()
    {
        var rows = new (PropertyType, ushort)[(int)PropertyId.SharedSubscriptionAvailable + 1];
        void Row(PropertyId id, PropertyType type, params ReadOnlySpan<PacketType> places)
        {
            int mask = 0;
            foreach (PacketType place in places)
                mask |= 1 << (int)place;
            rows[(int)id] = (type, (ushort)mask);
        }
        const PacketType connect = PacketType.Connect, connAck = PacketType.ConnAck, publish = PacketType.Publish;
        const PacketType disconnect = PacketType.Disconnect, auth = PacketType.Auth;
        Row(PropertyId.PayloadFormatIndicator, PropertyType.Byte, publish, Will);
        Row(PropertyId.MessageExpiryInterval, PropertyType.UInt32, publish, Will);
        Row(PropertyId.ContentType, PropertyType.Text, publish, Will);
        Row(PropertyId.ResponseTopic, PropertyType.Text, publish, Will);
        Row(PropertyId.CorrelationData, PropertyType.Binary, publish, Will);
        Row(PropertyId.SubscriptionIdentifier, PropertyType.Variable, publish, PacketType.Subscribe);
        Row(PropertyId.SessionExpiryInterval, PropertyType.UInt32, connect, connAck, disconnect);
        Row(PropertyId.AssignedClientIdentifier, PropertyType.Text, connAck);
        Row(PropertyId.ServerKeepAlive, PropertyType.UInt16, connAck);
        Row(PropertyId.AuthenticationMethod, PropertyType.Text, connect, connAck, auth);
        Row(PropertyId.AuthenticationData, PropertyType.Binary, connect, connAck, auth);
        Row(PropertyId.RequestProblemInformation, PropertyType.Byte, connect);
        Row(PropertyId.WillDelayInterval, PropertyType.UInt32, Will);
        Row(PropertyId.RequestResponseInformation, PropertyType.Byte, connect);
        Row(PropertyId.ResponseInformation, PropertyType.Text, connAck);
        Row(PropertyId.ServerReference, PropertyType.Text, connAck, disconnect);
        Row(PropertyId.ReasonString, PropertyType.Text, connAck, PacketType.PubAck, PacketType.PubRec, PacketType.PubRel,
            PacketType.PubComp, PacketType.SubAck, PacketType.UnsubAck, disconnect, auth);
        Row(PropertyId.ReceiveMaximum, PropertyType.UInt16, connect, connAck);
        Row(PropertyId.TopicAliasMaximum, PropertyType.UInt16, connect, connAck);
        Row(PropertyId.TopicAlias, PropertyType.UInt16, publish);
        Row(PropertyId.MaximumQoS, PropertyType.Byte, connAck);
        Row(PropertyId.RetainAvailable, PropertyType.Byte, connAck);
        Row(PropertyId.UserProperty, PropertyType.TextPair, connect, connAck, publish, Will, PacketType.PubAck, PacketType.PubRec,
            PacketType.PubRel, PacketType.PubComp, PacketType.Subscribe, PacketType.SubAck, PacketType.Unsubscribe,
            PacketType.UnsubAck, disconnect, auth);
        Row(PropertyId.MaximumPacketSize, PropertyType.UInt32, connect, connAck);
        Row(PropertyId.WildcardSubscriptionAvailable, PropertyType.Byte, connAck);
        Row(PropertyId.SubscriptionIdentifierAvailable, PropertyType.Byte, connAck);
        Row(PropertyId.SharedSubscriptionAvailable, PropertyType.Byte, connAck);
        return rows;
    }
}
