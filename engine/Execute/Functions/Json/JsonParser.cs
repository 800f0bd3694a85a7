using System.Runtime.CompilerServices;

namespace Sluice.Engine.Execute.Functions.Json;

/// <summary>Reads JSON text, JSON5's extensions included ("JSON Functions And Operators", sqlite.org/json1.html, section 3).</summary>
internal sealed partial class JsonParser
{
    /// <summary>JSON_MAX_DEPTH ("JSON Functions And Operators", section 3).</summary>
    private const int MaxDepth = 1000;

    private readonly byte[] _text;
    private int _at;
    private int _depth;

    private JsonParser(ReadOnlySpan<byte> text)
    {
        _text = text.ToArray();
    }

    /// <summary>Whether it is JSON5 rather than JSON.</summary>
    private bool IsExtended { get; set; }

    /// <summary>The document, or null with the place of the first byte that cannot be, counted from 1.</summary>
    public static JsonNode? Parse(ReadOnlySpan<byte> text, out int errorPosition, out bool isExtended)
    {
        JsonParser parser = new(text);
        JsonNode? node = parser.ParseItem(0);
        if (node is not null)
        {
            parser.SkipSpace();
            if (parser._at < parser._text.Length)
            {
                // As in SQLite, what follows a whole value makes all of it wrong, from the begin.
                node = null;
                parser._at = 0;
            }
        }

        errorPosition = node is null ? parser._at + 1 : 0;
        isExtended = parser.IsExtended;
        return node;
    }

    private int Current => ByteAt(_at);

    private int Peek(int offset) => ByteAt(_at + offset);

    private int ByteAt(int at) => at < _text.Length ? _text[at] : -1;

    /// <summary>A value. Where there is none at all the error is at <paramref name="start"/>, before the space that is in front of what is there.</summary>
    private JsonNode? ParseItem(int start)
    {
        SkipSpace();
        if (!IsAtStop())
        {
            return ParseValue();
        }

        // A document that begins with what ends something is wrong there.
        _at = start == 0 && Current >= 0 ? _at : start;
        return null;
    }

    private bool IsAtStop() => Current is -1 or '}' or ']' or ',' or ':';

    private JsonNode? ParseValue()
    {
        switch (Current)
        {
            case '{':
                return ParseContainer(JsonKind.Object, '}');
            case '[':
                return ParseContainer(JsonKind.Array, ']');
            case '"' or '\'':
                return ParseString();
            case 't' when TryWord("true"):
                return new JsonNode(JsonKind.True);
            case 'f' when TryWord("false"):
                return new JsonNode(JsonKind.False);
            case 'n' when TryWord("null"):
                return new JsonNode(JsonKind.Null);
            case '-' or '+' or '.' or (>= '0' and <= '9'):
                return ParseNumber();
            default:
                return ParseNotANumber();
        }
    }

    private JsonNode? ParseContainer(JsonKind kind, int end)
    {
        if (++_depth > MaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            return null;
        }

        JsonNode node = new(kind);
        int start = ++_at;
        SkipSpace();
        while (Current != end)
        {
            if (kind == JsonKind.Object && !ParseName(node, start))
            {
                return null;
            }

            if (ParseItem(kind == JsonKind.Object ? _at : start) is not { } value)
            {
                return null;
            }

            node.Items.Add(value);
            SkipPlainSpace();
            int after = _at;
            SkipSpace();
            if (Current == ',')
            {
                start = ++_at;
                SkipSpace();
                if (Current == end)
                {
                    IsExtended = true;
                }
            }
            else if (Current != end)
            {
                _at = after;
                return null;
            }
        }

        _at++;
        _depth--;
        return node;
    }

    /// <summary>A string, or a word; but a word that is a value is no name. <paramref name="start"/> is before the space in front of it.</summary>
    private bool ParseName(JsonNode node, int start)
    {
        int at = _at;
        if (ParseValue() is not { } name)
        {
            if (!IsIdentifierStart(at))
            {
                return false;
            }

            _at = at;
            name = ParseIdentifier();
        }

        if (name.Kind is < JsonKind.Text or > JsonKind.TextRaw)
        {
            _at = start;
            return false;
        }

        node.Items.Add(name);
        SkipPlainSpace();
        int after = _at;
        SkipSpace();
        if (Current != ':')
        {
            _at = IsAtStop() || ParseValue() is not null ? after : _at;
            return false;
        }

        _at++;
        return true;
    }

