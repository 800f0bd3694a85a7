using Sluice.Gateway.Cli.Sql;

namespace Sluice.Gateway.Tests.Sql;

/// <summary>The modes beside sqlite3's own where the formats are the same, and what they do on a terminal.</summary>
public sealed class OutputModeTests : ShellRun
{
    private const string Fixture = """
        CREATE TABLE t(id INTEGER PRIMARY KEY, "a value", name TEXT);
        INSERT INTO t VALUES (1, 21.5, 'plain'), (20, NULL, 'it''s'), (300, -4, 'é中文😀'), (4, x'c0ffee', ''), (5, 1.0, 'a, "b" | c'),
          (6, 1e100, 'a text that is so long that sixty cells are not enough for it, so it goes on in another line'), (7, 0.25, NULL);
        """;

    [Theory]
    [InlineData("ascii")]
    [InlineData("box")]
    [InlineData("column")]
    [InlineData("csv")]
    [InlineData("html")]
    [InlineData("insert t")]
    [InlineData("insert 'two words'")]
    [InlineData("line")]
    [InlineData("list")]
    [InlineData("markdown")]
    [InlineData("quote")]
    [InlineData("table")]
    [InlineData("tabs")]
    [InlineData("box --wrap 20")]
    [InlineData("table --wrap 20")]
    public void Is_as_sqlite3_writes_it(string mode)
    {
        Sqlite3(Database, Fixture);
        // Not the same: blobs in columns, which are hexadecimal; characters that take two cells; digits of 1e100.
        string where = mode.Split(' ')[0] switch
        {
            "box" or "column" or "markdown" or "table" => " WHERE id NOT IN (4, 300)",
            "html" => " WHERE id <> 4",
            "quote" or "insert" => " WHERE id <> 6",
            _ => "",
        };
        foreach (string setting in new[] { "", ".headers on\n", ".nullvalue -\n", ".headers off\n", ".separator ; !\n" })
        {
            string script = $".mode {mode}\n{setting}SELECT id, \"a value\", name FROM t{where};\nSELECT count(*) FROM t;\nSELECT 1 WHERE 0;\n";
            (int code, string output, string errors) = Shell(script);
            Assert.Equal((0, ""), (code, errors));
            Assert.Equal(Sqlite3Script(Database, script), output);
        }
    }

    [Fact]
    public void Widths_are_sqlite3s()
    {
        Sqlite3(Database, Fixture);
        const string script = ".mode column\n.width 6 -8 5\nSELECT id, \"a value\", name FROM t WHERE id < 6 AND id <> 4;\n";
        Assert.Equal(Sqlite3Script(Database, script), Shell(script).Output);
    }

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    [InlineData(200)]
    public void No_line_is_wider_than_the_terminal(int width)
    {
        Sqlite3(Database, Fixture);
        string sql = "SELECT *, name AS again, name || name AS twice FROM t, (SELECT 'one more column with words')";
        foreach (string mode in new[] { "--box", "--column", "--markdown", "--table" })
        {
            string output = OnTerminal(sql, width, mode);
            Assert.All(output.Split('\n'), line => Assert.InRange(DisplayWidth.Of(line), 0, width));
            Assert.Contains("é中文😀", output);
        }
    }

    [Fact]
    public void Wide_values_are_broken_between_words_and_numbers_stand_to_the_right()
    {
        Sqlite3(Database, Fixture);
        Assert.Equal(
            """
            ┌─────┬───────────────────────┬─────────┐
            │ id  │         name          │ a value │
            ├─────┼───────────────────────┼─────────┤
            │   5 │ a, "b" | c            │     1.0 │
            ├─────┼───────────────────────┼─────────┤
            │   6 │ a text that is so     │     0.5 │
            │     │ long that sixty cells │         │
            │     │ are not enough for    │         │
            │     │ it, so it goes on in  │         │
            │     │ another line          │         │
            ├─────┼───────────────────────┼─────────┤
            │ 300 │ é中文😀               │      -4 │
            └─────┴───────────────────────┴─────────┘
            (3 rows)

            """,
            OnTerminal("SELECT id, name, CASE id WHEN 6 THEN 0.5 ELSE \"a value\" END AS \"a value\" FROM t WHERE id IN (5, 6, 300)", 41, "--box"));
    }

    [Fact]
    public void What_does_not_fit_at_all_is_printed_a_value_a_line()
    {
        Sqlite3(Database, "CREATE TABLE t(a)");
        string sql = "SELECT " + string.Join(", ", Enumerable.Range(1, 12).Select(i => $"{i}000000 AS c{i}"));
        string output = OnTerminal(sql, 40, "--box");
        Assert.StartsWith(" c1 = 1000000\n c2 = 2000000\n", output);
        Assert.EndsWith("c12 = 12000000\n(1 row)\n", output);
        Assert.StartsWith("┌", OnTerminal(sql, 200, "--box"));
    }

    [Fact]
    public void Long_values_end_in_an_ellipsis_on_a_terminal_only()
    {
        Sqlite3(Database, "CREATE TABLE t(a)");
        string sql = "SELECT 1 AS n, printf('%.*c', 5000, 'x') AS text";
        string output = OnTerminal(sql, 60, "--box");
        Assert.Contains("x… │\n", output);
        Assert.Equal(8 + 4 + 1, output.TrimEnd('\n').Split('\n').Length);
        Assert.Equal(5000, Shell(sql, "--box").Output.Count(c => c == 'x') - 1);
    }

    [Theory]
    [InlineData("SELECT 1 FROM t", 0)]
    [InlineData("é", 1)]
    [InlineData("e\u0301", 1)]
    [InlineData("中文", 4)]
    [InlineData("ｆｕｌｌ", 8)]
    [InlineData("😀🚀", 4)]
    [InlineData("⌚⭐✅", 6)]
    [InlineData("→│°", 3)]
    [InlineData("한국어", 6)]
    [InlineData("a\u200bb", 2)]
    public void Knows_how_many_cells_a_text_takes(string text, int expected) =>
        Assert.Equal(expected == 0 ? text.Length : expected, DisplayWidth.Of(text));

    [Theory]
    [InlineData(new[] { 3, 5 }, 20, new[] { 3, 5 })]
    [InlineData(new[] { 3, 50, 50 }, 43, new[] { 3, 20, 20 })]
    [InlineData(new[] { 3, 50, 50 }, 44, new[] { 3, 21, 20 })]
    [InlineData(new[] { 10, 50, 10 }, 30, new[] { 10, 10, 10 })]
    [InlineData(new[] { 50, 50 }, 11, null)]
    public void Narrow_columns_keep_what_they_need(int[] natural, int room, int[]? expected) =>
        Assert.Equal(expected, ColumnWidths.Fit(natural, room));

    [Fact]
    public void A_plan_is_drawn_as_a_tree()
    {
        Sqlite3(Database, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
        string output = Shell("EXPLAIN QUERY PLAN SELECT * FROM t WHERE a IN (SELECT b FROM t);").Output;
        Assert.StartsWith("QUERY PLAN\n|--", output);
        Assert.Contains("`--", output);
        Assert.Contains("|", Shell(".explain off\nEXPLAIN QUERY PLAN SELECT * FROM t;").Output);
        Assert.StartsWith("QUERY PLAN\n`--SCAN t\n", Shell(".eqp on\nSELECT * FROM t;").Output);
    }
}
