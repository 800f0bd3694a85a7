namespace Sluice.Engine.Format;

/// <summary>
/// A number pair for the first two columns of an index key that sorts as they do, as far as it goes: a key with the smaller rank sorts first, and keys
/// of one rank have to be compared. Integers are told apart as such, reals by their whole part, texts and blobs not at all.
/// </summary>
internal readonly struct KeyRank : IComparable<KeyRank>
{
    private readonly ulong _first;
    private readonly ulong _second;

    private KeyRank(ulong first, ulong second)
    {
        _first = first;
        _second = second;
    }

    /// <summary>The rank of a key that <see cref="RecordWriter"/> made.</summary>
    public static KeyRank Of(in Payload key, KeyOrder order)
    {
        int at = Varint.Read(key.Span, out ulong headerSize);
        int body = (int)headerSize;
        ulong first = Next(key, ref at, ref body, 0, order);
        return new KeyRank(first, Next(key, ref at, ref body, 1, order));
    }

    public int CompareTo(KeyRank other) => _first != other._first ? _first.CompareTo(other._first) : _second.CompareTo(other._second);

    /// <summary>The rank of the next column. A key that ends before it sorts first, whatever the column's direction.</summary>
    private static ulong Next(in Payload key, ref int at, ref int body, int column, KeyOrder order)
    {
        ReadOnlySpan<byte> bytes = key.Span;
        _ = Varint.Read(bytes, out ulong headerSize);
        if (at >= (int)headerSize)
        {
            return 0;
        }

        at += Varint.Read(bytes[at..], out ulong type);
        SqlValue value = SerialType.Read(key.Buffer, key.Offset + body, (int)type);
        body += SerialType.LengthOf(type);
        ulong rank = value.Type switch
        {
            SqlType.Null => 0,
            SqlType.Integer => Biased(value.Integer),

            // Conversion saturates. Who is between two integers ranks with the lower one.
            SqlType.Real => Biased((long)Math.Floor(value.Real)),
            _ => ulong.MaxValue,
        };
        return column < order.Count && order.Columns[column].Descending ? ~rank : rank;
    }

    private static ulong Biased(long value) => (ulong)value ^ (1UL << 63);
}
