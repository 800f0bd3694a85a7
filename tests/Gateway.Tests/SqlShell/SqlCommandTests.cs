using System.Diagnostics;
using System.Text;
using Sluice.Engine.Data;
using Sluice.Gateway.Cli;

namespace Sluice.Gateway.Tests.Sql;

public sealed class SqlCommandTests : IDisposable
{
    private const string Fixture = """
        CREATE TABLE t(id INTEGER PRIMARY KEY, v, name TEXT);
        INSERT INTO t(v, name) VALUES
          (1, 'plain'), (-9223372036854775808, 'with space'), (1.0, 'quote"d'), (0.1, 'it''s'), (21.5, 'a,b'), (1e15, ''), (1e14, NULL),
          (123456789012345678.0, 'tab' || char(9)), (1e-5, 'line' || char(10) || 'two'), (0.0001, 'é中😀'), (-0.0, 'pipe|d'),
          (9e999, 'inf'), (-9e999, '-inf'), (0.30000000000000004, 'sum'), (x'416243', 'blob'), (NULL, 'null'), ('text', 'back\slash'),
          (3.141592653589793, 'pi'), (1e300, 'big'), (-1.5e-300, 'small'), (100, 'ends with '), (2.5, '1;2');
        CREATE INDEX t_name ON t(name);
        CREATE VIEW w AS SELECT id, v FROM t;
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-sql-").FullName;

    private string Database => Path.Combine(_folder, "t.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("SELECT * FROM t")]
    [InlineData("SELECT id, v, name FROM t WHERE id > 5; SELECT count(*), sum(id), avg(id) FROM t")]
    [InlineData("SELECT name, NULL, v FROM t ORDER BY name LIMIT 4")]
    [InlineData("SELECT 1 WHERE 0")]
    [InlineData("SELECT 'a' AS x, 2 AS y")]
    public void Prints_what_sqlite3_prints(string sql)
    {
        Sqlite3(Database, Fixture);
        foreach (string format in new[] { "", "--csv" })
        {
            foreach (string header in new[] { "", "--header" })
            {
                (int code, string output, string errors) = Sluice(sql, format, header);
                Assert.Equal("", errors);
                Assert.Equal(0, code);
                Assert.Equal(
                    Sqlite3(Database, sql, format == "" ? "-list" : "-csv", header == "" ? "-noheader" : "-header"),
                    output);
            }
        }
    }

    [Fact]
    public void Line_mode_is_sqlite3s()
    {
        Sqlite3(Database, Fixture);
        (_, string output, _) = Sluice(".mode line\nSELECT id, v AS value, name FROM t WHERE id < 4;");
        Assert.Equal(Sqlite3(Database, "SELECT id, v AS value, name FROM t WHERE id < 4", "-line"), output);
    }

    [Fact]
    public void JSON_reads_back_as_sqlite3s_and_to_the_same_numbers()
    {
        Sqlite3(Database, Fixture);
        const string sql = "SELECT id, v, name FROM t WHERE typeof(v) <> 'blob'";
        (_, string output, _) = Sluice(sql, "--json");
        using System.Text.Json.JsonDocument ours = System.Text.Json.JsonDocument.Parse(output);
        using System.Text.Json.JsonDocument theirs = System.Text.Json.JsonDocument.Parse(Sqlite3(Database, sql, "-json"));
        Assert.Equal(21, ours.RootElement.GetArrayLength());
        foreach ((System.Text.Json.JsonElement row, System.Text.Json.JsonElement expected) in ours.RootElement.EnumerateArray().Zip(theirs.RootElement.EnumerateArray()))
        {
            Assert.Equal(expected.GetProperty("name").GetString(), row.GetProperty("name").GetString());
            Assert.Equal(expected.GetProperty("v").ValueKind, row.GetProperty("v").ValueKind);
            if (expected.GetProperty("v").ValueKind == System.Text.Json.JsonValueKind.Number)
            {
                Assert.Equal(expected.GetProperty("v").GetDouble(), row.GetProperty("v").GetDouble());
            }
        }
    }

    [Theory]
    [InlineData("SELECT 1 WHERE 0", "[]\n")]
    [InlineData("SELECT 1 AS a, NULL AS b, x'00ff' AS c", "[{\"a\":1,\"b\":null,\"c\":\"00FF\"}]\n")]
    [InlineData("SELECT 0.1 AS a UNION ALL SELECT 1.0", "[{\"a\":0.1},\n{\"a\":1.0}]\n")]
    [InlineData("SELECT char(7, 10, 34, 92, 0) AS a", "[{\"a\":\"\\u0007\\n\\\"\\\\\\u0000\"}]\n")]
    [InlineData("SELECT CAST(x'41ff42' AS TEXT) AS a", "[{\"a\":\"A\uFFFDB\"}]\n")]
    public void JSON_is_always_valid(string sql, string expected)
    {
        Sqlite3(Database, Fixture);
        Assert.Equal(expected, Sluice(sql, "--json").Output);
    }

    [Fact]
    public void A_table_is_aligned()
    {
        Sqlite3(Database, "CREATE TABLE t(a)");
        (_, string output, _) = Sluice(".mode table\n.headers on\nSELECT 'pump-1' AS device, 21.5 AS value UNION ALL SELECT '中文' || char(10), NULL UNION ALL SELECT '', -100;");
        Assert.Equal(
            """
             device │ value
            ────────┼───────
             pump-1 │  21.5
             中文\n │ NULL
                    │  -100
            (3 rows)

