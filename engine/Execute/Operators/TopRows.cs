using Sluice.Engine.Execute.Spill;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Operators;

/// <summary>The first rows of an order, of all that come: a heap whose top is the last of them. Rows begin with their keys; of equal ones those that came first stay.</summary>
internal sealed class TopRows(SortOrder[] orders, int wanted)
{
    private const int FirstRows = 16;

    private readonly SortEntryComparer _comparer = new(orders);
    private SortEntry[] _heap = new SortEntry[Math.Min(wanted, FirstRows)];
    private int _count;
    private int _next;
    private long _sequence;

    /// <summary>Memory that the rows take, near enough: what a replaced row took more or less than its successor is not counted.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether a row with these keys is among the first by now.</summary>
    public bool Takes(SqlValue[] keys) => _count < wanted || _comparer.Compare(keys, _heap[0].Values) < 0;

    /// <summary>Adds a row that <see cref="Takes"/>; returns the one that it has driven out, if there is one.</summary>
    public SqlValue[]? Add(SqlValue[] row)
    {
        SortEntry entry = new(row, _sequence++);
        if (_count == wanted)
        {
            SqlValue[] last = _heap[0].Values;
            SiftDown(entry);
            return last;
        }

        if (_count == _heap.Length)
        {
            Array.Resize(ref _heap, (int)Math.Min(wanted, _count * 2L));
        }

        Bytes += RowBytes.Of(row) + RowBytes.Overhead;
        _count++;
        SiftUp(entry);
        return null;
    }

    /// <summary>All rows have come.</summary>
    public void Finish() => Array.Sort(_heap, 0, _count, _comparer);

    /// <summary>The next row in order, or null.</summary>
    public SqlValue[]? Next() => _next < _count ? _heap[_next++].Values : null;

    public IEnumerable<SqlValue[]> InOrderOfArrival() => _heap.Take(_count).OrderBy(entry => entry.Sequence).Select(entry => entry.Values);

    private void SiftUp(SortEntry entry)
    {
        int at = _count - 1;
        while (at > 0 && _comparer.Compare(_heap[(at - 1) / 2], entry) < 0)
        {
            _heap[at] = _heap[(at - 1) / 2];
            at = (at - 1) / 2;
        }

        _heap[at] = entry;
    }

    /// <summary>Puts an entry in the place of the last row.</summary>
    private void SiftDown(SortEntry entry)
    {
        int at = 0;
        while (true)
        {
            int child = (2 * at) + 1;
            if (child >= _count)
            {
                break;
            }

            if (child + 1 < _count && _comparer.Compare(_heap[child], _heap[child + 1]) < 0)
            {
                child++;
            }

            if (_comparer.Compare(entry, _heap[child]) >= 0)
            {
                break;
            }

            _heap[at] = _heap[child];
            at = child;
        }

        _heap[at] = entry;
    }
}
