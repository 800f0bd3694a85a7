namespace Sluice.Engine.Format;

/// <summary>A collating sequence over UTF-8 bytes ("Datatypes In SQLite", section 7).</summary>
public abstract class Collation(string name)
{
    public static Collation Binary { get; } = new BinaryCollation();

    public static Collation NoCase { get; } = new NoCaseCollation();

    public static Collation RTrim { get; } = new RTrimCollation();

    public string Name { get; } = name;

    /// <summary>Negative, zero or positive as <paramref name="a"/> sorts before, with or after <paramref name="b"/>.</summary>
    public abstract int Compare(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b);

    private sealed class BinaryCollation() : Collation("BINARY")
    {
        public override int Compare(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b) => a.SequenceCompareTo(b);
    }

    /// <summary>
    /// As in SQLite, which compares strings of C here: behind a NUL that both texts have at the same place only their lengths count. Indexes of its
    /// files are in this order.
    /// </summary>
    private sealed class NoCaseCollation() : Collation("NOCASE")
    {
        public override int Compare(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
        {
            int shared = Math.Min(a.Length, b.Length);
            for (int i = 0; i < shared; i++)
            {
                int order = Fold(a[i]) - Fold(b[i]);
                if (order != 0)
                {
                    return order;
                }

                if (a[i] == 0)
                {
                    break;
                }
            }

            return a.Length - b.Length;
        }

        /// <summary>Only the 26 letters of ASCII are folded, as in SQLite.</summary>
        private static int Fold(byte value) => value is >= (byte)'A' and <= (byte)'Z' ? value + 32 : value;
    }

    private sealed class RTrimCollation() : Collation("RTRIM")
    {
        public override int Compare(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b) =>
            a.TrimEnd((byte)' ').SequenceCompareTo(b.TrimEnd((byte)' '));
    }
}
