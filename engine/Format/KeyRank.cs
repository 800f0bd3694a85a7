namespace Sluice.Engine.Format;

/// <summary>
/// A number pair for the first two columns of an index key that sorts as they do, as far as it goes: a key with the smaller rank sorts first, and keys
/// of one rank have to be compared. Integers, and the reals that are equal to one, are told apart as such, other reals by their whole part, texts and blobs not at all. The second column
/// counts where the first is told apart.
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
        ReadOnlySpan<byte> bytes = key.Span;
        int at = Varint.Read(bytes, out ulong headerSize);
        at += Varint.Read(bytes[at..], out ulong type);
        SqlValue value = SerialType.Read(key.Buffer, key.Offset + (int)headerSize, (int)type);
        ulong first = Of(value, out ulong rest);
        bool descends = order.Count > 0 && order.Columns[0].Descending;
        if (descends)
        {
            (first, rest) = (~first, ~rest);
        }

        if (!IsWhole(value))
        {
            return new KeyRank(first, rest);
        }

        if (at >= (int)headerSize)
        {
            // Who ends first sorts first, whatever the column's direction.
            return new KeyRank(first, 0);
        }

        int body = (int)headerSize + SerialType.LengthOf(type);
        _ = Varint.Read(bytes[at..], out type);
        ulong second = Of(SerialType.Read(key.Buffer, key.Offset + body, (int)type), out _);
        return new KeyRank(first, order.Count > 1 && order.Columns[1].Descending ? ~second : second);
    }

    /// <summary>A number that keys with the same first column have in common, and others mostly not.</summary>
    public uint Spread => (uint)((_first * 0x9e37_79b9_7f4a_7c15) >> 32);

    public int CompareTo(KeyRank other) => _first != other._first ? _first.CompareTo(other._first) : _second.CompareTo(other._second);

    /// <summary>Whether there is an integer that is equal to the value.</summary>
    private static bool IsWhole(in SqlValue value) => value.Type switch
    {
        SqlType.Integer => true,
        SqlType.Real => Math.Floor(value.Real) == value.Real && value.Real is >= long.MinValue and < 9223372036854775808.0,
        _ => false,
    };

    /// <summary>
    /// The rank of a value in ascending order. <paramref name="rest"/>, for what is equal to no integer: whether it sorts before or behind the integer with the
    /// same rank, as the lowest or the highest second rank.
    /// </summary>
    private static ulong Of(in SqlValue value, out ulong rest)
    {
        rest = ulong.MaxValue;
        switch (value.Type)
        {
            case SqlType.Null:
                rest = 0;
                return 0;
            case SqlType.Integer:
                return Biased(value.Integer);
            case SqlType.Real:
                double floor = Math.Floor(value.Real);
                if (floor < long.MinValue)
                {
                    rest = 0;
                }

                // The conversion saturates.
                return Biased((long)floor);
            default:
                return ulong.MaxValue;
        }
    }

    private static ulong Biased(long value) => (ulong)value ^ (1UL << 63);
}
