using System.Text.RegularExpressions;
using Sluice.Gateway.Cli.Sql;

namespace Sluice.Gateway.Tests.Sql;

public sealed class DotCommandTests : ShellRun
{
    [Fact]
    public void Changes_timer_echo_and_print_are_sqlite3s()
    {
        Sqlite3(Database, "CREATE TABLE t(a)");
        string other = Path.Combine(Folder, "other.db");
        Sqlite3(other, "CREATE TABLE t(a)");
        const string script = ".changes on\nINSERT INTO t VALUES(1), (2);\nSELECT a FROM t;\n.changes off\n.echo on\nUPDATE t SET a = 3;\n.print a 'b  c'\n.echo off\n.separator \";\" \"\\n--\\n\"\n.nullvalue \"-\"\nSELECT NULL, 1;\n";
        Assert.Equal(Sqlite3Script(other, script), Shell(script).Output);
        Assert.Matches(new Regex(@"^1\nRun Time: real \d+\.\d{3} user \d+\.\d{6} sys \d+\.\d{6}\n$"), Shell(".timer on\nSELECT 1;").Output);
    }

    [Fact]
    public void Output_goes_to_files_and_programs_and_back()
    {
        Sqlite3(Database, "CREATE TABLE t(a)");
        string script = $"""
            .once {Folder}/once.json
            .mode json
            SELECT 1 AS a;
            SELECT 2 AS a;
            .mode list
            .output {Folder}/out.txt
            SELECT 3;
            .print four
            .output
            SELECT 5;
            .output "|tr a-z A-Z > {Folder}/program.txt"
            .print six
            .output stdout
            .once /no/such/folder/x
            SELECT 7;
            """;
        (int code, string output, string errors) = Shell(script);
        Assert.Equal(1, code);
        Assert.StartsWith("Error in line 14: cannot write \"/no/such/folder/x\"", errors);
        Assert.Equal("[{\"a\":2}]\n5\n7\n", output);
        Assert.Equal("[{\"a\":1}]\n", File.ReadAllText(Path.Combine(Folder, "once.json")));
        Assert.Equal("3\nfour\n", File.ReadAllText(Path.Combine(Folder, "out.txt")));
        Assert.Equal("SIX\n", File.ReadAllText(Path.Combine(Folder, "program.txt")));
        Assert.Equal("", Shell($".mode csv\n.once {Folder}/once.csv\nSELECT 1, 'a b';\n").Output);
        Assert.Equal("1,\"a b\"\r\n", File.ReadAllText(Path.Combine(Folder, "once.csv")));
    }

    /// <summary>Far more is printed than a pipe holds, so it is written to after its reader has gone.</summary>
    [Fact]
    public void A_program_may_stop_to_read_what_is_printed()
    {
        string script = $"""
            .once "|head -n 1 > {Folder}/first.txt"
            SELECT value FROM generate_series(1, 200000);
            SELECT 'next';
            CREATE TABLE t AS SELECT value FROM generate_series(1, 50000);
            .output "|head -n 2 > {Folder}/dump.txt"
            .dump
            SELECT 'to nobody';
            .output
            SELECT 'last';
            """;

        (int code, string output, string errors) = Shell(script, "--create");

        Assert.Equal((0, "next\nlast\n", ""), (code, output, errors));
        Assert.Equal("1\n", File.ReadAllText(Path.Combine(Folder, "first.txt")));
        Assert.Equal("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", File.ReadAllText(Path.Combine(Folder, "dump.txt")));
    }

    [Fact]
    public void Scripts_read_scripts_and_errors_name_file_and_line()
    {
        Sqlite3(Database, "CREATE TABLE t(a)");
        string inner = Write("inner.sql", "SELECT 1;\n\nSELECT\n  bad\nFROM t;\nSELECT 2;\n");
        string outer = Write("outer.sql", $"# a comment\n.read {inner}\nSELECT 3;\n");
        (int code, string output, string errors) = Shell($".read {outer}\nSELECT 4;");
        Assert.Equal((1, "1\n2\n3\n4\n"), (code, output));
        Assert.Equal($"Error in {inner}, line 4: no such column: bad\n  in:   bad\n        ^^^\n", errors);
        Assert.Equal((1, "1\n"), (Shell($".bail on\n.read {outer}\nSELECT 4;") is var (c, o, _)) ? (c, o) : default);
        string itself = Write("itself.sql", "");
        File.WriteAllText(itself, $".read {itself}\n");
        Assert.Contains("does", Shell($".read {itself}").Errors);
        Assert.Equal("42\n", Shell(".read \"|echo 'SELECT 42;'\"").Output);
    }

