using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions;

/// <summary>quote(), unistr(), unistr_quote().</summary>
internal static class QuoteFunctions
{
    /// <summary>The value as a literal of SQL.</summary>
    public static SqlValue Quote(ReadOnlySpan<SqlValue> arguments) => Quote(arguments[0], unistr: false);

    /// <summary>As quote(), but control characters are written as escapes inside unistr('...').</summary>
    public static SqlValue UnistrQuote(ReadOnlySpan<SqlValue> arguments) => Quote(arguments[0], unistr: true);

    /// <summary>\XXXX, \uXXXX, \+XXXXXX, \UXXXXXXXX and \\ become the characters they stand for.</summary>
    public static SqlValue Unistr(ReadOnlySpan<SqlValue> arguments)
    {
        SqlValue value = SqlConvert.ToText(arguments[0]);
        if (value.IsNull)
        {
            return value;
        }

        ReadOnlySpan<byte> rest = Utf8.UntilNul(value.Bytes);
        TextBuilder text = new();
        while (rest.Length > 0)
        {
            int plain = rest.IndexOf((byte)'\\');
            text.Append(plain < 0 ? rest : rest[..plain]);
            rest = plain < 0 ? [] : rest[(plain + 1)..];
            if (plain >= 0)
            {
                rest = rest[AppendEscape(text, rest)..];
            }
        }

        return text.ToValue();
    }

    /// <summary>Reads behind a backslash; returns how many bytes belong to the escape.</summary>
    private static int AppendEscape(TextBuilder text, ReadOnlySpan<byte> escape)
    {
        byte kind = escape.Length == 0 ? (byte)0 : escape[0];
        if (kind == '\\')
        {
            text.Append(kind);
            return 1;
        }

        int skip = kind is (byte)'u' or (byte)'U' or (byte)'+' ? 1 : 0;
        int count = kind switch { (byte)'U' => 8, (byte)'+' => 6, _ => 4 };
        long codePoint = 0;
        for (int i = skip; i < skip + count; i++)
        {
            int digit = i < escape.Length ? BlobFunctions.Digit(escape[i]) : -1;
            if (digit < 0)
            {
                throw new SluiceException(ResultCode.Error, "invalid Unicode escape");
            }

            codePoint = (codePoint << 4) | (uint)digit;
        }

        Utf8.Append(text, codePoint);
        return skip + count;
    }

    private static SqlValue Quote(in SqlValue value, bool unistr)
    {
        TextBuilder text = new();
        switch (value.Type)
        {
            case SqlType.Real:
                AppendReal(text, value.Real);
                break;
            case SqlType.Text:
                PrintfTexts.AppendQuoted(text, new PrintfSpecification { Letter = 'Q', Precision = -1, Alternate = unistr }, value);
                break;
            case SqlType.Blob:
                byte[] digits = new byte[SqlConvert.CheckedLength((value.ByteLength * 2L) + 3) - 3];
                Convert.TryToHexString(value.Bytes, digits, out _);
                text.Append("X'"u8);
                text.Append(digits);
                text.Append((byte)'\'');
                break;
            case SqlType.Integer:
                text.Append(value);
                break;
            default:
                text.Append("NULL"u8);
                break;
        }

        return text.ToValue();
    }

    /// <summary>15 digits where they give the same real back, else 21; infinity as a number that overflows.</summary>
    private static void AppendReal(TextBuilder text, double value)
    {
        if (double.IsInfinity(value))
        {
            text.Append(value > 0 ? "9.0e+999"u8 : "-9.0e+999"u8);
            return;
        }

        Span<byte> number = stackalloc byte[NumberText.MaxLength];
        int length = NumberText.Write(value, number);
        NumberParser.ParseReal(number[..length], out double again);
        if (again == value)
        {
            text.Append(number[..length]);
        }
        else
        {
            PrintfNumbers.AppendReal(text, new PrintfSpecification { Letter = 'e', Precision = 20, Wide = true }, value);
        }
    }
}
