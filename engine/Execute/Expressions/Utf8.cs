using System.Text;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>
/// UTF-8 as SQLite walks it: a byte from 0xC0 on begins a character and takes the continuation bytes after it along;
/// any other byte is a character of its own, so that invalid text never fails.
/// </summary>
internal static class Utf8
{
    /// <summary>The number of characters.</summary>
    public static int Count(ReadOnlySpan<byte> text)
    {
        int count = 0;
        for (int at = 0; at < text.Length; at = Next(text, at))
        {
            count++;
        }

        return count;
    }

    /// <summary>Where the character after the one at <paramref name="at"/> begins.</summary>
    public static int Next(ReadOnlySpan<byte> text, int at)
    {
        byte first = text[at++];
        if (first >= 0xC0)
        {
            while (at < text.Length && (text[at] & 0xC0) == 0x80)
            {
                at++;
            }
        }

        return at;
    }

    /// <summary>The byte offset of a character by its number from 0; the text's length when it has no more than that.</summary>
    public static int OffsetOf(ReadOnlySpan<byte> text, long character)
    {
        int at = 0;
        for (; character > 0 && at < text.Length; character--)
        {
            at = Next(text, at);
        }

        return at;
    }

    /// <summary>Reads the code point at <paramref name="at"/> and moves behind it. Overlong forms, surrogates and the like read as U+FFFD.</summary>
    public static int Read(ReadOnlySpan<byte> text, ref int at)
    {
        int start = at;
        at = Next(text, at);
        int value = text[start];
        if (value < 0xC0)
        {
            return value;
        }

        // 110xxxxx, 1110xxxx, 11110xxx: the lead byte's own bits.
        value &= value < 0xE0 ? 0x1F : value < 0xF0 ? 0x0F : 0x07;
        for (int i = start + 1; i < at; i++)
        {
            value = (value << 6) | (text[i] & 0x3F);
        }

        return value < 0x80 || value is >= 0xD800 and <= 0xDFFF || (value & ~1) == 0xFFFE ? Rune.ReplacementChar.Value : value;
    }

    /// <summary>Writes a code point, surrogates too; what lies beyond Unicode is written as U+FFFD.</summary>
    public static void Append(TextBuilder text, long codePoint)
    {
        int value = codePoint is >= 0 and <= 0x10FFFF ? (int)codePoint : Rune.ReplacementChar.Value;
        switch (value)
        {
            case < 0x80:
                text.Append((byte)value);
                break;
            case < 0x800:
                text.Append([(byte)(0xC0 | (value >> 6)), Continuation(value)]);
                break;
            case < 0x10000:
                text.Append([(byte)(0xE0 | (value >> 12)), Continuation(value >> 6), Continuation(value)]);
                break;
            default:
                text.Append([(byte)(0xF0 | (value >> 18)), Continuation(value >> 12), Continuation(value >> 6), Continuation(value)]);
                break;
        }
    }

    /// <summary>The bytes up to the first NUL: what functions see that take their text as a C string.</summary>
    public static ReadOnlySpan<byte> UntilNul(ReadOnlySpan<byte> text)
    {
        int end = text.IndexOf((byte)0);
        return end < 0 ? text : text[..end];
    }

    private static byte Continuation(int bits) => (byte)(0x80 | (bits & 0x3F));
}
