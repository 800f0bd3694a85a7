using System.Text;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>A value as a cell of a table shows it: lines of printable text.</summary>
internal static class CellText
{
    private const int TabStop = 8;

    /// <summary>The value's text, without the quotes of a literal; a blob in hexadecimal.</summary>
    public static string Plain(in SqlValue value) => value.Type switch
    {
        SqlType.Blob => $"x'{Convert.ToHexStringLower(value.Bytes)}'",
        SqlType.Text => value.DecodeText(),
        _ => SqlConvert.ToText(value).DecodeText(),
    };

    /// <summary>The text's own lines: tabs become spaces, other control characters are written as \x1b.</summary>
    public static string[] Lines(string text)
    {
        if (!text.Any(char.IsControl))
        {
            return [text];
        }

        string[] lines = text.Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            lines[i] = Printable(lines[i]);
        }

        return lines;
    }

    /// <summary>The lines broken to a width, each at least one character.</summary>
    /// <param name="lines">What <see cref="Lines"/> gave.</param>
    /// <param name="width">Cells.</param>
    /// <param name="betweenWords">Whether to break at a space if there is one in the second half of the line.</param>
    /// <param name="most">The most lines; if there are more, the last ends in an ellipsis.</param>
    public static List<string> Wrap(string[] lines, int width, bool betweenWords, int most)
    {
        List<string> wrapped = [];
        foreach (string line in lines)
        {
            string rest = line;
            do
            {
                if (wrapped.Count == most)
                {
                    wrapped[^1] = wrapped[^1][..DisplayWidth.Fitting(wrapped[^1], width - 1)] + "…";
                    return wrapped;
                }

                int end = End(rest, width, betweenWords);
                wrapped.Add(rest[..end].TrimEnd(' ') is { Length: > 0 } part && betweenWords ? part : rest[..end]);
                rest = rest[end..];
                if (betweenWords)
                {
                    rest = rest.TrimStart(' ');
                }
            }
            while (rest.Length > 0);
        }

        return wrapped;
    }

    private static int End(string text, int width, bool betweenWords)
    {
        int end = DisplayWidth.Fitting(text, width);
        if (end == text.Length)
        {
            return end;
        }

        if (end == 0)
        {
            // A wide character in a column of one cell.
            return char.IsSurrogatePair(text, 0) ? 2 : 1;
        }

        int space = betweenWords ? text.LastIndexOf(' ', end, end / 2) : -1;
        return space > 0 ? space : end;
    }

    private static string Printable(string line)
    {
        StringBuilder printable = new();
        int column = 0;
        foreach (Rune rune in line.EnumerateRunes())
        {
            string shown = rune.Value == '\t' ? new string(' ', TabStop - (column % TabStop))
                : Rune.IsControl(rune) ? $"\\x{rune.Value:x2}"
                : rune.ToString();
            column += DisplayWidth.Of(shown);
            _ = printable.Append(shown);
        }

        return printable.ToString();
    }
}
