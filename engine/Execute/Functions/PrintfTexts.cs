using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions;

/// <summary>printf's conversions of text, without the padding to the width. With the flag "!", a precision counts characters, not bytes.</summary>
internal static class PrintfTexts
{
    public static void AppendText(TextBuilder text, in PrintfSpecification specification, in SqlValue value) =>
        text.Append(Cut(Utf8.UntilNul(value.Bytes), specification));

    /// <summary>%c: the first character, as often as the precision says.</summary>
    public static void AppendCharacter(TextBuilder text, in PrintfSpecification specification, in SqlValue value)
    {
        ReadOnlySpan<byte> bytes = Utf8.UntilNul(value.Bytes);
        ReadOnlySpan<byte> character = bytes.Length == 0 ? "\0"u8 : bytes[..Math.Min(Utf8.Next(bytes, 0), 4)];
        for (int i = Math.Max(specification.Precision, 1); i > 0; i--)
        {
            text.Append(character);
        }
    }

    /// <summary>
    /// %q, %Q, %w: quotes doubled; %Q puts quotes around it. With the flag "#", control characters are written as unistr() reads them.
    /// </summary>
    public static void AppendQuoted(TextBuilder text, in PrintfSpecification specification, in SqlValue value)
    {
        bool enclosed = specification.Letter == 'Q';
        if (value.IsNull)
        {
            text.Append(Cut(enclosed ? "NULL"u8 : "(NULL)"u8, specification));
            return;
        }

        ReadOnlySpan<byte> bytes = Cut(Utf8.UntilNul(value.Bytes), specification);
        byte quote = specification.Letter == 'w' ? (byte)'"' : (byte)'\'';
        bool escaped = specification.Alternate && bytes.IndexOfAnyInRange((byte)0, (byte)0x1F) >= 0;
        if (enclosed && escaped)
        {
            text.Append("unistr("u8);
        }

        text.Append(quote, enclosed ? 1 : 0);
        AppendEscaped(text, bytes, quote, escaped);
        text.Append(quote, enclosed ? 1 : 0);
        text.Append((byte)')', enclosed && escaped ? 1 : 0);
    }

    private static void AppendEscaped(TextBuilder text, ReadOnlySpan<byte> bytes, byte quote, bool escaped)
    {
        foreach (byte value in bytes)
        {
            if (escaped && value <= 0x1F)
            {
                text.Append(value >= 0x10 ? "\\u001"u8 : "\\u000"u8);
                text.Append("0123456789abcdef"u8[value & 15]);
                continue;
            }

            text.Append(value, value == quote || (escaped && value == '\\') ? 2 : 1);
        }
    }

    private static ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> text, in PrintfSpecification specification)
    {
        if (specification.Precision < 0)
        {
            return text;
        }

        return specification.Wide
            ? text[..Utf8.OffsetOf(text, specification.Precision)]
            : text[..Math.Min(text.Length, specification.Precision)];
    }
}
