using System.Text;
using Sluice.Differential.Generation;

namespace Sluice.Differential.Fuzz;

/// <summary>Makes texts that are nearly statements: valid ones with bytes and tokens changed, and tokens in any order.</summary>
internal sealed class TextMutator(int seed)
{
    private const int LongestToken = 5000;

    private static readonly string[] s_tokens =
    [
        "SELECT", "FROM", "WHERE", "GROUP", "BY", "HAVING", "ORDER", "LIMIT", "OFFSET", "JOIN", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "ON", "USING", "AS", "AND", "OR", "NOT",
        "IN", "IS", "NULL", "LIKE", "GLOB", "ESCAPE", "BETWEEN", "CASE", "WHEN", "THEN", "ELSE", "END", "CAST", "COLLATE", "EXISTS", "DISTINCT", "ALL", "UNION", "EXCEPT", "INTERSECT",
        "VALUES", "WITH", "RECURSIVE", "MATERIALIZED", "OVER", "PARTITION", "WINDOW", "ROWS", "RANGE", "GROUPS", "PRECEDING", "FOLLOWING", "UNBOUNDED", "CURRENT", "ROW", "EXCLUDE",
        "TIES", "FILTER", "INSERT", "INTO", "REPLACE", "UPDATE", "SET", "DELETE", "RETURNING", "CONFLICT", "DO", "NOTHING", "CREATE", "TABLE", "INDEX", "VIEW", "TRIGGER", "UNIQUE",
        "PRIMARY", "KEY", "CHECK", "DEFAULT", "REFERENCES", "FOREIGN", "STRICT", "WITHOUT", "ROWID", "GENERATED", "ALWAYS", "STORED", "VIRTUAL", "TEMP", "IF", "DROP", "ALTER", "RENAME",
        "TO", "ADD", "COLUMN", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "EXPLAIN", "QUERY", "PLAN", "ANALYZE", "REINDEX", "VACUUM", "ATTACH", "DETACH", "RAISE",
        "BEFORE", "AFTER", "INSTEAD", "OF", "FOR", "EACH", "NEW", "OLD", "INDEXED", "ISNULL", "NOTNULL", "CURRENT_TIMESTAMP", "a", "b", "t0", "t1", "log", "max", "count", "json",
        "(", "(", "(", ")", ")", ")", ",", ",", ";", ".", "*", "+", "-", "/", "%", "||", "=", "==", "<", "<=", ">", ">=", "<>", "!=", "<<", ">>", "&", "|", "~", "->", "->>", "?", "?1",
        ":a", "@b", "$c", "$c::d(e)", "#1", "!", "{", "}", "[a b]", "`a`", "\"a\"", "'a'", "''", "x'00'", "x'0'", "X'zz'", "0", "1", "1.5", ".5", "1e5", "1e", "0x1F", "0x", "1_000", "1__0",
        "9223372036854775808", "99999999999999999999", "1e999", "--", "/*", "*/", "-- c\n", "/* c */", "\n", "\0", "é", "日本", "\u2028", "\uFEFF", "'", "\"", "`", "[", "x'",
    ];

    private readonly Dice _dice = new(seed);
    private readonly List<string> _statements = [.. CaseWriter.Write(seed).Steps.Select(step => step.Sql)];

    /// <summary>One text in UTF-8, or nearly.</summary>
    public byte[] Next()
    {
        if (_dice.Percent(25))
        {
            return Encoding.UTF8.GetBytes(string.Join(_dice.Percent(80) ? " " : "", Enumerable.Range(0, _dice.Between(1, 60)).Select(_ => _dice.Of(s_tokens))));
        }

        List<byte> text = [.. Encoding.UTF8.GetBytes(_dice.Of(_statements))];
        for (int i = _dice.Of(1, 1, 2, 3, 6); i > 0; i--)
        {
            Mutate(text);
        }

        return [.. text];
    }

    private void Mutate(List<byte> text)
    {
        int at = _dice.Below(text.Count + 1);
        int length = Math.Min(text.Count - at, _dice.Between(0, 12));
        switch (_dice.Below(9))
        {
            case 0:
                text.RemoveRange(at, length);
                break;
            case 1:
                text.InsertRange(at, Encoding.UTF8.GetBytes($" {_dice.Of(s_tokens)} "));
                break;
            case 2:
                text.RemoveRange(at, length);
                text.InsertRange(at, Encoding.UTF8.GetBytes(_dice.Of(s_tokens)));
                break;
            case 3:
                text.Insert(at, (byte)_dice.Below(256));
                break;
            case 4 when at < text.Count:
                text[at] = (byte)_dice.Below(256);
                break;
            case 5:
                text.InsertRange(_dice.Below(text.Count + 1), text.GetRange(at, length));
                break;
            case 6:
                text.RemoveRange(at, text.Count - at);
                break;
            case 7:
                // A piece of another statement.
                byte[] other = Encoding.UTF8.GetBytes(_dice.Of(_statements));
                int from = _dice.Below(other.Length);
                text.InsertRange(at, other[from..Math.Min(other.Length, from + _dice.Between(1, 60))]);
                break;
            default:
                // The same again and again: what nests, nests deep.
                byte[] token = Encoding.UTF8.GetBytes(_dice.Of(s_tokens) + " ");
                text.InsertRange(at, Enumerable.Repeat(token, _dice.Percent(5) ? LongestToken : _dice.Between(2, 40)).SelectMany(bytes => bytes));
                break;
        }
    }
}
