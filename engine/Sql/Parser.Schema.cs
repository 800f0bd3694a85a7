namespace Sluice.Engine.Sql;

/// <summary>CREATE and DROP of everything but a table's inside, and ALTER TABLE.</summary>
internal sealed partial class Parser
{
    private StatementNode ParseCreate()
    {
        Expect(TokenKind.Create);
        if (Accept(TokenKind.Temp))
        {
            _namesTemp = true;
            return Kind switch
            {
                TokenKind.Table => ParseCreateTable(temporary: true),
                TokenKind.View => ParseCreateView(temporary: true),
                TokenKind.Trigger => ParseCreateTrigger(temporary: true),
                _ => throw Unexpected(),
            };
        }

        switch (Kind)
        {
            case TokenKind.Table:
                return ParseCreateTable(temporary: false);
            case TokenKind.Unique:
                Advance();
                return ParseCreateIndex(unique: true);
            case TokenKind.Index:
                return ParseCreateIndex(unique: false);
            case TokenKind.View:
                return ParseCreateView(temporary: false);
            case TokenKind.Trigger:
                return ParseCreateTrigger(temporary: false);
            case TokenKind.Virtual:
                return ParseCreateVirtualTable();
            default:
                throw Unexpected();
        }
    }

    private bool ParseIfNotExists()
    {
        if (!Accept(TokenKind.If))
        {
            return false;
        }

        Expect(TokenKind.Not);
        Expect(TokenKind.Exists);
        return true;
    }

    /// <summary>The name of a thing to be made; <paramref name="start"/> is where its own name starts, the schema's left out.</summary>
    private QualifiedName ParseObjectName(out int start)
    {
        start = _token.Start;
        string first = ParseName();
        if (!Accept(TokenKind.Dot))
        {
            return new QualifiedName(null, first);
        }

        start = _token.Start;
        return Noted(new QualifiedName(first, ParseName()));
    }

    private CreateIndexStatement ParseCreateIndex(bool unique)
    {
        Expect(TokenKind.Index);
        bool ifNotExists = ParseIfNotExists();
        QualifiedName name = ParseObjectName(out int definitionStart);
        Expect(TokenKind.On);
        string table = ParseName();
        List<IndexedColumn> columns = ParseIndexedColumns();
        ExpressionNode? where = ParseOptionalWhere();
        return new CreateIndexStatement
        {
            Unique = unique,
            IfNotExists = ifNotExists,
            Name = name,
            Table = table,
            Columns = columns,
            Where = where,
            DefinitionText = TextBetween(definitionStart, _previous.End),
        };
    }

    private List<IndexedColumn> ParseIndexedColumns()
    {
        List<IndexedColumn> columns = ParseIndexedColumnsUnclosed();
        Expect(TokenKind.RightParen);
        return columns;
    }

    /// <summary>The columns of PRIMARY KEY (...), where AUTOINCREMENT may stand before the parenthesis closes.</summary>
    private List<IndexedColumn> ParseIndexedColumns(out bool autoincrement)
    {
        List<IndexedColumn> columns = ParseIndexedColumnsUnclosed();
        autoincrement = Accept(TokenKind.Autoincrement);
        Expect(TokenKind.RightParen);
        return columns;
    }

    private List<IndexedColumn> ParseIndexedColumnsUnclosed()
    {
        Expect(TokenKind.LeftParen);
        List<OrderTerm> terms = ParseOrderTerms();
        Limit(terms.Count, "columns in index");
        var columns = new List<IndexedColumn>(terms.Count);
        foreach (OrderTerm term in terms)
        {
            if (term.NullsFirst is { } first)
            {
                Complain($"unsupported use of NULLS {(first ? "FIRST" : "LAST")}");
            }

            ExpressionNode expression = term.Expression;
            string? collation = null;
            while (expression is CollateNode collate)
            {
                // The outermost COLLATE is the one that counts.
                collation ??= collate.Collation;
                expression = collate.Operand;
            }

            // A string in place of a column names the column ("sqlite3StringToId").
            if (expression is LiteralNode { Value.Type: Format.SqlType.Text } text)
            {
                expression = new ColumnNode(null, null, text.Value.DecodeText(), DoubleQuoted: false) { Position = text.Position };
            }

            columns.Add(new IndexedColumn(expression, collation, term.Descending));
        }

        return columns;
    }

