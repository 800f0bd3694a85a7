using System.Buffers;

namespace Sluice.Gateway.Mqtt.Protocol;

/// <summary>What happens to retained messages when a subscription is made (MQTT 5.0 section 3.8.3.1).</summary>
public enum RetainHandling : byte
{
    Send = 0,
    SendIfNew = 1,
    DoNotSend = 2,
}

/// <summary>One topic filter with its options (MQTT 5.0 section 3.8.3.1). 3.1.1 has the QoS only.</summary>
public readonly record struct SubscriptionRequest(
    string Filter,
    QualityOfService MaximumQoS,
    bool NoLocal = false,
    bool RetainAsPublished = false,
    RetainHandling RetainHandling = RetainHandling.Send);

/// <summary>SUBSCRIBE (MQTT 5.0 section 3.8).</summary>
public sealed record SubscribePacket(ushort PacketIdentifier, IReadOnlyList<SubscriptionRequest> Requests, PropertySet? Properties = null)
{
    /// <summary>Reads the body of a SUBSCRIBE.</summary>
    public static SubscribePacket Parse(ReadOnlySpan<byte> body, ProtocolVersion version)
    {
        var reader = new PacketReader(body, PacketType.Subscribe);
        ushort identifier = reader.ReadPacketIdentifier();
        PropertySet? properties = version == ProtocolVersion.Mqtt50
            ? PropertySet.Parse(reader.ReadPropertyBlock(), PacketType.Subscribe)
            : null;
        var requests = new List<SubscriptionRequest>();
        while (!reader.IsAtEnd)
        {
            string filter = reader.ReadString("topic filter");
            TopicRules.ValidateFilter(filter);
            requests.Add(ReadOptions(filter, reader.ReadByte("subscription options"), version));
        }
        if (requests.Count == 0)
            throw MqttProtocolException.Protocol("3.8.3", "SUBSCRIBE without a topic filter");
        return new SubscribePacket(identifier, requests, properties);
    }

    private static SubscriptionRequest ReadOptions(string filter, byte options, ProtocolVersion version)
    {
        // Bits 7-6 are reserved in 5.0, bits 7-2 in 3.1.1 (section 3.8.3).
        int reserved = version == ProtocolVersion.Mqtt50 ? 0xC0 : 0xFC;
        if ((options & reserved) != 0)
            throw MqttProtocolException.Malformed("3.8.3.1", $"reserved bits set in subscription options {options:X2}");
        if ((options & 3) == 3)
            throw MqttProtocolException.Malformed("3.8.3.1", "subscription with QoS 3");
        int retainHandling = options >> 4 & 3;
        if (retainHandling == 3)
            throw MqttProtocolException.Malformed("3.8.3.1", "subscription with retain handling 3");
        bool noLocal = (options & 4) != 0;
        if (noLocal && TopicRules.IsShared(filter) && version == ProtocolVersion.Mqtt50)
            throw MqttProtocolException.Protocol("3.8.3.1", "no local on a shared subscription");
        return new SubscriptionRequest(
            filter, (QualityOfService)(options & 3), noLocal, (options & 8) != 0, (RetainHandling)retainHandling);
    }

    /// <summary>Writes the whole packet.</summary>
    public void Write(IBufferWriter<byte> output, ProtocolVersion version)
    {
        bool v5 = version == ProtocolVersion.Mqtt50;
        int size = 2 + (v5 ? PropertySet.SizeWithLength(Properties) : 0);
        foreach (SubscriptionRequest request in Requests)
            size += PacketWriter.StringSize(request.Filter) + 1;
        PacketWriter writer = PacketWriter.Begin(output, PacketType.Subscribe, 2, size);
        writer.WriteUInt16(PacketIdentifier);
        if (v5)
            PropertySet.WriteWithLength(ref writer, Properties);
        foreach (SubscriptionRequest request in Requests)
        {
            writer.WriteString(request.Filter);
            int options = (int)request.MaximumQoS;
            if (v5)
                options |= (request.NoLocal ? 4 : 0) | (request.RetainAsPublished ? 8 : 0) | ((int)request.RetainHandling << 4);
            writer.WriteByte((byte)options);
        }
        writer.End();
    }
}
