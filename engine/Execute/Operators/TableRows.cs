using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Operators;

/// <summary>All rows of a table in the order of its tree, whether it has rowids or not: for checks and for filling indexes.</summary>
internal sealed class TableRows
{
    private readonly StoredRow _row;
    private readonly RowCursor? _rows;
    private readonly KeyCursor? _keys;
    private bool _started;

    public TableRows(Table table, Transaction transaction)
    {
        _row = new StoredRow(table.Shape);
        if (table.KeyOrder is { } order)
        {
            _keys = transaction.OpenKeys(table.RootPage, order);
        }
        else
        {
            _rows = transaction.OpenRows(table.RootPage);
        }
    }

    /// <summary>The current row.</summary>
    public StoredRow Row => _row;

    public bool MoveNext()
    {
        bool any = _rows is not null ? _started ? _rows.MoveNext() : _rows.MoveFirst() : _started ? _keys!.MoveNext() : _keys!.MoveFirst();
        _started = true;
        if (any)
        {
            if (_rows is not null)
            {
                _row.Show(_rows.Record, _rows.Rowid);
            }
            else
            {
                _row.Show(_keys!.Key, 0);
            }
        }

        return any;
    }
}
