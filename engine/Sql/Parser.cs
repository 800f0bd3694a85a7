using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Sluice.Engine.Sql;

/// <summary>
/// Parses one statement of SQLite's SQL (version 3.50) at a time: recursive descent, precedence climbing for
/// expressions, one token of lookahead. A keyword is a keyword where the grammar has a use for it and an identifier elsewhere, as in
/// SQLite. Errors name the first token that cannot continue the statement, in SQLite's words.
/// <para>Recursion is bounded: expressions by <see cref="MaximumDepth"/>, SELECTs by <see cref="MaximumNesting"/>, parentheses by the
/// stack that is left.</para>
/// </summary>
internal sealed partial class Parser
{
    /// <summary>SQLITE_MAX_EXPR_DEPTH ("Implementation Limits For SQLite", item 4).</summary>
    public const int MaximumDepth = 1000;

    /// <summary>SELECTs in SELECTs and parentheses in FROM: all that follows the tree's levels must have stack for them too.</summary>
    private const int MaximumNesting = 250;

    private readonly byte[] _text;
    private Token _token;
    private Token _previous;
    private int _nesting;

    /// <summary>Whether temp was named so far.</summary>
    private bool _namesTemp;

    private List<string>? _namedSchemas;

    /// <summary>Where the statement's first token starts.</summary>
    private int _statementStart;

    /// <summary>
    /// An error of meaning. SQLite finds these when it has seen the next token but not yet taken it, so a syntax error at that
    /// token goes before; the complaint is raised when the token is taken.
    /// </summary>
    private SluiceException? _complaint;

    /// <summary>An error of meaning that SQLite finds only when it compiles the whole statement.</summary>
    private SluiceException? _lateComplaint;

    private Parser(byte[] text, int offset)
    {
        _text = text;
        _token = new Token(TokenKind.End, offset, offset);
    }

    /// <summary>
    /// Parses the statement at <paramref name="offset"/>; <paramref name="next"/> is where the one after it begins.
    /// Null when only space, comments and semicolons are left.
    /// </summary>
    /// <param name="text">UTF-8, a NUL byte ends it.</param>
    /// <param name="offset">A byte offset.</param>
    /// <param name="next">A byte offset; the end of the text when nothing is left.</param>
    /// <exception cref="SluiceException">The text is not SQL; the message is SQLite's.</exception>
    public static StatementNode? Parse(byte[] text, int offset, out int next)
    {
        var parser = new Parser(text, offset);
        parser.Advance();
        while (parser._token.Kind == TokenKind.Semicolon)
        {
            parser.Advance();
        }

        if (parser._token.Kind == TokenKind.End)
        {
            next = text.Length;
            return null;
        }

        StatementNode statement = parser.ParseWholeStatement();
        next = parser._token.Kind == TokenKind.End ? text.Length : parser._token.End;
        return statement;
    }

    /// <summary>Parses the first statement of <paramref name="text"/>, which must have one.</summary>
    public static StatementNode ParseStatement(string text) =>
        Parse(Encoding.UTF8.GetBytes(text), 0, out _) ?? throw Error("incomplete input");

    /// <summary>Parses <paramref name="text"/>, which must be one expression and nothing else.</summary>
    public static ExpressionNode ParseExpression(string text)
    {
        var parser = new Parser(Encoding.UTF8.GetBytes(text), 0);
        parser.Advance();
        parser._statementStart = parser._token.Start;
        ExpressionNode expression = parser.ParseExpression();
        if (parser._token.Kind != TokenKind.End)
        {
            throw parser.Unexpected();
        }

        parser.RaiseComplaints();
        return expression;
    }

    private static SluiceException Error(string message) => new(ResultCode.Error, message);

    private void Complain(string message) => _complaint ??= Error(message);

    private void RaiseComplaints()
    {
        if ((_complaint ?? _lateComplaint) is { } complaint)
        {
            throw complaint;
        }
    }

