using Sluice.Engine.Data;

namespace Sluice.Gateway.Cli;

/// <summary>The shell's own commands, lines that begin with a full stop.</summary>
internal sealed class SqlDotCommands(SqlShell shell)
{
    private const string HelpText = """
        .headers on|off     Print column names above the rows
        .help               This text
        .mode MODE          How rows are printed: list, table, csv, json or line
        .quit               Leave; also .exit and Ctrl-D
        .schema [PATTERN]   The statements that made the tables, indexes and views
        .tables [PATTERN]   The names of tables and views, those LIKE the pattern if one is given
        .timer on|off       Print how long each statement took

        A statement ends with a semicolon and may go over several lines. Ctrl-C stops the one that runs.
        """;

    private const string TablesSql =
        "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name LIKE @pattern ORDER BY name";

    private const string SchemaSql =
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND (name LIKE @pattern OR tbl_name LIKE @pattern) ORDER BY rowid";

    /// <summary>Whether .quit was given.</summary>
    public bool IsQuit { get; private set; }

    public static bool IsDotCommand(string line) => line.StartsWith('.');

    /// <summary>Runs one; false if it failed, which has then been printed.</summary>
    public bool Run(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        switch (words)
        {
            case [".quit" or ".exit"]:
                IsQuit = true;
                return true;
            case [".help"]:
                shell.Output.WriteLine(HelpText);
                return true;
            case [".tables", .. { Length: <= 1 } pattern]:
                return Names(TablesSql, pattern, "");
            case [".schema", .. { Length: <= 1 } pattern]:
                return Names(SchemaSql, pattern, ";");
            case [".headers" or ".header", string flag] when TryFlag(flag, out bool headers):
                shell.Headers = headers;
                return true;
            case [".timer", string flag] when TryFlag(flag, out bool timer):
                shell.Timer = timer;
                return true;
            case [".mode", string name] when TryMode(name, out SqlOutputMode mode):
                shell.Mode = mode;
                return true;
            case [".mode"]:
                shell.Output.WriteLine($"current output mode: {shell.Mode.ToString().ToLowerInvariant()}");
                return true;
            case [".mode", ..]:
                return Refuse($"'{line}': the modes are list, table, csv, json and line");
            case [".headers" or ".header" or ".timer", ..]:
                return Refuse($"'{line}': say {words[0]} on or {words[0]} off");
            default:
                return Refuse($"unknown command '{words[0]}'; .help lists them");
        }
    }

    private static bool TryFlag(string text, out bool flag)
    {
        flag = text is "on" or "yes" or "1";
        return flag || text is "off" or "no" or "0";
    }

    private static bool TryMode(string name, out SqlOutputMode mode)
    {
        (bool known, mode) = name switch
        {
            "list" => (true, SqlOutputMode.List),
            "table" or "box" or "column" => (true, SqlOutputMode.Table),
            "csv" => (true, SqlOutputMode.Csv),
            "json" => (true, SqlOutputMode.Json),
            "line" => (true, SqlOutputMode.Line),
            _ => (false, default),
        };
        return known;
    }

    private bool Names(string sql, string[] pattern, string ending)
    {
        try
        {
            using SluiceCommand command = shell.Connection.CreateCommand(sql);
            _ = command.Parameters.AddWithValue("@pattern", pattern is [string given] ? given : "%");
            using SluiceDataReader reader = command.ExecuteReader();
            while (reader.Read())
            {
                shell.Output.WriteLine(reader.GetString(0) + ending);
            }

            return true;
        }
        catch (Exception error) when (error is not IOException)
        {
            return Refuse(SqlShell.Describe(error));
        }
    }

    private bool Refuse(string message)
    {
        shell.PrintError(message);
        return false;
    }
}
