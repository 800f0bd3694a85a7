using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;

namespace Sluice.Engine.Catalog;

/// <summary>
/// Makes the index entries that follow from a table's rows: the key's columns or expressions, then the rowid or what the primary key of a
/// WITHOUT ROWID table needs. A stored NULL of the INTEGER
/// PRIMARY KEY is the rowid; a column that the record does not store has its default. One a thread.
/// </summary>
internal sealed class IndexKeys
{
    private readonly Table _table;
    private readonly Frame _frame;
    private readonly StoredRow _row;
    private readonly SqlValue[] _key;

    public IndexKeys(Table table)
    {
        _table = table;
        _frame = table.Expressions.NewFrame();
        _row = new StoredRow(table.Shape);
        _key = new SqlValue[table.Indexes.Count == 0 ? 0 : table.Indexes.Max(index => index.KeyLength)];
    }

    /// <summary>The entry of a stored row; null when a partial index has none of it.</summary>
    public byte[]? Build(TableIndex index, in Payload record, long rowid)
    {
        _row.Show(record, rowid);
        return Build(index, _row);
    }

    /// <summary>The entry of a row; null when a partial index has none of it.</summary>
    public byte[]? Build(TableIndex index, RowSource row) =>
        !TryFill(index, row, index.KeyLength, out ReadOnlySpan<SqlValue> key) ? null
        : _table.KeyColumns is null ? RecordWriter.Encode(key, row.Rowid)
        : RecordWriter.Encode(key);

    /// <summary>As <see cref="Build(TableIndex, RowSource)"/>, into a buffer of the caller's; false when a partial index has none of the row.</summary>
    public bool TryEncode(TableIndex index, RowSource row, ref byte[]? buffer, out ReadOnlySpan<byte> key)
    {
        bool has = TryFill(index, row, index.KeyLength, out ReadOnlySpan<SqlValue> values);
        key = has ? RecordWriter.Encode(values, _table.KeyColumns is null ? row.Rowid : null, ref buffer) : default;
        return has;
    }

    /// <summary>The values of the index's own columns, lent until the next call; false when a partial index has no entry of the row.</summary>
    public bool TryFill(TableIndex index, RowSource row, out ReadOnlySpan<SqlValue> key) => TryFill(index, row, index.Columns.Count, out key);

    private bool TryFill(TableIndex index, RowSource row, int length, out ReadOnlySpan<SqlValue> key)
    {
        Span<SqlValue> values = _key.AsSpan(0, length);
        key = values;
        Expr?[] parts = [];
        if (index.Where is not null || index.Expressions.Count > 0)
        {
            (parts, Expr? where) = _table.Expressions.Of(index);
            _frame.Sources[0] = row;
            if (where is not null && !Logic.Passes(where, _frame))
            {
                return false;
            }
        }

        for (int i = 0; i < values.Length; i++)
        {
            int ordinal = index.ColumnAt(i);
            values[i] = ordinal == TableIndex.ExpressionColumn ? parts[i]!.Evaluate(_frame)
                : ordinal == _table.RowidAlias ? SqlValue.FromInteger(row.Rowid)
                : row.Column(ordinal);
        }

        return true;
    }
}
