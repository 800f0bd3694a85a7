namespace Sluice.Engine.Sql;

/// <summary>FROM: tables, subqueries and joins ("SELECT", sqlite.org/lang_select.html, section 2.1).</summary>
internal sealed partial class Parser
{
    /// <summary>SQLITE_MAX_SRCLIST of SQLite's source: more terms than any join has, few enough for the stack of what follows the tree.</summary>
    private const int MaximumFromTerms = 200;

    /// <summary>A list of tables and joins, the FROM or an opening parenthesis before it read.</summary>
    private TableExpression ParseFrom()
    {
        EnterNesting();
        TableExpression left = ParseTable();
        RefuseCondition();
        for (int terms = 1; TryParseJoinOperator(out JoinKind kind); terms++)
        {
            if (terms == MaximumFromTerms)
            {
                throw Error($"too many FROM clause terms, max: {MaximumFromTerms}");
            }

            TableExpression right = ParseTable();
            left = ParseJoinCondition(new JoinTable(left, kind, right));
        }

        _nesting--;
        return left;
    }

    /// <summary>The first table of a list has nothing to be joined to.</summary>
    private void RefuseCondition()
    {
        if (Kind is not (TokenKind.On or TokenKind.Using))
        {
            return;
        }

        bool on = Accept(TokenKind.On);
        if (on)
        {
            ParseExpression();
        }
        else
        {
            Advance();
            ParseNameList();
        }

        Complain($"a JOIN clause is required before {(on ? "ON" : "USING")}");
    }

    private JoinTable ParseJoinCondition(JoinTable join)
    {
        if (Accept(TokenKind.On))
        {
            return join with { On = ParseExpression() };
        }

        return Accept(TokenKind.Using) ? join with { Using = ParseNameList() } : join;
    }

    private bool TryParseJoinOperator(out JoinKind kind)
    {
        kind = JoinKind.Inner;
        switch (Kind)
        {
            case TokenKind.Comma:
            case TokenKind.Join:
                Advance();
                return true;
            case TokenKind.JoinKeyword:
                kind = ParseJoinWords();
                return true;
            default:
                return false;
        }
    }

    /// <summary>One to three words and JOIN; the grammar takes any names for the second and third, then refuses wrong ones.</summary>
    private JoinKind ParseJoinWords()
    {
        var words = new List<string>(3);
        JoinKind kind = JoinKind.Inner;
        bool inner = false;
        bool outer = false;
        bool wrong = false;
        do
        {
            string word = TokenText(_token);
            words.Add(word);
            switch (word.ToUpperInvariant())
            {
                case "NATURAL":
                    kind |= JoinKind.Natural;
                    break;
                case "LEFT":
                    kind |= JoinKind.Left;
                    outer = true;
                    break;
                case "RIGHT":
                    kind |= JoinKind.Right;
                    outer = true;
                    break;
                case "FULL":
                    kind |= JoinKind.Full;
                    outer = true;
                    break;
                case "OUTER":
                    outer = true;
                    break;
                case "INNER":
                    inner = true;
                    break;
                case "CROSS":
                    kind |= JoinKind.Cross;
                    inner = true;
                    break;
                default:
                    wrong = true;
                    break;
            }

            Advance();
        }
        while (words.Count < 3 && Kind.IsName());
        Expect(TokenKind.Join);
        if (wrong || (inner && outer) || (outer && (kind & JoinKind.Full) == 0))
        {
            Complain($"unknown join type: {string.Join(' ', words)}");
        }

        return kind;
    }

    private TableExpression ParseTable()
    {
        if (Accept(TokenKind.LeftParen))
        {
            return ParseParenthesizedTable();
        }

        QualifiedName name = ParseQualifiedName();
        if (Accept(TokenKind.LeftParen))
        {
            List<ExpressionNode> arguments = Kind == TokenKind.RightParen ? [] : ParseExpressionList();
            Expect(TokenKind.RightParen);
            return new TableReference(name, ParseOptionalAlias()) { Arguments = arguments };
        }

        return ParseIndexedBy(new TableReference(name, ParseOptionalAlias()));
    }

    private TableReference ParseIndexedBy(TableReference table)
    {
        if (Accept(TokenKind.Indexed))
        {
            Expect(TokenKind.By);
            return table with { IndexedBy = ParseName() };
        }

        if (Accept(TokenKind.Not))
        {
            Expect(TokenKind.Indexed);
            return table with { NotIndexed = true };
        }

        return table;
    }

    /// <summary>A subquery, or tables in parentheses; the opening one has been read.</summary>
    private TableExpression ParseParenthesizedTable()
    {
        if (StartsSelect(Kind))
        {
            SelectStatement select = ParseSubquery(out _);
            return new SubqueryTable(select, ParseOptionalAlias());
        }

        TableExpression inner = ParseFrom();
        Expect(TokenKind.RightParen);
        string? alias = ParseOptionalAlias();
        if (alias is null)
        {
            return inner;
        }

        switch (inner)
        {
            case TableReference table:
                return table with { Alias = alias };
            case SubqueryTable subquery:
                return subquery with { Alias = alias };
            default:
                // A join under one name is a subquery of all its columns.
                var core = new SelectCore { Columns = [new ResultColumn(null, null, null) { Text = "*" }], From = inner };
                return new SubqueryTable(new SelectStatement { First = core }, alias);
        }
    }
}
