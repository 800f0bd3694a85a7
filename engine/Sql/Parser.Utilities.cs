namespace Sluice.Engine.Sql;

/// <summary>Transactions, PRAGMA and the statements about whole databases.</summary>
internal sealed partial class Parser
{
    private StatementNode ParseUtility()
    {
        TokenKind kind = Kind;
        switch (kind)
        {
            case TokenKind.Begin:
                return ParseBegin();
            case TokenKind.Commit or TokenKind.EndKeyword:
                Advance();
                ParseTransactionWord();
                return new CommitStatement();
            case TokenKind.Rollback:
                return ParseRollback();
            case TokenKind.Savepoint:
                Advance();
                return new SavepointStatement(ParseName());
            case TokenKind.Release:
                Advance();
                Accept(TokenKind.Savepoint);
                return new ReleaseStatement(ParseName());
            case TokenKind.Pragma:
                return ParsePragma();
            case TokenKind.Vacuum:
                Advance();
                string? schema = Kind.IsName() ? ParseName() : null;
                return new VacuumStatement(schema, Accept(TokenKind.Into) ? ParseExpression() : null);
            case TokenKind.Analyze:
                Advance();
                return new AnalyzeStatement(ParseOptionalTarget());
            case TokenKind.Reindex:
                Advance();
                return new ReindexStatement(ParseOptionalTarget());
            case TokenKind.Attach:
                return ParseAttach();
            case TokenKind.Detach:
                Advance();
                Accept(TokenKind.Database);
                return new DetachStatement(ParseExpression());
            default:
                throw Unexpected();
        }
    }

    private QualifiedName? ParseOptionalTarget() => Kind.IsName() ? ParseQualifiedName() : null;

    private BeginStatement ParseBegin()
    {
        Expect(TokenKind.Begin);
        BeginKind? kind = Kind switch
        {
            TokenKind.Deferred => BeginKind.Deferred,
            TokenKind.Immediate => BeginKind.Immediate,
            TokenKind.Exclusive => BeginKind.Exclusive,
            TokenKind.Identifier when TokenIs(_token, "CONCURRENT"u8) => BeginKind.Concurrent,
            _ => null,
        };
        if (kind is not null)
        {
            Advance();
        }

        bool serializable = Kind == TokenKind.Identifier && TokenIs(_token, "SERIALIZABLE"u8);
        if (serializable)
        {
            Advance();
        }

        ParseTransactionWord();
        return new BeginStatement(kind ?? BeginKind.Deferred, serializable);
    }

    /// <summary>[TRANSACTION [name]]; the name means nothing.</summary>
    private void ParseTransactionWord()
    {
        if (Accept(TokenKind.Transaction) && Kind.IsName())
        {
            ParseName();
        }
    }

    private RollbackStatement ParseRollback()
    {
        Expect(TokenKind.Rollback);
        ParseTransactionWord();
        if (!Accept(TokenKind.To))
        {
            return new RollbackStatement(null);
        }

        Accept(TokenKind.Savepoint);
        return new RollbackStatement(ParseName());
    }

    private PragmaStatement ParsePragma()
    {
        Expect(TokenKind.Pragma);
        QualifiedName name = ParseQualifiedName();
        if (Accept(TokenKind.Equal))
        {
            return new PragmaStatement(name, ParsePragmaValue());
        }

        if (!Accept(TokenKind.LeftParen))
        {
            return new PragmaStatement(name, null);
        }

        PragmaValue value = ParsePragmaValue();
        Expect(TokenKind.RightParen);
        return new PragmaStatement(name, value);
    }

    /// <summary>A signed number, or a name or one of the words ON, DELETE and DEFAULT.</summary>
    private PragmaValue ParsePragmaValue()
    {
        bool negative = Accept(TokenKind.Minus);
        if ((!negative && Accept(TokenKind.Plus)) || negative || Kind is TokenKind.Integer or TokenKind.Float)
        {
            string digits = Kind is TokenKind.Integer or TokenKind.Float ? TokenText(_token) : throw Unexpected();
            Advance();
            return new PragmaValue(negative ? "-" + digits : digits, IsNumber: true);
        }

        if (Kind is not (TokenKind.On or TokenKind.Delete or TokenKind.Default))
        {
            return new PragmaValue(ParseName(), IsNumber: false);
        }

        string word = TokenText(_token);
        Advance();
        return new PragmaValue(word, IsNumber: false);
    }

    private AttachStatement ParseAttach()
    {
        Expect(TokenKind.Attach);
        Accept(TokenKind.Database);
        ExpressionNode path = ParseExpression();
        Expect(TokenKind.As);
        ExpressionNode name = ParseExpression();
        if (Kind == TokenKind.Key)
        {
            Advance();
            ParseExpression();
        }

        return new AttachStatement(path, name);
    }
}
