using System.Text.RegularExpressions;
using Sluice.Engine.Format;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>Commands that tell what is in the database.</summary>
internal static partial class SchemaCommands
{
    private const string NotOurs = "name NOT LIKE 'sqlite!_%' ESCAPE '!'";

    private const string DumpDetails = """
          --data-only         only the INSERT statements
          --preserve-rowids   rowids too, where no column has them

          .once plant.sql
          .dump                    everything; sqlite3 new.db < plant.sql reads it
          .dump readings series%   these tables, with what belongs to them
        """;

    public static IReadOnlyList<DotCommand> All { get; } =
    [
        new(".tables", "?PATTERN?", "Names of tables and views, those LIKE the pattern", Tables) { Takes = DotArgument.Table },
        new(".schema", "?PATTERN?", "The statements that made tables, indexes, views and triggers", Schema) { Takes = DotArgument.Table },
        new(".indexes", "?TABLE?", "Names of indexes", Indexes) { Takes = DotArgument.Table },
        new(".databases", "", "The files that are open", Databases),
        new(".fullschema", "", "The schema, and what ANALYZE has found", FullSchema),
        new(".dump", "?OPTIONS? ?PATTERN...?", "Everything as SQL statements", call => new Dump(call).Run()) { Takes = DotArgument.Table, Details = DumpDetails },
    ];

    /// <summary>The attached databases' names, main first.</summary>
    public static string[] SchemaNames(SqlShell shell) => [.. shell.Query("PRAGMA database_list").Select(row => row[1].DecodeText())];

    private static void Tables(DotCall call)
    {
        string pattern = call.Optional() ?? "%";
        List<string> names = [];
        foreach (string schema in SchemaNames(call.Shell))
        {
            string prefix = schema == "main" ? "" : schema + ".";
            names.AddRange(call.Shell
                .Query($"SELECT name FROM {SqlText.Quoted(schema)}.sqlite_schema WHERE type IN ('table', 'view') AND {NotOurs} AND name LIKE @pattern", ("@pattern", pattern))
                .Select(row => prefix + row[0].DecodeText()));
        }

        PrintInColumns(call.Output, names);
    }

    private static void Indexes(DotCall call)
    {
        List<string> names = [];
        foreach (string schema in SchemaNames(call.Shell))
        {
            names.AddRange(call.Shell
                .Query($"SELECT name FROM {SqlText.Quoted(schema)}.sqlite_schema WHERE type = 'index' AND tbl_name LIKE @table", ("@table", call.Optional() ?? "%"))
                .Select(row => row[0].DecodeText()));
        }

        PrintInColumns(call.Output, names);
    }

    /// <summary>Sorted down the columns, as many of them as fit.</summary>
    private static void PrintInColumns(ShellOutput output, List<string> names)
    {
        if (names.Count == 0)
        {
            return;
        }

        names.Sort(StringComparer.Ordinal);
        int width = names.Max(DisplayWidth.Of);
        int columns = Math.Max(1, output.TerminalWidth / (width + 2));
        int rows = (names.Count + columns - 1) / columns;
        for (int row = 0; row < rows; row++)
        {
            IEnumerable<string> line = names.Where((_, i) => i % rows == row).Select(name => name + new string(' ', width - DisplayWidth.Of(name)));
            output.WriteLine(string.Join("  ", line));
        }
    }

    private static void Schema(DotCall call)
    {
        string pattern = call.Arguments.Where(word => !word.StartsWith('-')).ToArray() switch
        {
            [] => "%",
            [string only] => only,
            _ => throw call.Wrong(),
        };
        foreach (string schema in SchemaNames(call.Shell))
        {
            PrintSchema(call, schema, pattern);
        }
    }

    private static void PrintSchema(DotCall call, string schema, string pattern)
    {
        List<SqlValue[]> rows = call.Shell.Query(
            $"SELECT type, name, sql FROM {SqlText.Quoted(schema)}.sqlite_schema WHERE sql IS NOT NULL AND {NotOurs} AND (name LIKE @pattern OR tbl_name LIKE @pattern) ORDER BY rowid",
            ("@pattern", pattern));
        foreach (SqlValue[] row in rows)
        {
            string sql = row[2].DecodeText();
            if (schema != "main")
            {
                sql = Created().Replace(sql, made => $"{made.Value}{(schema == "temp" ? schema : SqlText.Name(schema))}.");
            }

            string columns = row[0].DecodeText() == "view" ? ViewColumns(call.Shell, schema, row[1].DecodeText()) : "";
            call.Output.WriteLine($"{sql}{columns};");
        }
    }

    /// <summary>What sqlite3 says behind a view: the names of its columns.</summary>
    private static string ViewColumns(SqlShell shell, string schema, string view)
    {
        IEnumerable<string> names = shell.Query($"PRAGMA {SqlText.Quoted(schema)}.table_info({SqlText.Quoted(view)})").Select(row => SqlText.Name(row[1].DecodeText()));
        return $"\n/* {SqlText.Name(view)}({string.Join(',', names)}) */";
    }

    private static void Databases(DotCall call)
    {
        string access = call.Shell.OpenMode == Engine.Data.SluiceOpenMode.ReadOnly || !call.Shell.Connection.IsLive ? "r/o" : "r/w";
        foreach (SqlValue[] row in call.Shell.Query("PRAGMA database_list"))
        {
            string file = row[2].IsNull ? "" : row[2].DecodeText();
            call.Output.WriteLine($"{row[1].DecodeText()}: {(file.Length == 0 ? "\"\"" : file)} {access}");
        }
    }

    private static void FullSchema(DotCall call)
    {
        PrintSchema(call, "main", "%");
        if (call.Shell.Query("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'").Count == 0)
        {
            call.Output.WriteLine("/* No STAT tables available */");
            return;
        }

        call.Output.WriteLine("ANALYZE sqlite_schema;");
        foreach (SqlValue[] row in call.Shell.Query("SELECT * FROM sqlite_stat1"))
        {
            call.Output.WriteLine($"INSERT INTO sqlite_stat1 VALUES({string.Join(',', row.Select(value => Literals.Of(value, inOneLine: true)))});");
        }

        call.Output.WriteLine("ANALYZE sqlite_schema;");
    }

    [GeneratedRegex("^CREATE (UNIQUE )?(TABLE|INDEX|VIEW|TRIGGER) ", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Created();
}
