namespace Sluice.Engine.Sql;

/// <summary>SELECT, VALUES and WITH ("SELECT", sqlite.org/lang_select.html).</summary>
internal sealed partial class Parser
{
    /// <summary>SQLITE_MAX_COLUMN ("Implementation Limits For SQLite", item 2).</summary>
    private const int MaximumColumns = 2000;

    /// <summary>SQLITE_MAX_COMPOUND_SELECT ("Implementation Limits For SQLite", item 5).</summary>
    private const int MaximumCompounds = 500;

    /// <summary>A core with the ORDER BY and LIMIT after it, which only the last core of a compound may have.</summary>
    private sealed record CoreWithTail(SelectCore Core, List<OrderTerm> OrderBy, ExpressionNode? Limit, ExpressionNode? Offset);

    /// <summary>[WITH ...] and a SELECT or VALUES.</summary>
    private SelectStatement ParseSelect()
    {
        EnterNesting();
        SelectStatement select = ParseSelectAfterWith(ParseOptionalWith());
        _nesting--;
        return select;
    }

    private SelectStatement ParseSelectAfterWith(WithClause? with)
    {
        CoreWithTail last = ParseCore();
        SelectCore first = last.Core;
        var compounds = new List<(CompoundOperator Operator, SelectCore Core)>();
        while (Kind is TokenKind.Union or TokenKind.Except or TokenKind.Intersect)
        {
            CompoundOperator compound = ParseCompoundOperator();
            string? misplaced = last.OrderBy.Count > 0 ? "ORDER BY" : last.Limit is not null ? "LIMIT" : null;
            last = ParseCore();
            if (misplaced is not null)
            {
                Complain($"{misplaced} clause should come after {OperatorName(compound)} not before");
            }

            compounds.Add((compound, last.Core));
            if (compounds.Count >= MaximumCompounds)
            {
                Complain("too many terms in compound SELECT");
            }
        }

        return new SelectStatement
        {
            With = with,
            First = first,
            Compounds = compounds,
            OrderBy = last.OrderBy,
            Limit = last.Limit,
            Offset = last.Offset,
        };
    }

    private CompoundOperator ParseCompoundOperator()
    {
        TokenKind kind = Kind;
        Advance();
        return kind switch
        {
            TokenKind.Except => CompoundOperator.Except,
            TokenKind.Intersect => CompoundOperator.Intersect,
            _ => Accept(TokenKind.All) ? CompoundOperator.UnionAll : CompoundOperator.Union,
        };
    }

    private static string OperatorName(CompoundOperator compound) => compound switch
    {
        CompoundOperator.Except => "EXCEPT",
        CompoundOperator.Intersect => "INTERSECT",
        CompoundOperator.UnionAll => "UNION ALL",
        _ => "UNION",
    };

    private CoreWithTail ParseCore()
    {
        if (Kind == TokenKind.Values)
        {
            return new CoreWithTail(new SelectCore { Values = ParseValues() }, [], null, null);
        }

        Expect(TokenKind.Select);
        bool distinct = Accept(TokenKind.Distinct);
        if (!distinct)
        {
            Accept(TokenKind.All);
        }

        List<ResultColumn> columns = ParseResultColumns();
        TableExpression? from = Accept(TokenKind.From) ? ParseFrom() : null;
        ExpressionNode? where = ParseOptionalWhere();
        List<ExpressionNode> groupBy = [];
        if (Accept(TokenKind.Group))
        {
            Expect(TokenKind.By);
            groupBy = ParseExpressionList();
            Limit(groupBy.Count, "terms in GROUP BY clause");
        }

        ExpressionNode? having = Accept(TokenKind.Having) ? ParseExpression() : null;
        List<(string Name, WindowSpecification Window)> windows = Accept(TokenKind.Window) ? ParseWindowDefinitions() : [];
        List<OrderTerm> orderBy = ParseOptionalOrderBy();
        (ExpressionNode? limit, ExpressionNode? offset) = ParseOptionalLimit();
        var core = new SelectCore
        {
            Distinct = distinct,
            Columns = columns,
            From = from,
            Where = where,
            GroupBy = groupBy,
            Having = having,
            Windows = windows,
        };
        return new CoreWithTail(core, orderBy, limit, offset);
    }