    private JsonNode ParseIdentifier()
    {
        int start = _at;
        bool escaped = false;
        while (IsIdentifierStart(_at) || (Current is >= '0' and <= '9'))
        {
            bool isEscape = Current == '\\';
            escaped |= isEscape;
            _at += isEscape ? 6 : 1;
        }

        IsExtended = true;
        return new JsonNode(escaped ? JsonKind.TextEscaped : JsonKind.Text, _text.AsMemory(start, _at - start));
    }

    private bool IsIdentifierStart(int at) => at < _text.Length && _text[at] switch
    {
        (byte)'_' or (byte)'$' or (>= (byte)'a' and <= (byte)'z') or (>= (byte)'A' and <= (byte)'Z') => true,
        (byte)'\\' => at + 1 < _text.Length && _text[at + 1] == 'u' && JsonEscapes.IsHex(_text.AsSpan(at), 2, 4),
        >= 0x80 => WideSpace(at) == 0,
        _ => false,
    };

    private JsonNode? ParseString()
    {
        int quote = Current;
        JsonKind kind = JsonKind.Text;
        IsExtended |= quote == '\'';
        int start = ++_at;
        while (Current != quote)
        {
            switch (Current)
            {
                case -1 or 0:
                    return null;
                case '\\':
                    if (!SkipEscape(ref kind))
                    {
                        return null;
                    }

                    break;
                case < 0x20:
                    IsExtended = true;
                    kind = JsonKind.Text5;
                    _at++;
                    break;
                case '"':
                    kind = JsonKind.Text5;
                    _at++;
                    break;
                default:
                    _at++;
                    break;
            }
        }

        return new JsonNode(kind, _text.AsMemory(start, _at++ - start));
    }

    private bool SkipEscape(ref JsonKind kind)
    {
        int length = JsonEscapes.LengthOf(_text.AsSpan(_at), out bool isExtended);
        IsExtended |= isExtended;
        kind = isExtended ? JsonKind.Text5 : kind == JsonKind.Text ? JsonKind.TextEscaped : kind;
        _at += Math.Max(1, length);
        return length > 0;
    }

    private void SkipPlainSpace()
    {
        while (Current is ' ' or '\t' or '\n' or '\r')
        {
            _at++;
        }
    }

    /// <summary>JSON's white space; JSON5's, and comments.</summary>
    private void SkipSpace()
    {
        while (true)
        {
            switch (Current)
            {
                case ' ' or '\t' or '\n' or '\r':
                    _at++;
                    continue;
                case 0x0b or 0x0c:
                    _at++;
                    break;
                case '/' when Peek(1) == '*' && _text.AsSpan(_at + 2).IndexOf("*/"u8) is >= 0 and var end:
                    _at += end + 4;
                    break;
                case '/' when Peek(1) == '/':
                    while (Current is not (-1 or '\n' or '\r'))
                    {
                        _at++;
                    }

                    break;
                case >= 0x80 when WideSpace(_at) is > 0 and var length:
                    _at += length;
                    break;
                default:
                    return;
            }

            IsExtended = true;
        }
    }

    /// <summary>The length of a white space character that is not ASCII; 0 when there is none.</summary>
    private int WideSpace(int at) => (_text[at], ByteAt(at + 1), ByteAt(at + 2)) switch
    {
        (0xc2, 0xa0, _) => 2,
        (0xe1, 0x9a, 0x80) => 3,
        (0xe2, 0x80, (>= 0x80 and <= 0x8a) or 0xa8 or 0xa9 or 0xaf) => 3,
        (0xe2, 0x81, 0x9f) => 3,
        (0xe3, 0x80, 0x80) => 3,
        (0xef, 0xbb, 0xbf) => 3,
        _ => 0,
    };
}
