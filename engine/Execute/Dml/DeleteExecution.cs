using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Dml;

/// <summary>What a DELETE removes, worked out once a statement.</summary>
internal sealed record DeletePlan
{
    public required TableWritePlan Write { get; init; }

    public required PlanNode Query { get; init; }

    /// <summary>The source number of the table in <see cref="Query"/>.</summary>
    public required int TableSource { get; init; }

    /// <summary>The source number of the removed row, which RETURNING reads.</summary>
    public required int OldRowSource { get; init; }

    public Expr[]? Returning { get; init; }
}

/// <summary>One run of a DELETE: finds all rows, then removes them.</summary>
internal sealed class DeleteExecution(DeletePlan plan, Run run) : ChangeExecution(run, plan.Returning)
{
    protected override void Change()
    {
        List<long> rowids = [];
        Operator query = plan.Query.Build(Run);
        query.Open();
        while (query.Next())
        {
            rowids.Add(Run.Sources[plan.TableSource].Rowid);
        }

        ValuesSource oldRow = new(plan.Write.Table.Columns.Count);
        Run.Sources[plan.OldRowSource] = oldRow;
        RowWriter writer = new(plan.Write, Run.Transaction, Run, oldRow);
        foreach (long rowid in rowids)
        {
            Run.CheckCancelled();
            if (writer.TryRead(rowid, oldRow, out Payload record))
            {
                writer.Delete(rowid, record);
                RowChanged(insertedRowid: null);
            }
        }
    }
}
