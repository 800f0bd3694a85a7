using System.Text;
using Sluice.Engine.Data;
using Sluice.Gateway.Cli.Sql;

namespace Sluice.Gateway.Tests.Sql;

/// <summary>The parts of the line editor that know no terminal.</summary>
public sealed class LineEditingTests : ShellRun
{
    [Theory]
    [InlineData("a", "Character a")]
    [InlineData("é😀", "Character é, Character 😀")]
    [InlineData("\r\n\t\x7f\b", "Enter, Enter, Tab, Backspace, Backspace")]
    [InlineData("\x01\x12\x1a", "Ctrl Character a, Ctrl Character r, Ctrl Character z")]
    [InlineData("\x1b[A\x1b[B\x1b[C\x1b[D\x1b[H\x1b[F", "Up, Down, Right, Left, Home, LineEnd")]
    [InlineData("\x1bOA\x1bOH\x1b[1~\x1b[4~\x1b[7~\x1b[8~\x1b[3~", "Up, Home, Home, LineEnd, Home, LineEnd, Delete")]
    [InlineData("\x1b[1;5C\x1b[1;3D\x1b[1;5D\x1bOc\x1b\x1b[C", "Ctrl Right, Alt Left, Ctrl Left, Ctrl Right, Alt Right")]
    [InlineData("\x1b" + "b\x1b\x7f\x1b\r", "Alt Character b, Alt Backspace, Alt Enter")]
    [InlineData("\x1b", "Escape")]
    [InlineData("\x1b[[A\x1b[15~\x1b[Zx", "Other, Other, Other, Character x")]
    [InlineData("\x1b[200~SELECT\r\n\t'~é';\x1b[201~x", "Paste SELECT\n\t'~é';, Character x")]
    [InlineData("\x1b[200~a\x1b[31mb\x01\x1b[201~", "Paste a[31mb")]
    [InlineData("\x1b[200~no end", "Paste no end")]
    public void Makes_keys_of_what_terminals_send(string sent, string expected)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(sent);
        int place = 0;
        KeyReader reader = new(_ => place < bytes.Length ? bytes[place++] : TerminalInput.Nothing);
        List<string> keys = [];
        for (Key key = reader.Read(0); key.Name != KeyName.None; key = reader.Read(0))
        {
            keys.Add($"{(key.Control ? "Ctrl " : "")}{(key.Alt ? "Alt " : "")}{key.Name} {key.Text}".TrimEnd(' '));
        }

        Assert.Equal(expected, string.Join(", ", keys));
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_and_the_end_of_the_terminal_are_told()
    {
        Queue<int> bytes = new([0xff, 0xc3, 'a', 0x80, TerminalInput.End]);
        KeyReader reader = new(_ => bytes.Dequeue());
        Assert.Equal(KeyName.Other, reader.Read(0).Name);
        Assert.Equal(KeyName.Other, reader.Read(0).Name);
        Assert.Equal(KeyName.Other, reader.Read(0).Name);
        Assert.Equal(KeyName.End, reader.Read(0).Name);
    }

    [Fact]
    public void Moves_and_deletes_what_is_shown_as_one_character()
    {
        LineBuffer buffer = new();
        buffer.Insert("e\u0301👨‍👩‍👧中");
        buffer.Left();
        buffer.Left();
        Assert.Equal(2, buffer.Cursor);
        buffer.Delete();
        Assert.Equal("e\u0301中", buffer.Text);
        buffer.Backspace();
        Assert.Equal("中", buffer.Text);
        buffer.Backspace();
        buffer.Left();
        buffer.Right();
        buffer.Right();
        buffer.Delete();
        Assert.Equal(("中", 1), (buffer.Text, buffer.Cursor));
    }

