using System.Buffers;

namespace Sluice.Gateway.Mqtt.Protocol;

/// <summary>
/// The fixed header (MQTT 5.0 section 2.1): a byte of type and flags, then Remaining Length, a variable byte integer of
/// at most four bytes. Cuts packets out of a stream without copying.
/// </summary>
public readonly record struct PacketHeader(PacketType Type, byte Flags)
{
    /// <summary>The largest Remaining Length that four bytes can say (section 1.5.5).</summary>
    public const int MaximumRemainingLength = 268_435_455;

    /// <summary>
    /// Cuts the first packet off <paramref name="buffer"/>. False when more bytes are needed; nothing is consumed then.
    /// The body is a slice of the buffer, valid as long as that is. Each fault is thrown as soon as the bytes show it, before
    /// the body has arrived.
    /// </summary>
    /// <param name="buffer">What has been received; advanced past the packet on success.</param>
    /// <param name="maximumPacketSize">Largest whole packet accepted.</param>
    /// <param name="header">Type and flags; the flags are validated, except CONNECT's (3.1 does not fix them).</param>
    /// <param name="body">Variable header and payload.</param>
    public static bool TryRead(
        ref ReadOnlySequence<byte> buffer, int maximumPacketSize, out PacketHeader header, out ReadOnlySequence<byte> body)
    {
        header = default;
        body = default;
        scoped ReadOnlySpan<byte> start = buffer.FirstSpan;
        Span<byte> joined = stackalloc byte[5];
        if (start.Length < 5 && buffer.Length > start.Length)
        {
            int take = (int)Math.Min(5, buffer.Length);
            buffer.Slice(0, take).CopyTo(joined);
            start = joined[..take];
        }
        if (start.IsEmpty)
            return false;
        header = Validate(start[0]);
        if (!TryReadLength(start[1..], out int length, out int lengthBytes))
            return false;
        long total = 1L + lengthBytes + length;
        if (total > maximumPacketSize)
        {
            throw new MqttProtocolException(
                ReasonCode.PacketTooLarge, "3.2.2.3.6", $"{header.Type} of {total} bytes, the most accepted is {maximumPacketSize}");
        }
        if (buffer.Length < total)
            return false;
        body = buffer.Slice(1 + lengthBytes, length);
        buffer = buffer.Slice(total);
        return true;
    }

    private static PacketHeader Validate(byte first)
    {
        var type = (PacketType)(first >> 4);
        byte flags = (byte)(first & 0x0F);
        switch (type)
        {
            case 0:
                throw MqttProtocolException.Malformed("2.1.2", "packet type 0 is reserved");
            case PacketType.Publish:
                if ((flags & 0x06) == 0x06)
                    throw MqttProtocolException.Malformed("3.3.1.2", "PUBLISH with both QoS bits set");
                if ((flags & 0x0E) == 0x08)
                    throw MqttProtocolException.Malformed("3.3.1.1", "PUBLISH with DUP and QoS 0");
                break;
            case PacketType.Connect:
                break;
            default:
                // Section 2.1.3: 0010 for PUBREL, SUBSCRIBE and UNSUBSCRIBE, 0000 for the rest.
                int expected = type is PacketType.PubRel or PacketType.Subscribe or PacketType.Unsubscribe ? 2 : 0;
                if (flags != expected)
                    throw MqttProtocolException.Malformed("2.1.3", $"{type} with flags {flags:X}, must be {expected}");
                break;
        }
        return new PacketHeader(type, flags);
    }

    private static bool TryReadLength(ReadOnlySpan<byte> bytes, out int length, out int used)
    {
        length = 0;
        used = 0;
        int shift = 0;
        foreach (byte b in bytes)
        {
            length |= (b & 0x7F) << shift;
            used++;
            if (b < 0x80)
            {
                if (used > 1 && b == 0)
                    throw MqttProtocolException.Malformed("1.5.5", "Remaining Length is not in its shortest form");
                return true;
            }
            shift += 7;
            if (used == 4)
                throw MqttProtocolException.Malformed("1.5.5", "Remaining Length has more than four bytes");
        }
        return false;
    }
}
