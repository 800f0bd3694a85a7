using System.Text;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>Draws the text that is being typed in its place on the terminal, and anew whenever it changes.</summary>
internal sealed class LineDisplay(Stream terminal)
{
    private const int DefaultWidth = 80;
    private const int DefaultHeight = 24;

    /// <summary>The row of the drawing that the cursor is in, counted from its first one.</summary>
    private int _cursorRow;

    /// <summary>The first row of the text that is drawn; not 0 if it is taller than the terminal.</summary>
    private int _first;

    public static (int Columns, int Rows) Size => NativeTerminal.Size(NativeTerminal.StandardOutput) ?? (DefaultWidth, DefaultHeight);

    /// <summary>Draws, in the place of what was drawn before.</summary>
    public void Draw(LineView view)
    {
        int height = Math.Max(1, Size.Rows);
        _first = Math.Clamp(_first, Math.Max(0, view.CursorRow - height + 1), view.CursorRow);
        int count = Math.Min(height, view.Rows.Count - _first);
        StringBuilder drawing = Begin();
        for (int i = 0; i < count; i++)
        {
            _ = drawing.Append(view.Rows[_first + i]).Append(i < count - 1 ? "\e[K\r\n" : "\e[K\e[J");
        }

        _cursorRow = view.CursorRow - _first;
        int up = count - 1 - _cursorRow;
        _ = drawing.Append(up > 0 ? $"\e[{up}A" : "").Append('\r').Append(view.CursorColumn > 0 ? $"\e[{view.CursorColumn}C" : "");
        Write(drawing.ToString());
    }

    /// <summary>Draws for the last time, all rows, and goes to the line below.</summary>
    public void Finish(LineView view, string ending = "")
    {
        StringBuilder drawing = Begin().Append("\e[J").AppendJoin("\r\n", view.Rows).Append(ending).Append("\r\n");
        Write(drawing.ToString());
        _cursorRow = _first = 0;
    }

    /// <summary>Clears the screen; the next drawing is at its top.</summary>
    public void ClearScreen()
    {
        Write("\e[H\e[2J");
        _cursorRow = 0;
    }

    /// <summary>Prints lines below the drawing; the next one is below them.</summary>
    public void PrintBelow(LineView view, IEnumerable<string> lines)
    {
        Draw(view with { CursorRow = view.Rows.Count - 1, CursorColumn = 0 });
        Write("\r\n" + string.Join("\r\n", lines) + "\r\n");
        _cursorRow = 0;
    }

    public void Ring() => Write("\a");

    public void Write(string text)
    {
        terminal.Write(Encoding.UTF8.GetBytes(text));
        terminal.Flush();
    }

    private StringBuilder Begin() => new StringBuilder().Append(_cursorRow > 0 ? $"\r\e[{_cursorRow}A" : "\r");
}
