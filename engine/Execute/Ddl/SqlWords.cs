using System.Text;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>
/// The text of a definition in sqlite_schema as a list of tokens, so that ALTER TABLE can change names, add a column or take one out, and leave
/// the rest as the user wrote it.
/// </summary>
internal sealed class SqlWords
{
    private readonly byte[] _text;
    private readonly List<Token> _tokens = [];

    public SqlWords(string sql)
    {
        _text = Encoding.UTF8.GetBytes(sql);
        for (Token token = Lexer.Next(_text, 0); token.Kind is not (TokenKind.End or TokenKind.Illegal); token = Lexer.Next(_text, token.End))
        {
            _tokens.Add(token);
        }
    }

    public int Count => _tokens.Count;

    public TokenKind KindAt(int index) => index >= 0 && index < _tokens.Count ? _tokens[index].Kind : TokenKind.End;

    /// <summary>Whether a token is that name, quoted or not.</summary>
    public bool Is(int index, string name)
    {
        if (index < 0 || index >= _tokens.Count)
        {
            return false;
        }

        Token token = _tokens[index];
        string word = Text(token.Start, token.End);
        char first = word[0];
        if (first is '"' or '`' or '\'' && word.Length >= 2)
        {
            word = word[1..^1].Replace($"{first}{first}", $"{first}", StringComparison.Ordinal);
        }
        else if (first == '[')
        {
            word = word[1..^1];
        }

        return word.Equals(name, StringComparison.OrdinalIgnoreCase);
    }

    public bool IsQuoted(int index) => _text[_tokens[index].Start] is (byte)'"' or (byte)'`' or (byte)'[' or (byte)'\'';

    /// <summary>The token that is the last part of a qualified name that begins at a byte of the text; -1 when none does.</summary>
    public int NameAt(int position)
    {
        int at = _tokens.FindIndex(token => token.Start == position);
        while (at >= 0 && KindAt(at + 1) == TokenKind.Dot)
        {
            at += 2;
        }

        return at;
    }

    /// <summary>The token behind the parenthesis that closes the one at <paramref name="open"/>.</summary>
    public int SkipParentheses(int open)
    {
        int depth = 0;
        for (int i = open; i < _tokens.Count; i++)
        {
            depth += KindAt(i) == TokenKind.LeftParen ? 1 : KindAt(i) == TokenKind.RightParen ? -1 : 0;
            if (depth == 0)
            {
                return i + 1;
            }
        }

        return _tokens.Count;
    }

    /// <summary>The text with a new name in the place of these tokens: quoted where the old one was, or always.</summary>
    public string Replace(IEnumerable<int> tokens, string name, bool alwaysQuoted)
    {
        StringBuilder text = new();
        int copied = 0;
        foreach (int index in tokens.Distinct().Order())
        {
            Token token = _tokens[index];
            text.Append(Text(copied, token.Start)).Append(alwaysQuoted || IsQuoted(index) ? Names.AlwaysQuoted(name) : Names.Quoted(name));
            copied = token.End;
        }

        return text.Append(Text(copied, _text.Length)).ToString();
    }

    /// <summary>The text of a CREATE TRIGGER with the database's name before the table's.</summary>
    public string QualifyTarget(string schema)
    {
        int table = _tokens[_tokens.FindIndex(token => token.Kind == TokenKind.On) + 1].Start;
        return $"{Text(0, table)}{Names.Quoted(schema)}.{Text(table, _text.Length)}";
    }

    /// <summary>The text of a CREATE TABLE with one more column, after the last one and before the table's constraints.</summary>
    public string AddColumn(string definition)
    {
        List<int> ends = ColumnEnds();
        int at = _tokens[ends[^1]].Start;
        return $"{Text(0, at)}, {definition}{Text(at, _text.Length)}";
    }

    /// <summary>The text of a CREATE TABLE without a column and the comma that goes with it.</summary>
    public string DropColumn(int ordinal)
    {
        List<int> ends = ColumnEnds();
        int start = ordinal == 0 ? _tokens[ends[0] - LengthOfFirst(ends[0])].Start : _tokens[ends[ordinal - 1]].Start;
        int end = ordinal == 0 ? _tokens[ends[0] + 1].Start : _tokens[ends[ordinal]].Start;
        return Text(0, start) + Text(end, _text.Length);
    }

    /// <summary>How many tokens the first column has.</summary>
    private int LengthOfFirst(int end)
    {
        int open = _tokens.FindIndex(token => token.Kind == TokenKind.LeftParen);
        return end - open - 1;
    }

    /// <summary>The token after each column: a comma or, after the last one, the comma before a constraint or the closing parenthesis.</summary>
    private List<int> ColumnEnds()
    {
        List<int> ends = [];
        int depth = 0;
        for (int i = 0; i < _tokens.Count; i++)
        {
            switch (_tokens[i].Kind)
            {
                case TokenKind.LeftParen:
                    depth++;
                    break;
                case TokenKind.RightParen when --depth == 0:
                    ends.Add(i);
                    return ends;
                case TokenKind.Comma when depth == 1:
                    ends.Add(i);
                    if (StartsConstraint(KindAt(i + 1)))
                    {
                        return ends;
                    }

                    break;
                default:
                    break;
            }
        }

        throw new SluiceException(ResultCode.Corrupt, "a CREATE TABLE text in sqlite_schema has no closing parenthesis");
    }

    private static bool StartsConstraint(TokenKind kind) =>
        kind is TokenKind.Constraint or TokenKind.Primary or TokenKind.Unique or TokenKind.Check or TokenKind.Foreign;

    private string Text(int start, int end) => Encoding.UTF8.GetString(_text, start, end - start);
}
