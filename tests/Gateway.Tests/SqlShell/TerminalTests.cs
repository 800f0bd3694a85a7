namespace Sluice.Gateway.Tests.Sql;

/// <summary>The shell as a person has it: the program on a pseudo terminal.</summary>
public sealed class TerminalTests : ShellRun
{
    private const string Prompt = "sluice>";
    private const string Up = "\x1b[A";
    private const string CtrlC = "\x03";

    [Fact]
    public void Statements_are_typed_edited_completed_and_recalled()
    {
        Sqlite3(Database, "CREATE TABLE readings(device TEXT, value REAL); INSERT INTO readings VALUES('pump-1', 21.5), ('中文', NULL)");
        using (PseudoTerminal terminal = Start(80))
        {
            terminal.Type("SELEC 2", "sluice> SELEC 2");
            terminal.Send("\x1b[D\x1b[D");
            terminal.Type("T", "sluice> SELECT 2");
            terminal.Type("\x01-- \x05;", "sluice> -- SELECT 2;");
            terminal.Type("\x15", Prompt);

            // A line break is put in until the statement is complete.
            terminal.Type("SELECT 'a\r", "'...>");
            terminal.Type("b' AS x\r", "   ...>");
            terminal.Type(";\r", $"(1 row)\n{Prompt}");
            terminal.Type("sel", "sluice> sel");
            terminal.Type("\t", "sluice> select");
            terminal.Type("* from rea", "from rea");
            terminal.Type("\t", "from readings");
            terminal.Type(";\r", $"(2 rows)\n{Prompt}");
            Assert.EndsWith(
                """
                sluice> select * from readings;
                ┌────────┬───────┐
                │ device │ value │
                ├────────┼───────┤
                │ pump-1 │  21.5 │
                │ 中文   │  NULL │
                └────────┴───────┘
                (2 rows)
                sluice>
                """,
                terminal.Screen);
            terminal.Type(Up + Up, "sluice> SELECT 'a\n  '...> b' AS x\n   ...> ;");
            terminal.Type(CtrlC, $"^C\n{Prompt}");
            terminal.Type(CtrlC, $"(Ctrl-D or .quit leaves)\n{Prompt}");
            terminal.Type("\x1b[200~SELECT 1 AS one;\nSELECT 2 AS two;\x1b[201~", "SELECT 2 AS two;");
            terminal.Type("\r", $"(1 row)\n{Prompt}");
            Assert.Contains("│ one │", terminal.Screen);
            Assert.Contains("│ two │", terminal.Screen);
            terminal.Type(".tabels\r", $"Error: unknown command '.tabels'; did you mean .tables?\n{Prompt}");
            terminal.Send("\x04");
            Assert.Equal(0, terminal.ExitCode);
        }

        // History outlives the shell.
        using PseudoTerminal next = Start(80);
        next.Type(Up, "sluice> .tabels");
        next.Type(Up + Up + Up, "sluice> select * from readings;");
        next.Type("\x15\x12", "(search)'':");
        next.Type("as X", "(search)'as X': SELECT 'a\n   ...> b' AS x\n   ...> ;");
        next.Type("\r", $"(1 row)\n{Prompt}");
        next.Type("exit\r", "exit");
        Assert.Equal(0, next.ExitCode);
    }

    [Fact]
    public void Ctrl_C_stops_the_statement_and_not_the_shell()
    {
        Sqlite3(Database, "CREATE TABLE big(a); WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 5000) INSERT INTO big SELECT i FROM c");
        using PseudoTerminal terminal = Start(80);
        terminal.Send("SELECT count(*) FROM big a, big b, big c;\r");
        terminal.WaitUntil(screen => screen.Contains("(Ctrl-C stops it)"), "that the statement runs");
        terminal.Send(CtrlC);
        terminal.WaitFor($"\nError: interrupted\n{Prompt}");
        Assert.DoesNotContain("stops it", terminal.Screen);
        terminal.Type("SELECT max(a) FROM big;\r", $"(1 row)\n{Prompt}");
        Assert.Contains("│   5000 │", terminal.Screen);
        terminal.Send(".quit\r");
        Assert.Equal(0, terminal.ExitCode);
    }

    [Theory]
    [InlineData(40)]
    [InlineData(200)]
    public void Fits_the_terminal_and_what_is_typed_goes_over_its_rows(int width)
    {
        Sqlite3(Database, "CREATE TABLE t(a, b)");
        using PseudoTerminal terminal = Start(width);
        string typed = $"INSERT INTO t VALUES('{new string('x', 100)} {new string('y', 30)}', '{new string('z', 60)}');";
        terminal.Send(typed + "\r");
        terminal.WaitFor($"(1 row changed)\n{Prompt}");
        terminal.Send("SELECT * FROM t;\r");
        terminal.WaitFor($"(1 row)\n{Prompt}");
        string[] lines = terminal.Screen.Split('\n');
        Assert.Equal("sluice> " + typed, string.Concat(lines.SkipWhile(line => !line.StartsWith("sluice> I")).TakeWhile(line => !line.StartsWith('('))));
        string[] box = [.. lines.Where(line => line.Length > 0 && "┌├└│".Contains(line[0]))];
        Assert.All(box, line => Assert.InRange(line.Length, 20, width));
        Assert.Equal(60, string.Concat(box).Count(c => c == 'z'));
        terminal.Resize(100, 40);
        terminal.Send("SELECT * FROM t;\r");
        terminal.WaitUntil(screen => screen.Split("(1 row)\n").Length == 3, "the second result");
        Assert.InRange(terminal.Screen.Split('\n').Last(line => line.StartsWith('└')).Length, 90, 100);
    }

    [Fact]
    public void A_CSV_is_imported_explored_and_exported()
    {
        Write("plant.csv", "device,at,value\npump-1,2026-03-01 10:00,21.5\npump-1,2026-03-01 11:00,22.5\npump-2,2026-03-01 10:00,18\n");
        using PseudoTerminal terminal = Start(80, "--create");
        terminal.Send(".import plant.csv plant\r");
        terminal.WaitUntil(screen => screen.Contains("3 rows imported in ") && screen.EndsWith(Prompt), "the import");
        Assert.Contains("made the table plant(device TEXT, at TEXT, value REAL)", terminal.Screen);
        terminal.Type("SELECT device, avg(value) AS mean FROM plant GROUP BY device;\r", $"(2 rows)\n{Prompt}");
        Assert.Contains("│ pump-1 │ 22.0 │", terminal.Screen);
        terminal.Type(".mode json\r", $".mode json\n{Prompt}");
        terminal.Type(".once plant.json\r", $".once plant.json\n{Prompt}");
        terminal.Type("SELECT device, value FROM plant WHERE value < 20;\r", $";\n{Prompt}");
        terminal.Send("\x04");
        Assert.Equal(0, terminal.ExitCode);
        Assert.Equal("[{\"device\":\"pump-2\",\"value\":18.0}]\n", File.ReadAllText(Path.Combine(Folder, "plant.json")));
        Assert.Equal("3\n", Sqlite3(Database, "SELECT count(*) FROM plant"));
    }

    private PseudoTerminal Start(int columns, params string[] options)
    {
        PseudoTerminal terminal = new(
            columns,
            30,
            new Dictionary<string, string> { ["XDG_STATE_HOME"] = Path.Combine(Folder, "state") },
            ["sh", "-c", "cd \"$0\" && exec \"$@\"", Folder, Path.Combine(AppContext.BaseDirectory, "Sluice.Gateway"), "sql", Database, .. options]);
        terminal.WaitFor(Prompt);
        return terminal;
    }
}
