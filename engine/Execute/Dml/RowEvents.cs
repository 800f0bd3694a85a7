using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Operators;

namespace Sluice.Engine.Execute.Dml;

/// <summary>
/// What follows from changing rows of one table: its triggers, in the order in which they fire, and its foreign keys, those that it has and
/// those that refer to it. Immutable.
/// </summary>
internal sealed record RowEvents
{
    /// <summary>The table, or the view as one.</summary>
    public required Table Table { get; init; }

    public TriggerProgram[] BeforeInsert { get; init; } = [];

    public TriggerProgram[] AfterInsert { get; init; } = [];

    public TriggerProgram[] BeforeUpdate { get; init; } = [];

    public TriggerProgram[] AfterUpdate { get; init; } = [];

    public TriggerProgram[] BeforeDelete { get; init; } = [];

    public TriggerProgram[] AfterDelete { get; init; } = [];

    /// <summary>The table's own foreign keys.</summary>
    public ParentLookup[] Parents { get; init; } = [];

    /// <summary>Foreign keys that refer to the table.</summary>
    public ChildScan[] Children { get; init; } = [];

    public bool IsEmpty =>
        BeforeInsert.Length + AfterInsert.Length + BeforeUpdate.Length + AfterUpdate.Length + BeforeDelete.Length + AfterDelete.Length
        + Parents.Length + Children.Length == 0;

    /// <summary>Before a row goes: a foreign key that it broke is mended, those of rows that refer to it break.</summary>
    public void BeforeRemoval(Run run, ValuesSource oldRow, bool isUpdate)
    {
        foreach (ParentLookup parent in Parents)
        {
            if ((!isUpdate || parent.ConcernsUpdate) && !parent.HasNull(oldRow) && run.Scope.HasBroken(parent.Deferred) && !parent.Exists(run, oldRow))
            {
                run.Scope.Break(parent.Deferred, -1);
            }
        }

        foreach (ChildScan children in Children)
        {
            if (!isUpdate || children.ConcernsUpdate)
            {
                // Rows that refer to this one may be on their way in other transactions.
                run.Transaction.Of(Table).ClaimRow(Table.RootPage, oldRow.Rowid);
                run.Scope.Break(children.Deferred, children.Count(run, oldRow));
            }
        }
    }

    /// <summary>Before a row comes: rows that were waiting for it are mended. <paramref name="self"/> is the row that is replaced, which does not count.</summary>
    public void BeforeAddition(Run run, ValuesSource newRow, ValuesSource? self)
    {
        foreach (ChildScan children in Children)
        {
            if ((self is null || children.ConcernsUpdate) && run.Scope.HasBroken(children.Deferred))
            {
                long rowid = newRow.Rowid;
                newRow.SetRowid(self?.Rowid ?? rowid);
                run.Scope.Break(children.Deferred, -children.Count(run, newRow));
                newRow.SetRowid(rowid);
            }
        }
    }

    /// <summary>After a row came: its own foreign keys must have their parents.</summary>
    public void AfterAddition(Run run, ValuesSource newRow, bool isUpdate)
    {
        foreach (ParentLookup parent in Parents)
        {
            if ((!isUpdate || parent.ConcernsUpdate) && !parent.HasNull(newRow) && !parent.Exists(run, newRow))
            {
                run.Scope.Break(parent.Deferred, 1);
            }
        }
    }

    /// <summary>CASCADE and the like, after a row was removed or, with <paramref name="newRow"/>, updated.</summary>
    public void Act(Run run, ValuesSource oldRow, ValuesSource? newRow)
    {
        foreach (ChildScan children in Children)
        {
            if (newRow is null || children.ConcernsUpdate)
            {
                _ = (newRow is null ? children.OnDelete : children.OnUpdate)?.Fire(run, newRow, oldRow);
            }
        }
    }
}
