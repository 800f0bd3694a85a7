using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Sluice.Engine.Format;

/// <summary>
/// Reads the columns of a record ("SQLite file format", section 2.1): a varint header size, a serial type a column,
/// then the values. The header is decoded only as far as a column is asked for, and what was decoded is remembered until the next
/// <see cref="Reset(in Payload)"/>. One reader serves any number of records without allocating. Texts and blobs are slices of
/// the payload's array. Bytes that cannot be a record throw <see cref="CorruptRecordException"/>.
/// <para>A mutable structure: keep it in a field that is not readonly, and do not copy it.</para>
/// </summary>
public struct RecordReader
{
    /// <summary>Up to here the lengths before a value are added up, see <see cref="Locate"/>.</summary>
    private const int FewColumns = 8;

    private struct Field
    {
        public int Type;
        public int Offset;
    }

    private Field[]? _fields;
    private byte[] _buffer;
    private int _decoded;
    private int _types;
    private int _next;
    private int _headerEnd;
    private int _body;
    private int _end;

    /// <summary>Turns to another record.</summary>
    public void Reset(in Payload payload) => Reset(payload.Buffer, payload.Offset, payload.Length);

    /// <summary>Turns to another record, which is a slice of an array.</summary>
    public void Reset(byte[] buffer, int start, int size)
    {
        _fields ??= new Field[16];
        _buffer = buffer;
        _decoded = 0;
        _end = start + size;
        ulong headerSize = 0;
        int length = 1;
        if (size <= 0 || (headerSize = buffer[start]) >= 0x80)
        {
            length = Varint.Read(buffer.AsSpan(start, size), out headerSize);
        }

        if (length == 0 || headerSize < (ulong)length || headerSize > (ulong)size)
        {
            ThrowHeader(headerSize, size);
        }

        _next = _types = start + length;
        _headerEnd = start + (int)headerSize;
        _body = _headerEnd;
    }

    /// <summary>The number of columns stored, which may be fewer than the table has (ALTER TABLE ADD COLUMN).</summary>
    public int ColumnCount
    {
        get
        {
            Decode(int.MaxValue);
            return _decoded;
        }
    }

    /// <summary>Whether the record stores column <paramref name="i"/>; decodes no further than that.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Has(int i) => i < _decoded || Decode(i);

    /// <summary>Column <paramref name="i"/> from 0; NULL for one that the record does not store.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SqlValue Get(int i)
    {
        if (i >= _decoded && !Decode(i))
        {
            return default;
        }

        ref Field field = ref _fields![i];
        return SerialType.Read(_buffer, field.Offset, field.Type);
    }

    /// <summary>
    /// The serial type of column <paramref name="i"/> and where its value begins, or -1 for one that the record does not store. Of the first columns it adds up the lengths before
    /// the value each time, which is less work than to remember them.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Locate(int i, out int offset)
    {
        byte[] buffer = _buffer;
        int at = _types;
        if (i < FewColumns && at + i < _headerEnd)
        {
            int before = 0;
            for (int last = at + i; at < last; at++)
            {
                before += SerialType.ShortLengths[buffer[at]];
            }

            int type = buffer[at];
            int length = before + SerialType.ShortLengths[type];
            if (length < SerialType.NoShortLength && length <= _end - _headerEnd)
            {
                offset = _headerEnd + before;
                return type;
            }
        }

        return LocateDecoded(i, out offset);
    }

    /// <summary>A value that <see cref="Locate"/> has found.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly SqlValue Read(int type, int offset) => SerialType.Read(_buffer, offset, type);

    /// <summary>A value of a REAL column that <see cref="Locate"/> has found and that is no text or blob: integers are reals again.</summary>
    internal readonly SqlValue ReadReal(int type, int offset) => type switch
    {
        SerialType.Null => SqlValue.Null,
        SerialType.Real => SqlValue.FromReal(BinaryPrimitives.ReadDoubleBigEndian(_buffer.AsSpan(offset))),
        _ => SqlValue.FromReal(SerialType.ReadInteger(_buffer, offset, type)),
    };

    private int LocateDecoded(int i, out int offset)
    {
        if (!Has(i))
        {
            offset = 0;
            return -1;
        }

        offset = _fields![i].Offset;
        return _fields[i].Type;
    }

    /// <summary>Decodes the header up to a column; false if there are fewer. What changes in the loop stays in registers meanwhile.</summary>
    private bool Decode(int column)
    {
        byte[] buffer = _buffer;
        Field[] fields = _fields!;
        int headerEnd = _headerEnd;
        int end = _end;
        int decoded = _decoded;
        int next = _next;
        int body = _body;
        while (decoded <= column && next < headerEnd)
        {
            int type = buffer[next];
            int length = 1;
            if (type >= 0x80)
            {
                (type, length) = LongType(buffer.AsSpan(next, headerEnd - next), decoded);
            }

            int size = SerialType.LengthOf((uint)type);
            if ((uint)size > (uint)(end - body))
            {
                ThrowColumn(decoded, type, size, end - body);
            }

            if (decoded >= fields.Length)
            {
                fields = Grow();
            }

            fields[decoded] = new Field { Type = type, Offset = body };
            decoded++;
            next += length;
            body += size;
        }

        _decoded = decoded;
        _next = next;
        _body = body;
        return column < decoded;
    }

    private Field[] Grow()
    {
        Array.Resize(ref _fields, _fields!.Length * 2);
        return _fields;
    }

    /// <summary>A serial type of more than one byte, and its length.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (int Type, int Length) LongType(ReadOnlySpan<byte> header, int column)
    {
        int length = Varint.Read(header, out ulong type);
        if (length == 0 || SerialType.LengthOf(type) < 0)
        {
            Throw(length == 0 ? "the header ends within a serial type" : $"serial type {type} of column {column}");
        }

        return ((int)type, length);
    }

    // Apart from where it is found, for the making of a message costs the method that has it in it room and time.
    [DoesNotReturn]
    private static void ThrowHeader(ulong headerSize, int size) => Throw($"a header of {headerSize} bytes in {size}");

    [DoesNotReturn]
    private static void ThrowColumn(int column, int type, int size, int left) =>
        Throw(size < 0 ? $"serial type {type} of column {column}" : $"column {column} of {size} bytes where {left} are left");

    [DoesNotReturn]
    private static void Throw(string reason) => throw new CorruptRecordException(reason);
}
