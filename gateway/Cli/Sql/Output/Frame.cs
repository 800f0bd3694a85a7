using System.Text;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>A line between rows of a table.</summary>
internal sealed record FrameLine(string Left, char Dash, string Between, string Right);

/// <summary>What is drawn around and between the cells of a table.</summary>
internal sealed record Frame
{
    public static readonly Frame Box = new()
    {
        Left = "│ ",
        Between = " │ ",
        Right = " │",
        Padding = 2,
        Top = new("┌", '─', "┬", "┐"),
        Middle = new("├", '─', "┼", "┤"),
        Bottom = new("└", '─', "┴", "┘"),
        SeparatesRows = true,
    };

    public static readonly Frame Table = new()
    {
        Left = "| ",
        Between = " | ",
        Right = " |",
        Padding = 2,
        Top = new("+", '-', "+", "+"),
        Middle = new("+", '-', "+", "+"),
        Bottom = new("+", '-', "+", "+"),
        SeparatesRows = true,
    };

    public static readonly Frame Markdown = new()
    {
        Left = "| ",
        Between = " | ",
        Right = " |",
        Padding = 2,
        Middle = new("|", '-', "|", "|"),
    };

    public static readonly Frame Column = new()
    {
        Left = "",
        Between = "  ",
        Right = "",
        Middle = new("", '-', "  ", ""),
    };

    public required string Left { get; init; }

    public required string Between { get; init; }

    public required string Right { get; init; }

    /// <summary>Cells by which a line's dashes are longer than the column.</summary>
    public int Padding { get; init; }

    public FrameLine? Top { get; init; }

    /// <summary>Below the names.</summary>
    public required FrameLine Middle { get; init; }

    public FrameLine? Bottom { get; init; }

    /// <summary>Whether the line of the middle is drawn between rows too, once one of them has several lines.</summary>
    public bool SeparatesRows { get; init; }

    /// <summary>Cells that are not the columns' own.</summary>
    public int Overhead(int columns) => Left.Length + Right.Length + (Between.Length * (columns - 1));

    public string Line(FrameLine line, int[] widths) =>
        line.Left + string.Join(line.Between, widths.Select(width => new string(line.Dash, width + Padding))) + line.Right;

    public string Row(IEnumerable<string> cells) => new StringBuilder(Left).AppendJoin(Between, cells).Append(Right).ToString();
}
