using System.Buffers.Text;
using System.Globalization;
using Sluice.Engine.Format;

namespace Sluice.Engine.Sql;

/// <summary>What an expression is made of: literals, parameters, columns, calls, CASE, CAST, parentheses, prefix operators.</summary>
internal sealed partial class Parser
{
    /// <summary>SQLITE_MAX_VARIABLE_NUMBER ("Implementation Limits For SQLite", item 9).</summary>
    private const int MaximumParameters = 32766;

    /// <summary>SQLITE_MAX_FUNCTION_ARG ("Implementation Limits For SQLite", item 6).</summary>
    private const int MaximumArguments = 1000;

    private readonly List<string?> _parameterNames = [];

    private int Position => _token.Start - _statementStart;

    private ExpressionNode ParsePrefix()
    {
        int position = Position;
        switch (Kind)
        {
            case TokenKind.Null:
                Advance();
                return new LiteralNode(SqlValue.Null) { Position = position };
            case TokenKind.Integer or TokenKind.Float:
                return ParseNumber(negative: false, position);
            case TokenKind.Blob:
                return ParseBlob();
            case TokenKind.String:
                return ParseString();
            case TokenKind.Variable:
                return ParseParameter();
            case TokenKind.CurrentTime:
                return ParseCurrentTime();
            case TokenKind.LeftParen:
                return ParseParenthesized();
            case TokenKind.Minus:
                Advance();
                return Kind is TokenKind.Integer or TokenKind.Float
                    ? ParseNumber(negative: true, position)
                    : ParseUnary(UnaryOperator.Negate, position);
            case TokenKind.Plus:
                Advance();
                return ParseUnary(UnaryOperator.Plus, position);
            case TokenKind.Tilde:
                Advance();
                return ParseUnary(UnaryOperator.BitNot, position);
            case TokenKind.Not:
                Advance();
                ExpressionNode negated = ParseInfix(Level.Not, stopAtAnd: false);
                return new UnaryNode(UnaryOperator.Not, negated) { Position = position, Height = Above(negated.Height) };
            case TokenKind.Exists:
                Advance();
                Expect(TokenKind.LeftParen);
                if (!StartsSelect(Kind))
                {
                    throw Unexpected();
                }

                SelectStatement select = ParseSubquery(out int height);
                return new ExistsNode(select) { Position = position, Height = Above(height) };
            case TokenKind.Case:
                return ParseCase();
            case TokenKind.Cast:
                return ParseCast();
            case TokenKind.Raise:
                return ParseRaise();
            default:
                return ParseNameExpression();
        }
    }

    /// <summary>A sign or ~ binds tighter than every infix operator.</summary>
    private UnaryNode ParseUnary(UnaryOperator unary, int position)
    {
        GuardStack();
        ExpressionNode operand = ParsePrefix();
        return new UnaryNode(unary, operand) { Position = position, Height = Above(operand.Height) };
    }

    /// <summary>A numeric literal; its sign is taken in, so that the smallest integer can be written.</summary>
    private LiteralNode ParseNumber(bool negative, int position)
    {
        Token token = _token;
        Span<byte> digits = stackalloc byte[Math.Min(64, token.End - token.Start)];
        if (token.End - token.Start > digits.Length)
        {
            digits = new byte[token.End - token.Start];
        }

        Advance();
        if (!Lexer.SeparatorsAreBetweenDigits(Bytes(token)))
        {
            Complain($"unrecognized token: \"{TokenText(token)}\"");
            return new LiteralNode(SqlValue.Null) { Position = position };
        }

        int length = 0;
        foreach (byte c in Bytes(token))
        {
            if (c != '_')
            {
                digits[length++] = c;
            }
        }

        return new LiteralNode(NumberValue(digits[..length], token, negative)) { Position = position };
    }

    private SqlValue NumberValue(ReadOnlySpan<byte> digits, Token token, bool negative)
    {
        if (digits.Length > 2 && (digits[1] | 0x20) == 'x')
        {
            ReadOnlySpan<byte> significant = digits[2..].TrimStart((byte)'0');
            ulong bits = 0;
            bool fits = significant.Length <= 16 &&
                (significant.IsEmpty || Utf8Parser.TryParse(significant, out bits, out _, 'X'));
            if (!fits || (negative && bits == 1UL << 63))
            {
                _lateComplaint ??= Error($"hex literal too big: {(negative ? "-" : "")}{TokenText(token)}");
            }

            return SqlValue.FromInteger(negative ? -(long)bits : (long)bits);
        }

        if (token.Kind == TokenKind.Integer && ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out ulong magnitude))
        {
            if (magnitude <= long.MaxValue)
            {
                return SqlValue.FromInteger(negative ? -(long)magnitude : (long)magnitude);
            }

            if (negative && magnitude == 1UL << 63)
            {
                return SqlValue.FromInteger(long.MinValue);
            }
        }

