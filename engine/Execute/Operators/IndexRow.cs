using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Operators;

/// <summary>
/// The current row of a table under a cursor over one of its indexes. Columns that the index has are read from the key; the
/// table is looked up only when another one is asked for, so a covering index needs no lookup at all.
/// </summary>
internal sealed class IndexRow : RowSource
{
    private readonly TableShape _shape;
    private readonly TableIndex _index;
    private readonly Transaction _transaction;
    private readonly int[] _keyPosition;
    private RecordReader _reader;
    private TableRow? _table;
    private bool _keyLoaded;
    private bool _tableFound;

    public IndexRow(TableShape shape, TableIndex index, Transaction transaction)
    {
        _shape = shape;
        _index = index;
        _transaction = transaction;
        Keys = transaction.OpenKeys(index.RootPage, index.Order);
        _keyPosition = new int[shape.Table.Columns.Count];
        Array.Fill(_keyPosition, -1);
        for (int i = index.Columns.Count - 1; i >= 0; i--)
        {
            if (index.Columns[i] >= 0)
            {
                _keyPosition[index.Columns[i]] = i;
            }
        }
    }

    public KeyCursor Keys { get; }

    public override long Rowid => Keys.Rowid;

    /// <summary>Must be called whenever the cursor has moved.</summary>
    public void Moved()
    {
        _keyLoaded = false;
        _tableFound = false;
    }

    public override SqlValue Column(int index)
    {
        int position = _keyPosition[index];
        if (position >= 0)
        {
            if (!_keyLoaded)
            {
                _reader.Reset(Keys.Key);
                _keyLoaded = true;
            }

            return _shape.FromStored(index, _reader.Get(position));
        }

        return index == _shape.RowidAlias ? SqlValue.FromInteger(Keys.Rowid) : TableRow().Column(index);
    }

    private TableRow TableRow()
    {
        _table ??= new TableRow(_shape, _transaction.OpenRows(_shape.Table.RootPage));
        if (!_tableFound)
        {
            _table.Moved();
            if (!_table.Cursor.SeekExact(Keys.Rowid))
            {
                throw new SluiceException(
                    ResultCode.Corrupt,
                    $"database disk image is malformed: index {_index.Name} has an entry for rowid {Keys.Rowid}, which table {_shape.Table.Name} has not");
            }

            _tableFound = true;
        }

        return _table;
    }
}
