using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions;

/// <summary>trim(), ltrim(), rtrim(): of spaces, or of the characters of the second argument.</summary>
internal static class TrimFunctions
{
    public static SqlValue Trim(ReadOnlySpan<SqlValue> arguments) => Trim(arguments, left: true, right: true);

    public static SqlValue TrimLeft(ReadOnlySpan<SqlValue> arguments) => Trim(arguments, left: true, right: false);

    public static SqlValue TrimRight(ReadOnlySpan<SqlValue> arguments) => Trim(arguments, left: false, right: true);

    private static SqlValue Trim(ReadOnlySpan<SqlValue> arguments, bool left, bool right)
    {
        SqlValue value = SqlConvert.ToText(arguments[0]);
        SqlValue characters = arguments.Length == 2 ? SqlConvert.ToText(arguments[1]) : SqlValue.Null;
        if (value.IsNull || (arguments.Length == 2 && characters.IsNull))
        {
            return SqlValue.Null;
        }

        ReadOnlySpan<byte> text = value.Bytes;
        ReadOnlySpan<byte> set = arguments.Length == 2 ? characters.Bytes : " "u8;
        int start = 0;
        int length;
        while (left && (length = LeadingMember(text[start..], set)) > 0)
        {
            start += length;
        }

        int end = text.Length;
        while (right && end > start && (length = TrailingMember(text[start..end], set)) > 0)
        {
            end -= length;
        }

        return end - start == text.Length ? value : SqlValue.FromText(text[start..end].ToArray());
    }

    /// <summary>The length of the character of the set that the text begins with, or 0.</summary>
    private static int LeadingMember(ReadOnlySpan<byte> text, ReadOnlySpan<byte> set)
    {
        for (int at = 0; at < set.Length;)
        {
            int next = Utf8.Next(set, at);
            if (text.StartsWith(set[at..next]))
            {
                return next - at;
            }

            at = next;
        }

        return 0;
    }

    private static int TrailingMember(ReadOnlySpan<byte> text, ReadOnlySpan<byte> set)
    {
        for (int at = 0; at < set.Length;)
        {
            int next = Utf8.Next(set, at);
            if (text.EndsWith(set[at..next]))
            {
                return next - at;
            }

            at = next;
        }

        return 0;
    }
}
