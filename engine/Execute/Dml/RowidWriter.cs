using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Dml;

/// <summary>Writes rows of a table that has rowids.</summary>
internal sealed class RowidWriter(TableWritePlan plan, Transaction transaction, Frame frame, ValuesSource newRow)
    : RowWriter(plan, transaction, frame, newRow)
{
    private readonly SqlValue[] _record = new SqlValue[plan.Table.StoredCount];
    private RowCursor? _rows;

    // What is handed to the transaction, which copies it.
    private byte[]? _recordBuffer;
    private byte[]? _keyBuffer;
    private byte[]? _oldKeyBuffer;

    private RowCursor Rows => _rows ??= Transaction.OpenRows(Table.RootPage);

    /// <summary>Rows mostly come in the order of their rowids: one behind the last needs no look at the table.</summary>
    public override RowConflict? FindKey()
    {
        uint root = Table.RootPage;
        bool isThere = NewRow.Rowid <= Transaction.LargestRowid(root)
            && (Transaction.IsExclusive ? Transaction.Trees.HasRow(root, NewRow.Rowid) : Rows.SeekExact(NewRow.Rowid));
        return isThere ? new RowConflict(new RowKey(NewRow.Rowid), null) : null;
    }

    public override void Insert()
    {
        Transaction.PutRow(Table.RootPage, NewRow.Rowid, EncodeNewRow());
        foreach (TableIndex index in Plan.Indexes)
        {
            if (Keys.TryEncode(index, NewRow, ref _keyBuffer, out ReadOnlySpan<byte> key))
            {
                Transaction.PutKey(index.RootPage, index.Order, key);
            }
        }
    }

    public override void Update()
    {
        ReadOnlySpan<byte> record = EncodeNewRow();
        foreach (TableIndex index in Plan.Indexes)
        {
            bool hadKey = Keys.TryEncode(index, OldRow, ref _oldKeyBuffer, out ReadOnlySpan<byte> oldKey);
            bool hasKey = Keys.TryEncode(index, NewRow, ref _keyBuffer, out ReadOnlySpan<byte> newKey);
            if (hadKey && hasKey && oldKey.SequenceEqual(newKey))
            {
                continue;
            }

            if (hadKey)
            {
                Transaction.DeleteKey(index.RootPage, index.Order, oldKey);
            }

            if (hasKey)
            {
                Transaction.PutKey(index.RootPage, index.Order, newKey);
            }
        }

        if (OldRow.Rowid != NewRow.Rowid)
        {
            Transaction.DeleteRow(Table.RootPage, OldRow.Rowid);
        }

        Transaction.PutRow(Table.RootPage, NewRow.Rowid, record);
    }

    public override void Delete()
    {
        foreach (TableIndex index in Plan.Indexes)
        {
            if (Keys.TryEncode(index, OldRow, ref _oldKeyBuffer, out ReadOnlySpan<byte> key))
            {
                Transaction.DeleteKey(index.RootPage, index.Order, key);
            }
        }

        Transaction.DeleteRow(Table.RootPage, OldRow.Rowid);
    }

    public override bool TryReadOld(in RowKey key)
    {
        if (!Rows.SeekExact(key.Rowid))
        {
            return false;
        }

        ReadRow(Rows.Record, key.Rowid, OldRow);
        return true;
    }

    protected override long CountBeforeDeletion()
    {
        long count = 0;
        for (bool any = Rows.MoveFirst(); any; any = Rows.MoveNext())
        {
            count++;
        }

        if (Rows.MoveLast())
        {
            // As any other removal: who looks next for a rowid or reads on finds out.
            Transaction.DeleteRow(Table.RootPage, Rows.Rowid);
        }

        return count;
    }

    protected override RowKey KeyAt(KeyCursor cursor, TableIndex index) => new(cursor.Rowid);

    /// <summary>The stored record: the rowid alias is stored as NULL ("SQLite file format", section 2.3), virtual columns not at all.</summary>
    private ReadOnlySpan<byte> EncodeNewRow()
    {
        ReadOnlySpan<int> positions = Plan.Positions;
        for (int i = 0; i < positions.Length; i++)
        {
            if (positions[i] >= 0)
            {
                _record[positions[i]] = i == Table.RowidAlias ? SqlValue.Null : NewRow.Values[i];
            }
        }

        return RecordWriter.Encode(_record, null, ref _recordBuffer);
    }
}
