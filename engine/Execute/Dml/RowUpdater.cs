using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Dml;

/// <summary>
/// Replaces one row by the writer's new row, constraints, triggers, foreign keys and all: the common part of UPDATE and of ON CONFLICT DO UPDATE.
/// </summary>
/// <param name="plan">Of the table.</param>
/// <param name="writer">Its <see cref="RowWriter.OldRow"/> is replaced by its <see cref="RowWriter.NewRow"/>.</param>
/// <param name="run">Of the statement.</param>
/// <param name="set">Ordinals of the columns that the statement sets.</param>
internal sealed class RowUpdater(TableWritePlan plan, RowWriter writer, Run run, int[] set)
{
    private readonly ConflictResolver _conflicts = new(plan, writer, run, plan.ConflictOrder, takenByUpsert: null);
    private readonly bool[] _testIndex = [.. plan.Indexes.Select(index => index.Unique)];
    private readonly ValuesSource _old = new(plan.Table.Columns.Count);

    /// <summary>
    /// Writes the new row in place of the old one. <paramref name="newRowid"/> is the rowid set by name where the table
    /// has no alias for it; null keeps the old one. <paramref name="written"/> is called between the write and the AFTER triggers. Nothing is
    /// written when the row is to be passed over (IGNORE).
    /// </summary>
    public void Update(SqlValue? newRowid, Action written)
    {
        RowEvents? events = plan.Events;
        SettleRowid(newRowid);
        RowKey key = RowKey.Of(plan.Table, writer.OldRow);
        if (events is { BeforeUpdate.Length: > 0 })
        {
            writer.Complete();
            if (!TriggerProgram.FireAll(events.BeforeUpdate, run, writer.NewRow, writer.OldRow) || !writer.TryReadOld(key))
            {
                return;
            }

            TakeUnset();
        }

        _old.Take(writer.OldRow);
        if (!writer.Prepare())
        {
            return;
        }

        bool isSameKey = RowKey.Of(plan.Table, writer.NewRow).Is(key, plan.Table);
        if (_conflicts.Resolve(key, testKey: !isSameKey, _testIndex) != ConflictOutcome.Clear)
        {
            return;
        }

        writer.OldRow.Take(_old);
        if (events is null)
        {
            writer.Update();
            written();
            return;
        }

        events.BeforeRemoval(run, _old, isUpdate: true);
        events.BeforeAddition(run, writer.NewRow, self: _old);
        writer.Update();
        events.AfterAddition(run, writer.NewRow, isUpdate: true);

        // An action or trigger may update the table again, and this writer is then not disturbed: it has writers of its own.
        events.Act(run, _old, writer.NewRow);
        written();
        _ = TriggerProgram.FireAll(events.AfterUpdate, run, writer.NewRow, _old);
    }

    private void SettleRowid(SqlValue? newRowid)
    {
        if (plan.Table.KeyColumns is not null)
        {
            return;
        }

        int alias = plan.Table.RowidAlias;
        SqlValue asked = alias >= 0 ? writer.NewRow.Values[alias] : newRowid ?? SqlValue.FromInteger(writer.OldRow.Rowid);
        long rowid = RowWriter.RequestedRowid(asked) ?? throw ConstraintErrors.Mismatch();
        writer.NewRow.SetRowid(rowid);
        if (alias >= 0)
        {
            writer.NewRow.Values[alias] = SqlValue.FromInteger(rowid);
        }
    }

    /// <summary>A BEFORE trigger may have changed the row: the columns that are not set keep what it put there.</summary>
    private void TakeUnset()
    {
        for (int i = 0; i < writer.NewRow.Values.Length; i++)
        {
            if (i != plan.Table.RowidAlias && !set.Contains(i))
            {
                writer.NewRow.Values[i] = writer.OldRow.Values[i];
            }
        }
    }
}
