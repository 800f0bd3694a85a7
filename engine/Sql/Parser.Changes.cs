namespace Sluice.Engine.Sql;

/// <summary>INSERT, UPDATE and DELETE, and what is after a WITH.</summary>
internal sealed partial class Parser
{
    /// <summary>Inside a trigger the grammar is narrower: plain table names, no ORDER BY or LIMIT.</summary>
    private bool _inTrigger;

    private StatementNode ParseWithStatement()
    {
        WithClause? with = ParseOptionalWith();
        return Kind switch
        {
            TokenKind.Insert or TokenKind.Replace => ParseInsert(with),
            TokenKind.Update => ParseUpdate(with),
            TokenKind.Delete => ParseDelete(with),
            TokenKind.Select or TokenKind.Values => ParseSelectAfterWith(with),
            _ => throw Unexpected(),
        };
    }

    private InsertStatement ParseInsert(WithClause? with)
    {
        ConflictAction onConflict = ConflictAction.Default;
        if (Accept(TokenKind.Replace))
        {
            onConflict = ConflictAction.Replace;
        }
        else
        {
            Expect(TokenKind.Insert);
            onConflict = ParseOptionalOr();
        }

        Expect(TokenKind.Into);
        TableReference table = ParseChangedTable();
        List<string>? columns = Kind == TokenKind.LeftParen ? ParseNameList() : null;
        SelectStatement? source = null;
        List<UpsertClause> upserts = [];
        if (Kind == TokenKind.Default && !_inTrigger)
        {
            Advance();
            Expect(TokenKind.Values);
        }
        else
        {
            if (!StartsSelect(Kind))
            {
                throw Unexpected();
            }

            source = ParseSelect();
            upserts = ParseUpserts();
        }

        // After an upsert without a target nothing but RETURNING may follow.
        return new InsertStatement
        {
            With = with,
            OnConflict = onConflict,
            Table = table.Name,
            Alias = table.Alias,
            Columns = columns,
            Source = source,
            Upserts = upserts,
            Returning = ParseOptionalReturning(),
        };
    }

    /// <summary>OR ROLLBACK, OR ABORT, ...</summary>
    private ConflictAction ParseOptionalOr() => Accept(TokenKind.Or) ? ParseConflictAction() : ConflictAction.Default;

    /// <summary>ON CONFLICT action, after a constraint.</summary>
    private ConflictAction ParseOptionalOnConflict()
    {
        if (!Accept(TokenKind.On))
        {
            return ConflictAction.Default;
        }

        Expect(TokenKind.Conflict);
        return ParseConflictAction();
    }

    private ConflictAction ParseConflictAction()
    {
        ConflictAction action = Kind switch
        {
            TokenKind.Rollback => ConflictAction.Rollback,
            TokenKind.Abort => ConflictAction.Abort,
            TokenKind.Fail => ConflictAction.Fail,
            TokenKind.Ignore => ConflictAction.Ignore,
            TokenKind.Replace => ConflictAction.Replace,
            _ => throw Unexpected(),
        };
        Advance();
        return action;
    }

    /// <summary>The table that a statement changes: [schema.]table [AS alias] ("xfullname").</summary>
    private TableReference ParseChangedTable()
    {
        QualifiedName name = ParseQualifiedName();
        return new TableReference(name, !_inTrigger && Accept(TokenKind.As) ? ParseName() : null);
    }

    private TableReference ParseChangedTableIndexed()
    {
        TableReference table = ParseIndexedBy(ParseChangedTable());
        if (_inTrigger && (table.NotIndexed || table.IndexedBy is not null))
        {
            string clause = table.NotIndexed ? "NOT INDEXED" : "INDEXED BY";
            Complain($"the {clause} clause is not allowed on UPDATE or DELETE statements within triggers");
        }

        return table;
    }

    private List<UpsertClause> ParseUpserts()
    {
        var upserts = new List<UpsertClause>();
        bool another = true;
        while (another && Accept(TokenKind.On))
        {
            Expect(TokenKind.Conflict);
            List<IndexedColumn>? target = null;
            ExpressionNode? targetWhere = null;
            if (Kind == TokenKind.LeftParen)
            {
                target = ParseIndexedColumns();
                targetWhere = ParseOptionalWhere();
            }

            another = target is not null;
            Expect(TokenKind.Do);
            List<SetClause>? set = null;
            ExpressionNode? where = null;
            if (!Accept(TokenKind.Nothing))
            {
                Expect(TokenKind.Update);
                Expect(TokenKind.Set);
                set = ParseSetList();
                where = ParseOptionalWhere();
            }

            upserts.Add(new UpsertClause { Target = target, TargetWhere = targetWhere, Set = set, Where = where });
        }

        return upserts;
    }

    private List<SetClause> ParseSetList()
    {
        var set = new List<SetClause>();
        do
        {
            IReadOnlyList<string> columns = Kind == TokenKind.LeftParen ? ParseNameList() : [ParseName()];
            Expect(TokenKind.Equal);
            set.Add(new SetClause(columns, ParseExpression()));
            Limit(set.Count, "columns in set list");
        }
        while (Accept(TokenKind.Comma));
        return set;
    }

    private List<ResultColumn>? ParseOptionalReturning()
    {
        if (!Accept(TokenKind.Returning))
        {
            return null;
        }

        List<ResultColumn> columns = ParseResultColumns();
        if (_inTrigger)
        {
            Complain("cannot use RETURNING in a trigger");
        }

        return columns;
    }

    private UpdateStatement ParseUpdate(WithClause? with)
    {
        Expect(TokenKind.Update);
        ConflictAction onConflict = ParseOptionalOr();
        TableReference table = ParseChangedTableIndexed();
        Expect(TokenKind.Set);
        List<SetClause> set = ParseSetList();
        TableExpression? from = Accept(TokenKind.From) ? ParseFrom() : null;
        ExpressionNode? where = ParseOptionalWhere();
        List<ResultColumn>? returning = _inTrigger ? null : ParseOptionalReturning();
        List<OrderTerm> orderBy = _inTrigger ? [] : ParseOptionalOrderBy();
        (ExpressionNode? limit, ExpressionNode? offset) = _inTrigger ? (null, null) : ParseOptionalLimit();
        return new UpdateStatement
        {
            With = with,
            OnConflict = onConflict,
            Table = table,
            Set = set,
            From = from,
            Where = where,
            Returning = returning,
            OrderBy = orderBy,
            Limit = limit,
            Offset = offset,
        };
    }

    private DeleteStatement ParseDelete(WithClause? with)
    {
        Expect(TokenKind.Delete);
        Expect(TokenKind.From);
        TableReference table = ParseChangedTableIndexed();
        ExpressionNode? where = ParseOptionalWhere();
        List<ResultColumn>? returning = _inTrigger ? null : ParseOptionalReturning();
        List<OrderTerm> orderBy = _inTrigger ? [] : ParseOptionalOrderBy();
        (ExpressionNode? limit, ExpressionNode? offset) = _inTrigger ? (null, null) : ParseOptionalLimit();
        return new DeleteStatement
        {
            With = with,
            Table = table,
            Where = where,
            Returning = returning,
            OrderBy = orderBy,
            Limit = limit,
            Offset = offset,
        };
    }
}
