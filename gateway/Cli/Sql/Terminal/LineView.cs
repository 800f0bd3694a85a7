using System.Globalization;
using System.Text;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>Where a text that is being typed is on the screen: its rows, prompts included, and the cursor's place in them.</summary>
internal sealed record LineView(IReadOnlyList<string> Rows, int CursorRow, int CursorColumn)
{
    private const string TabShown = "  ";

    /// <param name="text">The text, which may have several lines.</param>
    /// <param name="cursor">The cursor's place in it.</param>
    /// <param name="prompt">Gives the prompt before each line, counted from 0.</param>
    /// <param name="width">The terminal's cells; the last one of each row stays free, so that no terminal begins a row by itself.</param>
    public static LineView Of(string text, int cursor, Func<int, string> prompt, int width)
    {
        int room = Math.Max(2, width - 1);
        List<string> rows = [];
        StringBuilder row = new();
        int used = 0;
        int line = 0;
        (int Row, int Column) at = (0, 0);
        Begin();
        for (int i = 0; i < text.Length; i += StringInfo.GetNextTextElementLength(text, i))
        {
            if (text[i] == '\n')
            {
                Mark(i);
                EndRow();
                line++;
                Begin();
                continue;
            }

            string shown = Shown(text.Substring(i, StringInfo.GetNextTextElementLength(text, i)));
            int cells = DisplayWidth.Of(shown);
            if (used + cells > room)
            {
                EndRow();
            }

            Mark(i);
            _ = row.Append(shown);
            used += cells;
        }

        if (used == room && cursor == text.Length)
        {
            EndRow();
        }

        Mark(text.Length);
        EndRow();
        return new LineView(rows, at.Row, at.Column);

        void Begin()
        {
            string before = prompt(line);
            _ = row.Append(before);
            used = DisplayWidth.Of(before);
        }

        void Mark(int place)
        {
            if (place == cursor)
            {
                at = (rows.Count, used);
            }
        }

        void EndRow()
        {
            rows.Add(row.ToString());
            _ = row.Clear();
            used = 0;
        }
    }

    private static string Shown(string character) => character == "\t" ? TabShown
        : char.IsControl(character[0]) ? $"^{(char)(character[0] + '@')}"
        : character;
}
