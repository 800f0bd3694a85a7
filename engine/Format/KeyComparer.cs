using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Sluice.Engine.Format;

/// <summary>
/// Compares index keys as records, without decoding more than the columns that decide. Columns past those of the
/// <see cref="KeyOrder"/> (the rowid) sort ascending by bytes. Bytes that cannot be a record throw <see cref="CorruptRecordException"/>.
/// </summary>
public static class KeyComparer
{
    /// <summary>
    /// Negative, zero or positive as <paramref name="key"/> sorts before, with or after <paramref name="probe"/>, of which only the
    /// columns given count.
    /// </summary>
    public static int Compare(in Payload key, ReadOnlySpan<SqlValue> probe, KeyOrder order)
    {
        FieldReader fields = new(key);
        ReadOnlySpan<KeyColumn> columns = order.Columns;
        for (int i = 0; i < probe.Length; i++)
        {
            if (!fields.Next())
            {
                Throw($"a key of {i} columns where at least {probe.Length} were expected");
            }

            Collation collation = i < columns.Length ? columns[i].Collation : Collation.Binary;
            int result = Compare(fields, probe[i], collation);
            if (result != 0)
            {
                return Directed(result, i < columns.Length && columns[i].Descending);
            }
        }

        return 0;
    }

    /// <summary>Compares two whole keys; one that ends first sorts first.</summary>
    public static int Compare(in Payload a, in Payload b, KeyOrder order)
    {
        FieldReader left = new(a);
        FieldReader right = new(b);
        ReadOnlySpan<KeyColumn> columns = order.Columns;
        for (int i = 0; ; i++)
        {
            bool more = left.Next();
            if (more != right.Next())
            {
                return more ? 1 : -1;
            }

            if (!more)
            {
                return 0;
            }

            int result;
            if (SerialType.IsInteger((ulong)left.Type) && SerialType.IsInteger((ulong)right.Type))
            {
                result = left.Integer.CompareTo(right.Integer);
            }
            else
            {
                Collation collation = i < columns.Length ? columns[i].Collation : Collation.Binary;
                result = Compare(left, right.Value, collation);
            }

            if (result != 0)
            {
                return Directed(result, i < columns.Length && columns[i].Descending);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Compare(in FieldReader field, in SqlValue value, Collation collation)
    {
        if (value.Type == SqlType.Integer && SerialType.IsInteger((ulong)field.Type))
        {
            return field.Integer.CompareTo(value.Integer);
        }

        if (value.Type == SqlType.Text && field.IsText && ReferenceEquals(collation, Collation.Binary))
        {
            return field.Bytes.SequenceCompareTo(value.Bytes);
        }

        return ValueOrder.Compare(field.Value, value, collation);
    }

    private static int Directed(int result, bool descending) => result < 0 == descending ? 1 : -1;

    [DoesNotReturn]
    private static void Throw(string reason) => throw new CorruptRecordException(reason);

    /// <summary>Steps through a record's fields in order, on the stack.</summary>
    private ref struct FieldReader
    {
        private readonly byte[] _buffer;
        private readonly int _headerEnd;
        private readonly int _end;
        private int _next;
        private int _offset;
        private int _size;
        private int _type;

        public FieldReader(in Payload record)
        {
            int length = Varint.Read(record.Span, out ulong headerSize);
            if (length == 0 || headerSize < (ulong)length || headerSize > (ulong)record.Length)
            {
                Throw($"a header of {headerSize} bytes in {record.Length}");
            }

            _buffer = record.Buffer;
            _next = record.Offset + length;
            _headerEnd = record.Offset + (int)headerSize;
            _end = record.Offset + record.Length;
            _offset = _headerEnd;
            _size = 0;
            _type = 0;
        }

        public readonly int Type => _type;

        public readonly bool IsText => _type > SerialType.FirstBlob && (_type & 1) != 0;

        public readonly long Integer => SerialType.ReadInteger(_buffer, _offset, _type);

        public readonly ReadOnlySpan<byte> Bytes => new(_buffer, _offset, _size);

        public readonly SqlValue Value => SerialType.Read(_buffer, _offset, _type);

        public bool Next()
        {
            if (_next >= _headerEnd)
            {
                return false;
            }

            ulong type = _buffer[_next];
            int length = 1;
            if (type >= 0x80)
            {
                length = Varint.Read(_buffer.AsSpan(_next, _headerEnd - _next), out type);
            }

            int size = SerialType.LengthOf(type);
            int offset = _offset + _size;
            if (length == 0 || size < 0 || size > _end - offset)
            {
                Throw(length == 0 ? "the header ends within a serial type" : $"serial type {type} where {_end - offset} bytes are left");
            }

            _next += length;
            _offset = offset;
            _size = size;
            _type = (int)type;
            return true;
        }
    }
}
