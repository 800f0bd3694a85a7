using System.Text;

namespace Sluice.Gateway.Mqtt.Protocol;

/// <summary>
/// The properties of a packet (MQTT 5.0 section 2.2.2), for packets that are not in the hot path. Null means absent.
/// </summary>
public sealed class PropertySet
{
    public byte? PayloadFormatIndicator { get; set; }
    public uint? MessageExpiryInterval { get; set; }
    public string? ContentType { get; set; }
    public string? ResponseTopic { get; set; }
    public byte[]? CorrelationData { get; set; }
    public uint? SessionExpiryInterval { get; set; }
    public string? AssignedClientIdentifier { get; set; }
    public ushort? ServerKeepAlive { get; set; }
    public string? AuthenticationMethod { get; set; }
    public byte[]? AuthenticationData { get; set; }
    public byte? RequestProblemInformation { get; set; }
    public uint? WillDelayInterval { get; set; }
    public byte? RequestResponseInformation { get; set; }
    public string? ResponseInformation { get; set; }
    public string? ServerReference { get; set; }
    public string? ReasonString { get; set; }
    public ushort? ReceiveMaximum { get; set; }
    public ushort? TopicAliasMaximum { get; set; }
    public ushort? TopicAlias { get; set; }
    public byte? MaximumQoS { get; set; }
    public byte? RetainAvailable { get; set; }
    public uint? MaximumPacketSize { get; set; }
    public byte? WildcardSubscriptionAvailable { get; set; }
    public byte? SubscriptionIdentifierAvailable { get; set; }
    public byte? SharedSubscriptionAvailable { get; set; }

    /// <summary>Subscription identifiers, 1 to 268,435,455. At most one in SUBSCRIBE.</summary>
    public IList<uint> SubscriptionIdentifiers { get; } = [];

    /// <summary>User properties, in order; names may repeat.</summary>
    public IList<KeyValuePair<string, string>> UserProperties { get; } = [];

    /// <summary>Reads and validates a block.</summary>
    internal static PropertySet Parse(ReadOnlySpan<byte> block, PacketType place)
    {
        var set = new PropertySet();
        var reader = new PropertyReader(block, place);
        while (reader.Read())
            set.Take(ref reader);
        return set;
    }

    private void Take(ref PropertyReader reader)
    {
        uint number = reader.Number;
        switch (reader.Id)
        {
            case PropertyId.PayloadFormatIndicator: PayloadFormatIndicator = (byte)number; break;
            case PropertyId.MessageExpiryInterval: MessageExpiryInterval = number; break;
            case PropertyId.ContentType: ContentType = reader.Text(); break;
            case PropertyId.ResponseTopic: ResponseTopic = reader.Text(); break;
            case PropertyId.CorrelationData: CorrelationData = reader.Bytes.ToArray(); break;
            case PropertyId.SubscriptionIdentifier: SubscriptionIdentifiers.Add(number); break;
            case PropertyId.SessionExpiryInterval: SessionExpiryInterval = number; break;
            case PropertyId.AssignedClientIdentifier: AssignedClientIdentifier = reader.Text(); break;
            case PropertyId.ServerKeepAlive: ServerKeepAlive = (ushort)number; break;
            case PropertyId.AuthenticationMethod: AuthenticationMethod = reader.Text(); break;
            case PropertyId.AuthenticationData: AuthenticationData = reader.Bytes.ToArray(); break;
            case PropertyId.RequestProblemInformation: RequestProblemInformation = (byte)number; break;
            case PropertyId.WillDelayInterval: WillDelayInterval = number; break;
            case PropertyId.RequestResponseInformation: RequestResponseInformation = (byte)number; break;
            case PropertyId.ResponseInformation: ResponseInformation = reader.Text(); break;
            case PropertyId.ServerReference: ServerReference = reader.Text(); break;
            case PropertyId.ReasonString: ReasonString = reader.Text(); break;
            case PropertyId.ReceiveMaximum: ReceiveMaximum = (ushort)number; break;
            case PropertyId.TopicAliasMaximum: TopicAliasMaximum = (ushort)number; break;
            case PropertyId.TopicAlias: TopicAlias = (ushort)number; break;
            case PropertyId.MaximumQoS: MaximumQoS = (byte)number; break;
            case PropertyId.RetainAvailable: RetainAvailable = (byte)number; break;
            case PropertyId.MaximumPacketSize: MaximumPacketSize = number; break;
            case PropertyId.WildcardSubscriptionAvailable: WildcardSubscriptionAvailable = (byte)number; break;
            case PropertyId.SubscriptionIdentifierAvailable: SubscriptionIdentifierAvailable = (byte)number; break;
            case PropertyId.SharedSubscriptionAvailable: SharedSubscriptionAvailable = (byte)number; break;
            case PropertyId.UserProperty:
                UserProperties.Add(new(reader.Text(), Encoding.UTF8.GetString(reader.PairValue)));
                break;
        }
    }

