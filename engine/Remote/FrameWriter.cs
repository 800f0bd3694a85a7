using System.Buffers.Binary;
using System.Text;
using Sluice.Engine.Format;

namespace Sluice.Engine.Remote;

/// <summary>Writes one frame at a time into a buffer that it keeps; see <see cref="Protocol"/> for the layout.</summary>
internal sealed class FrameWriter
{
    /// <summary>A buffer that a large frame has made larger than this is let go with the next frame.</summary>
    private const int MostKeptBytes = 256 << 10;

    private byte[] _buffer = new byte[512];
    private int _length;

    /// <summary>Bytes of the frame so far.</summary>
    public int Length => _length;

    /// <summary>Begins a frame; what was written before is gone.</summary>
    public void Begin(FrameType type, uint sequence)
    {
        if (_buffer.Length > MostKeptBytes)
        {
            _buffer = new byte[512];
        }

        _length = 0;
        UInt32(0);
        Byte((byte)type);
        UInt32(sequence);
    }

    /// <summary>The whole frame, with its length; valid until the next <see cref="Begin"/>.</summary>
    /// <exception cref="SluiceException">TooBig: no frame may be as long.</exception>
    public ReadOnlyMemory<byte> End()
    {
        int counted = _length - sizeof(uint);
        if (counted > Protocol.MaxFrameBytes)
        {
            throw TooBig(counted);
        }

        BinaryPrimitives.WriteUInt32BigEndian(_buffer, (uint)counted);
        return _buffer.AsMemory(0, _length);
    }

    /// <summary>Room for a number that is known only later; write it with <see cref="Patch"/>.</summary>
    public int Reserve()
    {
        UInt32(0);
        return _length - sizeof(uint);
    }

    public void Patch(int place, uint value) => BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(place), value);

    public void PatchByte(int place, byte value) => _buffer[place] = value;

    public void Byte(byte value) => Room(1)[0] = value;

    public void UInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Room(sizeof(ushort)), value);

    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Room(sizeof(uint)), value);

    public void Int64(long value) => BinaryPrimitives.WriteInt64BigEndian(Room(sizeof(long)), value);

    public void Text(string? value)
    {
        if (value is null)
        {
            UInt32(uint.MaxValue);
            return;
        }

        int length = Encoding.UTF8.GetByteCount(value);
        UInt32((uint)length);
        _ = Encoding.UTF8.GetBytes(value, Room(length));
    }

    /// <summary>A text that is UTF-8 already, or other bytes.</summary>
    public void Utf8(ReadOnlySpan<byte> bytes)
    {
        UInt32((uint)bytes.Length);
        bytes.CopyTo(Room(bytes.Length));
    }

    public void Value(in SqlValue value)
    {
        Byte((byte)value.Type);
        switch (value.Type)
        {
            case SqlType.Integer:
                Int64(value.Integer);
                break;
            case SqlType.Real:
                BinaryPrimitives.WriteDoubleBigEndian(Room(sizeof(double)), value.Real);
                break;
            case SqlType.Text or SqlType.Blob:
                Utf8(value.Bytes);
                break;
            default:
                break;
        }
    }

    /// <summary>A count, then the values.</summary>
    public void Values(ReadOnlySpan<SqlValue> values)
    {
        UInt16((ushort)values.Length);
        foreach (ref readonly SqlValue value in values)
        {
            Value(value);
        }
    }

    private static SluiceException TooBig(long bytes) => new(
        ResultCode.TooBig, $"string or blob too big: {bytes} bytes are more than the {Protocol.MaxFrameBytes} that go to or from the process that owns the file at once");

    private Span<byte> Room(int count)
    {
        if (count > _buffer.Length - _length)
        {
            // A little above the frame's bound, so that it is End that says so; never without one.
            long needed = (long)_length + count;
            if (needed > 2L * Protocol.MaxFrameBytes)
            {
                throw TooBig(needed);
            }

            Array.Resize(ref _buffer, (int)Math.Max(needed, 2L * _buffer.Length));
        }

        Span<byte> room = _buffer.AsSpan(_length, count);
        _length += count;
        return room;
    }
}
