using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Dml;

/// <summary>The row that stands in the way of a new one, and by which unique key: null for the rowid.</summary>
internal readonly record struct RowConflict(long Rowid, TableIndex? Index);

/// <summary>
/// Writes rows of one table with everything that belongs to them: affinity, constraints, index entries. One a statement's execution.
/// <para>The caller fills <see cref="NewRow"/>, then calls <see cref="Prepare"/> (affinity, NOT NULL, CHECK), asks for
/// conflicts, and calls <see cref="Insert"/> or <see cref="Update"/>.</para>
/// </summary>
internal sealed class RowWriter
{
    private readonly TableWritePlan _plan;
    private readonly Transaction _transaction;
    private readonly Frame _frame;
    private readonly Table _table;
    private readonly KeyCursor?[] _uniqueCursors;
    private readonly SqlValue[] _key;
    private readonly SqlValue[] _oldValues;
    private RowCursor? _rows;
    private RecordReader _reader;

    public RowWriter(TableWritePlan plan, Transaction transaction, Frame frame, ValuesSource newRow)
    {
        _plan = plan;
        _transaction = transaction;
        _frame = frame;
        _table = plan.Table;
        NewRow = newRow;
        _uniqueCursors = new KeyCursor?[plan.Indexes.Length];
        _key = new SqlValue[plan.Indexes.Length == 0 ? 0 : plan.Indexes.Max(index => index.Columns.Count)];
        _oldValues = new SqlValue[plan.Table.Columns.Count];
    }

    /// <summary>The row to write: its values, and the rowid once it is settled.</summary>
    public ValuesSource NewRow { get; }

    /// <summary>
    /// Applies affinities and tests NOT NULL and CHECK. False when the row is to be passed over (IGNORE).
    /// </summary>
    public bool Prepare()
    {
        SqlValue[] values = NewRow.Values;
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = SqlConvert.ApplyAffinity(values[i], _plan.Affinities[i]);
        }

        foreach (int column in _plan.NotNull)
        {
            if (values[column].IsNull && !MendNull(column))
            {
                return false;
            }
        }

        if (_table.IsStrict)
        {
            StrictTypes.Check(_table, values);
        }

        foreach (BoundCheck check in _plan.Checks)
        {
            // A CHECK fails only when it is false: NULL passes ("CREATE TABLE", section 3.7).
            if (Logic.Test(check.Expression, _frame) == Truth.False)
            {
                ConflictAction action = _plan.ActionOf(ConflictAction.Default);
                if (action == ConflictAction.Ignore)
                {
                    return false;
                }

                throw ConstraintErrors.Check(check.NameOrText, action == ConflictAction.Replace ? ConflictAction.Abort : action);
            }
        }

