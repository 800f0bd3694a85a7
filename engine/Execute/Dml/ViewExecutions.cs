using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Execute.Spill;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Dml;

/// <summary>INSERT into a view: INSTEAD OF triggers run for each row, and nothing else happens.</summary>
internal sealed class InsertIntoViewExecution(InsertPlan plan, Run run) : ChangeExecution(run, plan.Returning)
{
    protected override void Change()
    {
        ValuesSource newRow = new(plan.Write.Table.Columns.Count);
        Run.Sources[plan.NewRowSource] = newRow;
        newRow.SetRowid(-1);
        if (plan.Rows is { } rows)
        {
            foreach (Expr[] row in rows)
            {
                Insert(newRow, Array.ConvertAll(row, value => value.Evaluate(Run)));
            }

            return;
        }

        RowSpool read = new(Run, plan.QueryOutputs.Length);
        Operator query = plan.Query!.Build(Run);
        query.Open();
        while (query.Next())
        {
            Span<SqlValue> row = read.Add();
            for (int i = 0; i < row.Length; i++)
            {
                row[i] = plan.QueryOutputs[i].Evaluate(Run);
            }
        }

        while (read.TryRead(out ReadOnlySpan<SqlValue> values))
        {
            Insert(newRow, values);
        }
    }

    private void Insert(ValuesSource newRow, ReadOnlySpan<SqlValue> given)
    {
        Run.CheckCancelled();
        for (int i = 0; i < newRow.Values.Length; i++)
        {
            int position = plan.Positions[i];
            newRow.Values[i] = position < 0 ? SqlValue.Null : SqlConvert.ApplyAffinity(given[position], plan.Write.Affinities[i]);
        }

        if (TriggerProgram.FireAll(plan.Write.Events!.BeforeInsert, Run, newRow, null))
        {
            Return();
        }
    }
}

/// <summary>UPDATE of a view: INSTEAD OF triggers run for each of its rows that WHERE finds.</summary>
internal sealed class UpdateViewExecution(UpdatePlan plan, Run run) : ChangeExecution(run, plan.Returning)
{
    protected override void Change()
    {
        int columns = plan.Write.Table.Columns.Count;
        List<(SqlValue[] Old, SqlValue[] Set)> found = [];
        Operator query = plan.Query.Build(Run);
        query.Open();
        while (query.Next())
        {
            found.Add((ViewRows.Read(Run, plan.TableSource, columns), Array.ConvertAll(plan.Set, assignment => assignment.Value.Evaluate(Run))));
        }

        ValuesSource newRow = new(columns);
        ValuesSource oldRow = new(columns);
        Run.Sources[plan.NewRowSource] = newRow;
        foreach ((SqlValue[] old, SqlValue[] set) in found)
        {
            Run.CheckCancelled();
            old.CopyTo(oldRow.Values, 0);
            old.CopyTo(newRow.Values, 0);
            for (int i = 0; i < set.Length; i++)
            {
                int column = plan.Set[i].Column;
                newRow.Values[column] = SqlConvert.ApplyAffinity(set[i], plan.Write.Affinities[column]);
            }

            if (TriggerProgram.FireAll(plan.Write.Events!.BeforeUpdate, Run, newRow, oldRow))
            {
                Return();
            }
        }
    }
}

/// <summary>DELETE from a view: INSTEAD OF triggers run for each of its rows that WHERE finds.</summary>
internal sealed class DeleteFromViewExecution(DeletePlan plan, Run run) : ChangeExecution(run, plan.Returning)
{
    protected override void Change()
    {
        int columns = plan.Write.Table.Columns.Count;
        List<SqlValue[]> found = [];
        Operator query = plan.Query.Build(Run);
        query.Open();
        while (query.Next())
        {
            found.Add(ViewRows.Read(Run, plan.TableSource, columns));
        }

        ValuesSource oldRow = new(columns);
        Run.Sources[plan.OldRowSource] = oldRow;
        foreach (SqlValue[] old in found)
        {
            Run.CheckCancelled();
            old.CopyTo(oldRow.Values, 0);
            if (TriggerProgram.FireAll(plan.Write.Events!.BeforeDelete, Run, null, oldRow))
            {
                Return();
            }
        }
    }
}

internal static class ViewRows
{
    /// <summary>All columns of a view's current row.</summary>
    public static SqlValue[] Read(Run run, int source, int columns)
    {
        SqlValue[] values = new SqlValue[columns];
        for (int i = 0; i < columns; i++)
        {
            values[i] = run.Sources[source].Column(i);
        }

        return values;
    }
}
