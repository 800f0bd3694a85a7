namespace Sluice.Engine.Transactions;

/// <summary>Rowids read, both ends included. It grows while its cursor moves.</summary>
internal sealed class RowRange(long rowid)
{
    public long Lowest { get; private set; } = rowid;

    public long Highest { get; private set; } = rowid;

    public void Include(long rowid)
    {
        Lowest = Math.Min(Lowest, rowid);
        Highest = Math.Max(Highest, rowid);
    }
}

/// <summary>The rows of one table that a transaction has read.</summary>
internal sealed class RowReads(uint root)
{
    private readonly List<RowRange> _ranges = [];
    private bool _whole;

    public uint Root { get; } = root;

    public RowRange Begin(long rowid)
    {
        if (_ranges.Count > 0 && _ranges[^1] is { } last && last.Lowest == rowid && last.Highest == rowid)
        {
            return last;
        }

        var range = new RowRange(rowid);
        if (_ranges.Count == ReadSet.MostRanges)
        {
            ReadAll();
        }

        if (!_whole)
        {
            _ranges.Add(range);
        }

        return range;
    }

    public void ReadAll()
    {
        _whole = true;
        _ranges.Clear();
    }

    public bool HasChanged(TableDelta table, in ReadValidation look)
    {
        if (_whole)
        {
            return HasChanged(table, long.MinValue, long.MaxValue, look);
        }

        foreach (RowRange range in _ranges)
        {
            if (HasChanged(table, range.Lowest, range.Highest, look))
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasChanged(TableDelta table, long lowest, long highest, in ReadValidation look)
    {
        for (var node = table.Map.Ceiling(new RowidProbe(lowest, false)); node is not null && node.Key <= highest; node = node.Next)
        {
            if (look.IsChanged(node))
            {
                return true;
            }
        }

        return false;
    }
}