        return true;
    }

    /// <summary>
    /// The rowid that the new row asks for: the value of the INTEGER PRIMARY KEY, made an integer; null when it is NULL and so automatic.
    /// </summary>
    public static long? RequestedRowid(in SqlValue value)
    {
        SqlValue converted = SqlConvert.ApplyAffinity(value, Affinity.Integer);
        return converted.Type switch
        {
            SqlType.Null => null,
            SqlType.Integer => converted.Integer,
            _ => throw ConstraintErrors.Mismatch(),
        };
    }

    /// <summary>The row with this rowid, if there is one.</summary>
    public RowConflict? FindRowid(long rowid) => Rows.SeekExact(rowid) ? new RowConflict(rowid, null) : null;

    /// <summary>The row other than <paramref name="self"/> that has the new row's key in a unique index, if there is one.</summary>
    public RowConflict? FindUnique(int indexNumber, long? self)
    {
        TableIndex index = _plan.Indexes[indexNumber];
        Span<SqlValue> key = _key.AsSpan(0, index.Columns.Count);
        for (int i = 0; i < key.Length; i++)
        {
            key[i] = NewValue(index.Columns[i]);
            if (key[i].IsNull)
            {
                return null;
            }
        }

        KeyCursor cursor = _uniqueCursors[indexNumber] ??= _transaction.OpenKeys(index.RootPage, index.Order);
        for (bool any = cursor.Seek(key, SeekMode.GreaterOrEqual); any && KeyComparer.Compare(cursor.Key, key, index.Order) == 0; any = cursor.MoveNext())
        {
            if (cursor.Rowid != self)
            {
                return new RowConflict(cursor.Rowid, index);
            }
        }

        return null;
    }

    /// <summary>Writes the new row under its rowid; conflicts have been dealt with.</summary>
    public void Insert()
    {
        long rowid = NewRow.Rowid;
        byte[] record = EncodeNewRow();
        _transaction.PutRow(_table.RootPage, rowid, record);
        foreach (TableIndex index in _plan.Indexes)
        {
            _transaction.PutKey(index.RootPage, index.Order, EncodeKey(index, NewRow.Values, rowid));
        }
    }

    /// <summary>Replaces the row <paramref name="oldRowid"/> with the new one; touches only the index entries that differ.</summary>
    public void Update(long oldRowid, in Payload oldRecord)
    {
        ReadRow(oldRecord, oldRowid, _oldValues);
        long rowid = NewRow.Rowid;
        byte[] record = EncodeNewRow();
        foreach (TableIndex index in _plan.Indexes)
        {
            byte[] oldKey = EncodeKey(index, _oldValues, oldRowid);
            byte[] newKey = EncodeKey(index, NewRow.Values, rowid);
            if (!oldKey.AsSpan().SequenceEqual(newKey))
            {
                _transaction.DeleteKey(index.RootPage, index.Order, oldKey);
                _transaction.PutKey(index.RootPage, index.Order, newKey);
            }
        }

        if (oldRowid != rowid)
        {
            _transaction.DeleteRow(_table.RootPage, oldRowid);
        }

        _transaction.PutRow(_table.RootPage, rowid, record);
    }

    /// <summary>Removes a row and its index entries.</summary>
    public void Delete(long rowid, in Payload record)
    {
        if (_plan.Indexes.Length > 0)
        {
            ReadRow(record, rowid, _oldValues);
            foreach (TableIndex index in _plan.Indexes)
            {
                _transaction.DeleteKey(index.RootPage, index.Order, EncodeKey(index, _oldValues, rowid));
            }
        }

        _transaction.DeleteRow(_table.RootPage, rowid);
    }

    /// <summary>Removes the row that stands in the way, if it is still there (REPLACE).</summary>
    public void DeleteConflicting(long rowid)
    {
        if (Rows.SeekExact(rowid))
        {
            Delete(rowid, Rows.Record);
        }
    }

    /// <summary>Reads a row into <paramref name="target"/>; false if there is none.</summary>
    public bool TryRead(long rowid, ValuesSource target, out Payload record)
    {
        if (!Rows.SeekExact(rowid))
        {
            record = default;
            return false;
        }

        record = Rows.Record;
        ReadRow(record, rowid, target.Values);
        target.SetRowid(rowid);
        return true;
    }

    private RowCursor Rows => _rows ??= _transaction.OpenRows(_table.RootPage);

    /// <summary>What a NULL in a NOT NULL column leads to: an error, a row passed over (false), or the default with REPLACE.</summary>
    private bool MendNull(int column)
    {
        ConflictAction action = _plan.ActionOf(_table.Columns[column].NotNullConflict);
        if (action == ConflictAction.Ignore)
        {
            return false;
        }

        if (action == ConflictAction.Replace && _plan.Defaults[column] is { } expression)
        {
            SqlValue value = SqlConvert.ApplyAffinity(expression.Evaluate(_frame), _plan.Affinities[column]);
            if (!value.IsNull)
            {
                NewRow.Values[column] = value;
                return true;
            }
        }

        throw ConstraintErrors.NotNull(_table, _table.Columns[column], action == ConflictAction.Replace ? ConflictAction.Abort : action);
    }

    private SqlValue NewValue(int column) => column == _table.RowidAlias ? SqlValue.FromInteger(NewRow.Rowid) : NewRow.Values[column];

    /// <summary>The stored record: the rowid alias is stored as NULL ("SQLite file format", section 2.3).</summary>
    private byte[] EncodeNewRow()
    {
        if (_table.RowidAlias < 0)
        {
            return RecordWriter.Encode(NewRow.Values);
        }

        NewRow.Values[_table.RowidAlias] = SqlValue.Null;
        byte[] record = RecordWriter.Encode(NewRow.Values);
        NewRow.Values[_table.RowidAlias] = SqlValue.FromInteger(NewRow.Rowid);
        return record;
    }

    private byte[] EncodeKey(TableIndex index, SqlValue[] values, long rowid)
    {
        Span<SqlValue> key = _key.AsSpan(0, index.Columns.Count);
        for (int i = 0; i < key.Length; i++)
        {
            int column = index.Columns[i];
            key[i] = column == _table.RowidAlias ? SqlValue.FromInteger(rowid) : values[column];
        }

        return RecordWriter.Encode(key, rowid);
    }

    /// <summary>All values of a stored row; columns that came by ALTER TABLE after it have their default.</summary>
    private void ReadRow(in Payload record, long rowid, SqlValue[] target)
    {
        _reader.Reset(record);
        for (int i = 0; i < target.Length; i++)
        {
            target[i] = i == _table.RowidAlias ? SqlValue.FromInteger(rowid)
                : _reader.Has(i) ? RealWhereReal(_reader.Get(i), i)
                : _plan.Defaults[i]?.Evaluate(_frame) ?? SqlValue.Null;
        }
    }

    /// <summary>A REAL column may keep a whole number as an integer; it is a real when read ("Datatypes In SQLite", section 3).</summary>
    private SqlValue RealWhereReal(in SqlValue value, int column) =>
        value.Type == SqlType.Integer && _plan.Affinities[column] == Affinity.Real ? SqlValue.FromReal(value.Integer) : value;
}
