namespace Sluice.Engine.Sql;

/// <summary>
/// Expressions: precedence climbing over SQLite's table ("SQL Language Expressions", section 2, and the %left/%right
/// lines of its grammar). A prefix operator may follow any infix operator and takes as much as its own precedence allows.
/// </summary>
internal sealed partial class Parser
{
    /// <summary>Precedence of infix operators, loosest first.</summary>
    private static class Level
    {
        public const int Or = 1;
        public const int And = 2;
        public const int Not = 3;

        /// <summary>= == &lt;&gt; != IS IN LIKE GLOB MATCH REGEXP BETWEEN ISNULL NOTNULL NOT.</summary>
        public const int Equality = 4;
        public const int Comparison = 5;

        // 6 is ESCAPE, which is no operator of its own.
        public const int Bitwise = 7;
        public const int Additive = 8;
        public const int Multiplicative = 9;

        /// <summary>|| -> ->>.</summary>
        public const int Concatenation = 10;
        public const int Collate = 11;
    }

    /// <summary>The tallest expression of the SELECT being parsed: a subquery counts towards the height around it.</summary>
    private int _tallest;

    private ExpressionNode ParseExpression()
    {
        ExpressionNode expression = ParseInfix(Level.Or, stopAtAnd: false);
        _tallest = Math.Max(_tallest, expression.Height);
        return expression;
    }

    private List<ExpressionNode> ParseExpressionList()
    {
        var list = new List<ExpressionNode>();
        do
        {
            list.Add(ParseExpression());
        }
        while (Accept(TokenKind.Comma));
        return list;
    }

    /// <summary>
    /// Parses a prefix and all operators after it that bind at least as tightly as <paramref name="level"/>.
    /// <paramref name="stopAtAnd"/> is for the middle of BETWEEN, whose AND is not an operator.
    /// </summary>
    private ExpressionNode ParseInfix(int level, bool stopAtAnd)
    {
        GuardStack();
        ExpressionNode left = ParsePrefix();
        while (true)
        {
            TokenKind kind = Kind;
            int binding = LevelOf(kind);
            if (binding < level || (stopAtAnd && kind == TokenKind.And))
            {
                return left;
            }

            Advance();
            left = ParseOperatorTail(left, kind, binding);
        }
    }

    /// <summary>The precedence of an infix or postfix operator; 0 for anything else.</summary>
    private static int LevelOf(TokenKind kind) => kind switch
    {
        TokenKind.Or => Level.Or,
        TokenKind.And => Level.And,
        TokenKind.Equal or TokenKind.NotEqual or TokenKind.Is or TokenKind.In or TokenKind.Like or TokenKind.Match or
            TokenKind.Between or TokenKind.IsNull or TokenKind.NotNull or TokenKind.Not => Level.Equality,
        TokenKind.Less or TokenKind.LessOrEqual or TokenKind.Greater or TokenKind.GreaterOrEqual => Level.Comparison,
        TokenKind.Ampersand or TokenKind.Pipe or TokenKind.ShiftLeft or TokenKind.ShiftRight => Level.Bitwise,
        TokenKind.Plus or TokenKind.Minus => Level.Additive,
        TokenKind.Star or TokenKind.Slash or TokenKind.Percent => Level.Multiplicative,
        TokenKind.Concat or TokenKind.Arrow or TokenKind.DoubleArrow => Level.Concatenation,
        TokenKind.Collate => Level.Collate,
        _ => 0,
    };

