using System.Buffers;

namespace Sluice.Gateway.Mqtt.Protocol;

/// <summary>
/// PUBLISH (MQTT 5.0 section 3.3). A view: topic, properties and payload are slices of the receive buffer and die with it,
/// so whoever keeps the message copies them first. Parsing allocates nothing.
/// </summary>
public readonly ref struct PublishPacket
{
    private const int DuplicateFlag = 0x08;
    private const int RetainFlag = 0x01;

    public bool Duplicate { get; init; }

    public QualityOfService QualityOfService { get; init; }

    public bool Retain { get; init; }

    /// <summary>The topic name, valid UTF-8 without wildcards; empty only when <see cref="TopicAlias"/> stands for it.</summary>
    public ReadOnlySpan<byte> Topic { get; init; }

    /// <summary>0 in QoS 0.</summary>
    public ushort PacketIdentifier { get; init; }

    /// <summary>The property block without its length, validated. Empty in 3.1.1.</summary>
    public ReadOnlySpan<byte> Properties { get; init; }

    /// <summary>Out of <see cref="Properties"/>: the topic alias, 0 when absent.</summary>
    public ushort TopicAlias { get; init; }

    /// <summary>Out of <see cref="Properties"/>: the message expiry interval in seconds, null when absent.</summary>
    public uint? MessageExpiry { get; init; }

    /// <summary>Out of <see cref="Properties"/>: true when the payload says that it is UTF-8. Not checked here.</summary>
    public bool IsText { get; init; }

    /// <summary>Out of <see cref="Properties"/>: true when there are subscription identifiers, which only a server may send.</summary>
    public bool HasSubscriptionIdentifier { get; init; }

    public ReadOnlySpan<byte> Payload { get; init; }

    /// <summary>Reads the body of a PUBLISH.</summary>
    /// <param name="body">One packet's body.</param>
    /// <param name="flags">The fixed header's flags, validated by <see cref="PacketHeader"/>.</param>
    /// <param name="version">The connection's version.</param>
    public static PublishPacket Parse(ReadOnlySpan<byte> body, byte flags, ProtocolVersion version)
    {
        var reader = new PacketReader(body, PacketType.Publish);
        ReadOnlySpan<byte> topic = reader.ReadUtf8("topic name");
        var qos = (QualityOfService)(flags >> 1 & 3);
        ushort identifier = qos == QualityOfService.AtMostOnce ? (ushort)0 : reader.ReadPacketIdentifier();
        ReadOnlySpan<byte> block = default;
        ushort alias = 0;
        uint? expiry = null;
        bool isText = false;
        bool hasSubscriptionIdentifier = false;
        if (version == ProtocolVersion.Mqtt50)
        {
            block = reader.ReadPropertyBlock();
            var properties = new PropertyReader(block, PacketType.Publish);
            while (properties.Read())
            {
                switch (properties.Id)
                {
                    case PropertyId.TopicAlias:
                        alias = (ushort)properties.Number;
                        break;
                    case PropertyId.MessageExpiryInterval:
                        expiry = properties.Number;
                        break;
                    case PropertyId.PayloadFormatIndicator:
                        isText = properties.Number == 1;
                        break;
                    case PropertyId.SubscriptionIdentifier:
                        hasSubscriptionIdentifier = true;
                        break;
                }
            }
        }
        if (!topic.IsEmpty || version != ProtocolVersion.Mqtt50)
            TopicRules.ValidateName(topic, "topic name");
        else if (alias == 0)
            throw MqttProtocolException.Protocol("3.3.2.1", "PUBLISH with neither a topic name nor a topic alias");
        return new PublishPacket
        {
            Duplicate = (flags & DuplicateFlag) != 0,
            QualityOfService = qos,
            Retain = (flags & RetainFlag) != 0,
            Topic = topic,
            PacketIdentifier = identifier,
            Properties = block,
            TopicAlias = alias,
            MessageExpiry = expiry,
            IsText = isText,
            HasSubscriptionIdentifier = hasSubscriptionIdentifier,
            Payload = reader.ReadRest(),
        };
    }

    /// <summary>
    /// The properties that belong to the message and not to the hop, which a server passes on unaltered (sections 3.3.2.3.2,
    /// .5, .6, .7, .9): all but message expiry, topic alias and subscription identifiers.
    /// </summary>
    public static byte[] ForwardedProperties(ReadOnlySpan<byte> properties)
    {
        if (properties.IsEmpty)
            return [];
        byte[] kept = new byte[properties.Length];
        int length = 0;
        var reader = new PropertyReader(properties, PacketType.Publish);
        while (reader.Read())
        {
            if (reader.Id is PropertyId.MessageExpiryInterval or PropertyId.TopicAlias or PropertyId.SubscriptionIdentifier)
                continue;
            properties[reader.Start..reader.End].CopyTo(kept.AsSpan(length));
            length += reader.End - reader.Start;
        }
        return length == kept.Length ? kept : kept[..length];
    }

    /// <summary>Encodes a property set as the block that <see cref="Properties"/> expects.</summary>
    public static byte[] EncodeProperties(PropertySet? set)
    {
        if (set is null || set.Size() is 0)
            return [];
        int size = set.Size();
        var output = new ArrayBufferWriter<byte>(size + 8);
        // A packet of nothing but the block; its header and the block's length are cut off again.
        PacketWriter writer = PacketWriter.Begin(output, PacketType.Publish, 0, PropertySet.SizeWithLength(set));
        PropertySet.WriteWithLength(ref writer, set);
        writer.End();
        return output.WrittenSpan[^size..].ToArray();
    }

    /// <summary>Bytes of the whole packet with these parts.</summary>
    public static int Size(int topicBytes, QualityOfService qos, int propertyBytes, int payloadBytes, ProtocolVersion version) =>
        PacketWriter.PacketSize(BodySize(topicBytes, qos, propertyBytes, payloadBytes, version));

    private static int BodySize(int topicBytes, QualityOfService qos, int propertyBytes, int payloadBytes, ProtocolVersion version) =>
        2 + topicBytes + (qos == QualityOfService.AtMostOnce ? 0 : 2) + payloadBytes
        + (version == ProtocolVersion.Mqtt50 ? PacketWriter.VariableSize((uint)propertyBytes) + propertyBytes : 0);

    /// <summary>
    /// Writes the whole packet. In 5.0 the block is <see cref="Properties"/> as it is: alias, expiry and identifiers are written
    /// by whoever made the block (see <see cref="Write(IBufferWriter{byte}, ProtocolVersion, uint?, ReadOnlySpan{uint}, ushort)"/>).
    /// </summary>
    public void Write(IBufferWriter<byte> output, ProtocolVersion version) => Write(output, version, null, default, 0);

    /// <summary>Writes the whole packet with message expiry, subscription identifiers and a topic alias (0 for none) added to the block.</summary>
    public void Write(IBufferWriter<byte> output, ProtocolVersion version, uint? messageExpiry, ReadOnlySpan<uint> subscriptionIdentifiers, ushort topicAlias)
    {
        int propertyBytes = Properties.Length + AddedBytes(messageExpiry, subscriptionIdentifiers, topicAlias);
        int flags = (Duplicate ? DuplicateFlag : 0) | ((int)QualityOfService << 1) | (Retain ? RetainFlag : 0);
        int size = BodySize(Topic.Length, QualityOfService, propertyBytes, Payload.Length, version);
        PacketWriter writer = PacketWriter.Begin(output, PacketType.Publish, flags, size);
        writer.WriteBinary(Topic);
        if (QualityOfService != QualityOfService.AtMostOnce)
            writer.WriteUInt16(PacketIdentifier);
        if (version == ProtocolVersion.Mqtt50)
        {
            writer.WriteVariable((uint)propertyBytes);
            writer.WriteBytes(Properties);
            if (messageExpiry is { } seconds)
            {
                writer.WriteByte((byte)PropertyId.MessageExpiryInterval);
                writer.WriteUInt32(seconds);
            }
            if (topicAlias != 0)
            {
                writer.WriteByte((byte)PropertyId.TopicAlias);
                writer.WriteUInt16(topicAlias);
            }
            foreach (uint identifier in subscriptionIdentifiers)
            {
                writer.WriteByte((byte)PropertyId.SubscriptionIdentifier);
                writer.WriteVariable(identifier);
            }
        }
        writer.WriteBytes(Payload);
        writer.End();
    }

    /// <summary>Bytes that message expiry, subscription identifiers and a topic alias (0 for none) add to a property block.</summary>
    public static int AddedBytes(uint? messageExpiry, ReadOnlySpan<uint> subscriptionIdentifiers, ushort topicAlias)
    {
        int added = (messageExpiry is null ? 0 : 5) + (topicAlias == 0 ? 0 : 3);
        foreach (uint identifier in subscriptionIdentifiers)
            added += 1 + PacketWriter.VariableSize(identifier);
        return added;
    }
}
