using Sluice.Engine.Catalog;
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
/// ("The ON CONFLICT Clause"): constraints that replace are dealt with last, so that one that fails leaves nothing deleted.
/// </summary>
internal sealed class ConflictResolver(TableWritePlan plan, RowWriter writer, Func<TableIndex?, bool>? takenByUpsert)
{
    private readonly List<long> _toReplace = [];

    /// <summary>The row that an ON CONFLICT clause was found for, after <see cref="ConflictOutcome.Upsert"/>.</summary>
    public RowConflict Conflict { get; private set; }

    /// <param name="self">The row that is updated; null for an insert.</param>
    /// <param name="testRowid">Whether the rowid may collide: it was given, or changed.</param>
    /// <param name="testIndex">By index: whether its key may collide.</param>
    public ConflictOutcome Resolve(long? self, bool testRowid, ReadOnlySpan<bool> testIndex)
    {
        _toReplace.Clear();
        if (testRowid && writer.FindRowid(writer.NewRow.Rowid) is { } sameRowid && Meet(sameRowid) is { } rowidOutcome)
        {
            return rowidOutcome;
        }

        for (int i = 0; i < testIndex.Length; i++)
        {
            if (testIndex[i] && writer.FindUnique(i, self) is { } sameKey && Meet(sameKey) is { } keyOutcome)
            {
                return keyOutcome;
            }
        }

        foreach (long rowid in _toReplace)
        {
            writer.DeleteConflicting(rowid);
        }

        return ConflictOutcome.Clear;
    }

    /// <summary>What a collision leads to at once; null when the other row is to be replaced in the end.</summary>
    private ConflictOutcome? Meet(RowConflict conflict)
    {
        if (takenByUpsert?.Invoke(conflict.Index) == true)
        {
            Conflict = conflict;
            return ConflictOutcome.Upsert;
        }

        ConflictAction action = plan.ActionOf(conflict.Index?.OnConflict ?? plan.Table.RowidConflict);
        switch (action)
        {
            case ConflictAction.Ignore:
                return ConflictOutcome.PassOver;
            case ConflictAction.Replace:
                _toReplace.Add(conflict.Rowid);
                return null;
            default:
                throw conflict.Index is { } index
                    ? ConstraintErrors.Unique(plan.Table, index, action)
                    : ConstraintErrors.Rowid(plan.Table, action);
        }
    }
}