        double real = double.Parse(digits, NumberStyles.Float, CultureInfo.InvariantCulture);
        return SqlValue.FromReal(negative ? -real : real);
    }

    private LiteralNode ParseBlob()
    {
        int position = Position;
        byte[] bytes = Convert.FromHexString(TextBetween(_token.Start + 2, _token.End - 1));
        Advance();
        return new LiteralNode(SqlValue.FromBlob(bytes)) { Position = position };
    }

    /// <summary>A string literal, or a table's name where a dot follows.</summary>
    private ExpressionNode ParseString()
    {
        Token token = _token;
        int position = Position;
        Advance();
        return Kind == TokenKind.Dot
            ? ParseQualifiedColumn(Unquote(token), position)
            : new LiteralNode(SqlValue.FromText(UnquotedBytes(token))) { Position = position };
    }

    private CurrentNode ParseCurrentTime()
    {
        int position = Position;
        CurrentKind kind = TokenIs(_token, "CURRENT_DATE"u8) ? CurrentKind.Date
            : TokenIs(_token, "CURRENT_TIME"u8) ? CurrentKind.Time
            : CurrentKind.Timestamp;
        Advance();
        return new CurrentNode(kind) { Position = position };
    }

    /// <summary>
    /// Numbers a parameter ("SQL Language Expressions", section 3): ? is one more than the largest so far, ?N is N,
    /// a name has the number of its first use or is one more than the largest so far.
    /// </summary>
    private ParameterNode ParseParameter()
    {
        Token token = _token;
        int position = Position;
        string text = TokenText(token);
        if (text[0] == '#' && text.Length > 1 && char.IsAsciiDigit(text[1]))
        {
            throw Unexpected();
        }

        Advance();
        string? name = text == "?" ? null : text;
        int number;
        if (text[0] == '?' && text.Length > 1)
        {
            if (!int.TryParse(text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out number) ||
                number is < 1 or > MaximumParameters)
            {
                Complain($"variable number must be between ?1 and ?{MaximumParameters}");
                number = 1;
            }
        }
        else
        {
            int known = name is null ? -1 : _parameterNames.IndexOf(name);
            number = known >= 0 ? known + 1 : _parameterNames.Count + 1;
        }

        if (number > MaximumParameters)
        {
            Complain("too many SQL variables");
            number = 1;
        }

        while (_parameterNames.Count < number)
        {
            _parameterNames.Add(null);
        }

        _parameterNames[number - 1] ??= name;
        return new ParameterNode(number, name) { Position = position };
    }

    /// <summary>(expr), (a, b, ...) or (SELECT ...).</summary>
    private ExpressionNode ParseParenthesized()
    {
        int position = Position;
        Advance();
        if (StartsSelect(Kind))
        {
            SelectStatement select = ParseSubquery(out int height);
            return new ScalarSelectNode(select) { Position = position, Height = Above(height) };
        }

        ExpressionNode first = ParseExpression();
        if (Kind != TokenKind.Comma)
        {
            Expect(TokenKind.RightParen);
            return first;
        }

        List<ExpressionNode> items = [first];
        while (Accept(TokenKind.Comma))
        {
            items.Add(ParseExpression());
        }

        Expect(TokenKind.RightParen);
        return new RowValueNode(items) { Position = position, Height = Above(Tallest(items)) };
    }

    private CaseNode ParseCase()
    {
        int position = Position;
        Advance();
        ExpressionNode? operand = Kind == TokenKind.When ? null : ParseExpression();
        int height = operand?.Height ?? 0;
        var branches = new List<(ExpressionNode When, ExpressionNode Then)>();
        do
        {
            Expect(TokenKind.When);
            ExpressionNode when = ParseExpression();
            Expect(TokenKind.Then);
            ExpressionNode then = ParseExpression();
            branches.Add((when, then));
            height = Math.Max(height, Math.Max(when.Height, then.Height));
        }
        while (Kind == TokenKind.When);
        ExpressionNode? otherwise = Accept(TokenKind.Else) ? ParseExpression() : null;
        Expect(TokenKind.EndKeyword);
        return new CaseNode(operand, branches, otherwise)
        {
            Position = position,
            Height = Above(height, otherwise?.Height ?? 0),
        };
    }

    private CastNode ParseCast()
    {
        int position = Position;
        Advance();
        Expect(TokenKind.LeftParen);
        ExpressionNode operand = ParseExpression();
        Expect(TokenKind.As);
        string type = ParseTypeName() ?? "";
        Expect(TokenKind.RightParen);
        return new CastNode(operand, type) { Position = position, Height = Above(operand.Height) };
    }

    private RaiseNode ParseRaise()
    {
        int position = Position;
        Advance();
        Expect(TokenKind.LeftParen);
        if (Accept(TokenKind.Ignore))
        {
            Expect(TokenKind.RightParen);
            return new RaiseNode(ConflictAction.Ignore, null) { Position = position };
        }

        ConflictAction action = Kind switch
        {
            TokenKind.Rollback => ConflictAction.Rollback,
            TokenKind.Abort => ConflictAction.Abort,
            TokenKind.Fail => ConflictAction.Fail,
            _ => throw Unexpected(),
        };
        Advance();
        Expect(TokenKind.Comma);
        ExpressionNode message = ParseExpression();
        Expect(TokenKind.RightParen);
        return new RaiseNode(action, message) { Position = position, Height = Above(message.Height) };
    }

    /// <summary>A column, qualified or not, or a function call.</summary>
    private ExpressionNode ParseNameExpression()
    {
        if (!Kind.IsIdentifierOrJoin())
        {
            throw Unexpected();
        }

        Token token = _token;
        int position = Position;
        Advance();
        return Kind switch
        {
            TokenKind.LeftParen => ParseCall(token, position),
            TokenKind.Dot => ParseQualifiedColumn(Unquote(token), position),
            _ => new ColumnNode(null, null, Unquote(token), _text[token.Start] == '"') { Position = position },
        };
    }

    private ColumnNode ParseQualifiedColumn(string first, int position)
    {
        Expect(TokenKind.Dot);
        string second = ParseName();
        return Accept(TokenKind.Dot)
            ? new ColumnNode(first, second, ParseName(), false) { Position = position }
            : new ColumnNode(null, first, second, false) { Position = position };
    }

    private FunctionNode ParseCall(Token name, int position)
    {
        Advance();
        bool star = false;
        bool distinct = false;
        List<ExpressionNode> arguments = [];
        List<OrderTerm> orderBy = [];
        if (Accept(TokenKind.Star))
        {
            star = true;
        }
        else
        {
            distinct = Accept(TokenKind.Distinct);
            if (!distinct)
            {
                Accept(TokenKind.All);
            }

            if (Kind is not (TokenKind.RightParen or TokenKind.Order))
            {
                arguments = ParseExpressionList();
                if (arguments.Count > MaximumArguments)
                {
                    Complain($"too many arguments on function {TokenText(name)}");
                }
            }

            if (Accept(TokenKind.Order))
            {
                Expect(TokenKind.By);
                orderBy = ParseOrderTerms();
            }
        }

        Expect(TokenKind.RightParen);
        ExpressionNode? filter = null;
        if (Accept(TokenKind.Filter))
        {
            Expect(TokenKind.LeftParen);
            Expect(TokenKind.Where);
            filter = ParseExpression();
            Expect(TokenKind.RightParen);
        }

        WindowSpecification? over = Accept(TokenKind.Over) ? ParseOver() : null;
        if (over is not null && orderBy.Count > 0 && arguments.Count > 0)
        {
            Complain($"ORDER BY may not be used with non-aggregate {Unquote(name)}()");
        }

        return new FunctionNode(Unquote(name), arguments)
        {
            Star = star,
            Distinct = distinct,
            OrderBy = orderBy,
            Filter = filter,
            Over = over,
            Position = position,
            Height = Above(Tallest(arguments), filter?.Height ?? 0),
        };
    }

    /// <summary>
    /// The words of a type and its sizes, as written ("typetoken"); null without one. GENERATED ALWAYS at its end belongs
    /// to the generated column that follows, not to the type.
    /// </summary>
    private string? ParseTypeName()
    {
        if (!Kind.IsWord())
        {
            return null;
        }

        int start = _token.Start;
        int wordsEnd = start;
        bool generated = false;
        while (Kind.IsWord())
        {
            bool always = Kind == TokenKind.Always && _previous.Kind == TokenKind.Generated && _previous.Start >= start;
            if (Kind != TokenKind.Generated && !always)
            {
                wordsEnd = _token.End;
            }

            generated = always;
            Advance();
        }

        if (Accept(TokenKind.LeftParen))
        {
            ParseSignedNumber();
            if (Accept(TokenKind.Comma))
            {
                ParseSignedNumber();
            }

            Expect(TokenKind.RightParen);
            generated = false;
        }

        int end = generated ? wordsEnd : _previous.End;
        return end == start ? null : TextBetween(start, end);
    }

    private LiteralNode ParseSignedNumber()
    {
        int position = Position;
        bool negative = Accept(TokenKind.Minus);
        if (!negative)
        {
            Accept(TokenKind.Plus);
        }

        return Kind is TokenKind.Integer or TokenKind.Float ? ParseNumber(negative, position) : throw Unexpected();
    }
}
