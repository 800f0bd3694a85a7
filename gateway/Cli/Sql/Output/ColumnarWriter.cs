using Sluice.Engine.Data;
using Sluice.Engine.Format;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>
/// The box, column, markdown and table modes. In a file they are as sqlite3 writes them. On a terminal they fit its width: wide columns are
/// made narrower and their values broken over some lines, numbers stand to the right, and what is too wide even so is printed a value a line.
/// <para>The widths come from the first rows; those after them are printed as they come, so a result of any size needs little memory.</para>
/// </summary>
internal sealed class ColumnarWriter : RowWriter
{
    /// <summary>Rows that are held back to find the widths: few where a person waits for them.</summary>
    private const int MeasuredOnTerminal = 200;

    private const int MeasuredElsewhere = 10_000;

    /// <summary>Lines that a value may take on a terminal.</summary>
    private const int MostLinesOnTerminal = 8;

    /// <summary>More characters than these are not on a terminal in any case.</summary>
    private const int LongestOnTerminal = 4096;

    private readonly List<Cell[]> _held = [];
    private readonly Frame _frame;
    private readonly bool _isTerminal;
    private string[][] _names = [];
    private int[]? _widths;
    private bool[] _isRight = [];
    private bool _isSeparated;
    private bool _isStarted;
    private long _printed;

    public ColumnarWriter(ShellSettings settings, ShellOutput output) : base(settings, output)
    {
        _isTerminal = output.IsTerminal;
        _frame = settings.Mode switch
        {
            OutputMode.Box => Frame.Box,
            OutputMode.Table => Frame.Table,
            OutputMode.Markdown => Frame.Markdown,
            _ => Frame.Column,
        };
    }

    private int MostLines => _isTerminal ? MostLinesOnTerminal : int.MaxValue;

    private bool WrapsWords => _isTerminal || Settings.WrapsWords;

    public override void Begin(SluiceDataReader reader) =>
        _names = [.. Enumerable.Range(0, reader.FieldCount).Select(i => CellText.Lines(reader.GetName(i).ReplaceLineEndings(" ")))];

    public override void Row(SluiceDataReader reader)
    {
        Cell[] row = new Cell[_names.Length];
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = CellOf(reader.GetSqlValue(i));
        }

        if (_isStarted)
        {
            Print(row);
            return;
        }

