using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Dml;

/// <summary>What an UPDATE changes, worked out once a statement.</summary>
internal sealed record UpdatePlan
{
    public required TableWritePlan Write { get; init; }

    /// <summary>Finds the rows to change, joined with FROM where there is one.</summary>
    public required PlanNode Query { get; init; }

    /// <summary>The source number of the table in <see cref="Query"/>.</summary>
    public required int TableSource { get; init; }

    /// <summary>Assignments by column ordinal, bound to the query's sources.</summary>
    public required (int Column, Expr Value)[] Set { get; init; }

    /// <summary>The value set for rowid by that name, where no column is its alias.</summary>
    public Expr? Rowid { get; init; }

    /// <summary>The source number of the new row, which CHECK and RETURNING read.</summary>
    public required int NewRowSource { get; init; }

    public Expr[]? Returning { get; init; }
}

/// <summary>
/// One run of an UPDATE: first finds all rows and their new values, then writes, so that it never meets a row that it has
/// written itself.
/// </summary>
internal sealed class UpdateExecution(UpdatePlan plan, Run run) : ChangeExecution(run, plan.Returning)
{
    protected override void Change()
    {
        List<(long Rowid, SqlValue[] Values, SqlValue? NewRowid)> changes = Find();
        ValuesSource newRow = new(plan.Write.Table.Columns.Count);
        Run.Sources[plan.NewRowSource] = newRow;
        RowWriter writer = new(plan.Write, Run.Transaction, Run, newRow);
        RowUpdater updater = new(plan.Write, writer);
        foreach ((long rowid, SqlValue[] values, SqlValue? newRowid) in changes)
        {
            Run.CheckCancelled();
            if (!writer.TryRead(rowid, newRow, out Payload record))
            {
                // REPLACE of an earlier row of this statement has taken it away.
                continue;
            }

            for (int i = 0; i < values.Length; i++)
            {
                newRow.Values[plan.Set[i].Column] = values[i];
            }

            if (updater.Update(rowid, record, newRowid))
            {
                RowChanged(insertedRowid: null);
            }
        }
    }

    /// <summary>The rows to change; a row that FROM matches several times counts once, by its first match.</summary>
    private List<(long Rowid, SqlValue[] Values, SqlValue? NewRowid)> Find()
    {
        List<(long, SqlValue[], SqlValue?)> changes = [];
        HashSet<long> seen = [];
        Operator query = plan.Query.Build(Run);
        RowSource? table = null;
        query.Open();
        while (query.Next())
        {
            table ??= Run.Sources[plan.TableSource];
            if (seen.Add(table.Rowid))
            {
                SqlValue[] values = Array.ConvertAll(plan.Set, assignment => assignment.Value.Evaluate(Run));
                changes.Add((table.Rowid, values, plan.Rowid?.Evaluate(Run)));
            }
        }

        return changes;
    }
}
