using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Operators;

/// <summary>
/// The current row of a table under a cursor over one of its indexes, or over a WITHOUT ROWID table itself. Columns that the key has are read from
/// it; the table is looked up only when another one is asked for, so a covering index needs no lookup at all.
/// </summary>
internal sealed class IndexRow : RowSource
{
    private readonly TableShape _shape;
    private readonly TableIndex _index;
    private readonly Transaction _transaction;
    private readonly int[] _keyPosition;
    private readonly bool _isTable;
    private RecordReader _reader;
    private TableRow? _table;
    private IndexRow? _keyedTable;
    private VirtualColumns? _virtual;
    private bool _keyLoaded;
    private bool _tableFound;

    public IndexRow(TableShape shape, TableIndex index, Transaction transaction)
    {
        _shape = shape;
        _index = index;
        _transaction = transaction;
        _isTable = ReferenceEquals(index, shape.Table.Primary);
        Keys = transaction.OpenKeys(index.RootPage, index.Order);
        if (_isTable)
        {
            _keyPosition = shape.Positions.ToArray();
            return;
        }

        _keyPosition = new int[shape.Table.Columns.Count];
        Array.Fill(_keyPosition, -1);
        for (int i = index.KeyLength - 1; i >= 0; i--)
        {
            if (index.ColumnAt(i) is >= 0 and var column)
            {
                _keyPosition[column] = i;
            }
        }
    }

    public KeyCursor Keys { get; }

    public override long Rowid => _shape.Table.KeyColumns is null ? Keys.Rowid : 0;

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

            if (_isTable && !_reader.Has(position))
            {
                return _shape.DefaultOf(index);
            }

            SqlValue value = _shape.FromStored(index, _reader.Get(position));
            if (value.Type is SqlType.Text or SqlType.Blob)
            {
                Keys.KeepKey();
            }

            return value;
        }

        return index == _shape.RowidAlias ? SqlValue.FromInteger(Keys.Rowid)
            : _isTable ? (_virtual ??= new VirtualColumns(_shape.Table, this)).Column(index)
            : Table().Column(index);
    }

    private RowSource Table()
    {
        if (_shape.Table.Primary is { } primary)
        {
            _keyedTable ??= new IndexRow(_shape, primary, _transaction);
            if (!_tableFound)
            {
                FindKeyed(_keyedTable, primary);
            }

            return _keyedTable;
        }

        if (_table is null)
        {
            _table = new TableRow(_shape, _transaction.OpenRows(_shape.Table.RootPage));
            _table.LendRecords(jumps: true);
        }

        if (!_tableFound)
        {
            if (!_table.SeekExact(Keys.Rowid))
            {
                throw Missing($"rowid {Keys.Rowid}");
            }

            _tableFound = true;
        }

        return _table;
    }

    private void FindKeyed(IndexRow row, TableIndex primary)
    {
        SqlValue[] key = new SqlValue[primary.Columns.Count];
        for (int i = 0; i < key.Length; i++)
        {
            key[i] = Column(primary.Columns[i]);
        }

        row.Moved();
        if (!row.Keys.Seek(key, SeekMode.GreaterOrEqual) || KeyComparer.Compare(row.Keys.Key, key, primary.Order) != 0)
        {
            throw Missing("a primary key");
        }

        _tableFound = true;
    }

    private SluiceException Missing(string what) => new(
        ResultCode.Corrupt,
        $"database disk image is malformed: index {_index.Name} has an entry for {what}, which table {_shape.Table.Name} has not");
}
