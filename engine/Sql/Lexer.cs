namespace Sluice.Engine.Sql;

/// <summary>
/// Cuts UTF-8 text into tokens as SQLite's tokenizer does. Pure: an offset in, a token out. A NUL byte ends the text.
/// </summary>
internal static class Lexer
{
    /// <summary>The token at or after <paramref name="position"/>, space and comments skipped.</summary>
    public static Token Next(byte[] text, int position)
    {
        int start = SkipSpace(text, position);
        byte c = At(text, start);
        switch (c)
        {
            case 0:
                return new Token(TokenKind.End, start, start);
            case (byte)'\'':
                return Quoted(text, start, TokenKind.String);
            case (byte)'"' or (byte)'`':
                return Quoted(text, start, TokenKind.Identifier);
            case (byte)'[':
                return Bracketed(text, start);
            case (byte)'x' or (byte)'X' when At(text, start + 1) == '\'':
                return Blob(text, start);
            case >= (byte)'0' and <= (byte)'9':
                return Number(text, start);
            case (byte)'.':
                return IsDigit(At(text, start + 1)) ? Number(text, start) : new Token(TokenKind.Dot, start, start + 1);
            case (byte)'?':
                return QuestionMark(text, start);
            case (byte)'$' or (byte)'@' or (byte)'#' or (byte)':':
                return NamedVariable(text, start);
            default:
                return IsIdentifierByte(c) ? Word(text, start) : Operator(text, start, c);
        }
    }

    /// <summary>The byte, or 0 past the end.</summary>
    public static byte At(byte[] text, int position) => (uint)position < (uint)text.Length ? text[position] : (byte)0;

    public static bool IsDigit(byte c) => (uint)(c - '0') <= 9;

    public static bool IsHexDigit(byte c) => IsDigit(c) || (uint)((c | 0x20) - 'a') <= 5;

    /// <summary>SQLite's white space: tab, line feed, vertical tab, form feed, carriage return, space.</summary>
    public static bool IsSpace(byte c) => c is 0x20 or (>= 0x09 and <= 0x0D);

    /// <summary>Letters, digits, underscore, dollar and every byte of a character beyond ASCII.</summary>
    private static bool IsIdentifierByte(byte c) =>
        (uint)((c | 0x20) - 'a') <= 25 || IsDigit(c) || c is (byte)'_' or (byte)'$' || c >= 0x80;

    private static int SkipSpace(byte[] text, int i)
    {
        while (true)
        {
            byte c = At(text, i);
            if (IsSpace(c))
            {
                i++;
            }
            else if (c == '-' && At(text, i + 1) == '-')
            {
                for (i += 2; At(text, i) is not 0 and not (byte)'\n'; i++)
                {
                }
            }
            else if (c == '/' && At(text, i + 1) == '*' && At(text, i + 2) != 0)
            {
                i = EndOfBlockComment(text, i + 2);
            }
            else if (c == 0xEF && At(text, i + 1) == 0xBB && At(text, i + 2) == 0xBF)
            {
                i += 3;
            }
            else
            {
                return i;
            }
        }
    }

    /// <summary>A block comment that is not closed runs to the end of the text.</summary>
    private static int EndOfBlockComment(byte[] text, int i)
    {
        for (; At(text, i) != 0; i++)
        {
            if (text[i] == '*' && At(text, i + 1) == '/')
            {
                return i + 2;
            }
        }

        return i;
    }

    private static Token Quoted(byte[] text, int start, TokenKind kind)
    {
        byte quote = text[start];
        for (int i = start + 1; ; i++)
        {
            byte c = At(text, i);
            if (c == 0)
            {
                return new Token(TokenKind.Illegal, start, i);
            }

            if (c == quote)
            {
                if (At(text, i + 1) != quote)
                {
                    return new Token(kind, start, i + 1);
                }

                i++;
            }
        }
    }

    private static Token Bracketed(byte[] text, int start)
    {
        int i = start + 1;
        while (At(text, i) is not 0 and not (byte)']')
        {
            i++;
        }

        return At(text, i) == ']'
            ? new Token(TokenKind.Identifier, start, i + 1)
            : new Token(TokenKind.Illegal, start, i);
    }

    private static Token Blob(byte[] text, int start)
    {
        int i = start + 2;
        while (IsHexDigit(At(text, i)))
        {
            i++;
        }

        TokenKind kind = At(text, i) == '\'' && (i - start) % 2 == 0 ? TokenKind.Blob : TokenKind.Illegal;
        while (At(text, i) is not 0 and not (byte)'\'')
        {
            i++;
        }

        return new Token(kind, start, At(text, i) == 0 ? i : i + 1);
    }

