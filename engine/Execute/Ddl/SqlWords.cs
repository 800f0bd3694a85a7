using System.Text;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>
/// The text of a definition in sqlite_schema as a list of tokens, so that ALTER TABLE can change a name or add a column and leave the rest
/// as the user wrote it.
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

    /// <summary>Whether any token could be that name.</summary>
    public bool Mentions(string name) => Enumerable.Range(0, _tokens.Count).Any(i => Is(i, name));

    /// <summary>
    /// The text with a table's name changed: after TABLE, ON and REFERENCES, and before a dot.
    /// </summary>
    public string RenameTable(string from, string to)
    {
        StringBuilder text = new();
        int copied = 0;
        for (int i = 1; i < _tokens.Count; i++)
        {
            bool isTable = _tokens[i - 1].Kind is TokenKind.Table or TokenKind.On or TokenKind.References
                || (i + 1 < _tokens.Count && _tokens[i + 1].Kind == TokenKind.Dot);
            if (isTable && Is(i, from))
            {
                text.Append(Text(copied, _tokens[i].Start)).Append(Names.AlwaysQuoted(to));
                copied = _tokens[i].End;
            }
        }

        return text.Append(Text(copied, _text.Length)).ToString();
    }

    /// <summary>The text of a CREATE TABLE with one more column, after the last one and before the table's constraints.</summary>
    public string AddColumn(string definition)
    {
        int at = _tokens[EndOfColumns()].Start;
        return $"{Text(0, at)}, {definition}{Text(at, _text.Length)}";
    }

    /// <summary>The token after the last column: the comma before a table's constraint, or the closing parenthesis.</summary>
    private int EndOfColumns()
    {
        int depth = 0;
        for (int i = 0; i < _tokens.Count; i++)
        {
            switch (_tokens[i].Kind)
            {
                case TokenKind.LeftParen:
                    depth++;
                    break;
                case TokenKind.RightParen when --depth == 0:
                case TokenKind.Comma when depth == 1 && i + 1 < _tokens.Count && StartsConstraint(_tokens[i + 1].Kind):
                    return i;
                default:
                    break;
            }
        }

        throw new SluiceException(ResultCode.Corrupt, "a CREATE TABLE text in sqlite_schema has no closing parenthesis");
    }

    private static bool StartsConstraint(TokenKind kind) =>
        kind is TokenKind.Constraint or TokenKind.Primary or TokenKind.Unique or TokenKind.Check or TokenKind.Foreign;

    private bool Is(int index, string name)
    {
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

    private string Text(int start, int end) => Encoding.UTF8.GetString(_text, start, end - start);
}
