using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Sluice.Engine.Format;

/// <summary>
/// Reads the columns of a record ("SQLite file format", section 2.1): a varint header size, a serial type a column,
/// then the values. The header is decoded only as far as a column is asked for, and what was decoded is remembered until the next
/// <see cref="Reset"/>. One reader serves any number of records without allocating. Texts and blobs are slices of
/// the payload's array. Bytes that cannot be a record throw <see cref="CorruptRecordException"/>.
/// <para>A mutable structure: keep it in a field that is not readonly, and do not copy it.</para>
/// </summary>
public struct RecordReader
{
    private struct Field
    {
        public int Type;
        public int Offset;
    }

    private Field[]? _fields;
    private byte[] _buffer;
    private int _decoded;
    private int _next;
    private int _headerEnd;
    private int _body;
    private int _end;

    /// <summary>Turns to another record.</summary>
    public void Reset(in Payload payload)
    {
        _fields ??= new Field[16];
        _buffer = payload.Buffer;
        _decoded = 0;
        int start = payload.Offset;
        _end = start + payload.Length;
        int length = Varint.Read(payload.Span, out ulong headerSize);
        if (length == 0 || headerSize < (ulong)length || headerSize > (ulong)payload.Length)
        {
            Throw($"a header of {headerSize} bytes in {payload.Length}");
        }

        _next = start + length;
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

    /// <summary>Decodes the header up to a column; false if there are fewer. What changes in the loop is kept out of memory meanwhile.</summary>
    private bool Decode(int column)
    {
        byte[] buffer = _buffer;
        Field[] fields = _fields!;
        int decoded = _decoded;
        int next = _next;
        int body = _body;
        while (decoded <= column && next < _headerEnd)
        {
            ulong type = buffer[next];
            int length = 1;
            if (type >= 0x80)
            {
                length = Varint.Read(buffer.AsSpan(next, _headerEnd - next), out type);
            }

            int size = SerialType.LengthOf(type);
            if (length == 0 || (uint)size > (uint)(_end - body))
            {
                Throw(length, type, size, decoded, _end - body);
            }

            if (decoded == fields.Length)
            {
                Array.Resize(ref _fields, decoded * 2);
                fields = _fields;
            }

            ref Field field = ref fields[decoded++];
            field.Type = (int)type;
            field.Offset = body;
            next += length;
            body += size;
        }

        _decoded = decoded;
        _next = next;
        _body = body;
        return column < decoded;
    }

    [DoesNotReturn]
    private static void Throw(int length, ulong type, int size, int column, int left) => Throw(
        length == 0 ? "the header ends within a serial type"
        : size < 0 ? $"serial type {type} of column {column}"
        : $"column {column} of {size} bytes where {left} are left");

    [DoesNotReturn]
    private static void Throw(string reason) => throw new CorruptRecordException(reason);
}
