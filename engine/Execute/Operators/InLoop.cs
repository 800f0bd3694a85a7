using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Operators;

/// <summary>Where the values of an IN come from.</summary>
internal abstract class InValues
{
    /// <summary>Adds all values of the right side, as they are.</summary>
    public abstract void AddTo(List<SqlValue> values, Run run);
}

/// <summary>x IN (a, b, c).</summary>
internal sealed class InListValues(IReadOnlyList<Expr> items) : InValues
{
    public override void AddTo(List<SqlValue> values, Run run)
    {
        foreach (Expr item in items)
        {
            values.Add(item.Evaluate(run));
        }
    }
}

/// <summary>x IN (SELECT ...), not correlated.</summary>
internal sealed class InSubqueryValues(int subplan, PlanNode plan, Expr result) : InValues
{
    public override void AddTo(List<SqlValue> values, Run run)
    {
        Operator rows = run.Subplan(subplan, plan);
        rows.Open();
        while (rows.Next())
        {
            values.Add(result.Evaluate(run));
        }
    }
}

/// <summary>
/// Puts each different value of an IN into a slot, in ascending or descending order; the seek that follows reads it there. NULLs equal nothing
/// and are left out.
/// </summary>
internal sealed class InLoopNode(InValues source, int slot, Affinity convert, Collation collation, bool reverse) : PlanNode
{
    public override Operator Build(Run run) => new InLoop(run, source, slot, convert, collation, reverse);

    public override void Explain(ExplainWriter writer)
    {
        // The seek below it tells of the equality; SQLite gives IN no line of its own either.
    }

    private sealed class InLoop(Run run, InValues source, int slot, Affinity convert, Collation collation, bool reverse) : Operator(run)
    {
        private readonly List<SqlValue> _values = [];
        private int _next;

        public override void Open()
        {
            _values.Clear();
            source.AddTo(_values, Run);
            int kept = 0;
            for (int i = 0; i < _values.Count; i++)
            {
                SqlValue value = ComparisonRules.Convert(_values[i], convert);
                if (!value.IsNull)
                {
                    _values[kept++] = value;
                }
            }

            _values.RemoveRange(kept, _values.Count - kept);
            _values.Sort((x, y) => reverse ? ValueOrder.Compare(y, x, collation) : ValueOrder.Compare(x, y, collation));
            _next = 0;
        }

        public override bool Next()
        {
            while (_next < _values.Count)
            {
                SqlValue value = _values[_next++];
                if (_next == 1 || ValueOrder.Compare(value, _values[_next - 2], collation) != 0)
                {
                    Run.Slots[slot] = value;
                    return true;
                }
            }

            return false;
        }
    }
}
