using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>
/// Equality of values as SQL's comparison has it, for hash tables: 1 equals 1.0, text compares by the collation, and,
/// as in DISTINCT and GROUP BY, NULL equals NULL.
/// </summary>
public sealed class ValueEquality(Collation collation) : IEqualityComparer<SqlValue>
{
    public bool Equals(SqlValue x, SqlValue y) => ValueOrder.Compare(x, y, collation) == 0;

    public int GetHashCode(SqlValue value)
    {
        switch (value.Type)
        {
            case SqlType.Null:
                return 0;
            case SqlType.Integer:
                return value.Integer.GetHashCode();
            case SqlType.Real:
                // An integral real hashes like the integer that it equals.
                double real = value.Real;
                return real >= long.MinValue && real < long.MaxValue && real == Math.Truncate(real)
                    ? ((long)real).GetHashCode()
                    : real.GetHashCode();
            case SqlType.Text:
                return HashText(value.Bytes);
            default:
                HashCode blob = default;
                blob.AddBytes(value.Bytes);
                return blob.ToHashCode();
        }
    }

    private int HashText(ReadOnlySpan<byte> text)
    {
        HashCode hash = default;
        if (collation == Collation.Binary)
        {
            hash.AddBytes(text);
        }
        else if (collation == Collation.RTrim)
        {
            hash.AddBytes(text.TrimEnd((byte)' '));
        }
        else if (collation == Collation.NoCase)
        {
            hash.Add(text.Length);
            int end = text.IndexOf((byte)0);
            foreach (byte value in end < 0 ? text : text[..end])
            {
                hash.Add(value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value + 32) : value);
            }
        }

        return hash.ToHashCode();
    }
}
