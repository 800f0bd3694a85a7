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
        if (IntegersDiffer(key, probe, order, out int decided))
        {
            return decided;
        }

        FieldReader fields = new(key);
        ReadOnlySpan<KeyColumn> columns = order.Columns;
        for (int i = 0; i < probe.Length; i++)
        {
            if (!fields.Next())
            {
                ThrowShort(i, probe.Length);
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
        if (IntegersDiffer(a, b, order, out int decided))
        {
            return decided;
        }

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

    /// <summary>
    /// Most keys begin with integers that decide: looks for two that differ, in columns before which all are integers and equal. False when that does
    /// not decide.
    /// </summary>
    private static bool IntegersDiffer(in Payload a, in Payload b, KeyOrder order, out int result)
    {
        ReadOnlySpan<byte> left = a.Span;
        ReadOnlySpan<byte> right = b.Span;
        int leftAt = left.IsEmpty ? 0 : left[0];
        int rightAt = right.IsEmpty ? 0 : right[0];
        int columns = IsShortHeader(leftAt, left.Length) && IsShortHeader(rightAt, right.Length) ? Math.Min(leftAt, rightAt) : 0;
        for (int i = 1; i < columns; i++)
        {
            if (!TryInteger(a, left[i], ref leftAt, out long x) || !TryInteger(b, right[i], ref rightAt, out long y))
            {
                break;
            }

            if (x != y)
            {
                result = Directed(x.CompareTo(y), i - 1 < order.Count && order.Columns[i - 1].Descending);
                return true;
            }
        }

        result = 0;
        return false;
    }

    private static bool IntegersDiffer(in Payload key, ReadOnlySpan<SqlValue> probe, KeyOrder order, out int result)
    {
        ReadOnlySpan<byte> bytes = key.Span;
        int at = bytes.IsEmpty ? 0 : bytes[0];
        int columns = IsShortHeader(at, bytes.Length) ? Math.Min(at - 1, probe.Length) : 0;
        for (int i = 0; i < columns; i++)
        {
            if (probe[i].Type != SqlType.Integer || !TryInteger(key, bytes[i + 1], ref at, out long x))
            {
                break;
            }

            long y = probe[i].Integer;
            if (x != y)
            {
                result = Directed(x.CompareTo(y), i < order.Count && order.Columns[i].Descending);
                return true;
            }
        }

        result = 0;
        return false;
    }

    /// <summary>Whether a record's first byte is the size of its header, and all of that is there.</summary>
    private static bool IsShortHeader(int size, int recordLength) => size < 0x80 && size <= recordLength;

    /// <summary>Reads a column at an offset in a record and moves on behind it, if it is an integer within the record.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryInteger(in Payload record, int type, ref int at, out long value)
    {
        int begin = at;
        if (!SerialType.IsInteger((ulong)type) || (at += SerialType.LengthOf((ulong)type)) > record.Length)
        {
            value = 0;
            return false;
        }

        value = SerialType.ReadInteger(record.Buffer, record.Offset + begin, type);
        return true;
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
    private static void ThrowShort(int columns, int expected) => Throw($"a key of {columns} columns where at least {expected} were expected");

    [DoesNotReturn]
    private static void ThrowHeader(ulong headerSize, int size) => Throw($"a header of {headerSize} bytes in {size}");

    [DoesNotReturn]
    private static void ThrowField(int length, ulong type, int left) =>
        Throw(length == 0 ? "the header ends within a serial type" : $"serial type {type} where {left} bytes are left");

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
                ThrowHeader(headerSize, record.Length);
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
                ThrowField(length, type, _end - offset);
            }

            _next += length;
            _offset = offset;
            _size = size;
            _type = (int)type;
            return true;
        }
    }
}
