using System.Buffers;

namespace Sluice.Gateway.Mqtt.Protocol;

/// <summary>AUTH (MQTT 5.0 section 3.15). There is none in 3.1.1.</summary>
public sealed record AuthPacket(ReasonCode Reason = ReasonCode.Success, PropertySet? Properties = null)
{
    /// <summary>Reads the body of an AUTH.</summary>
    public static AuthPacket Parse(ReadOnlySpan<byte> body, ProtocolVersion version)
    {
        if (version != ProtocolVersion.Mqtt50)
            throw MqttProtocolException.Malformed("3.1.1:2.2.1", "packet type 15 is reserved in this version");
        var reader = new PacketReader(body, PacketType.Auth);
        if (reader.IsAtEnd)
            return new AuthPacket();
        ReasonCode reason = ReasonCodes.Validate(reader.ReadByte("reason code"), PacketType.Auth);
        PropertySet? properties = reader.IsAtEnd ? null : PropertySet.Parse(reader.ReadPropertyBlock(), PacketType.Auth);
        reader.ExpectEnd();
        return new AuthPacket(reason, properties);
    }

    /// <summary>Writes the whole packet in its shortest form.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        bool withReason = Reason != ReasonCode.Success || Properties is not null;
        PacketWriter writer = PacketWriter.Begin(
            output, PacketType.Auth, 0, (withReason ? 1 : 0) + (Properties is null ? 0 : PropertySet.SizeWithLength(Properties)));
        if (withReason)
            writer.WriteByte((byte)Reason);
        if (Properties is not null)
            PropertySet.WriteWithLength(ref writer, Properties);
        writer.End();
    }
}
