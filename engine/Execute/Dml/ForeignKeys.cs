using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Dml;

/// <summary>Looks for the parent of a row: one foreign key of its table.</summary>
internal sealed class ParentLookup(CompiledStatement query, Table parent, int[] childColumns, bool deferred, bool concernsUpdate)
{
    public bool Deferred => deferred;

    /// <summary>Whether the UPDATE at hand changes a column of the key.</summary>
    public bool ConcernsUpdate => concernsUpdate;

    /// <summary>A NULL in the key: the row needs no parent.</summary>
    public bool HasNull(ValuesSource row)
    {
        foreach (int column in childColumns)
        {
            if (row.Values[column].IsNull)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether the parent is there; if so, no other transaction may take it away before this one ends.</summary>
    public bool Exists(Run run, ValuesSource row)
    {
        using Execution rows = query.Start(TriggerProgram.NewRun(query.Size, run, row, null));
        if (!rows.Next())
        {
            return false;
        }

        if (parent.KeyColumns is null)
        {
            run.Transaction.Of(parent).ShareRow(parent.RootPage, rows.Column(0).Integer);
        }

        return true;
    }
}

/// <summary>Counts the rows that refer to a row: one foreign key that refers to its table, and what is to be done with them.</summary>
internal sealed class ChildScan(CompiledStatement query, bool deferred, bool concernsUpdate)
{
    public bool Deferred => deferred;

    /// <summary>Whether the UPDATE at hand changes a column that the key refers to.</summary>
    public bool ConcernsUpdate => concernsUpdate;

    public TriggerProgram? OnDelete { get; init; }

    public TriggerProgram? OnUpdate { get; init; }

    public long Count(Run run, ValuesSource row)
    {
        using Execution rows = query.Start(TriggerProgram.NewRun(query.Size, run, null, row));
        return rows.Next() ? rows.Column(0).Integer : 0;
    }
}
