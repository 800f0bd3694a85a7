using Sluice.Gateway.Cli;

namespace Sluice.Gateway.Tests.Sql;

public class SqlLineEditorTests
{
    private readonly SqlLineEditor _editor = new();

    [Fact]
    public void Types_moves_and_deletes()
    {
        Type("SELCT 1");
        Press(ConsoleKey.Home);
        Press(ConsoleKey.RightArrow);
        Press(ConsoleKey.F, control: true);
        Press(ConsoleKey.RightArrow);
        Type("E");
        Assert.Equal("SELECT 1", _editor.Text);
        Assert.Equal(4, _editor.Cursor);
        Press(ConsoleKey.Delete);
        Press(ConsoleKey.Backspace);
        Assert.Equal("SELT 1", _editor.Text);
        Press(ConsoleKey.K, control: true);
        Assert.Equal("SEL", _editor.Text);
        Press(ConsoleKey.U, control: true);
        Assert.Equal("", _editor.Text);
        Press(ConsoleKey.Backspace);
        Press(ConsoleKey.LeftArrow);
        Assert.Equal(0, _editor.Cursor);
    }

    [Fact]
    public void Cuts_the_word_before_the_cursor()
    {
        Type("SELECT abc  ");
        Press(ConsoleKey.W, control: true);
        Assert.Equal("SELECT ", _editor.Text);
    }

    [Fact]
    public void Recalls_lines_and_keeps_the_one_being_typed()
    {
        Enter("first");
        Enter("second");
        Enter("second");
        Type("draft");
        Press(ConsoleKey.UpArrow);
        Assert.Equal("second", _editor.Text);
        Press(ConsoleKey.UpArrow);
        Assert.Equal("first", _editor.Text);
        Press(ConsoleKey.UpArrow);
        Assert.Equal("first", _editor.Text);
        Press(ConsoleKey.DownArrow);
        Press(ConsoleKey.DownArrow);
        Assert.Equal("draft", _editor.Text);
    }

    [Fact]
    public void Control_keys_abandon_and_end()
    {
        Type("x");
        Assert.Equal(SqlLineEvent.Abandoned, Press(ConsoleKey.C, control: true));
        Assert.Equal(SqlLineEvent.Edited, Press(ConsoleKey.D, control: true));
        _editor.Forget();
        Assert.Equal(SqlLineEvent.Ended, Press(ConsoleKey.D, control: true));
        Assert.Equal(SqlLineEvent.Edited, _editor.Press(new ConsoleKeyInfo('\x1b', ConsoleKey.Escape, false, false, false)));
        Assert.Equal("", _editor.Text);
    }

    private void Enter(string text)
    {
        Type(text);
        Assert.Equal(SqlLineEvent.Entered, Press(ConsoleKey.Enter));
        Assert.Equal(text, _editor.Take());
    }

    private void Type(string text)
    {
        foreach (char c in text)
        {
            _editor.Press(new ConsoleKeyInfo(c, ConsoleKey.None, false, false, false));
        }
    }

    private SqlLineEvent Press(ConsoleKey key, bool control = false) =>
        _editor.Press(new ConsoleKeyInfo('\0', key, false, false, control));
}