    private CreateViewStatement ParseCreateView(bool temporary)
    {
        Expect(TokenKind.View);
        bool ifNotExists = ParseIfNotExists();
        QualifiedName name = ParseObjectName(out int definitionStart);
        List<string>? columns = Kind == TokenKind.LeftParen ? ParsePlainNameList() : null;
        Expect(TokenKind.As);
        if (!StartsSelect(Kind))
        {
            throw Unexpected();
        }

        SelectStatement select = ParseSelect();
        if (_parameterNames.Count > 0)
        {
            Complain("parameters are not allowed in views");
        }

        return new CreateViewStatement
        {
            Temporary = temporary,
            IfNotExists = ifNotExists,
            Name = name,
            Columns = columns,
            Select = select,
            DefinitionText = TextBetween(definitionStart, _previous.End),
        };
    }

    private CreateTriggerStatement ParseCreateTrigger(bool temporary)
    {
        Expect(TokenKind.Trigger);
        bool ifNotExists = ParseIfNotExists();
        QualifiedName name = ParseObjectName(out int definitionStart);
        TriggerTiming timing = ParseTriggerTiming();
        (TriggerEvent change, List<string>? columns) = ParseTriggerEvent();
        Expect(TokenKind.On);
        QualifiedName table = ParseQualifiedName();
        if (Accept(TokenKind.For))
        {
            Expect(TokenKind.Each);
            Expect(TokenKind.Row);
        }

        ExpressionNode? when = Accept(TokenKind.When) ? ParseExpression() : null;
        List<StatementNode> body = ParseTriggerBody();
        if (_parameterNames.Count > 0)
        {
            Complain("trigger cannot use variables");
        }

        return new CreateTriggerStatement
        {
            Temporary = temporary,
            IfNotExists = ifNotExists,
            Name = name,
            Timing = timing,
            Event = change,
            UpdateOf = columns,
            Table = table,
            When = when,
            Body = body,
            DefinitionText = TextBetween(definitionStart, _previous.End),
        };
    }

    /// <summary>BEFORE is the default.</summary>
    private TriggerTiming ParseTriggerTiming()
    {
        if (Accept(TokenKind.After))
        {
            return TriggerTiming.After;
        }

        if (Accept(TokenKind.Instead))
        {
            Expect(TokenKind.Of);
            return TriggerTiming.InsteadOf;
        }

        Accept(TokenKind.Before);
        return TriggerTiming.Before;
    }

    private (TriggerEvent Event, List<string>? Columns) ParseTriggerEvent()
    {
        if (Accept(TokenKind.Delete))
        {
            return (TriggerEvent.Delete, null);
        }

        if (Accept(TokenKind.Insert))
        {
            return (TriggerEvent.Insert, null);
        }

        Expect(TokenKind.Update);
        if (!Accept(TokenKind.Of))
        {
            return (TriggerEvent.Update, null);
        }

        var columns = new List<string>();
        do
        {
            columns.Add(ParseName());
        }
        while (Accept(TokenKind.Comma));
        return (TriggerEvent.Update, columns);
    }

