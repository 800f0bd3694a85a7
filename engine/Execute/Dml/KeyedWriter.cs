using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Dml;

/// <summary>
/// Writes rows of a WITHOUT ROWID table, whose tree is an index of whole rows that begin with the primary key. The log holds rows by rowid only,
/// so such writes go straight to the pages: the transaction is exclusive.
/// </summary>
internal sealed class KeyedWriter : RowWriter
{
    private readonly SqlValue[] _record;
    private readonly KeyCursor _rows;
    private readonly KeyOrder _order;
    private readonly SqlValue[] _key;
    private RecordReader _reader;

    public KeyedWriter(TableWritePlan plan, Transaction transaction, Frame frame, ValuesSource newRow) : base(plan, transaction, frame, newRow)
    {
        transaction.BecomeExclusive();
        _order = Table.KeyOrder!;
        _record = new SqlValue[Table.StoredCount];
        _key = new SqlValue[_order.Count];
        _rows = transaction.OpenKeys(Table.RootPage, _order);
    }

    public override RowConflict? FindKey()
    {
        for (int i = 0; i < _key.Length; i++)
        {
            _key[i] = NewRow.Values[Table.KeyColumns![i]];
        }

        return Seek(_key) ? new RowConflict(RowKey.Of(Table, NewRow), null) : null;
    }

    public override void Insert()
    {
        Transaction.PutKey(Table.RootPage, _order, Encode(NewRow));
        foreach (TableIndex index in Plan.Indexes)
        {
            if (Keys.Build(index, NewRow) is { } key)
            {
                Transaction.PutKey(index.RootPage, index.Order, key);
            }
        }
    }

    public override void Update()
    {
        Delete();
        Insert();
    }

    public override void Delete()
    {
        foreach (TableIndex index in Plan.Indexes)
        {
            if (Keys.Build(index, OldRow) is { } key)
            {
                Transaction.DeleteKey(index.RootPage, index.Order, key);
            }
        }

        // The key to remove is the row as it is stored, which may have fewer columns than the table has by now.
        if (Seek(RowKey.Of(Table, OldRow).Values))
        {
            Transaction.DeleteKey(Table.RootPage, _order, _rows.Key.Span.ToArray());
        }
    }

    public override bool TryReadOld(in RowKey key)
    {
        if (!Seek(key.Values))
        {
            return false;
        }

        ReadRow(_rows.Key, 0, OldRow);
        return true;
    }

    protected override long CountBeforeDeletion()
    {
        long count = 0;
        for (bool any = _rows.MoveFirst(); any; any = _rows.MoveNext())
        {
            count++;
        }

        if (_rows.MoveLast())
        {
            // As any other removal: who reads on finds out.
            Transaction.DeleteKey(Table.RootPage, _order, _rows.Key.Span.ToArray());
        }

        return count;
    }

    protected override RowKey KeyAt(KeyCursor cursor, TableIndex index)
    {
        _reader.Reset(cursor.Key);
        SqlValue[] values = new SqlValue[_order.Count];
        for (int i = 0; i < values.Length; i++)
        {
            int column = Table.KeyColumns![i];
            for (int place = 0; place < index.KeyLength; place++)
            {
                if (index.ColumnAt(place) == column && index.Order.Columns[place].Collation == _order.Columns[i].Collation)
                {
                    values[i] = _reader.Get(place);
                    break;
                }
            }
        }

        return new RowKey(0, values);
    }

    private bool Seek(ReadOnlySpan<SqlValue> key) => _rows.Seek(key, SeekMode.GreaterOrEqual) && KeyComparer.Compare(_rows.Key, key, _order) == 0;

    private byte[] Encode(ValuesSource row)
    {
        for (int i = 0; i < _key.Length; i++)
        {
            _record[i] = row.Values[Table.KeyColumns![i]];
        }

        ReadOnlySpan<int> positions = Plan.Positions;
        for (int i = 0; i < positions.Length; i++)
        {
            if (positions[i] >= 0)
            {
                _record[positions[i]] = row.Values[i];
            }
        }

        return RecordWriter.Encode(_record);
    }
}
