namespace Sluice.Engine.Sql;

/// <summary>CREATE TABLE: columns and constraints ("CREATE TABLE", sqlite.org/lang_createtable.html).</summary>
internal sealed partial class Parser
{
    private CreateTableStatement ParseCreateTable(bool temporary)
    {
        Expect(TokenKind.Table);
        bool ifNotExists = ParseIfNotExists();
        QualifiedName name = ParseObjectName(out int definitionStart);
        if (Accept(TokenKind.As))
        {
            if (!StartsSelect(Kind))
            {
                throw Unexpected();
            }

            SelectStatement select = ParseSelect();
            return new CreateTableStatement
            {
                Temporary = temporary,
                IfNotExists = ifNotExists,
                Name = name,
                AsSelect = select,
                DefinitionText = TextBetween(definitionStart, _previous.End),
            };
        }

        Expect(TokenKind.LeftParen);
        var columns = new List<ColumnDefinition>();
        var constraints = new List<TableConstraint>();
        columns.Add(ParseColumnDefinition());
        while (constraints.Count == 0 && Accept(TokenKind.Comma))
        {
            if (StartsTableConstraint(Kind))
            {
                ParseTableConstraints(constraints);
                break;
            }

            columns.Add(ParseColumnDefinition());
        }

        Expect(TokenKind.RightParen);
        (bool withoutRowid, bool strict) = ParseTableOptions();
        return new CreateTableStatement
        {
            Temporary = temporary,
            IfNotExists = ifNotExists,
            Name = name,
            Columns = columns,
            Constraints = constraints,
            WithoutRowid = withoutRowid,
            Strict = strict,
            DefinitionText = TextBetween(definitionStart, _previous.End),
        };
    }

    private (bool WithoutRowid, bool Strict) ParseTableOptions()
    {
        bool withoutRowid = false;
        bool strict = false;
        if (!Kind.IsName() && Kind != TokenKind.Comma)
        {
            return (false, false);
        }

        // SQLite's grammar lets the list begin with a comma.
        Accept(TokenKind.Comma);
        do
        {
            bool without = Accept(TokenKind.Without);
            string option = ParseName();
            if (without && option.Equals("rowid", StringComparison.OrdinalIgnoreCase))
            {
                withoutRowid = true;
            }
            else if (!without && option.Equals("strict", StringComparison.OrdinalIgnoreCase))
            {
                strict = true;
            }
            else
            {
                Complain($"unknown table option: {TokenText(_previous)}");
            }
        }
        while (Accept(TokenKind.Comma));
        return (withoutRowid, strict);
    }

    private ColumnDefinition ParseColumnDefinition()
    {
        int start = _token.Start;
        string name = ParseName();
        string? type = ParseColumnType();
        var constraints = new List<ColumnConstraint>();
        string? constraintName = null;
        while (true)
        {
            if (Accept(TokenKind.Constraint))
            {
                constraintName = ParseName();
                continue;
            }

            if (Accept(TokenKind.Null))
            {
                // NULL says nothing.
                ParseOptionalOnConflict();
                constraintName = null;
                continue;
            }

            if (Kind == TokenKind.Deferrable || (Kind == TokenKind.Not && PeekKind() == TokenKind.Deferrable))
            {
                (bool deferrable, bool initially) = ParseDeferrable();
                DeferLastReference(constraints, deferrable, initially);
                continue;
            }

            ColumnConstraint? constraint = ParseColumnConstraint(name);
            if (constraint is null)
            {
                return new ColumnDefinition(name, type, constraints) { Text = TextBetween(start, _previous.End) };
            }

            constraints.Add(constraint with { ConstraintName = constraintName });
            constraintName = null;
        }
    }

    /// <summary>
    /// A type's name: SQLite's standard types in capitals, others without the quotes where they begin with one, and then without what
    /// follows the closing one, as in SQLite.
    /// </summary>
    private string? ParseColumnType()
    {
        Token first = _token;
        if (ParseTypeName() is not { } type)
        {
            return null;
        }

        bool isQuoted = type[0] is '"' or '\'' or '`' or '[';
        string name = isQuoted ? Unquote(first) : type;
        string upper = name.ToUpperInvariant();
        if (upper is not ("ANY" or "BLOB" or "INT" or "INTEGER" or "REAL" or "TEXT"))
        {
            return name;
        }

        // 'INTEGER' x is not the type INTEGER.
        return isQuoted && type.Length > name.Length + 2 ? type : upper;
    }

