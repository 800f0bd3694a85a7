using System.Buffers.Binary;
using System.Text;
using Sluice.Engine.Format;

namespace Sluice.Engine.Remote;

/// <summary>Reads the body of a frame; see <see cref="Protocol"/> for the layout. Texts and blobs are slices of the body.</summary>
internal struct FrameReader(byte[] body)
{
    private readonly byte[] _body = body;
    private int _position;

    public byte Byte() => Take(1)[0];

    public bool Flag() => Byte() switch
    {
        0 => false,
        1 => true,
        byte other => throw new ProtocolException($"a flag of {other}"),
    };

    public ushort UInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(sizeof(ushort)));

    public uint UInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(sizeof(uint)));

    public int Int32() => BinaryPrimitives.ReadInt32BigEndian(Take(sizeof(int)));

    public long Int64() => BinaryPrimitives.ReadInt64BigEndian(Take(sizeof(long)));

    /// <summary>A count of things that take at least <paramref name="bytesEach"/> bytes of the body each.</summary>
    public int Count(int bytesEach)
    {
        uint count = UInt32();
        return count <= (uint)((_body.Length - _position) / bytesEach)
            ? (int)count
            : throw new ProtocolException($"a count of {count} in a frame that has {_body.Length - _position} bytes left");
    }

    /// <summary>The bytes of a text that must be there.</summary>
    public byte[] Utf8() => Take(Length()).ToArray();

    public string Text() => OptionalText() ?? throw new ProtocolException("a text is missing");

    public string? OptionalText()
    {
        uint length = UInt32();
        return length == uint.MaxValue ? null : Encoding.UTF8.GetString(Take(Checked(length)));
    }

    public SqlValue Value()
    {
        SqlType type = (SqlType)Byte();
        switch (type)
        {
            case SqlType.Null:
                return SqlValue.Null;
            case SqlType.Integer:
                return SqlValue.FromInteger(Int64());
            case SqlType.Real:
                return SqlValue.FromReal(BinaryPrimitives.ReadDoubleBigEndian(Take(sizeof(double))));
            case SqlType.Text or SqlType.Blob:
                int length = Length();
                int start = _position;
                _ = Take(length);
                return type == SqlType.Text ? SqlValue.FromText(_body, start, length) : SqlValue.FromBlob(_body, start, length);
            default:
                throw new ProtocolException($"a value of type {(byte)type}");
        }
    }

    /// <summary>A count, then the values.</summary>
    public SqlValue[] Values()
    {
        int count = UInt16();
        if (count > Protocol.MaxValues || count > _body.Length - _position)
        {
            throw new ProtocolException($"{count} values in a frame that has {_body.Length - _position} bytes left");
        }

        var values = new SqlValue[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = Value();
        }

        return values;
    }

    /// <summary>All of the body has been read.</summary>
    public readonly void End()
    {
        if (_position != _body.Length)
        {
            throw new ProtocolException($"{_body.Length - _position} bytes after the end of a frame's body");
        }
    }

    private int Length() => Checked(UInt32());

    private readonly int Checked(uint length) => length <= (uint)(_body.Length - _position)
        ? (int)length
        : throw new ProtocolException($"a length of {length} in a frame that has {_body.Length - _position} bytes left");

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _body.Length - _position)
        {
            throw new ProtocolException($"the frame ends after {_body.Length} bytes, within a field of {count}");
        }

        ReadOnlySpan<byte> taken = _body.AsSpan(_position, count);
        _position += count;
        return taken;
    }
}
