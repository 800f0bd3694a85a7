using System.Globalization;
using System.Text;
using Sluice.Engine.Execute.Expressions;

namespace Sluice.Engine.Execute.Functions.Json;

/// <summary>Writes JSON, and turns its strings into SQL's.</summary>
internal static class JsonText
{
    /// <summary>Writes an element as JSON without white space; what only JSON5 has is written in JSON's way.</summary>
    public static void Write(JsonNode node, TextBuilder text)
    {
        switch (node.Kind)
        {
            case JsonKind.Array:
                text.Append((byte)'[');
                for (int i = 0; i < node.Items.Count; i++)
                {
                    Separate(i > 0, text);
                    Write(node.Items[i], text);
                }

                text.Append((byte)']');
                break;
            case JsonKind.Object:
                text.Append((byte)'{');
                for (int i = 0; i < node.Items.Count; i += 2)
                {
                    Separate(i > 0, text);
                    Write(node.Items[i], text);
                    text.Append((byte)':');
                    Write(node.Items[i + 1], text);
                }

                text.Append((byte)'}');
                break;
            default:
                WriteScalar(node, text);
                break;
        }
    }

    /// <summary>json_pretty().</summary>
    public static void WritePretty(JsonNode node, ReadOnlySpan<byte> indent, int level, TextBuilder text)
    {
        if (node.Items.Count == 0)
        {
            Write(node, text);
            return;
        }

        bool isObject = node.Kind == JsonKind.Object;
        text.Append(isObject ? (byte)'{' : (byte)'[');
        for (int i = 0; i < node.Items.Count; i++)
        {
            text.Append(i == 0 ? "\n"u8 : ",\n"u8);
            Indent(indent, level + 1, text);
            if (isObject)
            {
                Write(node.Items[i++], text);
                text.Append(": "u8);
            }

            WritePretty(node.Items[i], indent, level + 1, text);
        }

        text.Append((byte)'\n');
        Indent(indent, level, text);
        text.Append(isObject ? (byte)'}' : (byte)']');
    }

    /// <summary>A string of SQL's as one of JSON's.</summary>
    public static void WriteQuoted(ReadOnlySpan<byte> value, TextBuilder text)
    {
        text.Append((byte)'"');
        foreach (byte c in value)
        {
            switch (c)
            {
                case (byte)'"' or (byte)'\\':
                    text.Append((byte)'\\');
                    text.Append(c);
                    break;
                case < 0x20:
                    WriteControl(c, text);
                    break;
                default:
                    text.Append(c);
                    break;
            }
        }

        text.Append((byte)'"');
    }

    /// <summary>A string's characters, escapes resolved.</summary>
    public static ReadOnlySpan<byte> Unescaped(JsonNode node)
    {
        ReadOnlySpan<byte> text = node.Text.Span;
        if (node.Kind is not (JsonKind.TextEscaped or JsonKind.Text5) || text.IndexOf((byte)'\\') < 0)
        {
            return text;
        }

        TextBuilder result = new();
        for (int i = 0; i < text.Length;)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                result.Append(text[i++]);
                continue;
            }

            i += JsonEscapes.Unescape(text[i..], result);
        }

        return result.ToArray();
    }

    /// <summary>Whether a text may stand in JSON as it is.</summary>
    public static bool IsPlain(ReadOnlySpan<byte> text)
    {
        foreach (byte c in text)
        {
            if (c < 0x20 || c is (byte)'"' or (byte)'\\')
            {
                return false;
            }
        }

        return true;
    }

    private static void Separate(bool another, TextBuilder text)
    {
        if (another)
        {
            text.Append((byte)',');
        }
    }

    private static void Indent(ReadOnlySpan<byte> indent, int level, TextBuilder text)
    {
        for (int i = 0; i < level; i++)
        {
            text.Append(indent);
        }
    }

    private static void WriteScalar(JsonNode node, TextBuilder text)
    {
        ReadOnlySpan<byte> value = node.Text.Span;
        switch (node.Kind)
        {
            case JsonKind.Null:
                text.Append("null"u8);
                break;
            case JsonKind.True:
                text.Append("true"u8);
                break;
            case JsonKind.False:
                text.Append("false"u8);
                break;
            case JsonKind.Integer5:
                WriteHexadecimal(value, text);
                break;
            case JsonKind.Real5:
                WriteReal5(value, text);
                break;
            case JsonKind.Integer or JsonKind.Real:
                text.Append(value);
                break;
            case JsonKind.TextRaw:
                WriteQuoted(value, text);
                break;
            case JsonKind.Text5:
                WriteText5(value, text);
                break;
            default:
                text.Append((byte)'"');
                text.Append(value);
                text.Append((byte)'"');
                break;
        }
    }

    private static void WriteHexadecimal(ReadOnlySpan<byte> value, TextBuilder text)
    {
        if (value[0] == '-')
        {
            text.Append((byte)'-');
            value = value[1..];
        }

        text.Append(ulong.TryParse(value[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong number)
            ? Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture))
            : "9.0e999"u8);
    }

    /// <summary>With a digit on both sides of the point.</summary>
    private static void WriteReal5(ReadOnlySpan<byte> value, TextBuilder text)
    {
        for (int i = 0; i < value.Length; i++)
        {
            if (value[i] == '.' && (i == 0 || !char.IsAsciiDigit((char)value[i - 1])))
            {
                text.Append((byte)'0');
            }

            text.Append(value[i]);
            if (value[i] == '.' && (i + 1 == value.Length || !char.IsAsciiDigit((char)value[i + 1])))
            {
                text.Append((byte)'0');
            }
        }
    }

    private static void WriteText5(ReadOnlySpan<byte> value, TextBuilder text)
    {
        text.Append((byte)'"');
        for (int i = 0; i < value.Length;)
        {
            byte c = value[i];
            if (c != '\\' || i + 1 == value.Length)
            {
                if (c == '"')
                {
                    text.Append((byte)'\\');
                }

                if (c < 0x20)
                {
                    WriteControl(c, text);
                }
                else
                {
                    text.Append(c);
                }

                i++;
                continue;
            }

            i += WriteEscape5(value[i..], text);
        }

        text.Append((byte)'"');
    }

    /// <summary>An escape of JSON5 in JSON's way; returns its length.</summary>
    private static int WriteEscape5(ReadOnlySpan<byte> escape, TextBuilder text)
    {
        switch (escape[1])
        {
            case (byte)'\'':
                text.Append((byte)'\'');
                return 2;
            case (byte)'v':
                text.Append("\\u000b"u8);
                return 2;
            case (byte)'0':
                text.Append("\\u0000"u8);
                return 2;
            case (byte)'x':
                text.Append("\\u00"u8);
                text.Append(escape[2..4]);
                return 4;
            case (byte)'\n':
                return 2;
            case (byte)'\r':
                return escape.Length > 2 && escape[2] == '\n' ? 3 : 2;
            case 0xe2:
                return 4;
            default:
                text.Append(escape[..2]);
                return 2;
        }
    }

    private static void WriteControl(byte c, TextBuilder text)
    {
        switch (c)
        {
            case (byte)'\b':
                text.Append("\\b"u8);
                break;
            case (byte)'\f':
                text.Append("\\f"u8);
                break;
            case (byte)'\n':
                text.Append("\\n"u8);
                break;
            case (byte)'\r':
                text.Append("\\r"u8);
                break;
            case (byte)'\t':
                text.Append("\\t"u8);
                break;
            default:
                text.Append("\\u00"u8);
                text.Append((byte)(c < 0x10 ? '0' : '1'));
                text.Append("0123456789abcdef"u8[c & 15]);
                break;
        }
    }
}
