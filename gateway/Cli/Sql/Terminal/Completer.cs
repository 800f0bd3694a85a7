using Sluice.Engine;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>What could stand in the place of the text from <see cref="Start"/> to the cursor.</summary>
internal sealed record Completion(int Start, IReadOnlyList<string> Candidates)
{
    public static readonly Completion None = new(0, []);
}

/// <summary>Finds what the word before the cursor may become: keywords, functions, what is in the database, dot commands, files.</summary>
internal sealed class Completer(SqlShell shell)
{
    /// <summary>Words after which only a table makes sense.</summary>
    private static readonly HashSet<string> s_beforeTables = new(["FROM", "JOIN", "INTO", "UPDATE", "TABLE", "VIEW", "REFERENCES"], StringComparer.OrdinalIgnoreCase);

    public Completion Complete(string text, int cursor)
    {
        string before = text[..cursor];
        try
        {
            return before.StartsWith('.') ? DotCommand(before) : Sql(text, before);
        }
        catch (SluiceException)
        {
            // A database that does not answer is told by the statement, not by the Tab key.
            return Completion.None;
        }
    }

    private Completion DotCommand(string before)
    {
        int start = before.LastIndexOf(' ') + 1;
        string word = before[start..];
        if (start == 0)
        {
            return Matching(0, word, DotCommands.All.Select(command => command.Name + " "));
        }

        string[] words = DotArguments.Split(before[..start]);
        DotCommand command;
        try
        {
            command = DotCommands.Find(words[0]);
        }
        catch (ShellException)
        {
            return Completion.None;
        }

        bool isSecond = command.Name == ".import" && words.Skip(1).Any(given => !given.StartsWith('-'));
        return (isSecond ? DotArgument.Table : command.Takes) switch
        {
            DotArgument.OnOff => Matching(start, word, ["on", "off"]),
            DotArgument.Mode => Matching(start, word, SettingCommands.Modes),
            DotArgument.Table => Matching(start, word, Tables()),
            DotArgument.Command => Matching(start, word, DotCommands.All.Select(other => word.StartsWith('.') ? other.Name : other.Name[1..])),
            DotArgument.File => Files(start, word),
            _ => Completion.None,
        };
    }

    private Completion Sql(string text, string before)
    {
        int start = before.Length;
        while (start > 0 && SqlText.IsWordCharacter(before[start - 1]))
        {
            start--;
        }

        string word = before[start..];
        string[] tables = [.. Tables()];
        if (start > 0 && before[start - 1] == '.')
        {
            return Matching(start, word, ColumnsOf(Resolve(WordBefore(before, start - 1), text, tables)));
        }

        string previous = WordBefore(before, start);
        if (s_beforeTables.Contains(previous) || (previous.Equals("EXISTS", StringComparison.OrdinalIgnoreCase) && !before.Contains('(')))
        {
            return Matching(start, word, tables);
        }

        if (previous.Equals("PRAGMA", StringComparison.OrdinalIgnoreCase))
        {
            return Matching(start, word, SqlWords.Pragmas);
        }

        string[] mentioned = [.. tables.Where(table => Mentions(text, table))];
        IEnumerable<string> columns = (mentioned.Length > 0 ? mentioned : tables).SelectMany(ColumnsOf);
        if (word.Length == 0)
        {
            return mentioned.Length > 0 ? Matching(start, word, columns) : Completion.None;
        }

        // Keywords are written as the word was begun.
        bool isLower = char.IsLower(word[0]);
        IEnumerable<string> keywords = SqlWords.Keywords.Select(keyword => (isLower ? keyword.ToLowerInvariant() : keyword) + " ");
        return Matching(start, word, columns.Concat(tables).Concat(SqlWords.Functions.Select(function => function + "(")).Concat(keywords));
    }

    private static Completion Matching(int start, string word, IEnumerable<string> names)
    {
        string[] candidates =
        [
            .. names
                .Where(name => name.StartsWith(word, StringComparison.OrdinalIgnoreCase) || (name[0] == '"' && name.AsSpan(1).StartsWith(word, StringComparison.OrdinalIgnoreCase)))
                .Distinct(StringComparer.OrdinalIgnoreCase)
                .Order(StringComparer.OrdinalIgnoreCase),
        ];
        return new Completion(start, candidates);
    }

    /// <summary>Names of tables and views, quoted if they must be.</summary>
    private IEnumerable<string> Tables() =>
        SchemaCommands.SchemaNames(shell).SelectMany(schema => shell
            .Query($"SELECT name FROM {SqlText.Quoted(schema)}.sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!'")
            .Select(row => SqlText.Name(row[0].DecodeText())));

    private IEnumerable<string> ColumnsOf(string table) =>
        shell.Query($"PRAGMA table_xinfo({SqlText.Quoted(table.Trim('"'))})").Select(row => SqlText.Name(row[1].DecodeText()));

    private static bool Mentions(string text, string table)
    {
        for (int i = 0; (i = text.IndexOf(table, i, StringComparison.OrdinalIgnoreCase)) >= 0; i += table.Length)
        {
            if ((i == 0 || !SqlText.IsWordCharacter(text[i - 1])) && (i + table.Length == text.Length || !SqlText.IsWordCharacter(text[i + table.Length])))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The table that a name stands for: itself, or the one that the statement gives that name to ("readings AS r", "readings r").</summary>
    private static string Resolve(string name, string text, string[] tables)
    {
        if (tables.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            return name;
        }

        string[] words = text.Split([' ', '\n', '\t', ',', '(', ')', ';'], StringSplitOptions.RemoveEmptyEntries);
        for (int i = 1; i < words.Length; i++)
        {
            int table = words[i - 1].Equals("AS", StringComparison.OrdinalIgnoreCase) ? i - 2 : i - 1;
            if (words[i].Equals(name, StringComparison.OrdinalIgnoreCase) && table >= 0 && tables.Contains(words[table], StringComparer.OrdinalIgnoreCase))
            {
                return words[table];
            }
        }

        return name;
    }

    private static string WordBefore(string text, int end)
    {
        while (end > 0 && char.IsWhiteSpace(text[end - 1]))
        {
            end--;
        }

        int start = end;
        while (start > 0 && SqlText.IsWordCharacter(text[start - 1]))
        {
            start--;
        }

        return text[start..end];
    }

    private static Completion Files(int start, string word)
    {
        string path = word.TrimStart('"');
        int name = path.LastIndexOf('/') + 1;
        string folder = name == 0 ? "." : path[..name];
        try
        {
            return Matching(start, word, new DirectoryInfo(folder).EnumerateFileSystemInfos()
                .Where(entry => path.Length > name || !entry.Name.StartsWith('.'))
                .Select(entry => path[..name] + entry.Name + (entry is DirectoryInfo ? "/" : ""))
                .Select(file => file.Contains(' ') ? $"\"{file}" + (file.EndsWith('/') ? "" : "\"") : file));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Completion.None;
        }
    }
}
