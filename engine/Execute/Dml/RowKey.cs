using Sluice.Engine.Catalog;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Dml;

/// <summary>What tells a row of a table from all others: its rowid or, in a WITHOUT ROWID table, the values of its primary key.</summary>
internal readonly record struct RowKey(long Rowid, SqlValue[]? Values = null)
{
    /// <summary>The key of a source's current row.</summary>
    public static RowKey Of(Table table, RowSource row)
    {
        if (table.KeyColumns is not { } columns)
        {
            return new RowKey(row.Rowid);
        }

        SqlValue[] values = new SqlValue[columns.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = row.Column(columns[i]);
        }

        return new RowKey(0, values);
    }

    /// <summary>Whether two keys of one table are the same.</summary>
    public bool Is(in RowKey other, Table table) => CompareTo(other, table) == 0;

    /// <summary>The order of two keys of one table: that of its rows.</summary>
    public int CompareTo(in RowKey other, Table table)
    {
        if (Values is null)
        {
            return Rowid.CompareTo(other.Rowid);
        }

        for (int i = 0; i < Values.Length; i++)
        {
            KeyColumn column = table.KeyOrder!.Columns[i];
            int order = ValueOrder.Compare(Values[i], other.Values![i], column.Collation);
            if (order != 0)
            {
                return column.Descending ? -order : order;
            }
        }

        return 0;
    }
}

/// <summary>Numbers the keys of one table in the order in which they come, each once.</summary>
internal sealed class RowKeySet(Table table)
{
    private readonly Dictionary<long, int> _rowids = [];
    private readonly Operators.RowTable? _keys =
        table.KeyOrder is { } order ? new Operators.RowTable([.. order.Columns.ToArray().Select(column => column.Collation)]) : null;

    /// <summary>The key's number, from 0; <paramref name="added"/> when it is new.</summary>
    public int FindOrAdd(in RowKey key, out bool added)
    {
        if (_keys is not null)
        {
            return _keys.FindOrAdd(key.Values, out added);
        }

        added = _rowids.TryAdd(key.Rowid, _rowids.Count);
        return _rowids[key.Rowid];
    }
}
