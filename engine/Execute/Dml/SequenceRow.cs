using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Dml;

/// <summary>
/// A table's row in sqlite_sequence: the largest rowid that AUTOINCREMENT has given ("SQLite file format", section 2.6.3). Two transactions
/// that raise it at once conflict, so no rowid is given twice, not even one whose row is gone.
/// </summary>
internal sealed class SequenceRow
{
    private readonly Table _table;
    private readonly Transaction _transaction;
    private bool _isRead;
    private bool _changed;
    private uint _root;
    private long? _rowid;
    private long _largest;

    public SequenceRow(Table table, Transaction transaction)
    {
        _table = table;
        _transaction = transaction;
    }

    /// <summary>The next rowid, at least <paramref name="allocated"/>, which is larger than any that the table has.</summary>
    public long Next(long allocated)
    {
        Read();
        if (_largest == long.MaxValue)
        {
            throw new SluiceException(ResultCode.Full, "database or disk is full");
        }

        // It counts as given even if the row is then passed over.
        _largest = Math.Max(allocated, _largest + 1);
        _changed = true;
        return _largest;
    }

    /// <summary>Takes note of a rowid that was written.</summary>
    public void Raise(long rowid)
    {
        Read();
        if (rowid > _largest || _rowid is null)
        {
            _changed = true;
            _largest = Math.Max(rowid, _largest);
        }
    }

    /// <summary>Writes the row if it has changed; at the end of a statement.</summary>
    public void Save()
    {
        if (!_changed)
        {
            return;
        }

        byte[] record = RecordWriter.Encode([SqlValue.FromText(_table.Name), SqlValue.FromInteger(_largest)]);
        if (_rowid is null)
        {
            RowCursor rows = _transaction.OpenRows(_root);
            _rowid = rows.MoveLast() ? rows.Rowid + 1 : 1;
        }

        _transaction.PutRow(_root, _rowid.Value, record);
        _changed = false;
    }

    private void Read()
    {
        if (_isRead)
        {
            return;
        }

        _isRead = true;
        if (!_transaction.Schema.TryGetTable("sqlite_sequence", out Table? sequence))
        {
            throw new SluiceException(ResultCode.Corrupt, "sqlite_sequence, which AUTOINCREMENT needs, is missing");
        }

        _root = sequence.RootPage;
        RecordReader reader = default;
        RowCursor rows = _transaction.OpenRows(_root);
        for (bool any = rows.MoveFirst(); any; any = rows.MoveNext())
        {
            reader.Reset(rows.Record);
            SqlValue name = reader.Get(0);
            if (name.Type == SqlType.Text && name.DecodeText().Equals(_table.Name, StringComparison.OrdinalIgnoreCase))
            {
                _rowid = rows.Rowid;
                _largest = Math.Max(0, Expressions.SqlConvert.ToInteger(reader.Get(1)));
                return;
            }
        }
    }
}
