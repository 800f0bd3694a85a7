namespace Sluice.Engine.Execute.Functions.Json;

/// <content>Numbers and words.</content>
internal sealed partial class JsonParser
{
    private JsonNode? ParseNumber()
    {
        int start = _at;
        if (Current is '+' or '-')
        {
            IsExtended |= Current == '+';
            _at++;
        }

        if (Current is '.' ? Peek(1) is not (>= '0' and <= '9') && _at == start : Current is not (>= '0' and <= '9'))
        {
            bool negative = _text[start] == '-';
            JsonNode? infinity = _at > start ? ParseInfinity(negative) : null;
            _at = infinity is null ? start : _at;
            return infinity;
        }

        // A plus sign is not kept.
        int first = _text[start] == '+' ? _at : start;
        if (Current == '0' && Peek(1) is 'x' or 'X' && JsonEscapes.IsHex(_text.AsSpan(_at), 2, 1))
        {
            IsExtended = true;
            _at += 2;
            while (JsonEscapes.IsHex(_text.AsSpan(_at), 0, 1))
            {
                _at++;
            }

            return new JsonNode(JsonKind.Integer5, _text.AsMemory(first, _at - first));
        }

        if (Current == '0' && Peek(1) is >= '0' and <= '9')
        {
            _at = start + 1;
            return null;
        }

        return ParseDecimal(first);
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

            // A digit must stand before the point or after it.
            if (_at == before && (before < start + 2 || _text[before - 2] is < (byte)'0' or > (byte)'9'))
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
                _at--;
                return null;
            }
        }

        if (isReal && Current is '.' or 'e' or 'E')
        {
            return null;
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

    /// <summary>Infinity becomes a number too large for a double, NaN becomes null; that one has no sign.</summary>
    private JsonNode? ParseNotANumber()
    {
        if (ParseInfinity(negative: false) is { } infinity)
        {
            return infinity;
        }

        if (TryWord("nan", ignoreCase: true) || TryWord("qnan", ignoreCase: true) || TryWord("snan", ignoreCase: true))
        {
            IsExtended = true;
            return new JsonNode(JsonKind.Null);
        }

        return null;
    }

    private JsonNode? ParseInfinity(bool negative)
    {
        if (!TryWord("infinity", ignoreCase: true) && !TryWord("inf", ignoreCase: true))
        {
            return null;
        }

        IsExtended = true;
        return new JsonNode(JsonKind.Real, negative ? "-9e999"u8.ToArray() : "9e999"u8.ToArray());
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

        if (Peek(word.Length) is >= 0 and var next && char.IsAsciiLetterOrDigit((char)next))
        {
            return false;
        }

        _at += word.Length;
        return true;
    }
}