    [Fact]
    public void Moves_and_cuts_by_word_and_line()
    {
        LineBuffer buffer = new();
        buffer.Insert("SELECT a_b, c\nFROM t.d");
        buffer.WordLeft();
        Assert.Equal("SELECT a_b, c\nFROM t.".Length, buffer.Cursor);
        buffer.CutWordLeft(toSpace: true);
        Assert.Equal("SELECT a_b, c\nFROM d", buffer.Text);
        buffer.Paste();
        buffer.CutToHome();
        Assert.Equal("SELECT a_b, c\nd", buffer.Text);
        buffer.Up();
        Assert.Equal(0, buffer.Cursor);
        buffer.WordRight();
        buffer.WordRight();
        Assert.Equal("SELECT a_b".Length, buffer.Cursor);
        buffer.CutToEnd();
        buffer.CutToEnd();
        Assert.Equal("SELECT a_bd", buffer.Text);
        buffer.CutWordLeft(toSpace: false);
        buffer.CutWordRight();
        Assert.Equal("SELECT ", buffer.Text);
        buffer.Paste();
        buffer.Home();
        buffer.Insert("-- x\n");
        Assert.Equal("-- x\nSELECT d", buffer.Text);
    }

    [Fact]
    public void Moves_between_lines_as_far_from_their_begin()
    {
        LineBuffer buffer = new();
        buffer.Insert("long line\nab\nanother one");
        buffer.Up();
        Assert.Equal("long line\nab".Length, buffer.Cursor);
        Assert.False(buffer.IsOnFirstLine || buffer.IsOnLastLine);
        buffer.Up();
        Assert.Equal(2, buffer.Cursor);
        Assert.True(buffer.IsOnFirstLine);
        buffer.End();
        buffer.Down();
        buffer.Down();
        Assert.True(buffer.IsOnLastLine);
        Assert.Equal("long line\nab\nan".Length, buffer.Cursor);
    }

    [Theory]
    [InlineData("SELECT 1", 8, 80, "> SELECT 1", 0, 10)]
    [InlineData("SELECT\n1", 8, 80, "> SELECT|. 1", 1, 3)]
    [InlineData("abcdefgh", 8, 7, "> abcd|efgh", 1, 4)]
    [InlineData("abcdefgh", 4, 7, "> abcd|efgh", 1, 0)]
    [InlineData("abcd", 4, 7, "> abcd|", 1, 0)]
    [InlineData("abc中d", 5, 7, "> abc|中d", 1, 3)]
    [InlineData("a\tb\u0001", 4, 80, "> a  b^A", 0, 8)]
    [InlineData("", 0, 80, "> ", 0, 2)]
    [InlineData("a\n", 2, 80, "> a|. ", 1, 2)]
    public void Lays_lines_out_in_rows(string text, int cursor, int width, string rows, int cursorRow, int cursorColumn)
    {
        LineView view = LineView.Of(text, cursor, line => line == 0 ? "> " : ". ", width);
        Assert.Equal((rows, cursorRow, cursorColumn), (string.Join('|', view.Rows), view.CursorRow, view.CursorColumn));
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("SELECT 1", false)]
    [InlineData("SELECT 1;", true)]
    [InlineData("SELECT ';\n", false)]
    [InlineData("-- nothing", true)]
    [InlineData(".tables", true)]
    [InlineData(".tables\nSELECT", false)]
    [InlineData("SELECT\n.5;", true)]
    [InlineData("help", true)]
    [InlineData("CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1;", false)]
    public void Knows_what_is_complete(string text, bool expected) => Assert.Equal(expected, new PromptSyntax(new ShellSettings()).IsComplete(text));

    [Fact]
    public void A_continued_quotation_is_in_the_prompt() =>
        Assert.Equal(["sluice> ", "  '...> ", "  \"...> ", "  *...> ", "   ...> "], new PromptSyntax(new ShellSettings()).Prompts("SELECT 'a\nb', \"c\nd\" /*\n*/\n"));

    [Fact]
    public void History_outlives_the_session_and_is_bounded()
    {
        string file = Path.Combine(Folder, "state", "history");
        History first = new(file);
        first.Load();
        History second = new(file);
        second.Load();
        first.Add("SELECT 1;");
        first.Add("SELECT 1;");
        first.Add(" ");
        second.Add("SELECT 'a\\b\nc\\n';");
        first.Add(new string('x', 20_000));
        first.Add("SELECT 2;");
        Assert.Equal(["SELECT 1;", new string('x', 20_000), "SELECT 2;"], first.Entries);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        History third = new(file);
        third.Load();
        Assert.Equal(["SELECT 1;", "SELECT 'a\\b\nc\\n';", "SELECT 2;"], third.Entries);
        Assert.Equal(1, third.Find("A\\B", 3));
        Assert.Equal(-1, third.Find("a\\b", 1));

        File.WriteAllLines(file, Enumerable.Range(0, 5000).Select(i => $"SELECT {i};"));
        History cut = new(file);
        cut.Load();
        Assert.Equal(History.Most, cut.Entries.Count);
        Assert.Equal("SELECT 4999;", cut.Entries[^1]);
        Assert.Equal(History.Most, File.ReadAllLines(file).Length);
        Assert.Null(cut.Failure);
    }

