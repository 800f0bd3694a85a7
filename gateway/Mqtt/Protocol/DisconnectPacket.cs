using System.Buffers;

namespace Sluice.Gateway.Mqtt.Protocol;

/// <summary>DISCONNECT (MQTT 5.0 section 3.14). In 3.1.1 only a client sends it, and it is empty.</summary>
public sealed record DisconnectPacket(ReasonCode Reason = ReasonCode.Success, PropertySet? Properties = null)
{
    /// <summary>Reads the body of a DISCONNECT.</summary>
    public static DisconnectPacket Parse(ReadOnlySpan<byte> body, ProtocolVersion version)
    {
        var reader = new PacketReader(body, PacketType.Disconnect);
        ReasonCode reason = ReasonCode.Success;
        PropertySet? properties = null;
        if (version == ProtocolVersion.Mqtt50 && !reader.IsAtEnd)
        {
            reason = ReasonCodes.Validate(reader.ReadByte("reason code"), PacketType.Disconnect);
            if (!reader.IsAtEnd)
                properties = PropertySet.Parse(reader.ReadPropertyBlock(), PacketType.Disconnect);
        }
        reader.ExpectEnd();
        return new DisconnectPacket(reason, properties);
    }

    /// <summary>Writes the whole packet in its shortest form.</summary>
    public void Write(IBufferWriter<byte> output, ProtocolVersion version)
    {
        bool v5 = version == ProtocolVersion.Mqtt50;
        bool withProperties = v5 && Properties is not null;
        bool withReason = v5 && (Reason != ReasonCode.Success || withProperties);
        PacketWriter writer = PacketWriter.Begin(
            output, PacketType.Disconnect, 0, (withReason ? 1 : 0) + (withProperties ? PropertySet.SizeWithLength(Properties) : 0));
        if (withReason)
            writer.WriteByte((byte)Reason);
        if (withProperties)
            PropertySet.WriteWithLength(ref writer, Properties);
        writer.End();
    }
}
