using System.Globalization;
using Sluice.Engine.Execute.Expressions;

namespace Sluice.Engine.Execute.Functions.Json;

/// <summary>The escapes of JSON's strings, and those that only JSON5 has.</summary>
internal static class JsonEscapes
{
    /// <summary>Whether <paramref name="count"/> hexadecimal digits stand at <paramref name="from"/>.</summary>
    public static bool IsHex(ReadOnlySpan<byte> text, int from, int count)
    {
        int end = from + count;
        for (int i = from; i < end; i++)
        {
            if (i >= text.Length || !char.IsAsciiHexDigit((char)text[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The length of an escape; 0 when it is none.</summary>
    /// <param name="text">From a reverse solidus on.</param>
    /// <param name="isExtended">Whether only JSON5 has it.</param>
    public static int LengthOf(ReadOnlySpan<byte> text, out bool isExtended)
    {
        byte escaped = text.Length > 1 ? text[1] : (byte)0;
        int length = escaped switch
        {
            (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t' => 2,
            (byte)'u' => IsHex(text, 2, 4) ? 6 : 0,
            _ => -1,
        };
        isExtended = length < 0;
        return !isExtended ? length : escaped switch
        {
            (byte)'\'' or (byte)'v' or (byte)'\n' => 2,
            (byte)'0' => text.Length > 2 && char.IsAsciiDigit((char)text[2]) ? 0 : 2,
            (byte)'\r' => text.Length > 2 && text[2] == '\n' ? 3 : 2,
            (byte)'x' => IsHex(text, 2, 2) ? 4 : 0,
            0xe2 => text.Length > 3 && text[2] == 0x80 && text[3] is 0xa8 or 0xa9 ? 4 : 0,
            _ => 0,
        };
    }

    /// <summary>Appends what an escape stands for; returns its length.</summary>
    public static int Unescape(ReadOnlySpan<byte> escape, TextBuilder result)
    {
        switch (escape[1])
        {
            case (byte)'x' or (byte)'u' when LengthOf(escape, out _) == 0:
                // A name in a path may have what is none.
                result.Append(escape[0]);
                return 1;
            case (byte)'b':
                result.Append((byte)'\b');
                return 2;
            case (byte)'f':
                result.Append((byte)'\f');
                return 2;
            case (byte)'n':
                result.Append((byte)'\n');
                return 2;
            case (byte)'r':
                result.Append((byte)'\r');
                return 2;
            case (byte)'t':
                result.Append((byte)'\t');
                return 2;
            case (byte)'v':
                result.Append(0x0b);
                return 2;
            case (byte)'0':
                result.Append(0);
                return 2;
            case (byte)'x':
                AppendCharacter(HexOf(escape[2..4]), result);
                return 4;
            case (byte)'u':
                return UnescapeUnicode(escape, result);
            case (byte)'\n':
                return 2;
            case (byte)'\r':
                return escape.Length > 2 && escape[2] == '\n' ? 3 : 2;
            case 0xe2:
                return 4;
            default:
                result.Append(escape[1]);
                return 2;
        }
    }

    private static int UnescapeUnicode(ReadOnlySpan<byte> escape, TextBuilder result)
    {
        int high = HexOf(escape[2..6]);
        if (char.IsHighSurrogate((char)high) && escape.Length >= 12 && escape[6] == '\\' && escape[7] == 'u'
            && HexOf(escape[8..12]) is var low && char.IsLowSurrogate((char)low))
        {
            AppendCharacter(char.ConvertToUtf32((char)high, (char)low), result);
            return 12;
        }

        AppendCharacter(high, result);
        return 6;
    }

    private static int HexOf(ReadOnlySpan<byte> digits) => int.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    /// <summary>UTF-8 of a code point; a lone surrogate is encoded as it is, as SQLite does.</summary>
    private static void AppendCharacter(int code, TextBuilder result)
    {
        if (code < 0x80)
        {
            result.Append((byte)code);
        }
        else if (code < 0x800)
        {
            result.Append([(byte)(0xc0 | (code >> 6)), (byte)(0x80 | (code & 0x3f))]);
        }
        else if (code < 0x10000)
        {
            result.Append([(byte)(0xe0 | (code >> 12)), (byte)(0x80 | ((code >> 6) & 0x3f)), (byte)(0x80 | (code & 0x3f))]);
        }
        else
        {
            result.Append([(byte)(0xf0 | (code >> 18)), (byte)(0x80 | ((code >> 12) & 0x3f)), (byte)(0x80 | ((code >> 6) & 0x3f)), (byte)(0x80 | (code & 0x3f))]);
        }
    }
}
