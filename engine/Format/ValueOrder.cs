namespace Sluice.Engine.Format;

/// <summary>
/// The order of values ("Datatypes In SQLite", section 4.1): NULL, then numbers, then text by collation, then blobs by
/// bytes. An integer and a real compare by their exact values.
/// </summary>
public static class ValueOrder
{
    /// <summary>2^63, the first real above every integer.</summary>
    private const double IntegerLimit = 9223372036854775808.0;

    public static int Compare(in SqlValue a, in SqlValue b, Collation c)
    {
        if (a.Type == SqlType.Integer && b.Type == SqlType.Integer)
        {
            return a.Integer.CompareTo(b.Integer);
        }

        int order = Rank(a.Type) - Rank(b.Type);
        if (order != 0)
        {
            return order;
        }

        return a.Type switch
        {
            SqlType.Null => 0,
            SqlType.Text => ReferenceEquals(c, Collation.Binary) ? a.Bytes.SequenceCompareTo(b.Bytes) : c.Compare(a.Bytes, b.Bytes),
            SqlType.Blob => a.Bytes.SequenceCompareTo(b.Bytes),
            SqlType.Integer => Compare(a.Integer, b.Real),
            _ => b.Type == SqlType.Integer ? -Compare(b.Integer, a.Real) : a.Real.CompareTo(b.Real),
        };
    }

    /// <summary>Compares without rounding the integer to a double: above 2^53 neighbours would be equal.</summary>
    public static int Compare(long integer, double real)
    {
        if (real < -IntegerLimit)
        {
            return 1;
        }

        if (real >= IntegerLimit)
        {
            return -1;
        }

        long whole = (long)real;
        return integer != whole ? integer.CompareTo(whole) : ((double)whole).CompareTo(real);
    }

    private static int Rank(SqlType type) => type switch
    {
        SqlType.Null => 0,
        SqlType.Integer or SqlType.Real => 1,
        SqlType.Text => 2,
        _ => 3,
    };
}
