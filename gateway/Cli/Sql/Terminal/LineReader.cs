namespace Sluice.Gateway.Cli.Sql;

/// <summary>How the reading of a statement ended.</summary>
internal enum LineEvent
{
    /// <summary>Enter, on a complete statement.</summary>
    Entered,

    /// <summary>Ctrl-C.</summary>
    Abandoned,

    /// <summary>Ctrl-D on an empty line, or the terminal is gone.</summary>
    Ended,
}

/// <summary>Lets a statement of any number of lines be typed on the terminal, with the keys of readline's Emacs mode.</summary>
/// <param name="input">The keyboard.</param>
/// <param name="display">The screen.</param>
/// <param name="history">What was typed before; what is entered is added.</param>
/// <param name="completer">For the Tab key.</param>
/// <param name="syntax">Knows what is complete, and the prompts.</param>
internal sealed class LineReader(TerminalInput input, LineDisplay display, History history, Completer completer, PromptSyntax syntax)
{
    /// <summary>How often the terminal's size is looked at while nothing is typed.</summary>
    private const int IdleMs = 500;

    /// <summary>Candidates that are listed; more are only counted.</summary>
    private const int MostListed = 200;

    private readonly KeyReader _keys = new(input.Next);
    private readonly LineBuffer _buffer = new();
    private HistorySearch? _search;
    private string _draft = "";
    private int _place;
    private bool _isSecondTab;

    /// <summary>Reads a statement; its text is only there if it was entered.</summary>
    public LineEvent Read(out string text)
    {
        _buffer.Set("");
        _draft = "";
        _place = history.Entries.Count;
        input.EnterRaw();
        display.Write("\e[?2004h");
        try
        {
            LineEvent end = Edit();
            text = end == LineEvent.Entered ? _buffer.Text : "";
            display.Finish(View(), end == LineEvent.Abandoned ? "^C" : "");
            WasEmpty = _buffer.Text.Length == 0;
            history.Add(text);
            return end;
        }
        finally
        {
            display.Write("\e[?2004l");
            input.LeaveRaw();
        }
    }

    /// <summary>Whether nothing had been typed when the last reading ended.</summary>
    public bool WasEmpty { get; private set; }

    private LineEvent Edit()
    {
        (int Columns, int Rows) drawnFor = default;
        while (true)
        {
            // Pasted text is drawn once, not at each of its characters.
            if (!input.HasMore || drawnFor == default)
            {
                display.Draw(View());
                drawnFor = LineDisplay.Size;
            }

            Key key;
            do
            {
                key = _keys.Read(IdleMs);
            }
            while (key.Name == KeyName.None && drawnFor == LineDisplay.Size);

            if (key.Name == KeyName.End)
            {
                return LineEvent.Ended;
            }

            if (_search is not null && Search(key))
            {
                continue;
            }

            if (Press(key) is { } end)
            {
                return end;
            }

            _isSecondTab = key.Name == KeyName.Tab;
        }
    }

    private LineView View()
    {
        int width = LineDisplay.Size.Columns;
        if (_search is { } search)
        {
            string found = search.Found is { } entry ? entry : "";
            int at = Math.Max(0, found.IndexOf(search.Text, StringComparison.OrdinalIgnoreCase));
            return LineView.Of(found, at, line => line == 0 ? $"({(search.Found is null ? "not found" : "search")})'{search.Text}': " : syntax.Continuation, width);
        }

        string[] prompts = syntax.Prompts(_buffer.Text);
        return LineView.Of(_buffer.Text, _buffer.Cursor, line => prompts[line], width);
    }

    /// <summary>A key during Ctrl-R; false if it ends the search and is meant for what was found.</summary>
    private bool Search(Key key)
    {
        HistorySearch search = _search!;
        switch (key)
        {
            case { Name: KeyName.None }:
                return true;
            case { Name: KeyName.Character, Control: false, Alt: false }:
                search.Add(key.Text);
                return true;
            case { Name: KeyName.Backspace }:
                search.Shorten();
                return true;
            case { Name: KeyName.Character, Control: true, Text: "r" }:
                search.Older();
                return true;
            case { Name: KeyName.Escape } or { Name: KeyName.Character, Control: true, Text: "g" or "c" }:
                _search = null;
                return true;
            default:
                _search = null;
                if (search.Found is { } found)
                {
                    _buffer.Set(found);
                    _place = search.Place;
                }

                return false;
        }
    }

    private LineEvent? Press(Key key)
    {
        switch (key)
        {
            case { Name: KeyName.Enter, Alt: false } when syntax.IsComplete(_buffer.Text):
                return LineEvent.Entered;
            case { Name: KeyName.Enter }:
                _buffer.Insert("\n");
                break;
            case { Name: KeyName.Tab } when input.HasMore:
                // A tab in text that is pasted into a terminal that does not mark it.
                _buffer.Insert("\t");
                break;
            case { Name: KeyName.Tab }:
                Complete();
                break;
            case { Name: KeyName.Paste }:
            case { Name: KeyName.Character, Control: false, Alt: false }:
                _buffer.Insert(key.Text);
                break;
            case { Name: KeyName.Character, Control: true }:
                return PressControl(key.Text);
            case { Name: KeyName.Character }:
                PressAlt(key.Text);
                break;
            default:
                Move(key);
                break;
        }

        return null;
    }

