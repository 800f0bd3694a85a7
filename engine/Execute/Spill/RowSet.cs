using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Spill;

/// <summary>
/// Rows without those that are equal to a later one, given in their order. When memory is short, what is there is sorted and put aside, and what is equal
/// between such parts is left out while they are merged.
/// </summary>
internal sealed class RowSet
{
    private readonly RowTable _rows;
    private readonly RowSorter _sorted;
    private readonly long _budget;
    private long _bytes;
    private SqlValue[]? _next;

    public RowSet(Run run, IReadOnlyList<Collation> collations)
    {
        SortOrder[] orders = [.. collations.Select(collation => new SortOrder(collation, Descending: false, NullsFirst: true))];
        _rows = new RowTable(collations);
        Order = new SortEntryComparer(orders);
        _sorted = new RowSorter(run, orders, collations.Count);
        _budget = run.Transaction.Work.BudgetBytes / 2;
    }

    /// <summary>The order in which the rows are given.</summary>
    public SortEntryComparer Order { get; }

    public void Clear()
    {
        _rows.Clear();
        _sorted.Clear();
        _bytes = 0;
        _next = null;
    }

    /// <summary>Adds a row, in the place of an equal one.</summary>
    public void Put(ReadOnlySpan<SqlValue> row)
    {
        int before = _rows.Count;
        _rows.Put(row);
        if (_rows.Count > before)
        {
            _bytes += RowBytes.Of(row);
            if (_bytes > _budget)
            {
                Sort();
            }
        }
    }

    /// <summary>All rows are there.</summary>
    public void Finish()
    {
        Sort();
        _sorted.Finish();
        _next = _sorted.Next();
    }

    /// <summary>The next row in order, or null.</summary>
    public SqlValue[]? Next()
    {
        // Of equal rows the last stays, as within the table.
        SqlValue[]? row = _next;
        while (row is not null && (_next = _sorted.Next()) is not null && Order.Compare(row, _next) == 0)
        {
            row = _next;
        }

        return row;
    }

    private void Sort()
    {
        for (int i = 0; i < _rows.Count; i++)
        {
            _sorted.Add(_rows[i].ToArray());
        }

        _rows.Clear();
        _bytes = 0;
    }
}
