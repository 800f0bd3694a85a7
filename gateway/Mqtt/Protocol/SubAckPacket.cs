using System.Buffers;

namespace Sluice.Gateway.Mqtt.Protocol;

/// <summary>
/// SUBACK and UNSUBACK (MQTT 5.0 sections 3.9 and 3.11): one reason a filter, in the order of the request. UNSUBACK of 3.1.1 carries none,
/// and SUBACK of 3.1.1 knows the failure 0x80 only.
/// </summary>
public sealed record SubAckPacket(PacketType Type, ushort PacketIdentifier, IReadOnlyList<ReasonCode> Reasons, PropertySet? Properties = null)
{
    /// <summary>Reads the body of a SUBACK or UNSUBACK.</summary>
    public static SubAckPacket Parse(ReadOnlySpan<byte> body, PacketType type, ProtocolVersion version)
    {
        var reader = new PacketReader(body, type);
        ushort identifier = reader.ReadPacketIdentifier();
        PropertySet? properties = version == ProtocolVersion.Mqtt50 ? PropertySet.Parse(reader.ReadPropertyBlock(), type) : null;
        var reasons = new List<ReasonCode>();
        if (version == ProtocolVersion.Mqtt50 || type == PacketType.SubAck)
        {
            while (!reader.IsAtEnd)
                reasons.Add(ReasonCodes.Validate(reader.ReadByte("reason code"), type));
        }
        reader.ExpectEnd();
        return new SubAckPacket(type, identifier, reasons, properties);
    }

    /// <summary>Writes the whole packet.</summary>
    public void Write(IBufferWriter<byte> output, ProtocolVersion version)
    {
        bool v5 = version == ProtocolVersion.Mqtt50;
        bool withReasons = v5 || Type == PacketType.SubAck;
        int size = 2 + (v5 ? PropertySet.SizeWithLength(Properties) : 0) + (withReasons ? Reasons.Count : 0);
        PacketWriter writer = PacketWriter.Begin(output, Type, 0, size);
        writer.WriteUInt16(PacketIdentifier);
        if (v5)
            PropertySet.WriteWithLength(ref writer, Properties);
        if (withReasons)
        {
            foreach (ReasonCode reason in Reasons)
                writer.WriteByte(v5 || reason < ReasonCode.UnspecifiedError ? (byte)reason : (byte)ReasonCode.UnspecifiedError);
        }
        writer.End();
    }
}