            """,
            output);
    }

    [Fact]
    public void Rows_past_those_measured_are_all_printed()
    {
        Sqlite3(Database, "CREATE TABLE t(a); WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 1000) INSERT INTO t SELECT i FROM c");
        (_, string output, _) = Sluice(".mode table\nSELECT a FROM t;");
        Assert.Equal([.. Enumerable.Range(1, 1000).Select(i => i.ToString().PadLeft(i < 1000 ? 4 : 5)), "(1000 rows)"], output.Split('\n')[..^1].Select(l => l.Length < 4 ? l.PadLeft(4) : l));
    }

    [Fact]
    public void A_script_runs_to_its_first_error_and_names_it()
    {
        Sqlite3(Database, "CREATE TABLE t(a)");
        (int code, string output, string errors) = Sluice("INSERT INTO t VALUES(1);\nSELECT * FROM t;\nSELECT * FROM missing;\nINSERT INTO t VALUES(2);\n");
        Assert.Equal(1, code);
        Assert.Equal("1\n", output);
        Assert.Equal("Error in line 3: no such table: missing\n  in: SELECT * FROM missing;\n", errors);
        Assert.Equal("1\n", Sqlite3(Database, "SELECT a FROM t"));
    }

    [Fact]
    public void Parameters_without_a_value_are_null_as_in_sqlite3()
    {
        const string sql = "CREATE TABLE IF NOT EXISTS t(a); SELECT ?, :name IS NULL, coalesce(?3, 'none') || @x;";
        string expected = Sqlite3(Database, sql);
        Assert.Equal((0, expected, ""), Sluice(sql));
    }

    [Fact]
    public void A_directory_is_said_to_be_one()
    {
        Directory.CreateDirectory(Database);
        Assert.Equal((1, "", $"Error: {Database} is a directory; name the database file in it, such as {Database}/gateway.db.\n"), Sluice("SELECT 1"));
    }

    [Fact]
    public void A_missing_file_is_made_only_when_asked()
    {
        (int code, _, string errors) = Sluice("SELECT 1");
        Assert.Equal(1, code);
        Assert.Contains(Database, errors);
        Assert.Contains("--create", errors);
        Assert.False(File.Exists(Database));
        Assert.Equal(0, Sluice("CREATE TABLE t(a); INSERT INTO t VALUES(7)", "--create").Code);
        Assert.Equal("7\n", Sqlite3(Database, "SELECT a FROM t"));
    }

    [Fact]
    public void A_file_that_is_no_database_is_an_error_that_names_it()
    {
        File.WriteAllText(Database, new string('x', 5000));
        (int code, string output, string errors) = Sluice("SELECT * FROM t");
        Assert.Equal(1, code);
        Assert.Equal("", output);
        Assert.Contains(Database, errors);
    }

    [Fact]
    public void Readonly_refuses_to_write()
    {
        Sqlite3(Database, "CREATE TABLE t(a)");
        (int code, _, string errors) = Sluice("INSERT INTO t VALUES(1)", "--readonly");
        Assert.Equal(1, code);
        Assert.Contains("readonly", errors);
    }

    [Fact]
    public void Lists_tables_and_their_statements()
    {
        Sqlite3(Database, Fixture + "CREATE TABLE other(a)");
        Assert.Equal("other\nt\nw\n", Sluice(".tables").Output);
        Assert.Equal("other\n", Sluice(".tables o%").Output);
        Assert.Equal("CREATE TABLE other(a);\n", Sluice(".schema other").Output);
        Assert.Equal(Sqlite3(Database, "SELECT sql || ';' FROM sqlite_schema ORDER BY rowid"), Sluice(".schema").Output);
    }

    [Theory]
    [InlineData(".nonsense", "unknown command '.nonsense'; .help")]
    [InlineData(".mode wide", "the modes are")]
    [InlineData(".timer maybe", ".timer on or .timer off")]
    public void Wrong_commands_say_what_is_right(string line, string message)
    {
        Sqlite3(Database, "CREATE TABLE t(a)");
        (int code, _, string errors) = Sluice(line);
        Assert.Equal(1, code);
        Assert.Contains(message, errors);
    }

    [Fact]
    public void Quit_ends_the_script()
    {
        Sqlite3(Database, "CREATE TABLE t(a)");
        Assert.Equal((0, "1\n", ""), Sluice("SELECT 1;\n.quit\nSELECT 2;"));
    }

    [Fact]
    public void The_command_line_knows_its_options()
    {
        System.CommandLine.Command command = SqlCommand.Create();
        Assert.Empty(command.Parse(["x.db", "SELECT 1", "--json", "--header"]).Errors);
        Assert.Contains("exclude", command.Parse(["x.db", "--json", "--csv"]).Errors.Single().Message);
        Assert.NotEmpty(command.Parse([]).Errors);
        Assert.NotEmpty(command.Parse(["x.db", "SELECT 1", "--yaml"]).Errors);
    }

    private static string Sqlite3(string database, string sql, params string[] options)
    {
        ProcessStartInfo start = new("sqlite3")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        foreach (string argument in (string[])[.. options, "-bail", database, sql])
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal("", errors);
        return output;
    }

    private (int Code, string Output, string Errors) Sluice(string script, params string[] options)
    {
        using MemoryStream output = new();
        using StringWriter errors = new();
        using StringReader input = new(script);
        SqlRequest request = new()
        {
            File = Database,
            Mode = options.Contains("--json") ? SqlOutputMode.Json : options.Contains("--csv") ? SqlOutputMode.Csv : null,
            Header = options.Contains("--header"),
            Open = options.Contains("--create") ? SluiceOpenMode.ReadWriteCreate
                : options.Contains("--readonly") ? SluiceOpenMode.ReadOnly
                : SluiceOpenMode.ReadWrite,
        };
        int code = SqlCommand.Run(request, input, isInteractive: false, output, errors);
        return (code, Encoding.UTF8.GetString(output.ToArray()), errors.ToString());
    }
}
