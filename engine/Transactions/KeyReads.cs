using Sluice.Engine.Format;

namespace Sluice.Engine.Transactions;

/// <summary>
/// One end of a range of keys: a record of the key's first columns, which stands for all keys that begin with them; null for an open end.
/// </summary>
internal readonly record struct KeyEnd(byte[]? Columns, bool Inclusive)
{
    public static KeyEnd Open => default;
}

/// <summary>Keys read.</summary>
internal sealed class KeyRange
{
    public KeyEnd Low { get; set; }

    public KeyEnd High { get; set; }
}

/// <summary>The keys of one index that a transaction has read.</summary>
internal sealed class KeyReads(uint root, KeyOrder order)
{
    private readonly List<KeyRange> _ranges = [];
    private readonly SqlValue[] _low = new SqlValue[order.Count + 1];
    private readonly SqlValue[] _high = new SqlValue[order.Count + 1];
    private RecordReader _reader;
    private bool _whole;

    public uint Root { get; } = root;

    public void Add(KeyRange range)
    {
        if (_ranges.Count == ReadSet.MostRanges)
        {
            _whole = true;
            _ranges.Clear();
        }

        if (!_whole)
        {
            _ranges.Add(range);
        }
    }

    /// <summary>
    /// An end at some columns. The delta of a unique index knows keys without the rowid, so there an end is at the columns alone, and
    /// then includes them.
    /// </summary>
    public KeyEnd EndAt(ReadOnlySpan<SqlValue> columns, bool inclusive) => order.Unique && columns.Length > order.Count
        ? new KeyEnd(RecordWriter.Encode(columns[..order.Count]), true)
        : new KeyEnd(RecordWriter.Encode(columns), inclusive);

    /// <summary>An end at a whole key.</summary>
    public KeyEnd EndAt(in Payload key) => EndAt(Decode(key, _low), inclusive: true);

    public bool HasChanged(IndexDelta index, in ReadValidation look)
    {
        if (_whole)
        {
            return HasChanged(index, KeyEnd.Open, KeyEnd.Open, look);
        }

        foreach (KeyRange range in _ranges)
        {
            if (HasChanged(index, range.Low, range.High, look))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Where a key stands to an end: negative before it, positive behind it.</summary>
    public int Compare(in Payload key, in KeyEnd end) =>
        KeyComparer.Compare(key, Decode(new Payload(end.Columns!, 0, end.Columns!.Length), _high), order);

    private bool HasChanged(IndexDelta index, in KeyEnd low, in KeyEnd high, in ReadValidation look)
    {
        var node = low.Columns is { } lowest
            ? index.Map.Ceiling(new KeyProbe(Decode(new Payload(lowest, 0, lowest.Length), _low), order, !low.Inclusive))
            : index.Map.First;
        ReadOnlySpan<SqlValue> highest = high.Columns is { } columns ? Decode(new Payload(columns, 0, columns.Length), _high) : [];
        for (; node is not null; node = node.Next)
        {
            if (!highest.IsEmpty)
            {
                int compared = KeyComparer.Compare(node.Key.Record, highest, order);
                if (compared > 0 || (compared == 0 && !high.Inclusive))
                {
                    return false;
                }
            }

            if (look.IsChanged(node))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The columns that order a key; the entries of a table without rowids have more.</summary>
    private ReadOnlySpan<SqlValue> Decode(in Payload record, SqlValue[] columns)
    {
        _reader.Reset(record);
        int count = Math.Min(_reader.ColumnCount, columns.Length);
        for (int i = 0; i < count; i++)
        {
            columns[i] = _reader.Get(i);
        }

        return columns.AsSpan(0, count);
    }
}
