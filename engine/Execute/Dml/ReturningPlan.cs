using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Dml;

/// <summary>What RETURNING gives for a row. Its subqueries see the tables as that row's change left them, so nothing of them is kept for the next row.</summary>
/// <param name="values">The expressions, bound to the changed row.</param>
/// <param name="before">What the statement needed before they were bound.</param>
/// <param name="after">What it needed when they were.</param>
internal sealed class ReturningPlan(Expr[] values, FrameSize before, FrameSize after)
{
    public SqlValue[] Evaluate(Run run)
    {
        Array.Clear(run.SubplanState, before.Subplans, after.Subplans - before.Subplans);
        Array.Clear(run.Slots, before.Slots, after.Slots - before.Slots);
        var row = new SqlValue[values.Length];
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = values[i].Evaluate(run);
        }

        return row;
    }
}
