using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Operators;

/// <summary>
/// A hash table of rows, equal as DISTINCT and GROUP BY have it: NULL equals NULL, 1 equals 1.0, text by collation.
/// Rows lie one after the other in one array and are numbered in the order they came.
/// </summary>
internal sealed class RowTable
{
    private const int FirstCapacity = 16;

    private readonly ValueEquality[] _equality;
    private readonly Collation[] _collations;
    private readonly int _width;
    private SqlValue[] _rows;
    private int[] _hashes = new int[FirstCapacity];
    private int[] _next = new int[FirstCapacity];
    private int[] _buckets = new int[FirstCapacity];

    public RowTable(IReadOnlyList<Collation> collations)
    {
        _collations = [.. collations];
        _equality = new ValueEquality[_collations.Length];
        for (int i = 0; i < _equality.Length; i++)
        {
            _equality[i] = new ValueEquality(_collations[i]);
        }

        _width = _collations.Length;
        _rows = new SqlValue[FirstCapacity * _width];
    }

    public int Count { get; private set; }

    public ReadOnlySpan<SqlValue> this[int number] => _rows.AsSpan(number * _width, _width);

    /// <summary>All rows, and where each begins is its number times the width.</summary>
    public SqlValue[] Rows => _rows;

    public void Clear()
    {
        Array.Clear(_rows, 0, Count * _width);
        Array.Clear(_buckets);
        Count = 0;
    }

    /// <summary>The number of the equal row, or -1.</summary>
    public int Find(ReadOnlySpan<SqlValue> row) => Find(row, Hash(row));

    /// <summary>The number of the equal row, which is added when there was none.</summary>
    public int FindOrAdd(ReadOnlySpan<SqlValue> row, out bool added)
    {
        int hash = Hash(row);
        int found = Find(row, hash);
        added = found < 0;
        return added ? Append(row, hash) : found;
    }

    /// <summary>Puts a row in the place of the equal one, or adds it.</summary>
    public void Put(ReadOnlySpan<SqlValue> row)
    {
        int number = FindOrAdd(row, out bool added);
        if (!added)
        {
            row.CopyTo(_rows.AsSpan(number * _width));
        }
    }

    private int Find(ReadOnlySpan<SqlValue> row, int hash)
    {
        for (int i = _buckets[hash & (_buckets.Length - 1)] - 1; i >= 0; i = _next[i] - 1)
        {
            if (_hashes[i] == hash && AreEqual(row, i))
            {
                return i;
            }
        }

        return -1;
    }

    private bool AreEqual(ReadOnlySpan<SqlValue> row, int number)
    {
        int at = number * _width;
        for (int i = 0; i < row.Length; i++)
        {
            if (ValueOrder.Compare(row[i], _rows[at + i], _collations[i]) != 0)
            {
                return false;
            }
        }

        return true;
    }

    private int Append(ReadOnlySpan<SqlValue> row, int hash)
    {
        if (Count == _hashes.Length)
        {
            Grow();
        }

        int number = Count++;
        row.CopyTo(_rows.AsSpan(number * _width));
        _hashes[number] = hash;
        ref int bucket = ref _buckets[hash & (_buckets.Length - 1)];
        _next[number] = bucket;
        bucket = number + 1;
        return number;
    }

    private void Grow()
    {
        int capacity = checked(_hashes.Length * 2);
        Array.Resize(ref _rows, checked(capacity * _width));
        Array.Resize(ref _hashes, capacity);
        Array.Resize(ref _next, capacity);
        _buckets = new int[capacity];
        for (int i = 0; i < Count; i++)
        {
            ref int bucket = ref _buckets[_hashes[i] & (capacity - 1)];
            _next[i] = bucket;
            bucket = i + 1;
        }
    }

    private int Hash(ReadOnlySpan<SqlValue> row)
    {
        uint hash = 17;
        for (int i = 0; i < row.Length; i++)
        {
            hash = (hash * 31) + (uint)_equality[i].GetHashCode(row[i]);
        }

        // The buckets are a power of two: mix the high bits into the low ones.
        hash *= 0x9E3779B1;
        return (int)(hash ^ (hash >> 15));
    }
}
