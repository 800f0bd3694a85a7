using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Operators;

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

    public ReturningPlan? Returning { get; init; }

    /// <summary>Whether all rows go and nobody asks which: the trees can be emptied ("DELETE", section 4, the truncate optimization).</summary>
    public bool Empties { get; init; }
}

/// <summary>One run of a DELETE: finds all rows, then removes them.</summary>
internal sealed class DeleteExecution(DeletePlan plan, Run run) : ChangeExecution(run, plan.Returning)
{
    /// <summary>From so many rows on, emptying the trees is worth the checkpoint that comes before it.</summary>
    private const int ManyRows = 20_000;

    protected override void Change()
    {
        Table table = plan.Write.Table;
        RowWriter writer = RowWriter.Create(plan.Write, Run.Transaction.Of(table), Run, new ValuesSource(table.Columns.Count));
        if (plan.Empties && Run.Transaction.Of(table).IsExclusive)
        {
            RowsChanged(writer.DeleteAll());
            return;
        }

        List<RowKey> keys = [];
        RowKeySet seen = new(table);
        Operator query = plan.Query.Build(Run);
        query.Open();
        while (query.Next())
        {
            RowKey key = RowKey.Of(table, Run.Sources[plan.TableSource]);
            _ = seen.FindOrAdd(key, out bool added);
            if (added)
            {
                keys.Add(key);
                if (keys.Count == ManyRows && plan.Empties && RefusesMany?.Invoke() == true)
                {
                    throw new SluiceException(ResultCode.NoMemory, $"out of memory: {keys.Count} rows and more are deleted by one statement");
                }
            }
        }

        Run.Sources[plan.OldRowSource] = writer.OldRow;
        foreach (RowKey key in keys)
        {
            Run.CheckCancelled();
            if (writer.TryReadOld(key))
            {
                Delete(writer, key);
            }
        }
    }

    private void Delete(RowWriter writer, in RowKey key)
    {
        if (plan.Write.Events is not { } events)
        {
            writer.Delete();
            RowChanged(insertedRowid: null);
            return;
        }

        if (events.BeforeDelete.Length > 0
            && (!TriggerProgram.FireAll(events.BeforeDelete, Run, null, writer.OldRow) || !writer.TryReadOld(key)))
        {
            return;
        }

        events.BeforeRemoval(Run, writer.OldRow, isUpdate: false);
        writer.Delete();
        events.Act(Run, writer.OldRow, null);
        RowChanged(insertedRowid: null);
        _ = TriggerProgram.FireAll(events.AfterDelete, Run, null, writer.OldRow);
    }
}
