using System.Buffers;

namespace Sluice.Gateway.Mqtt.Protocol;

/// <summary>PUBACK, PUBREC, PUBREL and PUBCOMP, which share one form (MQTT 5.0 sections 3.4 to 3.7).</summary>
public readonly record struct AckPacket(PacketType Type, ushort PacketIdentifier, ReasonCode Reason = ReasonCode.Success, PropertySet? Properties = null)
{
    /// <summary>Reads the body of such a packet.</summary>
    public static AckPacket Parse(ReadOnlySpan<byte> body, PacketType type, ProtocolVersion version)
    {
        var reader = new PacketReader(body, type);
        ushort identifier = reader.ReadPacketIdentifier();
        ReasonCode reason = ReasonCode.Success;
        PropertySet? properties = null;
        if (version == ProtocolVersion.Mqtt50 && !reader.IsAtEnd)
        {
            // Sections 3.4.2.1, 3.4.2.2.1: reason and properties may each be left out at the end.
            reason = ReasonCodes.Validate(reader.ReadByte("reason code"), type);
            if (!reader.IsAtEnd)
                properties = PropertySet.Parse(reader.ReadPropertyBlock(), type);
        }
        reader.ExpectEnd();
        return new AckPacket(type, identifier, reason, properties);
    }

    /// <summary>Writes the whole packet in its shortest form.</summary>
    public void Write(IBufferWriter<byte> output, ProtocolVersion version)
    {
        int flags = Type == PacketType.PubRel ? 2 : 0;
        bool v5 = version == ProtocolVersion.Mqtt50;
        bool withProperties = v5 && Properties is not null;
        bool withReason = v5 && (Reason != ReasonCode.Success || withProperties);
        int size = 2 + (withReason ? 1 : 0) + (withProperties ? PropertySet.SizeWithLength(Properties) : 0);
        PacketWriter writer = PacketWriter.Begin(output, Type, flags, size);
        writer.WriteUInt16(PacketIdentifier);
        if (withReason)
            writer.WriteByte((byte)Reason);
        if (withProperties)
            PropertySet.WriteWithLength(ref writer, Properties);
        writer.End();
    }
}
