using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Spill;

/// <summary>Rows that are read in the order in which they came; those that memory is too short for are put aside in a file.</summary>
internal sealed class RowSpool(Run run, int width)
{
    private const int FirstRows = 64;

    private readonly long _budget = run.Transaction.Work.BudgetBytes;
    private SqlValue[] _values = new SqlValue[FirstRows * width];
    private int _rows;
    private long _bytes;
    private SpillFile? _file;
    private long _spilled;
    private SpillReader? _reader;
    private SqlValue[]? _fromFile;
    private int _next;

    /// <summary>How many rows were added since it was empty.</summary>
    public long Count => _spilled + _rows;

    /// <summary>Room for one more row, to be filled before anything else is called.</summary>
    public Span<SqlValue> Add()
    {
        if (_rows > 0)
        {
            _bytes += RowBytes.Of(_values.AsSpan((_rows - 1) * width, width));
            if (_bytes > _budget)
            {
                PutAside();
            }
        }

        if ((_rows + 1) * width > _values.Length)
        {
            Array.Resize(ref _values, checked(_values.Length * 2));
        }

        return _values.AsSpan(_rows++ * width, width);
    }

    public void Clear()
    {
        _rows = 0;
        _bytes = 0;
        _next = 0;
        _reader = null;
        _spilled = 0;
        _file?.Dispose();
        _file = null;
    }

    /// <summary>The next row, valid until the next call; false at the end. After the first call nothing is added any more.</summary>
    public bool TryRead(out ReadOnlySpan<SqlValue> row)
    {
        if (_file is not null)
        {
            _reader ??= _file.Read(0, _file.End);
            row = _fromFile ??= new SqlValue[width];
            if (_reader.TryRead(_fromFile))
            {
                return true;
            }
        }

        bool any = _next < _rows;
        row = any ? _values.AsSpan(_next++ * width, width) : default;
        return any;
    }

    private void PutAside()
    {
        _file ??= new SpillFile(run);
        for (int i = 0; i < _rows; i++)
        {
            _file.Append(_values.AsSpan(i * width, width));
        }

        _spilled += _rows;
        _rows = 0;
        _bytes = 0;
    }
}

/// <summary>Memory that values take.</summary>
internal static class RowBytes
{
    /// <summary>Of a value itself, see <see cref="SqlValue"/>.</summary>
    private const int Value = 24;

    /// <summary>Of an array and what refers to it.</summary>
    public const int Overhead = 48;

    public static long Of(ReadOnlySpan<SqlValue> row)
    {
        long bytes = row.Length * Value;
        foreach (ref readonly SqlValue value in row)
        {
            bytes += value.ByteLength;
        }

        return bytes;
    }
}
