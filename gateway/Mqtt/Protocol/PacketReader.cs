using System.Buffers.Binary;
using System.Text;

namespace Sluice.Gateway.Mqtt.Protocol;

/// <summary>
/// Reads the data representations of MQTT 5.0 section 1.5 from a packet's body. Running over the end is a malformed
/// packet. Spans it returns are slices of the body.
/// </summary>
public ref struct PacketReader
{
    private readonly ReadOnlySpan<byte> _body;
    private readonly PacketType _packet;
    private int _position;

    public PacketReader(ReadOnlySpan<byte> body, PacketType packet)
    {
        _body = body;
        _packet = packet;
    }

    /// <summary>True when nothing is left.</summary>
    public readonly bool IsAtEnd => _position == _body.Length;

    /// <summary>Offset of the next byte.</summary>
    public readonly int Position => _position;

    /// <summary>Everything that is left.</summary>
    public ReadOnlySpan<byte> ReadRest()
    {
        ReadOnlySpan<byte> rest = _body[_position..];
        _position = _body.Length;
        return rest;
    }

    public byte ReadByte(string what)
    {
        if (_position >= _body.Length)
            throw Short(what);
        return _body[_position++];
    }

    /// <summary>Two Byte Integer (section 1.5.2).</summary>
    public ushort ReadUInt16(string what) => BinaryPrimitives.ReadUInt16BigEndian(Take(2, what));

    /// <summary>Four Byte Integer (section 1.5.3).</summary>
    public uint ReadUInt32(string what) => BinaryPrimitives.ReadUInt32BigEndian(Take(4, what));

    /// <summary>Variable Byte Integer (section 1.5.5), which must be in its shortest form.</summary>
    public uint ReadVariable(string what)
    {
        uint value = 0;
        for (int i = 0; i < 4; i++)
        {
            byte b = ReadByte(what);
            value |= (uint)(b & 0x7F) << (7 * i);
            if (b >= 0x80)
                continue;
            if (i > 0 && b == 0)
                throw MqttProtocolException.Malformed("1.5.5", $"{what} in {_packet} is not in its shortest form");
            return value;
        }
        throw MqttProtocolException.Malformed("1.5.5", $"{what} in {_packet} has more than four bytes");
    }

    /// <summary>Binary Data (section 1.5.6).</summary>
    public ReadOnlySpan<byte> ReadBinary(string what) => Take(ReadUInt16(what), what);

    /// <summary>UTF-8 Encoded String (section 1.5.4), validated.</summary>
    public ReadOnlySpan<byte> ReadUtf8(string what)
    {
        ReadOnlySpan<byte> text = Take(ReadUInt16(what), what);
        MqttText.Validate(text, what);
        return text;
    }

    /// <summary>UTF-8 Encoded String as a string of its own.</summary>
    public string ReadString(string what) => Encoding.UTF8.GetString(ReadUtf8(what));

    /// <summary>A packet identifier, which is never 0 (section 2.2.1).</summary>
    public ushort ReadPacketIdentifier()
    {
        ushort id = ReadUInt16("packet identifier");
        if (id == 0)
            throw MqttProtocolException.Malformed("2.2.1", $"{_packet} with packet identifier 0");
        return id;
    }

    /// <summary>The bytes of a property block, without its length (section 2.2.2.1).</summary>
    public ReadOnlySpan<byte> ReadPropertyBlock() => Take((int)ReadVariable("property length"), "properties");

    /// <summary>Throws unless the body was read to its end.</summary>
    public readonly void ExpectEnd()
    {
        if (!IsAtEnd)
            throw MqttProtocolException.Malformed("2.1.4", $"{_packet} has {_body.Length - _position} bytes too many");
    }

    private ReadOnlySpan<byte> Take(int count, string what)
    {
        if (_body.Length - _position < count)
            throw Short(what);
        ReadOnlySpan<byte> taken = _body.Slice(_position, count);
        _position += count;
        return taken;
    }

    private readonly MqttProtocolException Short(string what) =>
        MqttProtocolException.Malformed("2.1.4", $"{_packet} ends inside its {what}");
}