    [Fact]
    public void Exit_gives_the_code_and_quit_ends_everything()
    {
        Sqlite3(Database, "CREATE TABLE t(a)");
        Assert.Equal((7, "1\n", ""), Shell("SELECT 1;\n.exit 7\nSELECT 2;"));
        Assert.Equal((0, "", ""), Shell(".read " + Write("quit.sql", ".quit\n") + "\nSELECT 2;"));
        Assert.Equal(1, ShellArgument("SELECT x; SELECT 1").Code);
        Assert.Equal((1, ""), (ShellArgument("SELECT x;\nSELECT 1") is var (c, o, _)) ? (c, o) : default);
    }

    [Fact]
    public void Parameters_are_set_listed_and_unset()
    {
        Sqlite3(Database, "CREATE TABLE t(a)");
        Assert.Equal(
            "pump-1|6|\n:n      6\n@device 'pump-1'\n|6|\n",
            Shell(".parameter set @device pump-1\n.parameter set :n 2*3\nSELECT @device, :n, $none;\n.parameter list\n.parameter unset @device\nSELECT @device, :n, $none;\n.parameter clear\n.param list").Output);
        Assert.Contains("begins with", Shell(".parameter set x 1").Errors);
    }

    [Fact]
    public void Copies_and_restores()
    {
        Sqlite3(Database, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
        Assert.Equal((0, "1\n", ""), Shell($".backup {Folder}/copy.db\nINSERT INTO t VALUES(2);\n.open {Folder}/copy.db\nSELECT * FROM t;"));
        Assert.Equal("1\n", Sqlite3(Path.Combine(Folder, "copy.db"), "SELECT a FROM t"));
        Assert.Equal((0, "1\n2\n1\n", ""), Shell($"SELECT * FROM t;\n.restore {Folder}/copy.db\nSELECT * FROM t;"));
        Assert.Contains("copy.db", Shell($".backup main {Folder}/copy.db").Errors);
        Assert.Contains("does not exist", Shell($".open {Folder}/nothing.db").Errors);
    }

    [Fact]
    public void Attached_databases_are_named()
    {
        Sqlite3(Database, "CREATE TABLE t(a)");
        string other = Path.Combine(Folder, "other.db");
        Sqlite3(other, "CREATE TABLE o(b); CREATE VIEW v AS SELECT b FROM o");
        string output = Shell($"ATTACH '{other}' AS other;\nCREATE TEMP TABLE scratch(c);\n.databases\n.tables\n.schema o\n.schema scratch").Output;
        Assert.Contains($"main: {Database} r/w\n", output);
        Assert.Contains($"other: {other} r/w\n", output);
        Assert.Contains("other.o       other.v       t             temp.scratch\n", output);
        Assert.EndsWith("CREATE TABLE other.o(b);\nCREATE TABLE temp.scratch(c);\n", output);
    }

    [Fact]
    public void Help_knows_every_command()
    {
        Sqlite3(Database, "CREATE TABLE t(a)");
        string help = Shell(".help").Output;
        Assert.All(DotCommands.All, command =>
        {
            Assert.Contains("\n" + command.Usage, help);
            Assert.StartsWith(command.Usage + "\n" + command.Summary, Shell($".help {command.Name[1..]}").Output);
        });
        Assert.Contains("--skip N", Shell(".help import").Output);
        Assert.Contains("Ctrl-R", Shell(".help keys").Output);
        Assert.Contains("mode: list\n", Shell(".show").Output);
        Assert.Equal("current output mode: box --wrap 60 --wordwrap off --noquote\n", Shell(".mode box\n.mode").Output);
    }
}
