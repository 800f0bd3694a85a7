using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Sluice.Gateway.Mqtt.Protocol;

/// <summary>
/// Writes one packet whose size was computed beforehand: <see cref="Begin"/> takes the whole packet's span from the output,
/// <see cref="End"/> hands it over. A size that was computed wrong is our own fault and throws.
/// </summary>
public ref struct PacketWriter
{
    private readonly IBufferWriter<byte> _output;
    private readonly Span<byte> _packet;
    private int _position;

    private PacketWriter(IBufferWriter<byte> output, Span<byte> packet)
    {
        _output = output;
        _packet = packet;
    }

    /// <summary>Starts a packet with a body of <paramref name="remainingLength"/> bytes.</summary>
    public static PacketWriter Begin(IBufferWriter<byte> output, PacketType type, int flags, int remainingLength)
    {
        if (remainingLength > PacketHeader.MaximumRemainingLength)
            throw new ArgumentOutOfRangeException(nameof(remainingLength), remainingLength, "An MQTT packet's body has at most 268,435,455 bytes.");
        int total = PacketSize(remainingLength);
        var writer = new PacketWriter(output, output.GetSpan(total)[..total]);
        writer.WriteByte((byte)(((int)type << 4) | flags));
        writer.WriteVariable((uint)remainingLength);
        return writer;
    }

    /// <summary>Hands the packet to the output.</summary>
    public readonly void End()
    {
        if (_position != _packet.Length)
            throw new InvalidOperationException($"A packet of {_packet.Length} bytes was written with {_position}.");
        _output.Advance(_position);
    }

    public void WriteByte(byte value) => _packet[_position++] = value;

    public void WriteUInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_packet[_position..], value);
        _position += 2;
    }

    public void WriteUInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_packet[_position..], value);
        _position += 4;
    }

    public void WriteVariable(uint value)
    {
        while (value >= 0x80)
        {
            WriteByte((byte)(value | 0x80));
            value >>= 7;
        }
        WriteByte((byte)value);
    }

    /// <summary>Bytes as they are, without a length.</summary>
    public void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_packet[_position..]);
        _position += bytes.Length;
    }

    /// <summary>Binary data or a string in UTF-8, with its length before it.</summary>
    public void WriteBinary(ReadOnlySpan<byte> bytes)
    {
        WriteUInt16(checked((ushort)bytes.Length));
        WriteBytes(bytes);
    }

    public void WriteString(string text)
    {
        int written = Encoding.UTF8.GetBytes(text, _packet[(_position + 2)..]);
        WriteUInt16(checked((ushort)written));
        _position += written;
    }

    /// <summary>Bytes of a whole packet with this Remaining Length.</summary>
    public static int PacketSize(int remainingLength) => 1 + VariableSize((uint)remainingLength) + remainingLength;

    /// <summary>Bytes of a variable byte integer.</summary>
    public static int VariableSize(uint value) => value switch
    {
        < 1 << 7 => 1,
        < 1 << 14 => 2,
        < 1 << 21 => 3,
        _ => 4,
    };

    /// <summary>Bytes of a string with its length prefix.</summary>
    public static int StringSize(string text) => 2 + Encoding.UTF8.GetByteCount(text);
}