    private StatementNode ParseWholeStatement()
    {
        _statementStart = _token.Start;
        ExplainKind explain = ExplainKind.None;
        if (Accept(TokenKind.Explain))
        {
            explain = ExplainKind.Program;
            if (Accept(TokenKind.Query))
            {
                Expect(TokenKind.Plan);
                explain = ExplainKind.QueryPlan;
            }
        }

        StatementNode statement = ParseStatementBody();
        int end = _previous.End;
        if (_token.Kind is not (TokenKind.Semicolon or TokenKind.End))
        {
            throw Unexpected();
        }

        RaiseComplaints();
        return statement with
        {
            Explain = explain,
            Text = TextBetween(_statementStart, end),
            NamesTemp = _namesTemp,
            NamedSchemas = _namedSchemas ?? [],
            Parameters = _parameterNames.Count == 0 ? [] : [.. _parameterNames],
        };
    }

    private StatementNode ParseStatementBody()
    {
        switch (_token.Kind)
        {
            case TokenKind.Select or TokenKind.Values:
                return ParseSelect();
            case TokenKind.With:
                return ParseWithStatement();
            case TokenKind.Insert or TokenKind.Replace:
                return ParseInsert(null);
            case TokenKind.Update:
                return ParseUpdate(null);
            case TokenKind.Delete:
                return ParseDelete(null);
            case TokenKind.Create:
                return ParseCreate();
            case TokenKind.Drop:
                return ParseDrop();
            case TokenKind.Alter:
                return ParseAlter();
            default:
                return ParseUtility();
        }
    }

    // ---- tokens ----

    private TokenKind Kind => _token.Kind;

    /// <summary>Steps to the next token and settles what the tokens around it decide: WINDOW, OVER and FILTER.</summary>
    private void Advance()
    {
        if (_complaint is not null)
        {
            throw _complaint;
        }

        TokenKind last = _token.Kind;
        _previous = _token;
        Token token = Lexer.Next(_text, _token.End);
        if (token.Kind is TokenKind.Window or TokenKind.Over or TokenKind.Filter && !IsKeywordHere(token, last))
        {
            token = token with { Kind = TokenKind.Identifier };
        }

        _token = token;
        if (token.Kind == TokenKind.Illegal)
        {
            throw Error($"unrecognized token: \"{TokenText(token)}\"");
        }
    }

    /// <summary>The rules of SQLite's tokenizer for keywords that came late: see lang_keywords.html on "window".</summary>
    private bool IsKeywordHere(Token token, TokenKind last)
    {
        Token next = Lexer.Next(_text, token.End);
        switch (token.Kind)
        {
            case TokenKind.Window:
                return IsWindowName(next.Kind) && Lexer.Next(_text, next.End).Kind == TokenKind.As;
            case TokenKind.Over:
                return last == TokenKind.RightParen && (next.Kind == TokenKind.LeftParen || IsWindowName(next.Kind));
            default:
                return last == TokenKind.RightParen && next.Kind == TokenKind.LeftParen;
        }
    }

    private static bool IsWindowName(TokenKind kind) =>
        kind.IsIdentifier() || kind is TokenKind.String or TokenKind.JoinKeyword or TokenKind.Window or TokenKind.Over;

    private TokenKind PeekKind() => Lexer.Next(_text, _token.End).Kind;

    private bool Accept(TokenKind kind)
    {
        if (_token.Kind != kind)
        {
            return false;
        }

        Advance();
        return true;
    }

    private void Expect(TokenKind kind)
    {
        if (_token.Kind != kind)
        {
            throw Unexpected();
        }

        Advance();
    }

    /// <summary>The error for the current token.</summary>
    private SluiceException Unexpected() =>
        _token.Kind == TokenKind.End
            ? Error("incomplete input")
            : Error($"near \"{TokenText(_token)}\": syntax error");

    private string TokenText(Token token) => TextBetween(token.Start, token.End);

    private string TextBetween(int start, int end) => Encoding.UTF8.GetString(_text, start, end - start);

