using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions;

/// <summary>char(), concat(), concat_ws(), instr(), length(), octet_length(), lower(), upper(), replace(), unicode().</summary>
internal static class TextFunctions
{
    public static SqlValue Char(ReadOnlySpan<SqlValue> arguments)
    {
        TextBuilder text = new();
        foreach (ref readonly SqlValue argument in arguments)
        {
            Utf8.Append(text, SqlConvert.ToInteger(argument));
        }

        return text.ToValue();
    }

    public static SqlValue Concat(ReadOnlySpan<SqlValue> arguments) => Join([], arguments);

    public static SqlValue ConcatWithSeparator(ReadOnlySpan<SqlValue> arguments)
    {
        SqlValue separator = SqlConvert.ToText(arguments[0]);
        return separator.IsNull ? separator : Join(separator.Bytes, arguments[1..]);
    }

    /// <summary>Where the second stands in the first, counted in characters, or in bytes if both are blobs; 0 where it does not.</summary>
    public static SqlValue Instr(ReadOnlySpan<SqlValue> arguments)
    {
        if (arguments[0].IsNull || arguments[1].IsNull)
        {
            return SqlValue.Null;
        }

        bool blobs = arguments[0].Type == SqlType.Blob && arguments[1].Type == SqlType.Blob;
        SqlValue text = SqlConvert.ToText(arguments[0]);
        SqlValue part = SqlConvert.ToText(arguments[1]);
        int at = text.Bytes.IndexOf(part.Bytes);
        return SqlValue.FromInteger(at < 0 ? 0 : 1 + (blobs ? at : Utf8.Count(text.Bytes[..at])));
    }

    /// <summary>Characters of a text up to its first NUL; bytes of a blob; the length of a number's text.</summary>
    public static SqlValue Length(ReadOnlySpan<SqlValue> arguments) => arguments[0].Type switch
    {
        SqlType.Null => SqlValue.Null,
        SqlType.Text => SqlValue.FromInteger(Utf8.Count(Utf8.UntilNul(arguments[0].Bytes))),
        _ => OctetLength(arguments),
    };

    public static SqlValue OctetLength(ReadOnlySpan<SqlValue> arguments)
    {
        ref readonly SqlValue value = ref arguments[0];
        if (value.IsNumeric)
        {
            Span<byte> number = stackalloc byte[NumberText.MaxLength];
            return SqlValue.FromInteger(SqlConvert.WriteNumber(value, number));
        }

        return value.IsNull ? value : SqlValue.FromInteger(value.ByteLength);
    }

    /// <summary>Letters of ASCII only.</summary>
    public static SqlValue Lower(ReadOnlySpan<SqlValue> arguments) => ChangeCase(arguments[0], (byte)'A', (byte)'Z');

    public static SqlValue Upper(ReadOnlySpan<SqlValue> arguments) => ChangeCase(arguments[0], (byte)'a', (byte)'z');

    public static SqlValue Replace(ReadOnlySpan<SqlValue> arguments)
    {
        SqlValue value = SqlConvert.ToText(arguments[0]);
        SqlValue part = SqlConvert.ToText(arguments[1]);
        SqlValue with = SqlConvert.ToText(arguments[2]);
        if (value.IsNull || part.IsNull || (with.IsNull && part.ByteLength > 0))
        {
            return SqlValue.Null;
        }

        ReadOnlySpan<byte> rest = value.Bytes;
        int at = part.ByteLength == 0 ? -1 : rest.IndexOf(part.Bytes);
        if (at < 0)
        {
            return value;
        }

        TextBuilder text = new();
        for (; at >= 0; at = rest.IndexOf(part.Bytes))
        {
            text.Append(rest[..at]);
            text.Append(with.Bytes);
            rest = rest[(at + part.ByteLength)..];
        }

        text.Append(rest);
        return text.ToValue();
    }

    /// <summary>The first character's code point.</summary>
    public static SqlValue Unicode(ReadOnlySpan<SqlValue> arguments)
    {
        SqlValue text = SqlConvert.ToText(arguments[0]);
        if (text.ByteLength == 0 || text.Bytes[0] == 0)
        {
            return SqlValue.Null;
        }

        int at = 0;
        return SqlValue.FromInteger(Utf8.Read(text.Bytes, ref at));
    }

    /// <summary>The arguments that are not NULL, with the separator between them.</summary>
    private static SqlValue Join(ReadOnlySpan<byte> separator, ReadOnlySpan<SqlValue> arguments)
    {
        TextBuilder text = new();
        bool any = false;
        foreach (ref readonly SqlValue argument in arguments)
        {
            if (argument.IsNull)
            {
                continue;
            }

            if (any)
            {
                text.Append(separator);
            }

            text.Append(argument);
            any = true;
        }

        return text.ToValue();
    }

    private static SqlValue ChangeCase(in SqlValue value, byte first, byte last)
    {
        SqlValue text = SqlConvert.ToText(value);
        if (text.IsNull || text.Bytes.IndexOfAnyInRange(first, last) < 0)
        {
            return text;
        }

        byte[] changed = text.Bytes.ToArray();
        foreach (ref byte letter in changed.AsSpan())
        {
            letter ^= letter >= first && letter <= last ? (byte)0x20 : (byte)0;
        }

        return SqlValue.FromText(changed);
    }
}
