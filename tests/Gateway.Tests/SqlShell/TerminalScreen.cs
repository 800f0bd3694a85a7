using System.Buffers;
using System.Globalization;
using System.Text;
using Sluice.Gateway.Cli.Sql;

namespace Sluice.Gateway.Tests.Sql;

/// <summary>As much of a terminal as the shell uses: characters, line breaks, and moving, erasing and clearing by ECMA-48. Nothing scrolls off.</summary>
internal sealed class TerminalScreen(int width)
{
    private readonly List<List<string>> _rows = [[]];
    private int _row;
    private int _column;

    /// <summary>The cursor is behind the last cell: the next character begins a new row.</summary>
    private bool _isFull;

    public int Width { get; set; } = width;

    /// <summary>Takes what is complete of the bytes that a program has written, and leaves the rest.</summary>
    public void Write(List<byte> bytes)
    {
        int taken = 0;
        byte[] all = [.. bytes];
        while (taken < all.Length && TakeOne(all.AsSpan(taken)) is > 0 and int length)
        {
            taken += length;
        }

        bytes.RemoveRange(0, taken);
    }

    public override string ToString() => string.Join('\n', _rows.Select(row => string.Concat(row).TrimEnd())).TrimEnd('\n');

    /// <summary>How many bytes belonged to the first thing; 0 if it is not complete.</summary>
    private int TakeOne(ReadOnlySpan<byte> bytes)
    {
        if (bytes[0] == 0x1b)
        {
            return TakeSequence(bytes);
        }

        if (Rune.DecodeFromUtf8(bytes, out Rune rune, out int length) == OperationStatus.NeedMoreData)
        {
            return 0;
        }

        switch (rune.Value)
        {
            case '\r':
                (_column, _isFull) = (0, false);
                break;
            case '\n':
                MoveTo(_row + 1);
                break;
            case '\b':
                _column = Math.Max(0, _column - 1);
                break;
            case < 0x20:
                break;
            default:
                Put(rune);
                break;
        }

        return length;
    }

    private int TakeSequence(ReadOnlySpan<byte> bytes)
    {
        int end = 2;
        while (end < bytes.Length && bytes[end] is < 0x40 or > 0x7e)
        {
            end++;
        }

        if (end >= bytes.Length)
        {
            return 0;
        }

        string parameter = Encoding.ASCII.GetString(bytes[2..end]);
        int number = int.TryParse(parameter, NumberStyles.None, CultureInfo.InvariantCulture, out int given) ? given : 0;
        _isFull = false;
        switch ((char)bytes[end])
        {
            case var _ when bytes[1] != '[':
                Complain(bytes[1..(end + 1)]);
                break;
            case 'A':
                MoveTo(Math.Max(0, _row - Math.Max(1, number)));
                break;
            case 'B':
                MoveTo(_row + Math.Max(1, number));
                break;
            case 'C':
                _column = Math.Min(Width - 1, _column + Math.Max(1, number));
                break;
            case 'H':
                MoveTo(0);
                _column = 0;
                break;
            case 'K':
                Erase(_row);
                break;
            case 'J' when number == 2:
                _rows.ForEach(row => row.Clear());
                break;
            case 'J':
                Erase(_row);
                _rows.RemoveRange(_row + 1, _rows.Count - _row - 1);
                break;
            case 'h' or 'l' when parameter == "?2004":
                // Whether a paste is marked.
                break;
            default:
                Complain(bytes[1..(end + 1)]);
                break;
        }

        return end + 1;
    }

    /// <summary>What is not known here is to be seen, so that tests fail by it.</summary>
    private void Complain(ReadOnlySpan<byte> sequence)
    {
        foreach (Rune rune in $"<unknown: {Encoding.ASCII.GetString(sequence)}>".EnumerateRunes())
        {
            Put(rune);
        }
    }

    /// <summary>From the cursor to the row's end.</summary>
    private void Erase(int row)
    {
        if (_rows[row].Count > _column)
        {
            _rows[row].RemoveRange(_column, _rows[row].Count - _column);
        }
    }

    private void MoveTo(int row)
    {
        while (_rows.Count <= row)
        {
            _rows.Add([]);
        }

        _row = row;
        _isFull = false;
    }

    private void Put(Rune rune)
    {
        int cells = DisplayWidth.Of(rune);
        List<string> row = _rows[_row];
        if (cells == 0)
        {
            row[_column - 1] += rune.ToString();
            return;
        }

        if (_isFull || _column + cells > Width)
        {
            MoveTo(_row + 1);
            _column = 0;
            row = _rows[_row];
        }

        while (row.Count < _column + cells)
        {
            row.Add(" ");
        }

        row[_column] = rune.ToString();
        if (cells == 2)
        {
            row[_column + 1] = "";
        }

        _column += cells;
        if (_column == Width)
        {
            (_column, _isFull) = (Width - 1, true);
        }
    }
}
