using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Operators;

/// <summary>
/// The first column of (SELECT ...) as a value: runs the subquery, leaves all columns of its first row in slots, NULLs when there is
/// none. One that is not correlated runs once an execution. It has an affinity but no collation.
/// </summary>
internal sealed class ScalarSubquery : Expr
{
    private readonly QueryPlan _plan;
    private readonly Expr[] _outputs;
    private readonly int[] _slots;
    private readonly int _subplan;
    private readonly int _doneSlot;

    private ScalarSubquery(QueryPlan plan, CompileState state)
    {
        _plan = plan;
        _outputs = plan.Outputs;
        _subplan = state.NewSubplan();
        _slots = new int[_outputs.Length];
        for (int i = 0; i < _slots.Length; i++)
        {
            _slots[i] = state.NewSlot();
        }

        _doneSlot = plan.IsCorrelated ? -1 : state.NewSlot();
    }

    public override Affinity Affinity => _plan.Last[0].Affinity;

    public string? DeclaredType => _plan.Columns[0].DeclaredType;

    /// <summary>One expression a column; the first runs the subquery, the others read the slots.</summary>
    public static IReadOnlyList<Expr> Create(QueryPlan plan, CompileState state)
    {
        ScalarSubquery first = new(plan, state);
        Expr[] columns = new Expr[plan.Outputs.Length];
        columns[0] = first;
        for (int i = 1; i < columns.Length; i++)
        {
            columns[i] = new SlotExpr(first._slots[i], plan.Last[i].Affinity);
        }

        return columns;
    }

    public override SqlValue Evaluate(Frame frame)
    {
        SqlValue[] slots = frame.Slots;
        if (_doneSlot >= 0)
        {
            if (!slots[_doneSlot].IsNull)
            {
                return slots[_slots[0]];
            }

            slots[_doneSlot] = SqlValue.FromInteger(1);
        }

        Operator rows = ((Run)frame).Subplan(_subplan, _plan.Root);
        rows.Open();
        bool any = rows.Next();
        for (int i = 0; i < _slots.Length; i++)
        {
            slots[_slots[i]] = any ? _outputs[i].Evaluate(frame) : SqlValue.Null;
        }

        return slots[_slots[0]];
    }
}

/// <summary>EXISTS (SELECT ...).</summary>
internal sealed class ExistsExpr(PlanNode plan, int subplan, int? resultSlot) : PredicateExpr
{
    public override Truth Test(Frame frame)
    {
        if (resultSlot is { } known && !frame.Slots[known].IsNull)
        {
            return Logic.Of(frame.Slots[known].Integer != 0);
        }

        Operator rows = ((Run)frame).Subplan(subplan, plan);
        rows.Open();
        bool any = rows.Next();
        if (resultSlot is { } slot)
        {
            frame.Slots[slot] = SqlValue.FromBoolean(any);
        }

        return Logic.Of(any);
    }
}

/// <summary>
/// value IN (SELECT ...), also for row values. A subquery that is not correlated is read once into a set; one that is, is
/// read for each row until the answer is known.
/// </summary>
internal sealed class InSubqueryExpr : PredicateExpr
{
    private readonly Expr[] _values;
    private readonly Affinity[] _affinities;
    private readonly Collation[] _collations;
    private readonly int _subplan;
    private readonly bool _negated;

    public InSubqueryExpr(IReadOnlyList<Expr> values, QueryPlan plan, int subplan, bool negated)
    {
        _values = [.. values];
        Plan = plan;
        _subplan = subplan;
        _negated = negated;
        _affinities = new Affinity[_values.Length];
        _collations = new Collation[_values.Length];
        for (int i = 0; i < _values.Length; i++)
        {
            _affinities[i] = ComparisonRules.AffinityOfSet(_values[i].Affinity, plan.Last[i].Affinity);
            _collations[i] = ComparisonRules.CollationOf(_values[i], plan.Last[i]);
        }
    }

    public QueryPlan Plan { get; }

    public IReadOnlyList<Expr> Values => _values;

    /// <summary>The values of the subquery, for a seek by each of them.</summary>
    public InValues ToSeekValues() => new InSubqueryValues(_subplan, Plan.Root, Plan.Outputs[0]);

    public override Truth Test(Frame frame)
    {
        Run run = (Run)frame;
        Truth found = Plan.IsCorrelated ? Scan(run) : Look(run);
        return _negated ? Logic.Not(found) : found;
    }

    private Truth Look(Run run)
    {
        InSet state = (InSet)(run.SubplanState[_subplan] ??= Read(run));
        RowTable set = state.Rows;
        if (set.Count == 0)
        {
            return Truth.False;
        }

        SqlValue[] left = Evaluate(run, out bool hasNull);
        if (!hasNull && set.Find(left) >= 0)
        {
            return Truth.True;
        }

        // A NULL on the left, or one among the rows, may hide an equality.
        if (!hasNull && state.FirstWithNull < 0)
        {
            return Truth.False;
        }

        Truth result = Truth.False;
        for (int i = hasNull ? 0 : state.FirstWithNull; i < set.Count && result != Truth.Unknown; i++)
        {
            result = Compare(left, set[i]);
        }

        return result;
    }

    private InSet Read(Run run)
    {
        RowTable set = new(_collations);
        SqlValue[] row = new SqlValue[_values.Length];
        int firstNull = -1;
        Operator rows = run.Subplan(_subplan, Plan.Root);
        rows.Open();
        while (rows.Next())
        {
            bool hasNull = ReadRow(run, row);
            int number = set.FindOrAdd(row, out _);
            firstNull = hasNull && firstNull < 0 ? number : firstNull;
        }

        return new InSet(set, firstNull);
    }

    private Truth Scan(Run run)
    {
        SqlValue[] left = Evaluate(run, out _);
        SqlValue[] row = new SqlValue[_values.Length];
        Truth result = Truth.False;
        Operator rows = run.Subplan(_subplan, Plan.Root);
        rows.Open();
        while (result != Truth.True && rows.Next())
        {
            _ = ReadRow(run, row);
            Truth one = Compare(left, row);
            result = one == Truth.False ? result : one;
        }

        return result;
    }

    private SqlValue[] Evaluate(Run run, out bool hasNull)
    {
        SqlValue[] left = new SqlValue[_values.Length];
        hasNull = false;
        for (int i = 0; i < left.Length; i++)
        {
            left[i] = Converted(_values[i].Evaluate(run), i);
            hasNull |= left[i].IsNull;
        }

        return left;
    }

    private bool ReadRow(Run run, SqlValue[] row)
    {
        bool hasNull = false;
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = Converted(Plan.Outputs[i].Evaluate(run), i);
            hasNull |= row[i].IsNull;
        }

        return hasNull;
    }

    private Truth Compare(ReadOnlySpan<SqlValue> left, ReadOnlySpan<SqlValue> right)
    {
        Truth result = Truth.True;
        for (int i = 0; i < left.Length; i++)
        {
            if (left[i].IsNull || right[i].IsNull)
            {
                result = Truth.Unknown;
            }
            else if (ValueOrder.Compare(left[i], right[i], _collations[i]) != 0)
            {
                return Truth.False;
            }
        }

        return result;
    }

    private SqlValue Converted(in SqlValue value, int column) => ComparisonRules.Convert(value, _affinities[column]);

    /// <summary>The rows of the subquery, and the number of the first one with a NULL in it, or -1.</summary>
    private sealed record InSet(RowTable Rows, int FirstWithNull);
}
