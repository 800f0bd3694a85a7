using System.Text;
using Sluice.Gateway.Cli;

namespace Sluice.Gateway.Tests.Sql;

public sealed class SqlCommandTests : ShellRun
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
                (int code, string output, string errors) = Shell(sql, format, header);
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
        (_, string output, _) = Shell(".mode line\nSELECT id, v AS value, name FROM t WHERE id < 4;");
        Assert.Equal(Sqlite3(Database, "SELECT id, v AS value, name FROM t WHERE id < 4", "-line"), output);
    }

    [Fact]
    public void JSON_reads_back_as_sqlite3s_and_to_the_same_numbers()
    {
        Sqlite3(Database, Fixture);
        const string sql = "SELECT id, v, name FROM t WHERE typeof(v) <> 'blob'";
        (_, string output, _) = Shell(sql, "--json");
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
        Assert.Equal(expected, Shell(sql, "--json").Output);
    }

    [Fact]
    public void A_table_is_aligned()
    {
        Sqlite3(Database, "CREATE TABLE t(a)");
        Assert.Equal(
            """
            ┌────────┬───────┐
            │ device │ value │
            ├────────┼───────┤
            │ pump-1 │  21.5 │
            │ 中文   │  NULL │
            │        │  -100 │
            └────────┴───────┘
            (3 rows)

            """,
            OnTerminal("SELECT 'pump-1' AS device, 21.5 AS value UNION ALL SELECT '中文', NULL UNION ALL SELECT '', -100", 80, "--box"));
    }

    [Fact]
    public void Rows_past_those_measured_are_all_printed()
    {
        Sqlite3(Database, "CREATE TABLE t(a)");
        string output = OnTerminal("SELECT value FROM generate_series(9001, 10000)", 80, "--column");
        Assert.Equal(["value", "-----", .. Enumerable.Range(9001, 999).Select(i => $" {i}"), "10000", "(1000 rows)"], output.Split('\n')[..^1]);
    }

    [Fact]
    public void A_script_names_its_errors_and_goes_on_unless_told_to_bail()
    {
        Sqlite3(Database, "CREATE TABLE t(a)");
        const string script = "INSERT INTO t VALUES(1);\nSELECT * FROM t;\nSELECT * FROM missing;\nINSERT INTO t VALUES(2);\n";
        const string error = """
            Error in line 3: no such table: missing; there are t
              in: SELECT * FROM missing;
                                ^^^^^^^

            """;
        Assert.Equal((1, "1\n", error), Shell(script, "--bail"));
        Assert.Equal("1\n", Sqlite3(Database, "SELECT a FROM t"));
        Assert.Equal((1, "1\n1\n", error), Shell(script));
        Assert.Equal("1\n1\n2\n", Sqlite3(Database, "SELECT a FROM t"));
    }

    /// <summary>sqlite3 ends a line at LF or CRLF only; a CR within a text stays.</summary>
    [Fact]
    public void Texts_over_lines_are_read_as_sqlite3_reads_them()
    {
        const string Script = "\uFEFFSELECT hex('a\rb'),\r\n hex('c\r\nd\ne'); -- \r SELECT 'no';\nSELECT '\r'";

        (int code, string output, string errors) = Shell(Script, "--create");

        Assert.Equal((0, "610D62|630A640A65\n\r\n", ""), (code, output, errors));
        Assert.Equal(Sqlite3Script(":memory:", Script[1..]), output);
        Assert.Equal("610D62\n", ShellArgument("SELECT hex('a\rb')").Output);
    }

    /// <summary>Nothing is stored in the place of bytes that stand for no character, as U+FFFD was.</summary>
    [Fact]
    public void A_script_that_is_not_UTF8_is_refused_at_its_line()
    {
        byte[] script = Encoding.Latin1.GetBytes("CREATE TABLE t(a);\nINSERT INTO t VALUES('before');\nINSERT INTO t VALUES('\u00e9t\u00e9');\nINSERT INTO t VALUES('after');\n");

        (int code, string output, string errors) = Shell(script, "--create");

        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith("Error in line 3: the script is not UTF-8: the byte 0xE9 is no character", errors, StringComparison.Ordinal);
        Assert.Equal("before\n", Shell("SELECT a FROM t;").Output);

        string file = Path.Combine(Folder, "latin1.sql");
        File.WriteAllBytes(file, script[19..]);
        Assert.StartsWith($"Error in {file}, line 2: the script is not UTF-8", Shell($".read {file}").Errors, StringComparison.Ordinal);
        Assert.Equal("before\nbefore\n", Shell("SELECT a FROM t;").Output);
    }

    [Fact]
    public void Parameters_without_a_value_are_null_as_in_sqlite3()
    {
        const string sql = "CREATE TABLE IF NOT EXISTS t(a); SELECT ?, :name IS NULL, coalesce(?3, 'none') || @x;";
        string expected = Sqlite3(Database, sql);
        Assert.Equal((0, expected, ""), Shell(sql));
    }

    [Fact]
    public void A_directory_is_said_to_be_one()
    {
        Directory.CreateDirectory(Database);
        Assert.Equal((1, "", $"Error: {Database} is a directory; name the database file in it, such as {Database}/gateway.db.\n"), Shell("SELECT 1"));
    }

    [Fact]
    public void A_missing_file_is_made_only_when_asked()
    {
        (int code, _, string errors) = Shell("SELECT 1");
        Assert.Equal(1, code);
        Assert.Contains(Database, errors);
        Assert.Contains("--create", errors);
        Assert.False(File.Exists(Database));
        Assert.Equal(0, Shell("CREATE TABLE t(a); INSERT INTO t VALUES(7)", "--create").Code);
        Assert.Equal("7\n", Sqlite3(Database, "SELECT a FROM t"));
    }

    [Fact]
    public void A_file_that_is_no_database_is_an_error_that_names_it()
    {
        File.WriteAllText(Database, new string('x', 5000));
        (int code, string output, string errors) = Shell("SELECT * FROM t");
        Assert.Equal(1, code);
        Assert.Equal("", output);
        Assert.Contains(Database, errors);
    }

    [Fact]
    public void Readonly_refuses_to_write()
    {
        Sqlite3(Database, "CREATE TABLE t(a)");
        (int code, _, string errors) = Shell("INSERT INTO t VALUES(1)", "--readonly");
        Assert.Equal(1, code);
        Assert.Contains("readonly", errors);
    }

    [Fact]
    public void Lists_tables_and_their_statements()
    {
        Sqlite3(Database, Fixture + "CREATE TABLE other(a)");
        Assert.Equal(Sqlite3(Database, ".tables"), Shell(".tables").Output);
        Assert.Equal("other\n", Shell(".tables o%").Output);
        Assert.Equal("CREATE TABLE other(a);\n", Shell(".schema other").Output);
        Assert.Equal(Sqlite3(Database, ".schema"), Shell(".schema").Output);
        Assert.Equal(Sqlite3(Database, ".indexes"), Shell(".indexes").Output);
        Assert.Equal(Sqlite3(Database, ".indexes t"), Shell(".indexes t").Output);
    }

    [Theory]
    [InlineData(".nonsense", "unknown command '.nonsense'; .help lists them")]
    [InlineData(".mode something", "the modes are")]
    [InlineData(".mode jsn", "did you mean json?")]
    [InlineData(".timer maybe", ".timer on or .timer off")]
    [InlineData(".tabels", "did you mean .tables?")]
    [InlineData(".e x", "\"x\" is no exit code")]
    [InlineData(".ba", "'.ba' may be .backup, .bail")]
    [InlineData(".read none.sql", "cannot read \"none.sql\"")]
    [InlineData(".print\nSELECT device FROM t;", "Error in line 2: no such column: device")]
    [InlineData("SELECT aa FROM t;", "did you mean a?")]
    [InlineData("SELECT * FORM t;", "syntax error; did you mean FROM?")]
    [InlineData("SELECT coun(a) FROM t;", "did you mean count?")]
    public void Wrong_commands_say_what_is_right(string line, string message)
    {
        Sqlite3(Database, "CREATE TABLE t(a)");
        (int code, _, string errors) = Shell(line);
        Assert.Equal(1, code);
        Assert.Contains(message, errors);
    }

    [Fact]
    public void Quit_ends_the_script()
    {
        Sqlite3(Database, "CREATE TABLE t(a)");
        Assert.Equal((0, "1\n", ""), Shell("SELECT 1;\n.quit\nSELECT 2;"));
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
}