    /// <summary>The next constraint of a column, or null where the column ends.</summary>
    private ColumnConstraint? ParseColumnConstraint(string column)
    {
        switch (Kind)
        {
            case TokenKind.Default:
                return ParseDefault();
            case TokenKind.Not:
                Advance();
                Expect(TokenKind.Null);
                return new NotNullColumn(ParseOptionalOnConflict());
            case TokenKind.Primary:
                Advance();
                Expect(TokenKind.Key);
                bool descending = ParseSortDirection();
                ConflictAction onConflict = ParseOptionalOnConflict();
                return new PrimaryKeyColumn(descending, onConflict, Accept(TokenKind.Autoincrement));
            case TokenKind.Unique:
                Advance();
                return new UniqueColumn(ParseOptionalOnConflict());
            case TokenKind.Check:
                Advance();
                ExpressionNode check = ParseParenthesizedText(out string checkText);
                return new CheckColumn(check, checkText);
            case TokenKind.References:
                return new ReferencesColumn(ParseReferences());
            case TokenKind.Collate:
                Advance();
                return new CollateColumn(ParseWord());
            case TokenKind.Generated:
                Advance();
                Expect(TokenKind.Always);
                if (Kind != TokenKind.As)
                {
                    throw Unexpected();
                }

                return ParseGenerated(column);
            case TokenKind.As:
                return ParseGenerated(column);
            default:
                return null;
        }
    }

    /// <summary>AS (expr) [VIRTUAL|STORED].</summary>
    private GeneratedColumn ParseGenerated(string column)
    {
        Expect(TokenKind.As);
        ExpressionNode expression = ParseParenthesizedText(out string text);
        bool stored = false;
        if (Kind.IsIdentifier())
        {
            stored = TokenIs(_token, "STORED"u8);
            if (!stored && !TokenIs(_token, "VIRTUAL"u8))
            {
                Advance();
                Complain($"error in generated column \"{column}\"");
                return new GeneratedColumn(expression, text, false);
            }

            Advance();
        }

        return new GeneratedColumn(expression, text, stored);
    }

    /// <summary>DEFAULT literal, signed literal, name or (expr). A name stands for its own text, TRUE and FALSE excepted.</summary>
    private DefaultColumn ParseDefault()
    {
        Advance();
        if (Kind == TokenKind.LeftParen)
        {
            // Within parentheses also a name in double quotes is a column's, which cannot be a default.
            ExpressionNode expression = ParseParenthesizedText(out string inner);
            return new DefaultColumn(expression is ColumnNode { DoubleQuoted: true } name ? name with { DoubleQuoted = false } : expression, inner);
        }

        int start = _token.Start;
        ExpressionNode value;
        if (Kind is TokenKind.Plus or TokenKind.Minus)
        {
            bool minus = Kind == TokenKind.Minus;
            int position = Position;
            Advance();
            value = Kind is TokenKind.Integer or TokenKind.Float
                ? ParseNumber(minus, position)
                : new UnaryNode(minus ? UnaryOperator.Negate : UnaryOperator.Plus, ParseTerm()) { Position = position, Height = 2 };
        }
        else
        {
            value = Kind.IsIdentifier() && Kind != TokenKind.CurrentTime || Kind == TokenKind.Indexed ? ParseDefaultWord() : ParseTerm();
        }

        return new DefaultColumn(value, TextBetween(start, _previous.End));
    }

    /// <summary>A literal or CURRENT_TIME and its like ("term").</summary>
    private ExpressionNode ParseTerm()
    {
        int position = Position;
        switch (Kind)
        {
            case TokenKind.Null or TokenKind.Integer or TokenKind.Float or TokenKind.Blob or TokenKind.CurrentTime:
                return ParsePrefix();
            case TokenKind.String:
                Token token = _token;
                Advance();
                return new LiteralNode(Format.SqlValue.FromText(UnquotedBytes(token))) { Position = position };
            default:
                throw Unexpected();
        }
    }

    private LiteralNode ParseDefaultWord()
    {
        int position = Position;
        Token token = _token;
        Advance();
        if (TokenIs(token, "TRUE"u8) || TokenIs(token, "FALSE"u8))
        {
            return new LiteralNode(Format.SqlValue.FromBoolean(TokenIs(token, "TRUE"u8))) { Position = position };
        }

        return new LiteralNode(Format.SqlValue.FromText(Unquote(token))) { Position = position };
    }

    /// <summary>(expr), and the text between the parentheses without the space around it.</summary>
    private ExpressionNode ParseParenthesizedText(out string text)
    {
        if (Kind != TokenKind.LeftParen)
        {
            throw Unexpected();
        }

        int start = _token.End;
        Advance();
        ExpressionNode expression = ParseExpression();
        if (Kind != TokenKind.RightParen)
        {
            throw Unexpected();
        }

        while (Lexer.IsSpace(_text[start]))
        {
            start++;
        }

        text = TextUpToToken(start);
        Advance();
        return expression;
    }

