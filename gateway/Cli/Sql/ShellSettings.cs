namespace Sluice.Gateway.Cli.Sql;

/// <summary>How the shell prints rows, as <c>.mode</c> names it.</summary>
internal enum OutputMode
{
    Ascii,
    Box,
    Column,
    Csv,
    Html,
    Insert,
    Json,
    Line,
    List,
    Markdown,
    Quote,
    Table,
    Tabs,
}

/// <summary>What the dot commands set.</summary>
internal sealed class ShellSettings
{
    /// <summary>sqlite3's limit for a column's width where it is not told another.</summary>
    public const int DefaultWrap = 60;

    public OutputMode Mode { get; private set; } = OutputMode.List;

    /// <summary>Column names above the rows; null for what the mode does by itself.</summary>
    public bool? Headers { get; set; }

    public bool ShowHeaders => Headers ?? IsColumnar;

    /// <summary>What stands for NULL; null for nothing, or NULL in the columns that a person reads.</summary>
    public string? NullValue { get; set; }

    public string ColumnSeparator { get; set; } = "|";

    public string RowSeparator { get; set; } = "\n";

    /// <summary>Widths of columns, negative for values to the right, 0 for as wide as the values; those left out are 0.</summary>
    public int[] Widths { get; set; } = [];

    /// <summary>The widest that a column gets before its values go on in the next line; 0 for any.</summary>
    public int Wrap { get; set; } = DefaultWrap;

    /// <summary>Whether values are broken between words.</summary>
    public bool WrapsWords { get; set; }

    /// <summary>Whether values in columns are written as literals.</summary>
    public bool Quotes { get; set; }

    /// <summary>The table that INSERT statements name.</summary>
    public string InsertTable { get; set; } = "table";

    public bool Timer { get; set; }

    public bool Echo { get; set; }

    public bool Bail { get; set; }

    /// <summary>Whether each statement says how many rows it changed.</summary>
    public bool Changes { get; set; }

    /// <summary>Whether each statement's plan is printed before it runs.</summary>
    public bool ShowPlans { get; set; }

    /// <summary>Whether the rows of EXPLAIN QUERY PLAN are drawn as a tree.</summary>
    public bool DrawsPlans { get; set; } = true;

    public string Prompt { get; set; } = "sluice> ";

    public string ContinuationPrompt { get; set; } = "   ...> ";

    public bool IsColumnar => Mode is OutputMode.Box or OutputMode.Column or OutputMode.Markdown or OutputMode.Table;

    /// <summary>Sets the mode, and the separators that go with it.</summary>
    public void SetMode(OutputMode mode)
    {
        Mode = mode;
        (ColumnSeparator, RowSeparator) = mode switch
        {
            OutputMode.List => ("|", "\n"),
            OutputMode.Csv => (",", "\r\n"),
            OutputMode.Tabs => ("\t", "\n"),
            OutputMode.Quote => (",", "\n"),
            OutputMode.Ascii => ("\x1f", "\x1e"),
            _ => (ColumnSeparator, RowSeparator),
        };
    }
}
