using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Dml;

/// <summary>What came of asking whether the new row may be written.</summary>
internal enum ConflictOutcome
{
    /// <summary>Nothing stands in its way any more.</summary>
    Clear,

    /// <summary>The row is to be passed over (IGNORE).</summary>
    PassOver,

    /// <summary>An ON CONFLICT clause takes over.</summary>
    Upsert,
}

/// <summary>
/// Looks for rows that the new row collides with, by rowid and by each unique index, and does what the conflict action says
/// ("The ON CONFLICT Clause"): constraints that replace are dealt with last, so that one that fails leaves nothing deleted. With ON CONFLICT
/// clauses, what they are for is looked at first, in their order.
/// </summary>
internal sealed class ConflictResolver
{
    /// <summary>Stands in <see cref="_order"/> for the rowid, or the key of a WITHOUT ROWID table.</summary>
    private const int Key = -1;

    private readonly TableWritePlan _plan;
    private readonly RowWriter _writer;
    private readonly Run _run;
    private readonly Func<TableIndex?, bool>? _takenByUpsert;
    private readonly int[] _order;
    private List<RowKey>? _toReplace;

    public ConflictResolver(TableWritePlan plan, RowWriter writer, Run run, int[] order, Func<TableIndex?, bool>? takenByUpsert)
    {
        _plan = plan;
        _writer = writer;
        _run = run;
        _takenByUpsert = takenByUpsert;
        _order = order;
    }

    /// <summary>The row that an ON CONFLICT clause was found for, after <see cref="ConflictOutcome.Upsert"/>.</summary>
    public RowConflict Conflict { get; private set; }

    /// <param name="self">The row that is updated; null for an insert.</param>
    /// <param name="testKey">Whether the rowid or primary key may collide: it was given, or changed.</param>
    /// <param name="testIndex">By index: whether its key may collide.</param>
    public ConflictOutcome Resolve(RowKey? self, bool testKey, ReadOnlySpan<bool> testIndex)
    {
        _toReplace?.Clear();
        bool isTyped = !_plan.HasLateTypes;
        foreach (int index in _order)
        {
            if (!isTyped && index != Key)
            {
                _writer.RequireTypes();
                isTyped = true;
            }

            RowConflict? found = index == Key ? testKey ? _writer.FindKey() : null
                : testIndex[index] ? _writer.FindUnique(index, self)
                : null;
            if (found is { } conflict && Meet(conflict) is { } outcome)
            {
                return outcome;
            }
        }

        if (!isTyped)
        {
            _writer.RequireTypes();
        }

        if (_toReplace is not { Count: > 0 } keys)
        {
            return ConflictOutcome.Clear;
        }

        foreach (RowKey key in keys)
        {
            Replace(key);
        }

        if (_plan.Events is not null)
        {
            RequireClear(self, testKey, testIndex);
        }

        return ConflictOutcome.Clear;
    }

    /// <summary>What a removal brought about, by its triggers or a foreign key's actions, may stand in the way anew; that is not replaced again.</summary>
    private void RequireClear(RowKey? self, bool testKey, ReadOnlySpan<bool> testIndex)
    {
        if (testKey && _writer.FindKey() is not null)
        {
            throw ConstraintErrors.Key(_plan.Table, ConflictAction.Abort);
        }

        for (int index = testIndex.Length - 1; index >= 0; index--)
        {
            if (testIndex[index] && _writer.FindUnique(index, self) is not null)
            {
                throw ConstraintErrors.Unique(_plan.Table, _plan.Indexes[index], ConflictAction.Abort);
            }
        }
    }

    /// <summary>Removes a row that stands in the way, if it is still there. Its triggers fire only where triggers may recurse.</summary>
    private void Replace(in RowKey key)
    {
        if (!_writer.TryReadOld(key))
        {
            return;
        }

        RowEvents? events = _plan.Events;
        bool fires = events is not null && _run.Scope.RecursiveTriggers;
        if (fires && !TriggerProgram.FireAll(events!.BeforeDelete, _run, null, _writer.OldRow))
        {
            return;
        }

        if (events is { BeforeDelete.Length: > 0 } && fires && !_writer.TryReadOld(key))
        {
            return;
        }

        ValuesSource removed = _writer.OldRow;
        events?.BeforeRemoval(_run, removed, isUpdate: false);
        _writer.Delete();
        events?.Act(_run, removed, null);
        if (fires)
        {
            _ = TriggerProgram.FireAll(events!.AfterDelete, _run, null, removed);
        }
    }

    /// <summary>What a collision leads to at once; null when the other row is to be replaced in the end.</summary>
    private ConflictOutcome? Meet(in RowConflict conflict)
    {
        if (_takenByUpsert?.Invoke(conflict.Index) == true)
        {
            Conflict = conflict;
            return ConflictOutcome.Upsert;
        }

        ConflictAction action = _plan.ActionOf(conflict.Index?.OnConflict ?? _plan.Table.RowidConflict);
        switch (action)
        {
            case ConflictAction.Ignore:
                return ConflictOutcome.PassOver;
            case ConflictAction.Replace:
                (_toReplace ??= []).Add(conflict.Key);
                return null;
            default:
                throw conflict.Index is { } index
                    ? ConstraintErrors.Unique(_plan.Table, index, action)
                    : ConstraintErrors.Key(_plan.Table, action);
        }
    }

    /// <summary>
    /// What ON CONFLICT clauses name, in their order; then the rowid unless one named it; then the other indexes, of which the primary key of a
    /// WITHOUT ROWID table is one.
    /// </summary>
    public static int[] OrderOf(TableWritePlan plan, BoundUpsert[] upserts)
    {
        List<int> order = [];
        foreach (BoundUpsert upsert in upserts)
        {
            int place = upsert.AnyConstraint || upsert.Index is null ? Key : Array.IndexOf(plan.Indexes, upsert.Index);
            if (!order.Contains(place))
            {
                order.Add(place);
            }
        }

        bool hasRowid = plan.Table.KeyColumns is null;
        if (hasRowid && !order.Contains(Key))
        {
            order.Add(Key);
        }

        // SQLite tests the newest index first, and those that replace in the end.
        List<int> indexes = [.. Enumerable.Range(0, plan.Indexes.Length)];
        if (!hasRowid)
        {
            indexes.Insert(OlderThanKey(plan), Key);
        }

        indexes.Reverse();
        order.AddRange(indexes.FindAll(index => !order.Contains(index))
            .OrderBy(index => (index == Key ? plan.Table.RowidConflict : plan.Indexes[index].OnConflict) == ConflictAction.Replace));
        return [.. order];
    }

    /// <summary>How many indexes are of constraints before the primary key, which has a number among the automatic ones: the first that none has.</summary>
    private static int OlderThanKey(TableWritePlan plan)
    {
        int older = 0;
        while (older < plan.Indexes.Length && plan.Indexes[older].Name == TableKeys.NameOf(plan.Table.Name, older + 1))
        {
            older++;
        }

        return older;
    }
}