    private static bool StartsTableConstraint(TokenKind kind) =>
        kind is TokenKind.Constraint or TokenKind.Primary or TokenKind.Unique or TokenKind.Check or TokenKind.Foreign;

    /// <summary>Constraints up to the closing parenthesis; the commas between them may be left out, as in SQLite.</summary>
    private void ParseTableConstraints(List<TableConstraint> constraints)
    {
        string? name = null;
        do
        {
            if (Accept(TokenKind.Constraint))
            {
                name = ParseName();
            }
            else
            {
                constraints.Add(ParseTableConstraint() with { ConstraintName = name });
                name = null;
            }

            if (Accept(TokenKind.Comma) && !StartsTableConstraint(Kind))
            {
                throw Unexpected();
            }
        }
        while (StartsTableConstraint(Kind));
    }

    private TableConstraint ParseTableConstraint()
    {
        TokenKind kind = Kind;
        Advance();
        switch (kind)
        {
            case TokenKind.Primary:
                Expect(TokenKind.Key);
                List<IndexedColumn> key = ParseIndexedColumns(out bool autoincrement);
                return new PrimaryKeyTable(key, ParseOptionalOnConflict(), autoincrement);
            case TokenKind.Unique:
                List<IndexedColumn> unique = ParseIndexedColumns();
                return new UniqueTable(unique, ParseOptionalOnConflict());
            case TokenKind.Check:
                ExpressionNode check = ParseParenthesizedText(out string text);
                ParseOptionalOnConflict();
                return new CheckTable(check, text);
            default:
                Expect(TokenKind.Key);
                List<string> columns = ParsePlainNameList();
                if (Kind != TokenKind.References)
                {
                    throw Unexpected();
                }

                ForeignKeyClause clause = ParseReferences();
                if (Kind is TokenKind.Deferrable or TokenKind.Not)
                {
                    (bool deferrable, bool initially) = ParseDeferrable();
                    clause = clause with { Deferrable = deferrable, InitiallyDeferred = initially };
                }

                return new ForeignKeyTable(columns, clause);
        }
    }

    // ---- foreign keys ----

    private ForeignKeyClause ParseReferences()
    {
        Expect(TokenKind.References);
        string table = ParseName();
        var clause = new ForeignKeyClause(table, Kind == TokenKind.LeftParen ? ParsePlainNameList() : null);
        while (true)
        {
            if (Accept(TokenKind.Match))
            {
                clause = clause with { Match = ParseName() };
            }
            else if (Accept(TokenKind.On))
            {
                TokenKind change = Kind;
                if (change is not (TokenKind.Delete or TokenKind.Update or TokenKind.Insert))
                {
                    throw Unexpected();
                }

                Advance();
                ForeignKeyAction action = ParseReferenceAction();
                clause = change switch
                {
                    TokenKind.Delete => clause with { OnDelete = action },
                    TokenKind.Update => clause with { OnUpdate = action },
                    _ => clause,
                };
            }
            else
            {
                return clause;
            }
        }
    }

    private ForeignKeyAction ParseReferenceAction()
    {
        switch (Kind)
        {
            case TokenKind.Cascade:
                Advance();
                return ForeignKeyAction.Cascade;
            case TokenKind.Restrict:
                Advance();
                return ForeignKeyAction.Restrict;
            case TokenKind.No:
                Advance();
                Expect(TokenKind.Action);
                return ForeignKeyAction.NoAction;
            case TokenKind.Set:
                Advance();
                if (Accept(TokenKind.Default))
                {
                    return ForeignKeyAction.SetDefault;
                }

                Expect(TokenKind.Null);
                return ForeignKeyAction.SetNull;
            default:
                throw Unexpected();
        }
    }

    /// <summary>[NOT] DEFERRABLE [INITIALLY DEFERRED|IMMEDIATE].</summary>
    private (bool Deferrable, bool InitiallyDeferred) ParseDeferrable()
    {
        bool deferrable = !Accept(TokenKind.Not);
        Expect(TokenKind.Deferrable);
        if (!Accept(TokenKind.Initially))
        {
            return (deferrable, false);
        }

        if (Accept(TokenKind.Deferred))
        {
            return (deferrable, true);
        }

        Expect(TokenKind.Immediate);
        return (deferrable, false);
    }

    private static void DeferLastReference(List<ColumnConstraint> constraints, bool deferrable, bool initially)
    {
        int last = constraints.FindLastIndex(static constraint => constraint is ReferencesColumn);
        if (last >= 0)
        {
            ForeignKeyClause clause = ((ReferencesColumn)constraints[last]).Clause;
            constraints[last] = new ReferencesColumn(clause with { Deferrable = deferrable, InitiallyDeferred = initially });
        }
    }
}