    private static BinaryOperator BinaryOf(TokenKind kind) => kind switch
    {
        TokenKind.Or => BinaryOperator.Or,
        TokenKind.And => BinaryOperator.And,
        TokenKind.Equal => BinaryOperator.Equal,
        TokenKind.NotEqual => BinaryOperator.NotEqual,
        TokenKind.Less => BinaryOperator.Less,
        TokenKind.LessOrEqual => BinaryOperator.LessOrEqual,
        TokenKind.Greater => BinaryOperator.Greater,
        TokenKind.GreaterOrEqual => BinaryOperator.GreaterOrEqual,
        TokenKind.Ampersand => BinaryOperator.BitAnd,
        TokenKind.Pipe => BinaryOperator.BitOr,
        TokenKind.ShiftLeft => BinaryOperator.ShiftLeft,
        TokenKind.ShiftRight => BinaryOperator.ShiftRight,
        TokenKind.Plus => BinaryOperator.Add,
        TokenKind.Minus => BinaryOperator.Subtract,
        TokenKind.Star => BinaryOperator.Multiply,
        TokenKind.Slash => BinaryOperator.Divide,
        TokenKind.Percent => BinaryOperator.Modulo,
        TokenKind.Concat => BinaryOperator.Concatenate,
        TokenKind.Arrow => BinaryOperator.JsonArrow,
        TokenKind.DoubleArrow => BinaryOperator.JsonDoubleArrow,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "not a binary operator"),
    };

    /// <summary>What follows <paramref name="left"/> and the operator <paramref name="kind"/>, which has been read.</summary>
    private ExpressionNode ParseOperatorTail(ExpressionNode left, TokenKind kind, int level)
    {
        switch (kind)
        {
            case TokenKind.IsNull:
                return NullTest(left, negated: false);
            case TokenKind.NotNull:
                return NullTest(left, negated: true);
            case TokenKind.Is:
                return ParseIs(left);
            case TokenKind.Like or TokenKind.Match:
                return ParseLike(left, negated: false);
            case TokenKind.Between:
                return ParseBetween(left, negated: false);
            case TokenKind.In:
                return ParseIn(left, negated: false);
            case TokenKind.Not:
                return ParseNegatedOperator(left);
            case TokenKind.Collate:
                return new CollateNode(left, ParseWord()) { Position = left.Position, Height = Above(left.Height) };
            default:
                ExpressionNode right = ParseInfix(level + 1, stopAtAnd: false);
                return new BinaryNode(BinaryOf(kind), left, right)
                {
                    Position = left.Position,
                    Height = Above(left.Height, right.Height),
                };
        }
    }

    /// <summary>expr NOT LIKE, NOT BETWEEN, NOT IN, NOT NULL: the NOT has been read.</summary>
    private ExpressionNode ParseNegatedOperator(ExpressionNode left)
    {
        switch (Kind)
        {
            case TokenKind.Null:
                Advance();
                return NullTest(left, negated: true);
            case TokenKind.Like or TokenKind.Match:
                Advance();
                return ParseLike(left, negated: true);
            case TokenKind.Between:
                Advance();
                return ParseBetween(left, negated: true);
            case TokenKind.In:
                Advance();
                return ParseIn(left, negated: true);
            default:
                throw Unexpected();
        }
    }

    private static IsNullNode NullTest(ExpressionNode operand, bool negated) =>
        new(operand, negated) { Position = operand.Position, Height = Above(operand.Height) };

    private ExpressionNode ParseIs(ExpressionNode left)
    {
        bool negated = Accept(TokenKind.Not);
        if (Accept(TokenKind.Distinct))
        {
            Expect(TokenKind.From);
            negated = !negated;
        }

        ExpressionNode right = ParseInfix(Level.Comparison, stopAtAnd: false);
        if (right is LiteralNode { Value.IsNull: true })
        {
            return NullTest(left, negated);
        }

        return new BinaryNode(negated ? BinaryOperator.IsNot : BinaryOperator.Is, left, right)
        {
            Position = left.Position,
            Height = Above(left.Height, right.Height),
        };
    }

    private LikeNode ParseLike(ExpressionNode value, bool negated)
    {
        LikeOperator like = _previous.Kind == TokenKind.Match ? LikeOperator.Match
            : TokenIs(_previous, "LIKE"u8) ? LikeOperator.Like
            : TokenIs(_previous, "GLOB"u8) ? LikeOperator.Glob
            : LikeOperator.Regexp;
        ExpressionNode pattern = ParseInfix(Level.Comparison, stopAtAnd: false);
        ExpressionNode? escape = Accept(TokenKind.Escape) ? ParseInfix(Level.Comparison, stopAtAnd: false) : null;
        return new LikeNode(like, value, pattern, escape, negated)
        {
            Position = value.Position,
            Height = Above(value.Height, pattern.Height, escape?.Height ?? 0),
        };
    }

    private BetweenNode ParseBetween(ExpressionNode value, bool negated)
    {
        ExpressionNode low = ParseInfix(Level.Or, stopAtAnd: true);
        Expect(TokenKind.And);
        ExpressionNode high = ParseInfix(Level.Comparison, stopAtAnd: false);
        return new BetweenNode(value, low, high, negated)
        {
            Position = value.Position,
            Height = Above(value.Height, low.Height, high.Height),
        };
    }

    private ExpressionNode ParseIn(ExpressionNode value, bool negated)
    {
        if (!Accept(TokenKind.LeftParen))
        {
            QualifiedName table = ParseQualifiedName();
            List<ExpressionNode>? arguments = null;
            if (Accept(TokenKind.LeftParen))
            {
                arguments = Kind == TokenKind.RightParen ? [] : ParseExpressionList();
                Expect(TokenKind.RightParen);
            }

            return new InTableNode(value, table.Schema, table.Name, arguments, negated)
            {
                Position = value.Position,
                Height = Above(value.Height, Tallest(arguments ?? [])),
            };
        }

        if (StartsSelect(Kind))
        {
            SelectStatement select = ParseSubquery(out int height);
            return InSelect(value, select, height, negated);
        }

        List<ExpressionNode> list = Kind == TokenKind.RightParen ? [] : ParseExpressionList();
        Expect(TokenKind.RightParen);

        // x IN ((SELECT ...)) tests against all rows of the subquery, not only its first.
        if (list is [ScalarSelectNode scalar])
        {
            return InSelect(value, scalar.Select, scalar.Height, negated);
        }

        return new InListNode(value, list, negated)
        {
            Position = value.Position,
            Height = Above(value.Height, Tallest(list)),
        };
    }

    private static InSelectNode InSelect(ExpressionNode value, SelectStatement select, int height, bool negated) =>
        new(value, select, negated) { Position = value.Position, Height = Above(value.Height, height) };

    private static bool StartsSelect(TokenKind kind) => kind is TokenKind.Select or TokenKind.Values or TokenKind.With;

    /// <summary>A SELECT and the parenthesis that closes it; <paramref name="height"/> is that of its tallest expression.</summary>
    private SelectStatement ParseSubquery(out int height)
    {
        int outer = _tallest;
        _tallest = 0;
        SelectStatement select = ParseSelect();
        height = _tallest;
        _tallest = outer;
        Expect(TokenKind.RightParen);
        return select;
    }

    private static int Tallest(List<ExpressionNode> list)
    {
        int tallest = 0;
        foreach (ExpressionNode expression in list)
        {
            tallest = Math.Max(tallest, expression.Height);
        }

        return tallest;
    }

    /// <summary>The height of a node over these; too high is an error.</summary>
    private static int Above(int a, int b = 0, int c = 0)
    {
        int height = Math.Max(a, Math.Max(b, c)) + 1;
        if (height > MaximumDepth)
        {
            ThrowTooDeep();
        }

        return height;
    }

    /// <summary>[ORDER BY]'s terms: expr [ASC|DESC] [NULLS FIRST|LAST], ...</summary>
    private List<OrderTerm> ParseOrderTerms()
    {
        var terms = new List<OrderTerm>();
        do
        {
            ExpressionNode expression = ParseExpression();
            bool descending = ParseSortDirection();
            bool? nullsFirst = null;
            if (Accept(TokenKind.Nulls))
            {
                nullsFirst = Accept(TokenKind.First);
                if (nullsFirst == false)
                {
                    Expect(TokenKind.Last);
                }
            }

            terms.Add(new OrderTerm(expression, descending, nullsFirst));
        }
        while (Accept(TokenKind.Comma));
        return terms;
    }

    /// <summary>Whether DESC is written.</summary>
    private bool ParseSortDirection()
    {
        if (Accept(TokenKind.Desc))
        {
            return true;
        }

        Accept(TokenKind.Asc);
        return false;
    }
}
