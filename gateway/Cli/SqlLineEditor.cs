namespace Sluice.Gateway.Cli;

/// <summary>What a key did to the line.</summary>
internal enum SqlLineEvent
{
    /// <summary>Nothing, or the line changed.</summary>
    Edited,

    /// <summary>Enter: <see cref="SqlLineEditor.Take"/> gives the line.</summary>
    Entered,

    /// <summary>Ctrl-C: the line is to be forgotten.</summary>
    Abandoned,

    /// <summary>Ctrl-D on an empty line: the session ends.</summary>
    Ended,
}

/// <summary>A line being typed, with a cursor and the lines typed before. Knows keys and text, not the terminal.</summary>
internal sealed class SqlLineEditor
{
    /// <summary>Lines that are remembered; older ones are forgotten.</summary>
    private const int MostHistory = 1000;

    private readonly List<string> _history = [];
    private string _draft = "";
    private int _place;

    public string Text { get; private set; } = "";

    /// <summary>The place in <see cref="Text"/> where the next character goes.</summary>
    public int Cursor { get; private set; }

    public SqlLineEvent Press(ConsoleKeyInfo key)
    {
        bool control = key.Modifiers.HasFlag(ConsoleModifiers.Control);
        switch (key.Key)
        {
            case ConsoleKey.Enter:
                return SqlLineEvent.Entered;
            case ConsoleKey.C when control:
                return SqlLineEvent.Abandoned;
            case ConsoleKey.D when control && Text.Length == 0:
                return SqlLineEvent.Ended;
            case ConsoleKey.LeftArrow:
            case ConsoleKey.B when control:
                Cursor = Math.Max(0, Cursor - 1);
                break;
            case ConsoleKey.RightArrow:
            case ConsoleKey.F when control:
                Cursor = Math.Min(Text.Length, Cursor + 1);
                break;
            case ConsoleKey.Home:
            case ConsoleKey.A when control:
                Cursor = 0;
                break;
            case ConsoleKey.End:
            case ConsoleKey.E when control:
                Cursor = Text.Length;
                break;
            case ConsoleKey.Backspace when Cursor > 0:
            case ConsoleKey.H when control && Cursor > 0:
                Cut(Cursor - 1, Cursor);
                break;
            case ConsoleKey.Delete when Cursor < Text.Length:
            case ConsoleKey.D when control && Cursor < Text.Length:
                Cut(Cursor, Cursor + 1);
                break;
            case ConsoleKey.U when control:
                Cut(0, Cursor);
                break;
            case ConsoleKey.K when control:
                Cut(Cursor, Text.Length);
                break;
            case ConsoleKey.W when control:
                Cut(StartOfWord(), Cursor);
                break;
            case ConsoleKey.UpArrow:
            case ConsoleKey.P when control:
                Recall(_place - 1);
                break;
            case ConsoleKey.DownArrow:
            case ConsoleKey.N when control:
                Recall(_place + 1);
                break;
            default:
                Insert(key.KeyChar);
                break;
        }

        return SqlLineEvent.Edited;
    }

    /// <summary>The line, remembered unless it is empty or as the last; begins an empty one.</summary>
    public string Take()
    {
        string line = Text;
        if (line.Length > 0 && (_history.Count == 0 || _history[^1] != line))
        {
            _history.Add(line);
            if (_history.Count > MostHistory)
            {
                _history.RemoveAt(0);
            }
        }

        Forget();
        return line;
    }

    /// <summary>Begins an empty line.</summary>
    public void Forget()
    {
        Text = _draft = "";
        Cursor = 0;
        _place = _history.Count;
    }

    private void Insert(char c)
    {
        if (c == '\t')
        {
            c = ' ';
        }

        if (!char.IsControl(c))
        {
            Text = Text.Insert(Cursor, c.ToString());
            Cursor++;
        }
    }

    private void Cut(int start, int end)
    {
        Text = Text.Remove(start, end - start);
        Cursor = start;
    }

    private int StartOfWord()
    {
        int start = Cursor;
        while (start > 0 && Text[start - 1] == ' ')
        {
            start--;
        }

        while (start > 0 && Text[start - 1] != ' ')
        {
            start--;
        }

        return start;
    }

    private void Recall(int place)
    {
        if (place < 0 || place > _history.Count)
        {
            return;
        }

        if (_place == _history.Count)
        {
            _draft = Text;
        }

        _place = place;
        Text = place == _history.Count ? _draft : _history[place];
        Cursor = Text.Length;
    }
}