    private LineEvent? PressControl(string letter)
    {
        switch (letter)
        {
            case "c":
                return LineEvent.Abandoned;
            case "d" when _buffer.Text.Length == 0:
                return LineEvent.Ended;
            case "d":
                _buffer.Delete();
                break;
            case "a":
                _buffer.Home();
                break;
            case "e":
                _buffer.End();
                break;
            case "b":
                _buffer.Left();
                break;
            case "f":
                _buffer.Right();
                break;
            case "k":
                _buffer.CutToEnd();
                break;
            case "u":
                _buffer.CutToHome();
                break;
            case "w":
                _buffer.CutWordLeft(toSpace: true);
                break;
            case "y":
                _buffer.Paste();
                break;
            case "p":
                Up();
                break;
            case "n":
                Down();
                break;
            case "l":
                display.ClearScreen();
                break;
            case "r":
                _search = new HistorySearch(history);
                break;
            case "z":
                Suspend();
                break;
        }

        return null;
    }

    private void PressAlt(string letter)
    {
        switch (letter.ToLowerInvariant())
        {
            case "b":
                _buffer.WordLeft();
                break;
            case "f":
                _buffer.WordRight();
                break;
            case "d":
                _buffer.CutWordRight();
                break;
        }
    }

    private void Move(Key key)
    {
        bool byWord = key.Control || key.Alt;
        switch (key.Name)
        {
            case KeyName.Left when byWord:
                _buffer.WordLeft();
                break;
            case KeyName.Left:
                _buffer.Left();
                break;
            case KeyName.Right when byWord:
                _buffer.WordRight();
                break;
            case KeyName.Right:
                _buffer.Right();
                break;
            case KeyName.Home:
                _buffer.Home();
                break;
            case KeyName.LineEnd:
                _buffer.End();
                break;
            case KeyName.Up:
                Up();
                break;
            case KeyName.Down:
                Down();
                break;
            case KeyName.Backspace when key.Alt:
                _buffer.CutWordLeft(toSpace: false);
                break;
            case KeyName.Backspace:
                _buffer.Backspace();
                break;
            case KeyName.Delete when byWord:
                _buffer.CutWordRight();
                break;
            case KeyName.Delete:
                _buffer.Delete();
                break;
        }
    }

    private void Up()
    {
        if (_buffer.IsOnFirstLine)
        {
            Recall(_place - 1);
        }
        else
        {
            _buffer.Up();
        }
    }

    private void Down()
    {
        if (_buffer.IsOnLastLine)
        {
            Recall(_place + 1);
        }
        else
        {
            _buffer.Down();
        }
    }

    private void Recall(int place)
    {
        if (place < 0 || place > history.Entries.Count)
        {
            return;
        }

        if (_place == history.Entries.Count)
        {
            _draft = _buffer.Text;
        }

        _place = place;
        _buffer.Set(place == history.Entries.Count ? _draft : history.Entries[place]);
    }

    private void Complete()
    {
        Completion completion = completer.Complete(_buffer.Text, _buffer.Cursor);
        string typed = _buffer.Text[completion.Start.._buffer.Cursor];
        string common = CommonBegin(completion.Candidates);
        if (completion.Candidates.Count == 1 || common.Length > typed.Length)
        {
            _buffer.Replace(completion.Start, common);
        }
        else if (completion.Candidates.Count > 1 && _isSecondTab)
        {
            display.PrintBelow(View(), Listing(completion.Candidates));
        }
        else
        {
            display.Ring();
        }
    }

    private static string CommonBegin(IReadOnlyList<string> candidates)
    {
        if (candidates.Count == 0)
        {
            return "";
        }

        int length = candidates[0].Length;
        foreach (string candidate in candidates)
        {
            int same = 0;
            while (same < Math.Min(length, candidate.Length) && char.ToLowerInvariant(candidate[same]) == char.ToLowerInvariant(candidates[0][same]))
            {
                same++;
            }

            length = same;
        }

        return candidates[0][..length];
    }

    private static IEnumerable<string> Listing(IReadOnlyList<string> candidates)
    {
        string[] shown = [.. candidates.Take(MostListed)];
        int width = shown.Max(DisplayWidth.Of) + 2;
        int columns = Math.Max(1, (LineDisplay.Size.Columns - 1) / width);
        int rows = (shown.Length + columns - 1) / columns;
        for (int row = 0; row < rows; row++)
        {
            yield return string.Concat(shown.Where((_, i) => i % rows == row).Select(name => name + new string(' ', width - DisplayWidth.Of(name)))).TrimEnd();
        }

        if (shown.Length < candidates.Count)
        {
            yield return $"and {candidates.Count - shown.Length} more";
        }
    }

    private void Suspend()
    {
        display.Finish(View());
        input.LeaveRaw();
        _ = NativeTerminal.Kill(0, NativeTerminal.TerminalStop);
        input.EnterRaw();
    }
}
