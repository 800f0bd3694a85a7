using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Spill;

/// <summary>
/// Sorts rows, which begin with their keys; equal ones stay in the order in which they came. Those that memory is too short for are put aside in sorted
/// runs, which are merged while they are read.
/// </summary>
internal sealed class RowSorter(Run run, SortOrder[] orders, int width)
{
    private const int FirstRows = 16;
    private const int LargestBuffer = 64 << 10;
    private const int SmallestBuffer = 4 << 10;

    private readonly long _budget = run.Transaction.Work.BudgetBytes;
    private readonly SortEntryComparer _comparer = new(orders);
    private readonly List<long> _runStarts = [];
    private SortEntry[] _entries = new SortEntry[FirstRows];
    private int _count;
    private int _next;
    private long _bytes;
    private SpillFile? _file;
    private PriorityQueue<SortedRun, SortEntry>? _runs;

    /// <summary>Forgets all rows.</summary>
    public void Clear()
    {
        Array.Clear(_entries, 0, _count);
        _count = 0;
        _next = 0;
        _bytes = 0;
        _runStarts.Clear();
        _runs = null;
        _file?.Dispose();
        _file = null;
    }

    /// <summary>Adds a row; the array belongs to the sorter from now on.</summary>
    public void Add(SqlValue[] row)
    {
        if (_count == _entries.Length)
        {
            Array.Resize(ref _entries, checked(_count * 2));
        }

        _entries[_count] = new SortEntry(row, _count);
        _count++;
        _bytes += RowBytes.Of(row) + RowBytes.Overhead;
        if (_bytes > _budget)
        {
            PutAside();
        }
    }

    /// <summary>All rows have been added.</summary>
    public void Finish()
    {
        if (_file is null)
        {
            Array.Sort(_entries, 0, _count, _comparer);
            return;
        }

        PutAside();
        _runs = new PriorityQueue<SortedRun, SortEntry>(_comparer);
        int buffer = (int)Math.Clamp(_budget / _runStarts.Count, SmallestBuffer, LargestBuffer);
        for (int i = 0; i < _runStarts.Count; i++)
        {
            long end = i + 1 < _runStarts.Count ? _runStarts[i + 1] : _file.End;
            Advance(new SortedRun(_file.Read(_runStarts[i], end, buffer), i));
        }
    }

    /// <summary>The next row in order, or null.</summary>
    public SqlValue[]? Next()
    {
        if (_runs is null)
        {
            return _next < _count ? _entries[_next++].Values : null;
        }

        if (!_runs.TryDequeue(out SortedRun? first, out SortEntry entry))
        {
            return null;
        }

        Advance(first);
        return entry.Values;
    }

    private void PutAside()
    {
        if (_count == 0)
        {
            return;
        }

        run.CheckCancelled();
        _file ??= new SpillFile(run);
        _runStarts.Add(_file.End);
        Array.Sort(_entries, 0, _count, _comparer);
        for (int i = 0; i < _count; i++)
        {
            _file.Append(_entries[i].Values);
        }

        Array.Clear(_entries, 0, _count);
        _count = 0;
        _bytes = 0;
    }

    private void Advance(SortedRun from)
    {
        SqlValue[] row = new SqlValue[width];
        if (from.Reader.TryRead(row))
        {
            // Of equal rows those of the earlier run came first.
            _runs!.Enqueue(from, new SortEntry(row, from.Number));
        }
    }

    private sealed record SortedRun(SpillReader Reader, int Number);
}
