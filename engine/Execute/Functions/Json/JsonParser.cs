using System.Runtime.CompilerServices;

namespace Sluice.Engine.Execute.Functions.Json;

/// <summary>Reads JSON text, JSON5's extensions included ("JSON Functions And Operators", sqlite.org/json1.html, section 3).</summary>
internal sealed class JsonParser
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
        JsonNode? node = parser.ParseValue();
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

    private int Current => _at < _text.Length ? _text[_at] : -1;

    private int Peek(int offset) => _at + offset < _text.Length ? _text[_at + offset] : -1;

    private JsonNode? ParseValue()
    {
        SkipSpace();
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
        _at++;
        SkipSpace();
        while (Current != end)
        {
            if (kind == JsonKind.Object && !ParseName(node))
            {
                return null;
            }

            if (ParseValue() is not { } value)
            {
                return null;
            }

            node.Items.Add(value);
            SkipSpace();
            if (Current == ',')
            {
                _at++;
                SkipSpace();
                if (Current == end)
                {
                    IsExtended = true;
                }
            }
            else if (Current != end)
            {
                return null;
            }
        }

        _at++;
        _depth--;
        return node;
    }

    private bool ParseName(JsonNode node)
    {
        JsonNode? name = Current is '"' or '\'' ? ParseString() : ParseIdentifier();
        if (name is null)
        {
            return false;
        }

        node.Items.Add(name);
        SkipSpace();
        if (Current != ':')
        {
            return false;
        }

        _at++;
        return true;
    }

    private JsonNode? ParseIdentifier()
    {
        int start = _at;
        bool escaped = false;
        while (IsIdentifierByte(Current, _at > start) || (Current == '\\' && Peek(1) == 'u' && IsHex(2, 4)))
        {
            bool isEscape = Current == '\\';
            escaped |= isEscape;
            _at += isEscape ? 6 : 1;
        }

        IsExtended = true;
        return _at == start ? null : new JsonNode(escaped ? JsonKind.TextEscaped : JsonKind.Text, _text.AsMemory(start, _at - start));
    }

    private static bool IsIdentifierByte(int c, bool digits) =>
        c is '_' or '$' or (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or >= 0x80 || (digits && c is >= '0' and <= '9');

    private JsonNode? ParseString()
    {
        int quote = Current;
        JsonKind kind = JsonKind.Text;
        if (quote == '\'')
        {
            IsExtended = true;
            kind = JsonKind.Text5;
        }

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
                default:
                    _at++;
                    break;
            }
        }

        ReadOnlyMemory<byte> text = _text.AsMemory(start, _at - start);
        _at++;

        // A text in single quotes needs nothing of JSON5 when it has neither escapes nor quotes in it.
        return new JsonNode(kind == JsonKind.Text5 && JsonText.IsPlain(text.Span) ? JsonKind.Text : kind, text);
    }

    private bool SkipEscape(ref JsonKind kind)
    {
        switch (Peek(1))
        {
            case '"' or '\\' or '/' or 'b' or 'f' or 'n' or 'r' or 't':
                kind = kind == JsonKind.Text ? JsonKind.TextEscaped : kind;
                _at += 2;
                return true;
            case 'u' when IsHex(2, 4):
                kind = kind == JsonKind.Text ? JsonKind.TextEscaped : kind;
                _at += 6;
                return true;
            case '\'' or '0' or 'v' or '\n':
                _at += 2;
                break;
            case '\r':
                _at += Peek(2) == '\n' ? 3 : 2;
                break;
            case 'x' when IsHex(2, 2):
                _at += 4;
                break;
            case 0xe2 when Peek(2) == 0x80 && Peek(3) is 0xa8 or 0xa9:
                _at += 4;
                break;
            default:
                return false;
        }

        IsExtended = true;
        kind = JsonKind.Text5;
        return true;
    }

    private bool IsHex(int offset, int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (Peek(offset + i) is not (>= 0 and var c) || !char.IsAsciiHexDigit((char)c))
            {
                return false;
            }
        }

        return true;
    }

    private JsonNode? ParseNumber()
    {
        int start = _at;
        bool negative = Current == '-';
        if (Current is '+' or '-')
        {
            IsExtended |= Current == '+';
            _at++;
            if (!negative)
            {
                start = _at;
            }
        }

        if (Current is not ('.' or (>= '0' and <= '9')))
        {
            return ParseNotANumber(negative);
        }

        if (Current == '0' && Peek(1) is 'x' or 'X' && IsHex(2, 1))
        {
            IsExtended = true;
            _at += 2;
            while (IsHex(0, 1))
            {
                _at++;
            }

            return new JsonNode(JsonKind.Integer5, _text.AsMemory(start, _at - start));
        }

        if (Current == '0' && Peek(1) is >= '0' and <= '9')
        {
            _at++;
            return null;
        }

        return ParseDecimal(start);
    }

    private JsonNode? ParseDecimal(int start)
    {
        bool isReal = false;
        bool isExtended = Current == '.';
        SkipDigits();
        if (Current == '.')
        {
            isReal = true;
            _at++;
            int before = _at;
            SkipDigits();
            isExtended |= _at == before;
            if (isExtended && _at == before && _text[start] == '.')
            {
                return null;
            }
        }

        if (Current is 'e' or 'E')
        {
            isReal = true;
            _at++;
            _at += Current is '+' or '-' ? 1 : 0;
            int before = _at;
            SkipDigits();
            if (_at == before)
            {
                return null;
            }
        }

        IsExtended |= isExtended;
        return new JsonNode(isExtended ? JsonKind.Real5 : isReal ? JsonKind.Real : JsonKind.Integer, _text.AsMemory(start, _at - start));
    }

    private void SkipDigits()
    {
        while (Current is >= '0' and <= '9')
        {
            _at++;
        }
    }

    /// <summary>Infinity becomes a number too large for a double, NaN becomes null.</summary>
    private JsonNode? ParseNotANumber(bool negative = false)
    {
        if (TryWord("infinity", ignoreCase: true) || TryWord("inf", ignoreCase: true))
        {
            IsExtended = true;
            return new JsonNode(JsonKind.Real, negative ? "-9e999"u8.ToArray() : "9e999"u8.ToArray());
        }

        if (!negative && (TryWord("nan", ignoreCase: true) || TryWord("qnan", ignoreCase: true) || TryWord("snan", ignoreCase: true)))
        {
            IsExtended = true;
            return new JsonNode(JsonKind.Null);
        }

        return null;
    }

    private bool TryWord(string word, bool ignoreCase = false)
    {
        for (int i = 0; i < word.Length; i++)
        {
            int c = Peek(i);
            if (c != word[i] && !(ignoreCase && c is >= 'A' and <= 'Z' && c + 32 == word[i]))
            {
                return false;
            }
        }

        if (IsIdentifierByte(Peek(word.Length), digits: true))
        {
            return false;
        }

        _at += word.Length;
        return true;
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
                case >= 0x80 when WideSpace() is > 0 and var length:
                    _at += length;
                    break;
                default:
                    return;
            }

            IsExtended = true;
        }
    }

    /// <summary>The length of a white space character that is not ASCII; 0 when there is none.</summary>
    private int WideSpace() => (Current, Peek(1), Peek(2)) switch
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
