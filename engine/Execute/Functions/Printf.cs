using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions;

/// <summary>printf() and format(): SQLite's own format language ("Built-in printf()", sqlite.org/printf.html).</summary>
internal static class Printf
{
    /// <summary>NULL for a NULL format, and for one that writes nothing at all, not even an empty substitution.</summary>
    public static SqlValue Format(ReadOnlySpan<SqlValue> arguments)
    {
        if (arguments.Length == 0 || arguments[0].IsNull)
        {
            return SqlValue.Null;
        }

        TextBuilder text = new();
        SqlValue format = SqlConvert.ToText(arguments[0]);
        return Append(text, Utf8.UntilNul(format.Bytes), new PrintfArguments(arguments[1..])) ? text.ToValue() : SqlValue.Null;
    }

    private static bool Append(TextBuilder text, ReadOnlySpan<byte> format, PrintfArguments arguments)
    {
        bool any = false;
        int at = 0;
        while (at < format.Length)
        {
            int plain = format[at..].IndexOf((byte)'%');
            int end = plain < 0 ? format.Length : at + plain;
            text.Append(format[at..end]);
            any |= end > at;
            at = end + 1;
            if (end == format.Length)
            {
                break;
            }

            if (at == format.Length)
            {
                text.Append((byte)'%');
                return true;
            }

            PrintfSpecification specification = PrintfSpecification.Read(format, ref at, ref arguments);
            if (!AppendSubstitution(text, specification, ref arguments))
            {
                // An unknown letter ends the output.
                return any;
            }

            any = true;
        }

        return any;
    }

    private static bool AppendSubstitution(TextBuilder text, in PrintfSpecification specification, ref PrintfArguments arguments)
    {
        int start = text.Length;
        bool countsCharacters = false;
        switch (specification.Letter)
        {
            case 'd' or 'i' or 'u' or 'x' or 'X' or 'o' or 'r' or 'p':
                PrintfNumbers.AppendInteger(text, specification, arguments.NextInteger());
                break;
            case 'f' or 'e' or 'E' or 'g' or 'G':
                PrintfNumbers.AppendReal(text, specification, arguments.NextReal());
                break;
            case 's' or 'z':
                PrintfTexts.AppendText(text, specification, arguments.NextText());
                countsCharacters = specification.Wide;
                break;
            case 'q' or 'Q' or 'w':
                PrintfTexts.AppendQuoted(text, specification, arguments.NextText());
                countsCharacters = specification.Wide;
                break;
            case 'c':
                PrintfTexts.AppendCharacter(text, specification, arguments.NextText());
                countsCharacters = true;
                break;
            case '%':
                text.Append((byte)'%');
                break;
            case 'n':
                return true;
            default:
                return false;
        }

        Pad(text, start, specification, countsCharacters);
        return true;
    }

    private static void Pad(TextBuilder text, int start, in PrintfSpecification specification, bool countsCharacters)
    {
        ReadOnlySpan<byte> written = text.Span[start..];
        int length = written.Length;
        if (countsCharacters)
        {
            foreach (byte value in written)
            {
                length -= (value & 0xC0) == 0x80 ? 1 : 0;
            }
        }

        int missing = specification.Width - length;
        if (specification.Left)
        {
            text.Append((byte)' ', missing);
        }
        else
        {
            text.Insert(start, (byte)' ', missing);
        }
    }
}