        _held.Add(row);
        if (_held.Count == (_isTerminal ? MeasuredOnTerminal : MeasuredElsewhere))
        {
            Start();
        }
    }

    public override void End()
    {
        if (!_isStarted)
        {
            Start();
        }

        if (_printed > 0 && _widths is not null && _frame.Bottom is not null)
        {
            Output.WriteLine(_frame.Line(_frame.Bottom, _widths));
        }

        if (_isTerminal)
        {
            Output.WriteLine(_printed == 1 ? "(1 row)" : $"({_printed} rows)");
        }
    }

    private Cell CellOf(in SqlValue value)
    {
        if (value.IsNull)
        {
            return new Cell([Settings.NullValue ?? (_isTerminal || Settings.Quotes ? "NULL" : "")], IsNumber: false, IsNull: true);
        }

        SqlValue shown = _isTerminal && value.ByteLength > LongestOnTerminal && !value.IsNumeric ? Beginning(value) : value;
        string text = Settings.Quotes ? Literals.Of(shown, inOneLine: false) : CellText.Plain(shown);
        return new Cell(CellText.Lines(text), value.IsNumeric, IsNull: false);
    }

    private static SqlValue Beginning(in SqlValue value)
    {
        byte[] bytes = value.Bytes[..LongestOnTerminal].ToArray();
        return value.Type == SqlType.Blob ? SqlValue.FromBlob(bytes) : SqlValue.FromText(bytes);
    }

    /// <summary>Finds the widths and prints what was held back.</summary>
    private void Start()
    {
        _isStarted = true;
        if (_held.Count == 0)
        {
            return;
        }

        int[] natural = [.. _names.Select((name, i) => Math.Max(WidthOf(name), _held.Max(row => WidthOf(row[i].Lines))))];
        for (int i = 0; i < natural.Length; i++)
        {
            natural[i] = Asked(i) is > 0 and int asked ? asked : Settings.Wrap > 0 ? Math.Min(natural[i], Settings.Wrap) : natural[i];
        }

        _isRight = [.. natural.Select((_, i) => IsRight(i))];
        _widths = _isTerminal ? ColumnWidths.Fit(natural, Output.TerminalWidth - _frame.Overhead(natural.Length)) : natural;
        for (int i = 0; _widths is not null && WrapsWords && i < natural.Length; i++)
        {
            // Lines that end between words may leave the column's last cells free.
            _widths[i] = Asked(i) > 0 ? _widths[i] : Math.Max(WidthAfterWrap(_names[i], _widths[i]), _held.Max(row => WidthAfterWrap(row[i].Lines, _widths[i])));
        }

        _isSeparated = _widths is { } widths && _held.Exists(row => row.Where((cell, i) => Wrap(cell.Lines, widths[i]).Count > 1).Any());
        if (_widths is not null)
        {
            PrintNames(_widths);
        }

        foreach (Cell[] row in _held)
        {
            Print(row);
        }

        _held.Clear();
    }

    /// <summary>The width that .width gives a column, or 0.</summary>
    private int Asked(int column) => column < Settings.Widths.Length ? Math.Abs(Settings.Widths[column]) : 0;

    private int WidthAfterWrap(string[] lines, int width) => Wrap(lines, width).Max(DisplayWidth.Of);

    /// <summary>On a terminal numbers stand to the right, unless .width says otherwise; elsewhere only what .width says does.</summary>
    private bool IsRight(int column)
    {
        int asked = column < Settings.Widths.Length ? Settings.Widths[column] : 0;
        return asked < 0 || (asked == 0 && _isTerminal && _held.TrueForAll(row => row[column].IsNumber || row[column].IsNull) && _held.Exists(row => row[column].IsNumber));
    }

    private void PrintNames(int[] widths)
    {
        if (_frame.Top is not null)
        {
            Output.WriteLine(_frame.Line(_frame.Top, widths));
        }

        bool isColumn = ReferenceEquals(_frame, Frame.Column);
        if (isColumn && !Settings.ShowHeaders)
        {
            return;
        }

        PrintLines(_names, widths, isColumn ? (text, i) => Padded(text, i, widths[i]) : (text, i) => Centred(text, widths[i]), _isTerminal ? MostLinesOnTerminal : 1);
        Output.WriteLine(_frame.Line(_frame.Middle, widths));
    }

    private void Print(Cell[] row)
    {
        if (_widths is not { } widths)
        {
            PrintAsLines(row);
        }
        else
        {
            if (_isSeparated && _printed > 0)
            {
                PrintSeparator(widths);
            }

            PrintLines([.. row.Select(cell => cell.Lines)], widths, (text, i) => Padded(text, i, widths[i]), MostLines);
        }

        _printed++;
    }

    private void PrintSeparator(int[] widths)
    {
        if (_frame.SeparatesRows)
        {
            Output.WriteLine(_frame.Line(_frame.Middle, widths));
        }
        else if (ReferenceEquals(_frame, Frame.Column))
        {
            Output.WriteLine("");
        }
    }

    private void PrintLines(string[][] cells, int[] widths, Func<string, int, string> place, int mostLines)
    {
        List<string>[] wrapped = [.. cells.Select((lines, i) => CellText.Wrap(lines, widths[i], WrapsWords, mostLines))];
        int height = wrapped.Max(lines => lines.Count);
        for (int line = 0; line < height; line++)
        {
            Output.WriteLine(_frame.Row(wrapped.Select((lines, i) => place(line < lines.Count ? lines[line] : "", i))));
        }
    }

    /// <summary>Too many columns for the terminal: one value a line.</summary>
    private void PrintAsLines(Cell[] row)
    {
        int nameWidth = Math.Min(_names.Max(WidthOf), Output.TerminalWidth / 3);
        int room = Math.Max(1, Output.TerminalWidth - nameWidth - 3);
        if (_printed > 0)
        {
            Output.WriteLine("");
        }

        for (int i = 0; i < row.Length; i++)
        {
            string name = CellText.Wrap(_names[i], nameWidth, betweenWords: false, most: 1)[0];
            string lead = new string(' ', Math.Max(0, nameWidth - DisplayWidth.Of(name))) + name + " = ";
            foreach (string line in CellText.Wrap(row[i].Lines, room, betweenWords: true, MostLines))
            {
                Output.WriteLine(lead + line);
                lead = new string(' ', nameWidth + 3);
            }
        }
    }

    private List<string> Wrap(string[] lines, int width) => CellText.Wrap(lines, width, WrapsWords, MostLines);

    private string Padded(string text, int column, int width)
    {
        string padding = new(' ', Math.Max(0, width - DisplayWidth.Of(text)));
        return _isRight[column] ? padding + text : text + padding;
    }

    private static string Centred(string text, int width)
    {
        int room = Math.Max(0, width - DisplayWidth.Of(text));
        return new string(' ', room / 2) + text + new string(' ', room - (room / 2));
    }

    private static int WidthOf(string[] lines) => lines.Max(DisplayWidth.Of);

    private readonly record struct Cell(string[] Lines, bool IsNumber, bool IsNull);
}
