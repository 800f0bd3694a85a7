using System.Buffers;

namespace Sluice.Gateway.Mqtt.Protocol;

/// <summary>PINGREQ and PINGRESP (MQTT 5.0 sections 3.12 and 3.13): a fixed header and nothing more.</summary>
public static class PingPacket
{
    /// <summary>Throws unless the body is empty.</summary>
    public static void Parse(ReadOnlySpan<byte> body, PacketType type) => new PacketReader(body, type).ExpectEnd();

    /// <summary>Writes the whole packet.</summary>
    public static void Write(IBufferWriter<byte> output, PacketType type) => PacketWriter.Begin(output, type, 0, 0).End();
}