    private static Token Number(byte[] text, int start)
    {
        TokenKind kind = TokenKind.Integer;
        int i = start;
        if (text[i] == '0' && (At(text, i + 1) | 0x20) == 'x' && IsHexDigit(At(text, i + 2)))
        {
            i += 2;
            while (IsHexDigit(At(text, i)) || At(text, i) == '_')
            {
                i++;
            }

        }
        else
        {
            i = SkipDigits(text, i);
            if (At(text, i) == '.')
            {
                kind = TokenKind.Float;
                i = SkipDigits(text, i + 1);
            }

            if ((At(text, i) | 0x20) == 'e' &&
                (IsDigit(At(text, i + 1)) || (At(text, i + 1) is (byte)'+' or (byte)'-' && IsDigit(At(text, i + 2)))))
            {
                kind = TokenKind.Float;
                i = SkipDigits(text, i + 2);
            }
        }

        for (; IsIdentifierByte(At(text, i)); i++)
        {
            kind = TokenKind.Illegal;
        }

        return new Token(kind, start, i);
    }

    private static int SkipDigits(byte[] text, int i)
    {
        while (IsDigit(At(text, i)) || At(text, i) == '_')
        {
            i++;
        }

        return i;
    }

    /// <summary>Whether each '_' of a number has a digit on either side.</summary>
    public static bool SeparatorsAreBetweenDigits(ReadOnlySpan<byte> number)
    {
        bool hex = number.Length > 2 && (number[1] | 0x20) == 'x';
        for (int i = number.IndexOf((byte)'_'); (uint)i < (uint)number.Length; i++)
        {
            if (number[i] == '_' && !(IsDigitAt(number, i - 1, hex) && IsDigitAt(number, i + 1, hex)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsDigitAt(ReadOnlySpan<byte> number, int i, bool hex) =>
        (uint)i < (uint)number.Length && (hex ? IsHexDigit(number[i]) : IsDigit(number[i]));

    private static Token QuestionMark(byte[] text, int start)
    {
        int i = start + 1;
        while (IsDigit(At(text, i)))
        {
            i++;
        }

        return new Token(TokenKind.Variable, start, i);
    }

    /// <summary>:a, @a, $a and #a; also SQLite's Tcl forms $a::b and $a(index).</summary>
    private static Token NamedVariable(byte[] text, int start)
    {
        TokenKind kind = TokenKind.Variable;
        int nameLength = 0;
        int i = start + 1;
        for (byte c; (c = At(text, i)) != 0; i++)
        {
            if (IsIdentifierByte(c))
            {
                nameLength++;
            }
            else if (c == '(' && nameLength > 0)
            {
                do
                {
                    i++;
                    c = At(text, i);
                }
                while (c != 0 && !IsSpace(c) && c != ')');
                if (c == ')')
                {
                    i++;
                }
                else
                {
                    kind = TokenKind.Illegal;
                }

                break;
            }
            else if (c == ':' && At(text, i + 1) == ':')
            {
                i++;
            }
            else
            {
                break;
            }
        }

        return new Token(nameLength == 0 ? TokenKind.Illegal : kind, start, i);
    }

    private static Token Word(byte[] text, int start)
    {
        // A dollar sign is part of a word but cannot begin one; Next has sent it to the variables.
        int i = start + 1;
        while (IsIdentifierByte(At(text, i)))
        {
            i++;
        }

        return new Token(Keywords.Lookup(text.AsSpan(start, i - start)), start, i);
    }

    private static Token Operator(byte[] text, int start, byte c)
    {
        byte next = At(text, start + 1);
        (TokenKind kind, int length) = c switch
        {
            (byte)'(' => (TokenKind.LeftParen, 1),
            (byte)')' => (TokenKind.RightParen, 1),
            (byte)',' => (TokenKind.Comma, 1),
            (byte)';' => (TokenKind.Semicolon, 1),
            (byte)'*' => (TokenKind.Star, 1),
            (byte)'/' => (TokenKind.Slash, 1),
            (byte)'%' => (TokenKind.Percent, 1),
            (byte)'+' => (TokenKind.Plus, 1),
            (byte)'~' => (TokenKind.Tilde, 1),
            (byte)'&' => (TokenKind.Ampersand, 1),
            (byte)'-' when next == '>' => At(text, start + 2) == '>' ? (TokenKind.DoubleArrow, 3) : (TokenKind.Arrow, 2),
            (byte)'-' => (TokenKind.Minus, 1),
            (byte)'|' => next == '|' ? (TokenKind.Concat, 2) : (TokenKind.Pipe, 1),
            (byte)'=' => (TokenKind.Equal, next == '=' ? 2 : 1),
            (byte)'!' => next == '=' ? (TokenKind.NotEqual, 2) : (TokenKind.Illegal, 1),
            (byte)'<' => next switch
            {
                (byte)'=' => (TokenKind.LessOrEqual, 2),
                (byte)'>' => (TokenKind.NotEqual, 2),
                (byte)'<' => (TokenKind.ShiftLeft, 2),
                _ => (TokenKind.Less, 1),
            },
            (byte)'>' => next switch
            {
                (byte)'=' => (TokenKind.GreaterOrEqual, 2),
                (byte)'>' => (TokenKind.ShiftRight, 2),
                _ => (TokenKind.Greater, 1),
            },
            _ => (TokenKind.Illegal, 1),
        };
        return new Token(kind, start, start + length);
    }
}
