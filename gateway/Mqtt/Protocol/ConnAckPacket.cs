using System.Buffers;

namespace Sluice.Gateway.Mqtt.Protocol;

/// <summary>CONNACK (MQTT 5.0 section 3.2). In 3.1.1 the reason is mapped to the nearest return code.</summary>
public sealed record ConnAckPacket(bool SessionPresent, ReasonCode Reason, PropertySet? Properties = null)
{
    /// <summary>Reads the body of a CONNACK.</summary>
    public static ConnAckPacket Parse(ReadOnlySpan<byte> body, ProtocolVersion version)
    {
        var reader = new PacketReader(body, PacketType.ConnAck);
        byte flags = reader.ReadByte("acknowledge flags");
        if (flags > 1)
            throw MqttProtocolException.Malformed("3.2.2.1", $"acknowledge flags {flags:X2}, bits 7-1 are reserved");
        byte code = reader.ReadByte("reason code");
        ReasonCode reason;
        PropertySet? properties = null;
        if (version == ProtocolVersion.Mqtt50)
        {
            reason = ReasonCodes.Validate(code, PacketType.ConnAck);
            properties = PropertySet.Parse(reader.ReadPropertyBlock(), PacketType.ConnAck);
        }
        else
        {
            reason = ReasonCodes.FromConnectReturnCode(code);
        }
        reader.ExpectEnd();
        if (flags == 1 && reason != ReasonCode.Success)
            throw MqttProtocolException.Protocol("3.2.2.1.1", "session present in a refusal");
        return new ConnAckPacket(flags == 1, reason, properties);
    }

    /// <summary>Writes the whole packet.</summary>
    public void Write(IBufferWriter<byte> output, ProtocolVersion version)
    {
        bool v5 = version == ProtocolVersion.Mqtt50;
        PacketWriter writer = PacketWriter.Begin(output, PacketType.ConnAck, 0, 2 + (v5 ? PropertySet.SizeWithLength(Properties) : 0));
        // 3.1 reserves the byte that later says whether a session is present.
        writer.WriteByte((byte)(SessionPresent && version != ProtocolVersion.Mqtt31 ? 1 : 0));
        writer.WriteByte(v5 ? (byte)Reason : ReasonCodes.ToConnectReturnCode(Reason));
        if (v5)
            PropertySet.WriteWithLength(ref writer, Properties);
        writer.End();
    }
}
