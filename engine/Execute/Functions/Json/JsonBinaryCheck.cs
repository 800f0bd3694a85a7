using System.Runtime.CompilerServices;

namespace Sluice.Engine.Execute.Functions.Json;

/// <summary>Whether JSONB is well-formed in all its bytes, and where it is not: what json_valid(X, 8) and json_error_position(X) say of a blob.</summary>
internal static class JsonBinaryCheck
{
    private const int Nowhere = -1;

    /// <summary>A number is none as a whole.</summary>
    private const int Everywhere = -2;

    /// <summary>The place of the first byte that cannot be, counted from 1; 0 when all is well.</summary>
    /// <param name="bytes">A blob whose outermost header fits it (<see cref="JsonBinary.IsMeant"/>).</param>
    public static int ErrorPosition(ReadOnlySpan<byte> bytes) => Element(bytes, 0, 1);

    /// <summary>Whether a string is what its kind says.</summary>
    public static bool IsText(JsonKind kind, ReadOnlySpan<byte> text) => ErrorInText(kind, text) == Nowhere;

    /// <summary>Whether a number is a hexadecimal one.</summary>
    public static bool IsHexadecimal(ReadOnlySpan<byte> text) => ErrorInHexadecimal(text) == Nowhere;

    private static int ErrorInText(JsonKind kind, ReadOnlySpan<byte> text)
    {
        if (kind == JsonKind.TextRaw)
        {
            return Nowhere;
        }

        for (int i = 0; i < text.Length; i++)
        {
            byte c = text[i];
            if (c >= 0x20 && c is not ((byte)'"' or (byte)'\\'))
            {
                continue;
            }

            int length = c == '\\' ? EscapeLength(kind, text[i..]) : kind == JsonKind.Text5 ? 1 : 0;
            if (length == 0)
            {
                return i;
            }

            i += length - 1;
        }

        return Nowhere;
    }

    private static int ErrorInHexadecimal(ReadOnlySpan<byte> text)
    {
        int at = text.StartsWith((byte)'-') ? 1 : 0;
        if (text.Length < at + 3 || text[at] != '0')
        {
            return Everywhere;
        }

        if ((text[at + 1] | 0x20) != 'x')
        {
            return at + 1;
        }

        int end = text[(at + 2)..].IndexOfAnyExcept("0123456789abcdefABCDEF"u8);
        return end < 0 ? Nowhere : at + 2 + end;
    }

    /// <param name="bytes">The document up to the end of the element.</param>
    /// <param name="start">Where the element begins.</param>
    /// <param name="depth">How deep it is nested.</param>
    private static int Element(ReadOnlySpan<byte> bytes, int start, int depth)
    {
        if (depth > JsonBinary.MaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack() || !JsonBinary.TryHeader(bytes[start..], out int type, out int header, out _))
        {
            return start + 1;
        }

        int content = start + header;
        ReadOnlySpan<byte> text = bytes[content..];
        int wrong;
        switch ((JsonKind)type)
        {
            case JsonKind.Null or JsonKind.True or JsonKind.False:
                return content == bytes.Length && header == 1 ? 0 : start + 1;
            case JsonKind.Integer:
                wrong = ErrorInInteger(text);
                break;
            case JsonKind.Integer5:
                wrong = ErrorInHexadecimal(text);
                break;
            case JsonKind.Real or JsonKind.Real5:
                wrong = ErrorInReal((JsonKind)type, text);
                break;
            case JsonKind.Text or JsonKind.TextEscaped or JsonKind.Text5 or JsonKind.TextRaw:
                wrong = ErrorInText((JsonKind)type, text);
                break;
            case JsonKind.Array or JsonKind.Object:
                return Items(bytes, content, type == (int)JsonKind.Object, depth);
            default:
                return start + 1;
        }

        return wrong switch { Nowhere => 0, Everywhere => start + 1, _ => content + wrong + 1 };
    }

    private static int Items(ReadOnlySpan<byte> bytes, int start, bool isObject, int depth)
    {
        int count = 0;
        while (start < bytes.Length)
        {
            if (!JsonBinary.TryHeader(bytes[start..], out int type, out int header, out long payload)
                || payload > bytes.Length - start - header
                || (isObject && count % 2 == 0 && (JsonKind)type is < JsonKind.Text or > JsonKind.TextRaw))
            {
                return start + 1;
            }

            int end = start + header + (int)payload;
            if (Element(bytes[..end], start, depth + 1) is > 0 and var position)
            {
                return position;
            }

            start = end;
            count++;
        }

        return isObject && count % 2 != 0 ? start + 1 : 0;
    }

    private static int ErrorInInteger(ReadOnlySpan<byte> text)
    {
        int at = text.StartsWith((byte)'-') ? 1 : 0;
        if (text.Length == at)
        {
            return Everywhere;
        }

        int end = text[at..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return end < 0 ? Nowhere : at + end;
    }

    private static int ErrorInReal(JsonKind kind, ReadOnlySpan<byte> text)
    {
        int at = text.StartsWith((byte)'-') ? 1 : 0;
        if (text.Length < at + 2)
        {
            return Everywhere;
        }

        int error = kind == JsonKind.Real && text[at] == '0' && (text.Length < at + 3 || text[at + 1] is not ((byte)'.' or (byte)'e' or (byte)'E')) ? at : Nowhere;
        bool hasPoint = false;
        bool hasExponent = false;
        for (int i = at; i < text.Length && error == Nowhere; i++)
        {
            bool beforeDigit = i + 1 < text.Length && char.IsAsciiDigit((char)text[i + 1]);
            switch (text[i])
            {
                case >= (byte)'0' and <= (byte)'9':
                    break;
                case (byte)'.':
                    bool needsDigit = kind == JsonKind.Real || i == at;
                    error = hasPoint || hasExponent || (needsDigit && !beforeDigit) || (kind == JsonKind.Real && i == at) ? i : Nowhere;
                    hasPoint = true;
                    break;
                case (byte)'e' or (byte)'E' when !hasExponent && i + 1 < text.Length:
                    i += text[i + 1] is (byte)'+' or (byte)'-' ? 1 : 0;
                    error = i + 1 == text.Length ? i : Nowhere;
                    hasExponent = true;
                    break;
                default:
                    error = i;
                    break;
            }
        }

        return error == Nowhere && !hasPoint && !hasExponent ? Everywhere : error;
    }

    /// <summary>The length of an escape at the beginning of <paramref name="text"/>; 0 when it is none that a string of this kind may have.</summary>
    private static int EscapeLength(JsonKind kind, ReadOnlySpan<byte> text)
    {
        int length = JsonEscapes.LengthOf(text, out bool isExtended);
        return kind == JsonKind.Text || (isExtended && kind != JsonKind.Text5) ? 0 : length;
    }
}
