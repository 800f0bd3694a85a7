using System.Buffers;

namespace Sluice.Gateway.Mqtt.Protocol;

/// <summary>UNSUBSCRIBE (MQTT 5.0 section 3.10).</summary>
public sealed record UnsubscribePacket(ushort PacketIdentifier, IReadOnlyList<string> Filters, PropertySet? Properties = null)
{
    /// <summary>Reads the body of an UNSUBSCRIBE.</summary>
    public static UnsubscribePacket Parse(ReadOnlySpan<byte> body, ProtocolVersion version)
    {
        var reader = new PacketReader(body, PacketType.Unsubscribe);
        ushort identifier = reader.ReadPacketIdentifier();
        PropertySet? properties = version == ProtocolVersion.Mqtt50
            ? PropertySet.Parse(reader.ReadPropertyBlock(), PacketType.Unsubscribe)
            : null;
        var filters = new List<string>();
        while (!reader.IsAtEnd)
        {
            string filter = reader.ReadString("topic filter");
            TopicRules.ValidateFilter(filter);
            filters.Add(filter);
        }
        if (filters.Count == 0)
            throw MqttProtocolException.Protocol("3.10.3", "UNSUBSCRIBE without a topic filter");
        return new UnsubscribePacket(identifier, filters, properties);
    }

    /// <summary>Writes the whole packet.</summary>
    public void Write(IBufferWriter<byte> output, ProtocolVersion version)
    {
        bool v5 = version == ProtocolVersion.Mqtt50;
        int size = 2 + (v5 ? PropertySet.SizeWithLength(Properties) : 0);
        foreach (string filter in Filters)
            size += PacketWriter.StringSize(filter);
        PacketWriter writer = PacketWriter.Begin(output, PacketType.Unsubscribe, 2, size);
        writer.WriteUInt16(PacketIdentifier);
        if (v5)
            PropertySet.WriteWithLength(ref writer, Properties);
        foreach (string filter in Filters)
            writer.WriteString(filter);
        writer.End();
    }
}
