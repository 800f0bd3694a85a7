using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions;

/// <summary>hex(), unhex(), zeroblob().</summary>
internal static class BlobFunctions
{
    /// <summary>The bytes of the value's text or blob; the empty text for NULL.</summary>
    public static SqlValue Hex(ReadOnlySpan<SqlValue> arguments)
    {
        SqlValue value = SqlConvert.ToText(arguments[0]);
        byte[] digits = new byte[SqlConvert.CheckedLength(value.ByteLength * 2L)];
        Convert.TryToHexString(value.Bytes, digits, out _);
        return SqlValue.FromText(digits);
    }

    /// <summary>unhex(x, ignored): NULL unless x is pairs of hexadecimal digits; ignored characters may stand between pairs.</summary>
    public static SqlValue Unhex(ReadOnlySpan<SqlValue> arguments)
    {
        SqlValue text = SqlConvert.ToText(arguments[0]);
        SqlValue ignored = arguments.Length == 2 ? SqlConvert.ToText(arguments[1]) : SqlValue.FromText([]);
        if (text.IsNull || ignored.IsNull)
        {
            return SqlValue.Null;
        }

        ReadOnlySpan<byte> digits = Utf8.UntilNul(text.Bytes);
        TextBuilder bytes = new();
        int at = 0;
        while (at < digits.Length)
        {
            int high = Digit(digits[at]);
            if (high < 0)
            {
                int next = Utf8.Next(digits, at);
                if (!ContainsCharacter(ignored.Bytes, digits[at..next]))
                {
                    return SqlValue.Null;
                }

                at = next;
                continue;
            }

            int low = at + 1 < digits.Length ? Digit(digits[at + 1]) : -1;
            if (low < 0)
            {
                return SqlValue.Null;
            }

            bytes.Append((byte)((high << 4) | low));
            at += 2;
        }

        return bytes.ToValue().BytesAsBlob();
    }

    public static SqlValue ZeroBlob(ReadOnlySpan<SqlValue> arguments) =>
        SqlValue.FromBlob(new byte[SqlConvert.CheckedLength(Math.Max(SqlConvert.ToInteger(arguments[0]), 0))]);

    /// <summary>A hexadecimal digit's value, or -1.</summary>
    public static int Digit(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => -1,
    };

    private static bool ContainsCharacter(ReadOnlySpan<byte> set, ReadOnlySpan<byte> character)
    {
        for (int at = 0; at < set.Length;)
        {
            int next = Utf8.Next(set, at);
            if (set[at..next].SequenceEqual(character))
            {
                return true;
            }

            at = next;
        }

        return false;
    }
}
