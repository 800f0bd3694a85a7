using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Dml;

/// <summary>The row that stands in the way of a new one, and by which unique key: null for the rowid or the key of a WITHOUT ROWID table.</summary>
internal readonly record struct RowConflict(RowKey Key, TableIndex? Index);

/// <summary>
/// Writes rows of one table with everything that belongs to them: affinity, generated columns, constraints, index entries. One a statement's
/// execution.
/// <para>The caller fills <see cref="NewRow"/>, then calls <see cref="Prepare"/> (affinity, NOT NULL, CHECK), asks for
/// conflicts, and calls <see cref="Insert"/> or <see cref="Update"/>.</para>
/// </summary>
internal abstract class RowWriter
{
    private readonly Frame _frame;
    private readonly Frame? _generatedFrame;
    private readonly KeyCursor?[] _uniqueCursors;
    private RecordReader _reader;

    protected RowWriter(TableWritePlan plan, Transaction transaction, Frame frame, ValuesSource newRow)
    {
        Plan = plan;
        Transaction = transaction;
        Table = plan.Table;
        NewRow = newRow;
        OldRow = new ValuesSource(plan.Table.Columns.Count);
        Keys = new IndexKeys(plan.Table);
        _frame = frame;
        _generatedFrame = plan.HasGenerated ? plan.Table.Expressions.NewFrame() : null;
        _uniqueCursors = new KeyCursor?[plan.Indexes.Length];
    }

    /// <summary>The row to write: its values, and the rowid once it is settled.</summary>
    public ValuesSource NewRow { get; }

    /// <summary>The row that was there, as <see cref="TryReadOld"/> read it.</summary>
    public ValuesSource OldRow { get; }

    protected TableWritePlan Plan { get; }

    protected Transaction Transaction { get; }

    protected Table Table { get; }

    protected IndexKeys Keys { get; }

    public static RowWriter Create(TableWritePlan plan, Transaction transaction, Frame frame, ValuesSource newRow) =>
        plan.Table.KeyColumns is null ? new RowidWriter(plan, transaction, frame, newRow) : new KeyedWriter(plan, transaction, frame, newRow);

    /// <summary>Applies affinities and computes generated columns, so that a BEFORE trigger can read the row.</summary>
    public void Complete()
    {
        SqlValue[] values = NewRow.Values;
        for (int i = 0; i < values.Length; i++)
        {
            ref SqlValue value = ref values[i];
            if (!SqlConvert.Has(value, Plan.Affinities[i]))
            {
                value = SqlConvert.ApplyAffinity(value, Plan.Affinities[i]);
            }
        }

        ComputeGenerated(NewRow);
    }

    /// <summary>
    /// Applies affinities, computes generated columns and tests NOT NULL and CHECK. False when the row is to be passed over (IGNORE).
    /// </summary>
    public bool Prepare()
    {
        Complete();
        SqlValue[] values = NewRow.Values;
        if (Table.IsStrict && Plan.HasGenerated)
        {
            // What generated columns are computed from has its type first, as in SQLite.
            StrictTypes.Check(Table, values);
        }

        foreach (int column in Plan.NotNull)
        {
            if (values[column].IsNull && !MendNull(column))
            {
                return false;
            }
        }

        if (!Plan.HasLateTypes)
        {
            RequireTypes();
        }

        foreach (BoundCheck check in Plan.Checks)
        {
            // A CHECK fails only when it is false: NULL passes ("CREATE TABLE", section 3.7).
            if (check.Expression.Test(_frame) == Truth.False)
            {
                ConflictAction action = Plan.ActionOf(ConflictAction.Default);
                if (action == ConflictAction.Ignore)
                {
                    return false;
                }

                throw ConstraintErrors.Check(check.NameOrText, action == ConflictAction.Replace ? ConflictAction.Abort : action);
            }
        }

        return true;
    }

