using System.Buffers.Text;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions.Json;

/// <summary>What a scan of a text came to.</summary>
internal enum JsonScanResult
{
    /// <summary>It has something that the scan leaves to the parser: JSON5, an error, an escape in a name, deep nesting.</summary>
    Undecided,
    Found,
    Missing,
}

/// <summary>
/// Looks for a path's element in plain JSON (RFC 8259) without building a tree: one pass over the bytes, which also makes sure that all of the text is
/// JSON. Whatever is not plain is left to <see cref="JsonParser"/>.
/// </summary>
internal ref struct JsonScan
{
    /// <summary>Nesting that the scan follows; deeper documents are rare.</summary>
    private const int MaxDepth = 64;

    private readonly ReadOnlySpan<byte> _text;
    private readonly JsonPath _path;
    private int _at;
    private int _depth;
    private bool _isFound;
    private int _start;
    private int _end;
    private bool _hasEscape;

    private JsonScan(ReadOnlySpan<byte> text, JsonPath path)
    {
        _text = text;
        _path = path;
    }

    /// <summary>The element there as a value of SQL.</summary>
    public static JsonScanResult TryValue(in SqlValue document, JsonPath path, out SqlValue value)
    {
        JsonScan scan = new(document.Bytes, path);
        value = default;
        JsonScanResult result = scan.Run();
        if (result == JsonScanResult.Found)
        {
            value = scan.Value(document);
        }

        return result;
    }

    private JsonScanResult Run()
    {
        if (!_path.IsForward || !Element(0) || !IsAtEnd())
        {
            return JsonScanResult.Undecided;
        }

        return _isFound ? JsonScanResult.Found : JsonScanResult.Missing;
    }

    private readonly SqlValue Value(in SqlValue document)
    {
        ReadOnlySpan<byte> element = _text[_start.._end];
        switch (element[0])
        {
            case (byte)'"' when !_hasEscape:
                return document.TextSlice(_start + 1, element.Length - 2);
            case (byte)'t':
                return SqlValue.FromInteger(1);
            case (byte)'f':
                return SqlValue.FromInteger(0);
            case (byte)'n':
                return SqlValue.Null;
            case (byte)'"' or (byte)'{' or (byte)'[':
                return JsonValues.Value(JsonParser.Parse(element, out _, out _)!);
            default:
                return Utf8Parser.TryParse(element, out long integer, out int length) && length == element.Length
                    ? SqlValue.FromInteger(integer)
                    : SqlValue.FromReal(SqlConvert.ToReal(document.TextSlice(_start, element.Length)));
        }
    }

    private bool IsAtEnd()
    {
        SkipSpace();
        return _at == _text.Length;
    }

    /// <summary>Passes over an element; <paramref name="step"/> is how much of the path leads to it, -1 when it is beside the path.</summary>
    private bool Element(int step)
    {
        SkipSpace();
        if (_at == _text.Length)
        {
            return false;
        }

        bool isWanted = step == _path.Length && !_isFound;
        int start = _at;
        bool escaped = false;
        bool passed = _text[_at] switch
        {
            (byte)'{' => Object(isWanted ? -1 : step),
            (byte)'[' => Array(isWanted ? -1 : step),
            (byte)'"' => String(out escaped),
            (byte)'t' => Word("true"u8),
            (byte)'f' => Word("false"u8),
            (byte)'n' => Word("null"u8),
            _ => Number(),
        };
        if (passed && isWanted)
        {
            (_isFound, _start, _end, _hasEscape) = (true, start, _at, escaped);
        }

        return passed;
    }

    private bool Object(int step)
    {
        if (++_depth > MaxDepth)
        {
            return false;
        }

        ReadOnlySpan<byte> wanted = step >= 0 && step < _path.Length ? _path.NameAt(step) : default;
        bool isLooking = step >= 0 && step < _path.Length && _path.IsName(step);
        _at++;
        SkipSpace();
        if (Take((byte)'}'))
        {
            _depth--;
            return true;
        }

        while (true)
        {
            SkipSpace();
            int name = _at + 1;
            if (_at == _text.Length || _text[_at] != '"' || !String(out bool escaped) || escaped)
            {
                return false;
            }

            bool isNext = isLooking && _text[name..(_at - 1)].SequenceEqual(wanted);
            SkipSpace();
            if (!Take((byte)':') || !Element(isNext ? step + 1 : -1))
            {
                return false;
            }

            // Of a name that is there twice the first one counts.
            isLooking &= !isNext;
            SkipSpace();
            if (Take((byte)','))
            {
                continue;
            }

            _depth--;
            return Take((byte)'}');
        }
    }

    private bool Array(int step)
    {
        if (++_depth > MaxDepth)
        {
            return false;
        }

        long wanted = step >= 0 && step < _path.Length && !_path.IsName(step) ? _path.IndexAt(step) : -1;
        _at++;
        SkipSpace();
        if (Take((byte)']'))
        {
            _depth--;
            return true;
        }

        for (long index = 0; ; index++)
        {
            if (!Element(index == wanted ? step + 1 : -1))
            {
                return false;
            }

            SkipSpace();
            if (Take((byte)','))
            {
                continue;
            }

            _depth--;
            return Take((byte)']');
        }
    }

    private bool String(out bool escaped)
    {
        escaped = false;
        _at++;
        while (_at < _text.Length)
        {
            byte c = _text[_at++];
            if (c == '"')
            {
                return true;
            }

            if (c < 0x20)
            {
                return false;
            }

            if (c == '\\')
            {
                escaped = true;
                if (!Escape())
                {
                    return false;
                }
            }
        }

        return false;
    }

    private bool Escape()
    {
        if (_at == _text.Length)
        {
            return false;
        }

        switch (_text[_at++])
        {
            case (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t':
                return true;
            case (byte)'u':
                for (int end = _at + 4; _at < end; _at++)
                {
                    if (_at >= _text.Length || !char.IsAsciiHexDigit((char)_text[_at]))
                    {
                        return false;
                    }
                }

                return true;
            default:
                return false;
        }
    }

    private bool Number()
    {
        _ = Take((byte)'-');
        int whole = _at;
        if (!Digits() || (_text[whole] == '0' && _at > whole + 1))
        {
            return false;
        }

        if (Take((byte)'.') && !Digits())
        {
            return false;
        }

        if (_at < _text.Length && (_text[_at] | 0x20) == 'e')
        {
            _at++;
            _ = Take((byte)'-') || Take((byte)'+');
            if (!Digits())
            {
                return false;
            }
        }

        return !IsAtWord();
    }

    private bool Digits()
    {
        int start = _at;
        while (_at < _text.Length && char.IsAsciiDigit((char)_text[_at]))
        {
            _at++;
        }

        return _at > start;
    }

    private bool Word(ReadOnlySpan<byte> word)
    {
        if (!_text[_at..].StartsWith(word))
        {
            return false;
        }

        _at += word.Length;
        return !IsAtWord();
    }

    /// <summary>Whether a number or a word goes on with what may be another one.</summary>
    private readonly bool IsAtWord() => _at < _text.Length && (char.IsAsciiLetterOrDigit((char)_text[_at]) || _text[_at] is (byte)'_' or (byte)'$' or (byte)'.' or >= 0x80);

    private bool Take(byte c)
    {
        if (_at == _text.Length || _text[_at] != c)
        {
            return false;
        }

        _at++;
        return true;
    }

    private void SkipSpace()
    {
        while (_at < _text.Length && _text[_at] is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r')
        {
            _at++;
        }
    }
}