    /// <summary>The text from <paramref name="start"/> up to the current token, less the space before it.</summary>
    private string TextUpToToken(int start)
    {
        int end = _token.Start;
        while (end > start && Lexer.IsSpace(_text[end - 1]))
        {
            end--;
        }

        return TextBetween(start, end);
    }

    private ReadOnlySpan<byte> Bytes(Token token) => _text.AsSpan(token.Start, token.End - token.Start);

    // ---- names ----

    /// <summary>A name ("nm"): an identifier, a keyword that falls back to one, or a string.</summary>
    private string ParseName()
    {
        if (!_token.Kind.IsName())
        {
            throw Unexpected();
        }

        string name = Unquote(_token);
        Advance();
        return name;
    }

    /// <summary>A word ("ids"): as a name, but neither INDEXED nor a join's keyword.</summary>
    private string ParseWord()
    {
        if (!_token.Kind.IsWord())
        {
            throw Unexpected();
        }

        string word = Unquote(_token);
        Advance();
        return word;
    }

    /// <summary>[schema.]name.</summary>
    private QualifiedName ParseQualifiedName()
    {
        string first = ParseName();
        return Noted(Accept(TokenKind.Dot) ? new QualifiedName(first, ParseName()) : new QualifiedName(null, first));
    }

    private QualifiedName Noted(QualifiedName name)
    {
        _namesTemp |= Catalog.Schemas.IsTemp(name.Schema, name.Name);
        if (name.Schema is { } schema)
        {
            (_namedSchemas ??= []).Add(schema);
        }

        return name;
    }

    /// <summary>(name, name, ...).</summary>
    private List<string> ParseNameList()
    {
        Expect(TokenKind.LeftParen);
        var names = new List<string>();
        do
        {
            names.Add(ParseName());
        }
        while (Accept(TokenKind.Comma));
        Expect(TokenKind.RightParen);
        return names;
    }

    /// <summary>[AS] alias.</summary>
    private string? ParseOptionalAlias()
    {
        if (Accept(TokenKind.As))
        {
            return ParseName();
        }

        return _token.Kind.IsWord() ? ParseWord() : null;
    }

    private bool TokenIs(Token token, ReadOnlySpan<byte> upper) => Keywords.EqualsIgnoringCase(Bytes(token), upper);

    /// <summary>A token's name: quotes of any kind taken off, doubled ones made single.</summary>
    private string Unquote(Token token)
    {
        byte quote = _text[token.Start];
        return quote switch
        {
            (byte)'[' => TextBetween(token.Start + 1, token.End - 1),
            (byte)'"' or (byte)'\'' or (byte)'`' => Encoding.UTF8.GetString(UnquotedBytes(token)),
            _ => TokenText(token),
        };
    }

    private byte[] UnquotedBytes(Token token)
    {
        byte quote = _text[token.Start];
        ReadOnlySpan<byte> inner = _text.AsSpan(token.Start + 1, token.End - token.Start - 2);
        int doubled = inner.Count(quote) / 2;
        if (doubled == 0)
        {
            return inner.ToArray();
        }

        byte[] bytes = new byte[inner.Length - doubled];
        for (int from = 0, to = 0; from < inner.Length; from++, to++)
        {
            bytes[to] = inner[from];
            if (inner[from] == quote)
            {
                from++;
            }
        }

        return bytes;
    }

    /// <summary>Refuses SELECTs and parentheses of FROM too deep in one another. The caller counts <see cref="_nesting"/> down.</summary>
    private void EnterNesting()
    {
        GuardStack();
        if (++_nesting > MaximumNesting)
        {
            throw Error("parser stack overflow");
        }
    }

    /// <summary>Refuses to go deeper than the stack allows. Called wherever expressions nest.</summary>
    private static void GuardStack()
    {
        if (!System.Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            ThrowTooDeep();
        }
    }

    [DoesNotReturn]
    private static void ThrowTooDeep() => throw Error($"Expression tree is too large (maximum depth {MaximumDepth})");
}
