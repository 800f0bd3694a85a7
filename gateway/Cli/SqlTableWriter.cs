using System.Globalization;
using System.Text;
using Sluice.Engine.Data;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Gateway.Cli;

/// <summary>
/// Aligned columns for people: numbers to the right, control characters escaped, long values cut. The widths come from the
/// first rows; the rows after them are printed as they come, so a result of any size needs little memory.
/// </summary>
internal sealed class SqlTableWriter(bool headers, SqlOutput output) : SqlRowWriter(output)
{
    /// <summary>Rows that are held back to find the widths.</summary>
    private const int MeasuredRows = 200;

    /// <summary>Cells of a terminal that a value may take.</summary>
    private const int WidestCell = 80;

    private readonly List<(string Text, bool IsNumber)[]> _held = [];
    private string[] _names = [];
    private int[] _widths = [];
    private bool _isMeasured;
    private long _rows;

    public override void Begin(SluiceDataReader reader)
    {
        _names = [.. Enumerable.Range(0, reader.FieldCount).Select(i => Printable(reader.GetName(i)))];
        _widths = [.. _names.Select(name => headers ? WidthOf(name) : 0)];
    }

    public override void Row(SluiceDataReader reader)
    {
        _rows++;
        (string Text, bool IsNumber)[] row = new (string, bool)[_names.Length];
        for (int i = 0; i < row.Length; i++)
        {
            SqlValue value = reader.GetSqlValue(i);
            row[i] = (Cell(value), value.IsNumeric);
        }

        if (_isMeasured)
        {
            Print(row);
            return;
        }

        _held.Add(row);
        for (int i = 0; i < row.Length; i++)
        {
            _widths[i] = Math.Max(_widths[i], WidthOf(row[i].Text));
        }

        if (_held.Count == MeasuredRows)
        {
            PrintHeld();
        }
    }

    public override void End()
    {
        if (!_isMeasured)
        {
            PrintHeld();
        }

        Output.WriteLine(_rows == 1 ? "(1 row)" : $"({_rows} rows)");
    }

    /// <summary>Cells of a terminal: none for marks that combine, two for East Asian wide characters and emoji.</summary>
    internal static int WidthOf(string text)
    {
        int width = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            width += Rune.GetUnicodeCategory(rune) switch
            {
                UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format => 0,
                _ => IsWide(rune.Value) ? 2 : 1,
            };
        }

        return width;
    }

    /// <summary>The blocks that are wide throughout (Unicode, East Asian Width W and F).</summary>
    private static bool IsWide(int rune) => rune is
        (>= 0x1100 and <= 0x115f) or (>= 0x2e80 and <= 0xa4cf and not 0x303f) or (>= 0xac00 and <= 0xd7a3)
        or (>= 0xf900 and <= 0xfaff) or (>= 0xfe30 and <= 0xfe6f) or (>= 0xff00 and <= 0xff60) or (>= 0xffe0 and <= 0xffe6)
        or (>= 0x1f300 and <= 0x1f64f) or (>= 0x1f900 and <= 0x1f9ff) or (>= 0x20000 and <= 0x3fffd);

    private static string Cell(in SqlValue value) => value.Type switch
    {
        SqlType.Null => "NULL",
        SqlType.Blob => Cut($"x'{Convert.ToHexStringLower(value.Bytes[..Math.Min(value.ByteLength, WidestCell)])}'"),
        SqlType.Text => Cut(Printable(value.DecodeText())),
        _ => SqlConvert.ToText(value).DecodeText(),
    };

    private static string Printable(string text)
    {
        if (!text.Any(char.IsControl))
        {
            return text;
        }

        StringBuilder printable = new();
        foreach (char c in text)
        {
            _ = c switch
            {
                '\n' => printable.Append("\\n"),
                '\r' => printable.Append("\\r"),
                '\t' => printable.Append("\\t"),
                _ when char.IsControl(c) => printable.Append($"\\x{(int)c:x2}"),
                _ => printable.Append(c),
            };
        }

        return printable.ToString();
    }

    private static string Cut(string text)
    {
        if (WidthOf(text) <= WidestCell)
        {
            return text;
        }

        StringBuilder cut = new();
        int width = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            width += WidthOf(rune.ToString());
            if (width >= WidestCell)
            {
                break;
            }

            _ = cut.Append(rune.ToString());
        }

        return cut.Append('…').ToString();
    }

    private void PrintHeld()
    {
        _isMeasured = true;
        if (headers)
        {
            Print([.. _names.Select(name => (name, false))]);
            Output.WriteLine(string.Join('┼', _widths.Select(width => new string('─', width + 2))));
        }

        foreach ((string, bool)[] row in _held)
        {
            Print(row);
        }

        _held.Clear();
    }

    private void Print((string Text, bool IsNumber)[] row)
    {
        StringBuilder line = new();
        for (int i = 0; i < row.Length; i++)
        {
            string padding = new(' ', Math.Max(0, _widths[i] - WidthOf(row[i].Text)));
            _ = line.Append(i == 0 ? " " : " │ ").Append(row[i].IsNumber ? padding + row[i].Text : row[i].Text + padding);
        }

        Output.WriteLine(line.ToString().TrimEnd());
    }
}
