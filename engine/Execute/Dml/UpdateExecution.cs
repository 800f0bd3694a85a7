using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Dml;

/// <summary>What an UPDATE changes, worked out once a statement.</summary>
internal sealed record UpdatePlan
{
    public required TableWritePlan Write { get; init; }

    /// <summary>Finds the rows to change, joined with FROM where there is one.</summary>
    public required PlanNode Query { get; init; }

    /// <summary>Whether the rows are changed in the order of their keys rather than as they are found.</summary>
    public bool IsByKey { get; init; }

    /// <summary>The source number of the table in <see cref="Query"/>.</summary>
    public required int TableSource { get; init; }

    /// <summary>Assignments by column ordinal, bound to the query's sources.</summary>
    public required (int Column, Expr Value)[] Set { get; init; }

    /// <summary>The value set for rowid by that name, where no column is its alias.</summary>
    public Expr? Rowid { get; init; }

    /// <summary>The source number of the new row, which CHECK and RETURNING read.</summary>
    public required int NewRowSource { get; init; }

    /// <summary>Whether the rows are joined with others, whose values are only there while rows are found.</summary>
    public bool HasFrom { get; init; }

    public ReturningPlan? Returning { get; init; }
}

/// <summary>
/// One run of an UPDATE: first finds all rows, then writes them one by one, so that it never meets a row that it has written itself.
/// The new values are computed from each row as it then is; with FROM, they are computed while rows are found.
/// </summary>
internal sealed class UpdateExecution(UpdatePlan plan, Run run) : ChangeExecution(run, plan.Returning)
{
    private sealed record Found(RowKey Key, SqlValue[]? Values, SqlValue? NewRowid);

    protected override void Change()
    {
        Table table = plan.Write.Table;
        List<Found> found = Find();
        ValuesSource newRow = new(table.Columns.Count);
        Run.Sources[plan.NewRowSource] = newRow;
        RowWriter writer = RowWriter.Create(plan.Write, Run.Transaction.Of(plan.Write.Table), Run, newRow);
        RowUpdater updater = new(plan.Write, writer, Run, [.. plan.Set.Select(assignment => assignment.Column)]);
        Action written = () => RowChanged(insertedRowid: null);
        foreach (Found row in found)
        {
            Run.CheckCancelled();
            if (!writer.TryReadOld(row.Key))
            {
                // REPLACE of an earlier row of this statement, or a trigger, has taken it away.
                continue;
            }

            SqlValue[]? values = row.Values;
            SqlValue? newRowid = row.NewRowid;
            if (values is null)
            {
                Run.Sources[plan.TableSource] = writer.OldRow;
                values = Evaluate(out newRowid);
            }

            newRow.Take(writer.OldRow);
            for (int i = 0; i < values.Length; i++)
            {
                newRow.Values[plan.Set[i].Column] = values[i];
            }

            updater.Update(newRowid, written);
        }
    }

    /// <summary>The rows to change; a row that FROM matches several times counts once, by its last match, as in SQLite.</summary>
    private List<Found> Find()
    {
        Table table = plan.Write.Table;
        List<Found> found = [];
        RowKeySet seen = new(table);
        Operator query = plan.Query.Build(Run);
        query.Open();
        while (query.Next())
        {
            RowKey key = RowKey.Of(table, Run.Sources[plan.TableSource]);
            int number = seen.FindOrAdd(key, out bool added);
            if (added)
            {
                found.Add(new Found(key, null, null));
            }

            if (plan.HasFrom)
            {
                SqlValue[] values = Evaluate(out SqlValue? newRowid);
                found[number] = new Found(key, values, newRowid);
            }
        }

        if (plan.IsByKey)
        {
            found.Sort((left, right) => left.Key.CompareTo(right.Key, table));
        }

        return found;
    }

    private SqlValue[] Evaluate(out SqlValue? newRowid)
    {
        SqlValue[] values = Array.ConvertAll(plan.Set, assignment => assignment.Value.Evaluate(Run));
        newRowid = plan.Rowid?.Evaluate(Run);
        return values;
    }
}
