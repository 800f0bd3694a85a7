using System.Text.RegularExpressions;
using Sluice.Engine;
using Sluice.Engine.Format;
using Sluice.Gateway.Configuration;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>Says what went wrong, where, and what might be done about it.</summary>
internal static partial class ErrorReport
{
    /// <summary>As much of a failed statement as its error quotes.</summary>
    private const int LongestQuote = 200;

    /// <summary>Tables that an error lists when none of them is like the one that was named.</summary>
    private const int MostTablesListed = 12;

    /// <summary>One line: the engine's own message, or what went wrong in the program.</summary>
    public static string Describe(Exception error) => error switch
    {
        OperationCanceledException or SluiceException { PrimaryCode: ResultCode.Interrupt } => "interrupted",
        SluiceException or ShellException => error.Message,
        _ => $"unexpected {error.GetType().Name}: {error.Message.ReplaceLineEndings(" ")}",
    };

    public static void Print(SqlShell shell, Exception error, SqlPiece piece, ScriptSource source)
    {
        string message = Describe(error);
        if (message == "interrupted")
        {
            shell.PrintError(message);
            return;
        }

        (int offset, int length) = PlaceOf(message, piece.Text);
        int line = piece.Line + (offset < 0 ? 0 : piece.Text.AsSpan(0, offset).Count('\n'));
        string place = source.Place(line);
        string hint = Hint(shell, error, message, piece.Text) is { } said ? $"; {said}" : "";
        string text = $"{message}{hint}";
        if (place.Length > 0)
        {
            shell.Errors.WriteLine($"Error{place}: {text}");
        }
        else
        {
            shell.PrintError(text);
        }

        if (offset >= 0)
        {
            PrintPlace(shell.Errors, piece.Text, offset, length);
        }
        else if (!shell.IsInteractive)
        {
            string quote = piece.Text.Length <= LongestQuote ? piece.Text : piece.Text[..LongestQuote] + "...";
            shell.Errors.WriteLine($"  in: {quote.ReplaceLineEndings("\n      ")}");
        }
    }

    /// <summary>The line with the word that the message names, and a mark below it.</summary>
    private static void PrintPlace(TextWriter errors, string statement, int offset, int length)
    {
        int start = statement.LastIndexOf('\n', Math.Max(0, offset - 1), Math.Max(0, offset)) + 1;
        int end = statement.IndexOf('\n', offset);
        string line = statement[start..(end < 0 ? statement.Length : end)].Replace('\t', ' ');
        int column = offset - start;
        if (column > LongestQuote / 2)
        {
            int cut = column - (LongestQuote / 2);
            line = "..." + line[cut..];
            column += 3 - cut;
        }

        if (line.Length > LongestQuote)
        {
            line = line[..LongestQuote] + "...";
        }

        errors.WriteLine($"  in: {line}");
        int marks = Math.Clamp(length, 1, Math.Max(1, line.Length - column));
        errors.WriteLine($"      {new string(' ', DisplayWidth.Of(line[..Math.Min(column, line.Length)]))}{new string('^', marks)}");
    }

    /// <summary>Where the word that the message names is in the statement, if it is there once; else -1.</summary>
    private static (int Offset, int Length) PlaceOf(string message, string statement)
    {
        Match named = NamedWord().Match(message);
        if (!named.Success)
        {
            return (-1, 0);
        }

        string word = named.Groups["word"].Value;
        int found = -1;
        for (int i = 0; (i = statement.IndexOf(word, i, StringComparison.OrdinalIgnoreCase)) >= 0; i += word.Length)
        {
            bool isWhole = !SqlText.IsWordCharacter(word[0])
                || ((i == 0 || !SqlText.IsWordCharacter(statement[i - 1]))
                    && (i + word.Length == statement.Length || !SqlText.IsWordCharacter(statement[i + word.Length])));
            if (isWhole && found >= 0)
            {
                return (-1, 0);
            }

            found = isWhole ? i : found;
        }

        return (found, word.Length);
    }

    private static string? Hint(SqlShell shell, Exception error, string message, string statement)
    {
        if (error is not SluiceException engine)
        {
            return null;
        }

        if (engine.PrimaryCode == ResultCode.ReadOnly && !shell.Connection.IsLive)
        {
            return $"{shell.Connection.DataSource} is open in another process: stop that to write";
        }

        if (engine.PrimaryCode == ResultCode.Busy)
        {
            return "others are writing: try again, or wait longer with .timeout 10000";
        }

        Match named = NamedWord().Match(message);
        string word = named.Groups["word"].Value;
        return named.Groups["what"].Value switch
        {
            "no such table" => TableHint(shell, word),
            "no such column" => Meant(word, ColumnsOf(shell, statement)),
            "no such function" => Meant(word, SqlWords.Functions),
            "near" when !SqlWords.IsKeyword(word) && word.Length > 2 => Meant(word, SqlWords.Keywords),
            _ => message == "incomplete input" ? "the statement ends too early" : null,
        };
    }

    private static string? TableHint(SqlShell shell, string table)
    {
        string[] tables = Names(shell, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name");
        return Meant(table, tables)
            ?? (tables.Length == 0 ? "the database has no tables yet"
                : tables.Length <= MostTablesListed ? $"there are {string.Join(", ", tables)}"
                : ".tables lists what there is");
    }

    private static string? Meant(string named, IEnumerable<string> known)
    {
        // Of words that are equally near, one as long is meant rather: FROM by FORM, not FOR.
        string word = named[(named.LastIndexOf('.') + 1)..];
        IEnumerable<string> near = known
            .Where(candidate => Math.Abs(candidate.Length - word.Length) <= Math.Max(1, word.Length / 3))
            .OrderBy(candidate => Math.Abs(candidate.Length - word.Length));
        return Suggestion.For(word, near) is { } meant ? $"did you mean {meant}?" : null;
    }

    private static IEnumerable<string> ColumnsOf(SqlShell shell, string statement) =>
        Names(shell, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
            .Where(table => statement.Contains(table, StringComparison.OrdinalIgnoreCase))
            .SelectMany(table => Names(shell, $"PRAGMA table_xinfo({SqlText.Quoted(table)})", column: 1));

    /// <summary>Names from the database; none if it does not answer, for a hint is not worth another error.</summary>
    private static string[] Names(SqlShell shell, string sql, int column = 0)
    {
        try
        {
            return [.. shell.Query(sql).Select(row => row[column]).Where(value => value.Type == SqlType.Text).Select(value => value.DecodeText())];
        }
        catch (SluiceException)
        {
            return [];
        }
    }

    [GeneratedRegex("""^(?<what>no such table|no such column|no such function): (?<word>.+)$|^(?<what>near) "(?<word>.+?)": syntax error""", RegexOptions.ExplicitCapture)]
    private static partial Regex NamedWord();
}