    /// <summary>BEGIN statement; ... END.</summary>
    private List<StatementNode> ParseTriggerBody()
    {
        Expect(TokenKind.Begin);
        _inTrigger = true;
        var body = new List<StatementNode>();
        do
        {
            StatementNode statement = Kind switch
            {
                TokenKind.Update => ParseUpdate(null),
                TokenKind.Insert or TokenKind.Replace => ParseInsert(null),
                TokenKind.Delete => ParseDelete(null),
                TokenKind.Select or TokenKind.Values or TokenKind.With => ParseSelect(),
                _ => throw Unexpected(),
            };
            if (statement is InsertStatement { Table.Schema: not null } or UpdateStatement { Table.Name.Schema: not null }
                or DeleteStatement { Table.Name.Schema: not null })
            {
                Complain("qualified table names are not allowed on INSERT, UPDATE, and DELETE statements within triggers");
            }

            body.Add(statement);
            Expect(TokenKind.Semicolon);
        }
        while (Kind != TokenKind.EndKeyword);
        _inTrigger = false;
        Advance();
        return body;
    }

    private CreateVirtualTableStatement ParseCreateVirtualTable()
    {
        Expect(TokenKind.Virtual);
        Expect(TokenKind.Table);
        bool ifNotExists = ParseIfNotExists();
        QualifiedName name = ParseObjectName(out int definitionStart);
        Expect(TokenKind.Using);
        string module = ParseName();
        List<string> arguments = Accept(TokenKind.LeftParen) ? ParseModuleArguments() : [];
        return new CreateVirtualTableStatement
        {
            IfNotExists = ifNotExists,
            Name = name,
            Module = module,
            Arguments = arguments,
            DefinitionText = TextBetween(definitionStart, _previous.End),
        };
    }

    /// <summary>A module's arguments: any tokens, cut at the commas outside inner parentheses, as written.</summary>
    private List<string> ParseModuleArguments()
    {
        var arguments = new List<string>();
        int depth = 0;
        int start = _token.Start;
        while (true)
        {
            switch (Kind)
            {
                case TokenKind.End:
                    throw Unexpected();
                case TokenKind.LeftParen:
                    depth++;
                    break;
                case TokenKind.RightParen when depth > 0:
                    depth--;
                    break;
                case TokenKind.RightParen:
                    string last = TextUpToToken(start);
                    if (last.Length > 0 || arguments.Count > 0)
                    {
                        arguments.Add(last);
                    }

                    Advance();
                    return arguments;
                case TokenKind.Comma when depth == 0:
                    arguments.Add(TextUpToToken(start));
                    Advance();
                    start = _token.Start;
                    continue;
            }

            Advance();
        }
    }

    private DropStatement ParseDrop()
    {
        Expect(TokenKind.Drop);
        SchemaObjectKind kind = Kind switch
        {
            TokenKind.Table => SchemaObjectKind.Table,
            TokenKind.Index => SchemaObjectKind.Index,
            TokenKind.View => SchemaObjectKind.View,
            TokenKind.Trigger => SchemaObjectKind.Trigger,
            _ => throw Unexpected(),
        };
        Advance();
        bool ifExists = Accept(TokenKind.If);
        if (ifExists)
        {
            Expect(TokenKind.Exists);
        }

        return new DropStatement(kind, ParseQualifiedName(), ifExists);
    }

    private AlterTableStatement ParseAlter()
    {
        Expect(TokenKind.Alter);
        Expect(TokenKind.Table);
        QualifiedName table = ParseQualifiedName();
        TokenKind action = Kind;
        if (action is not (TokenKind.Rename or TokenKind.Add or TokenKind.Drop))
        {
            throw Unexpected();
        }

        Advance();
        if (action == TokenKind.Rename && Accept(TokenKind.To))
        {
            return new RenameTableStatement { Table = table, NewName = ParseName() };
        }

        Accept(TokenKind.Column);
        if (action == TokenKind.Add)
        {
            return new AddColumnStatement { Table = table, Column = ParseColumnDefinition() };
        }

        string column = ParseName();
        if (action == TokenKind.Drop)
        {
            return new DropColumnStatement { Table = table, Column = column };
        }

        Expect(TokenKind.To);
        return new RenameColumnStatement { Table = table, Column = column, NewName = ParseName() };
    }
}