    [Fact]
    public void A_history_that_cannot_be_kept_is_no_failure_of_the_shell()
    {
        string file = Path.Combine(Write("a-file", ""), "history");
        History history = new(file);
        history.Load();
        history.Add("SELECT 1;");
        history.Add("SELECT 2;");
        Assert.Equal(["SELECT 1;", "SELECT 2;"], history.Entries);
        Assert.NotNull(history.Failure);
    }

    [Theory]
    [InlineData("sel", "select ")]
    [InlineData("SELECT * FROM re", "readings")]
    [InlineData("SELECT * FROM ", "\"two words\"|readings|series")]
    [InlineData("SELECT dev| FROM series", "device")]
    [InlineData("SELECT r.| FROM readings AS r", "id|series_id|ts|value")]
    [InlineData("SELECT s.d| FROM readings r, series s", "device")]
    [InlineData("SELECT readings.s", "series_id")]
    [InlineData("SELECT | FROM series", "device|id")]
    [InlineData("SELECT jul", "julianday(")]
    [InlineData("SELECT tw", "\"two words\"")]
    [InlineData("PRAGMA foreign_key_l", "foreign_key_list")]
    [InlineData("SELECT * FROM readings ORD", "ORDER ")]
    [InlineData("", "")]
    [InlineData(".tab", ".tables ")]
    [InlineData(".mode j", "json")]
    [InlineData(".timer ", "off|on")]
    [InlineData(".schema s", "series")]
    [InlineData(".help im", "import")]
    [InlineData(".import x.csv re", "readings")]
    [InlineData(".nonsense x", "")]
    public void Completes_what_is_possible(string typed, string expected)
    {
        Sqlite3(Database, "CREATE TABLE series(id INTEGER PRIMARY KEY, device); CREATE TABLE readings(id INTEGER PRIMARY KEY, series_id, ts, value); CREATE TABLE \"two words\"(x)");
        using SqlShell shell = new(DatabaseOpening.Open(Database, SluiceOpenMode.ReadWrite, TextWriter.Null), new ShellOutput(Stream.Null, null), TextWriter.Null);
        int cursor = typed.IndexOf('|');
        string text = typed.Replace("|", "");
        Assert.Equal(expected, string.Join('|', new Completer(shell).Complete(text, cursor < 0 ? text.Length : cursor).Candidates));
    }

    [Fact]
    public void Completes_files()
    {
        Write("plant.csv", "");
        Write("plant two.csv", "");
        Directory.CreateDirectory(Path.Combine(Folder, "plants"));
        Sqlite3(Database, "CREATE TABLE t(a)");
        using SqlShell shell = new(DatabaseOpening.Open(Database, SluiceOpenMode.ReadWrite, TextWriter.Null), new ShellOutput(Stream.Null, null), TextWriter.Null);
        string typed = $".read {Folder}/pl";
        Completion completion = new Completer(shell).Complete(typed, typed.Length);
        Assert.Equal(6, completion.Start);
        Assert.Equal([$"\"{Folder}/plant two.csv\"", $"{Folder}/plant.csv", $"{Folder}/plants/"], completion.Candidates.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(".a b  c", ".a|b|c")]
    [InlineData(".a 'b c' \"d \\\"e\\\" \\t\\x41\\101\" f", ".a|b c|d \"e\" \tAA|f")]
    [InlineData(".a 'b\\n' ''", ".a|b\\n|")]
    [InlineData(".a 'open", ".a|open")]
    public void Cuts_a_dot_command_into_words(string line, string expected) => Assert.Equal(expected, string.Join('|', DotArguments.Split(line)));
}