    private List<IReadOnlyList<ExpressionNode>> ParseValues()
    {
        Advance();
        var rows = new List<IReadOnlyList<ExpressionNode>>();
        do
        {
            Expect(TokenKind.LeftParen);
            List<ExpressionNode> row = ParseExpressionList();
            Expect(TokenKind.RightParen);
            if (rows.Count > 0 && rows[0].Count != row.Count)
            {
                Complain("all VALUES must have the same number of terms");
            }

            rows.Add(row);
        }
        while (Accept(TokenKind.Comma));
        return rows;
    }

    /// <summary>expr [[AS] alias], table.* or *, ...: also the list of RETURNING.</summary>
    private List<ResultColumn> ParseResultColumns()
    {
        var columns = new List<ResultColumn>();
        do
        {
            columns.Add(ParseResultColumn());
            Limit(columns.Count, "columns in result set");
        }
        while (Accept(TokenKind.Comma));
        return columns;
    }

    /// <summary>Lists are as long as the columns of a table may be many.</summary>
    private void Limit(int count, string what)
    {
        if (count > MaximumColumns)
        {
            Complain($"too many {what}");
        }
    }

    private ResultColumn ParseResultColumn()
    {
        if (Accept(TokenKind.Star))
        {
            return new ResultColumn(null, null, null) { Text = "*" };
        }

        int start = _token.Start;
        if (Kind.IsName() && IsTableStar())
        {
            string table = ParseName();
            Expect(TokenKind.Dot);
            Expect(TokenKind.Star);
            return new ResultColumn(null, null, table) { Text = TextBetween(start, _previous.End) };
        }

        ExpressionNode expression = ParseExpression();
        string text = TextUpToToken(start);
        return new ResultColumn(expression, ParseOptionalAlias(), null) { Text = text };
    }

    /// <summary>Whether the name at hand is followed by a dot and a star.</summary>
    private bool IsTableStar()
    {
        Token dot = Lexer.Next(_text, _token.End);
        return dot.Kind == TokenKind.Dot && Lexer.Next(_text, dot.End).Kind == TokenKind.Star;
    }

    private ExpressionNode? ParseOptionalWhere() => Accept(TokenKind.Where) ? ParseExpression() : null;

    private List<OrderTerm> ParseOptionalOrderBy()
    {
        if (!Accept(TokenKind.Order))
        {
            return [];
        }

        Expect(TokenKind.By);
        List<OrderTerm> terms = ParseOrderTerms();
        Limit(terms.Count, "terms in ORDER BY clause");
        return terms;
    }

    /// <summary>LIMIT count [OFFSET skip] or LIMIT skip, count.</summary>
    private (ExpressionNode? Limit, ExpressionNode? Offset) ParseOptionalLimit()
    {
        if (!Accept(TokenKind.Limit))
        {
            return (null, null);
        }

        ExpressionNode first = ParseExpression();
        if (Accept(TokenKind.Offset))
        {
            return (first, ParseExpression());
        }

        return Accept(TokenKind.Comma) ? (ParseExpression(), first) : (first, null);
    }

    private WithClause? ParseOptionalWith()
    {
        if (!Accept(TokenKind.With))
        {
            return null;
        }

        bool recursive = Accept(TokenKind.Recursive);
        var tables = new List<CommonTable>();
        do
        {
            string name = ParseName();
            List<string>? columns = Kind == TokenKind.LeftParen ? ParsePlainNameList() : null;
            Expect(TokenKind.As);
            bool? materialized = ParseOptionalMaterialized();
            Expect(TokenKind.LeftParen);
            tables.Add(new CommonTable(name, columns, ParseSubquery(out _), materialized));
        }
        while (Accept(TokenKind.Comma));
        return new WithClause(recursive, tables);
    }

    private bool? ParseOptionalMaterialized()
    {
        if (Accept(TokenKind.Not))
        {
            Expect(TokenKind.Materialized);
            return false;
        }

        return Accept(TokenKind.Materialized) ? true : null;
    }

    /// <summary>A list of names where SQLite's grammar would also take COLLATE and a direction, only to refuse them.</summary>
    private List<string> ParsePlainNameList()
    {
        Expect(TokenKind.LeftParen);
        var names = new List<string>();
        do
        {
            string name = ParseName();
            bool decorated = false;
            if (Accept(TokenKind.Collate))
            {
                ParseWord();
                decorated = true;
            }

            if (Kind is TokenKind.Asc or TokenKind.Desc)
            {
                Advance();
                decorated = true;
            }

            if (decorated)
            {
                Complain($"syntax error after column name \"{name}\"");
            }

            names.Add(name);
        }
        while (Accept(TokenKind.Comma));
        Expect(TokenKind.RightParen);
        return names;
    }
}