    /// <summary>Tests the types of a STRICT table's columns.</summary>
    public void RequireTypes()
    {
        if (Table.IsStrict)
        {
            StrictTypes.Check(Table, NewRow.Values);
        }
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

    /// <summary>The row that has the new row's rowid or primary key, if there is one.</summary>
    public abstract RowConflict? FindKey();

    /// <summary>The row other than <paramref name="self"/> that has the new row's key in a unique index, if there is one.</summary>
    public RowConflict? FindUnique(int indexNumber, RowKey? self)
    {
        TableIndex index = Plan.Indexes[indexNumber];
        if (!Keys.TryFill(index, NewRow, out ReadOnlySpan<SqlValue> key))
        {
            return null;
        }

        foreach (ref readonly SqlValue value in key)
        {
            if (value.IsNull)
            {
                return null;
            }
        }

        KeyCursor cursor = _uniqueCursors[indexNumber] ??= Transaction.OpenKeys(index.RootPage, index.Order);
        cursor.Limit(key, inclusive: true);
        for (bool any = cursor.Seek(key, SeekMode.GreaterOrEqual); any && KeyComparer.Compare(cursor.Key, key, index.Order) == 0; any = cursor.MoveNext())
        {
            RowKey found = KeyAt(cursor, index);
            if (self is not { } own || !found.Is(own, Table))
            {
                return new RowConflict(found, index);
            }
        }

        return null;
    }

    /// <summary>Writes the new row under its key; conflicts have been dealt with.</summary>
    public abstract void Insert();

    /// <summary>Replaces <see cref="OldRow"/> with the new row; touches only the index entries that differ.</summary>
    public abstract void Update();

    /// <summary>Removes <see cref="OldRow"/> and its index entries.</summary>
    public abstract void Delete();

    /// <summary>
    /// Empties the table's trees, in an exclusive transaction only: readers of older snapshots keep the pages that they had. Returns how many rows there were.
    /// </summary>
    public long DeleteAll()
    {
        long count = CountBeforeDeletion();
        if (count > 0)
        {
            foreach (TableIndex index in Plan.Indexes)
            {
                Transaction.Trees.Clear(index.RootPage);
            }

            Transaction.Trees.Clear(Table.RootPage);
        }

        return count;
    }

    /// <summary>Reads a row into <see cref="OldRow"/>; false if there is none.</summary>
    public abstract bool TryReadOld(in RowKey key);

    /// <summary>How many rows there are; tells the transaction that all of them go.</summary>
    protected abstract long CountBeforeDeletion();

    /// <summary>The key of the row that an index entry belongs to.</summary>
    protected abstract RowKey KeyAt(KeyCursor cursor, TableIndex index);

    /// <summary>All values of a stored row; columns that came by ALTER TABLE after it have their default.</summary>
    protected void ReadRow(in Payload record, long rowid, ValuesSource target)
    {
        _reader.Reset(record);
        ReadOnlySpan<int> positions = Plan.Positions;
        for (int i = 0; i < positions.Length; i++)
        {
            int position = positions[i];
            target.Values[i] = i == Table.RowidAlias ? SqlValue.FromInteger(rowid)
                : position < 0 ? SqlValue.Null
                : _reader.Has(position) ? RealWhereReal(_reader.Get(position), i)
                : Plan.Defaults[i]?.Evaluate(_frame) ?? SqlValue.Null;
        }

        target.SetRowid(rowid);
        if (_generatedFrame is not null)
        {
            ComputeGenerated(target);
        }
    }

    private void ComputeGenerated(ValuesSource row)
    {
        if (_generatedFrame is null)
        {
            return;
        }

        _generatedFrame.Sources[0] = row;
        foreach (int ordinal in Table.Expressions.GeneratedOrder)
        {
            row.Values[ordinal] = Table.Expressions.Generated(ordinal).Evaluate(_generatedFrame);
        }
    }

    /// <summary>What a NULL in a NOT NULL column leads to: an error, a row passed over (false), or the default with REPLACE.</summary>
    private bool MendNull(int column)
    {
        ConflictAction action = Plan.ActionOf(Table.Columns[column].NotNullConflict);
        if (action == ConflictAction.Ignore)
        {
            return false;
        }

        if (action == ConflictAction.Replace && Plan.Defaults[column] is { } expression)
        {
            SqlValue value = SqlConvert.ApplyAffinity(expression.Evaluate(_frame), Plan.Affinities[column]);
            if (!value.IsNull)
            {
                NewRow.Values[column] = value;
                ComputeGenerated(NewRow);
                return true;
            }
        }

        throw ConstraintErrors.NotNull(Table, Table.Columns[column], action == ConflictAction.Replace ? ConflictAction.Abort : action);
    }

    /// <summary>A REAL column may keep a whole number as an integer; it is a real when read ("Datatypes In SQLite", section 3).</summary>
    private SqlValue RealWhereReal(in SqlValue value, int column) =>
        value.Type == SqlType.Integer && Plan.Affinities[column] == Affinity.Real ? SqlValue.FromReal(value.Integer) : value;
}