    /// <summary>Bytes of the block of <paramref name="set"/> with its length; 1 when there is none.</summary>
    internal static int SizeWithLength(PropertySet? set)
    {
        int size = set?.Size() ?? 0;
        return PacketWriter.VariableSize((uint)size) + size;
    }

    /// <summary>Bytes of the block without its length.</summary>
    internal int Size()
    {
        int size = 0;
        foreach ((PropertyId _, uint value, PropertyType type) in Numbers())
        {
            size += 1 + type switch
            {
                PropertyType.Byte => 1,
                PropertyType.UInt16 => 2,
                PropertyType.UInt32 => 4,
                _ => PacketWriter.VariableSize(value),
            };
        }
        foreach ((PropertyId _, string text) in Texts())
            size += 1 + PacketWriter.StringSize(text);
        foreach ((PropertyId _, byte[] bytes) in Binaries())
            size += 3 + bytes.Length;
        foreach ((string name, string value) in UserProperties)
            size += 1 + PacketWriter.StringSize(name) + PacketWriter.StringSize(value);
        return size;
    }

    /// <summary>Writes the block with its length; a null set is an empty block.</summary>
    internal static void WriteWithLength(ref PacketWriter writer, PropertySet? set)
    {
        writer.WriteVariable((uint)(set?.Size() ?? 0));
        set?.Write(ref writer);
    }

    private void Write(ref PacketWriter writer)
    {
        foreach ((PropertyId id, uint value, PropertyType type) in Numbers())
        {
            writer.WriteByte((byte)id);
            switch (type)
            {
                case PropertyType.Byte: writer.WriteByte((byte)value); break;
                case PropertyType.UInt16: writer.WriteUInt16((ushort)value); break;
                case PropertyType.UInt32: writer.WriteUInt32(value); break;
                default: writer.WriteVariable(value); break;
            }
        }
        foreach ((PropertyId id, string text) in Texts())
        {
            writer.WriteByte((byte)id);
            writer.WriteString(text);
        }
        foreach ((PropertyId id, byte[] bytes) in Binaries())
        {
            writer.WriteByte((byte)id);
            writer.WriteBinary(bytes);
        }
        foreach ((string name, string value) in UserProperties)
        {
            writer.WriteByte((byte)PropertyId.UserProperty);
            writer.WriteString(name);
            writer.WriteString(value);
        }
    }

    private IEnumerable<(PropertyId Id, uint Value, PropertyType Type)> Numbers()
    {
        (PropertyId, uint?)[] candidates =
        [
            (PropertyId.PayloadFormatIndicator, PayloadFormatIndicator),
            (PropertyId.MessageExpiryInterval, MessageExpiryInterval),
            (PropertyId.SessionExpiryInterval, SessionExpiryInterval),
            (PropertyId.ServerKeepAlive, ServerKeepAlive),
            (PropertyId.RequestProblemInformation, RequestProblemInformation),
            (PropertyId.WillDelayInterval, WillDelayInterval),
            (PropertyId.RequestResponseInformation, RequestResponseInformation),
            (PropertyId.ReceiveMaximum, ReceiveMaximum),
            (PropertyId.TopicAliasMaximum, TopicAliasMaximum),
            (PropertyId.TopicAlias, TopicAlias),
            (PropertyId.MaximumQoS, MaximumQoS),
            (PropertyId.RetainAvailable, RetainAvailable),
            (PropertyId.MaximumPacketSize, MaximumPacketSize),
            (PropertyId.WildcardSubscriptionAvailable, WildcardSubscriptionAvailable),
            (PropertyId.SubscriptionIdentifierAvailable, SubscriptionIdentifierAvailable),
            (PropertyId.SharedSubscriptionAvailable, SharedSubscriptionAvailable),
        ];
        foreach ((PropertyId id, uint? value) in candidates)
        {
            if (value is { } present)
                yield return (id, present, PropertyTable.TypeOf((uint)id));
        }
        foreach (uint identifier in SubscriptionIdentifiers)
            yield return (PropertyId.SubscriptionIdentifier, identifier, PropertyType.Variable);
    }

    private IEnumerable<(PropertyId Id, string Text)> Texts()
    {
        (PropertyId, string?)[] candidates =
        [
            (PropertyId.ContentType, ContentType),
            (PropertyId.ResponseTopic, ResponseTopic),
            (PropertyId.AssignedClientIdentifier, AssignedClientIdentifier),
            (PropertyId.AuthenticationMethod, AuthenticationMethod),
            (PropertyId.ResponseInformation, ResponseInformation),
            (PropertyId.ServerReference, ServerReference),
            (PropertyId.ReasonString, ReasonString),
        ];
        foreach ((PropertyId id, string? text) in candidates)
        {
            if (text is not null)
                yield return (id, text);
        }
    }

    private IEnumerable<(PropertyId Id, byte[] Bytes)> Binaries()
    {
        if (CorrelationData is not null)
            yield return (PropertyId.CorrelationData, CorrelationData);
        if (AuthenticationData is not null)
            yield return (PropertyId.AuthenticationData, AuthenticationData);
    }
}
