using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Operators;

/// <summary>Passes the rows for which all conditions are true.</summary>
internal sealed class FilterNode(PlanNode input, IReadOnlyList<Expr> conditions) : PlanNode
{
    public override Operator Build(Run run) => new Filter(run, input.Build(run), [.. conditions]);

    public override void Explain(ExplainWriter writer) => input.Explain(writer);

    private sealed class Filter(Run run, Operator input, Expr[] conditions) : Operator(run)
    {
        private readonly Expr _first = conditions[0];
        private readonly Expr[] _others = conditions[1..];

        public override void Open() => input.Open();

        public override bool Next()
        {
            while (input.Next())
            {
                if (_first.Test(Run) == Truth.True && PassesOthers())
                {
                    return true;
                }
            }

            return false;
        }

        private bool PassesOthers()
        {
            foreach (Expr condition in _others)
            {
                if (!Logic.Passes(condition, Run))
                {
                    return false;
                }
            }

            return true;
        }
    }
}

/// <summary>Conditions that no row changes: tested once, before anything is read.</summary>
internal sealed class GateNode(PlanNode input, IReadOnlyList<Expr> conditions) : PlanNode
{
    public override Operator Build(Run run) => new Gate(run, input.Build(run), [.. conditions]);

    public override void Explain(ExplainWriter writer) => input.Explain(writer);

    private sealed class Gate(Run run, Operator input, Expr[] conditions) : Operator(run)
    {
        private bool _open;

        public override void Open()
        {
            _open = true;
            foreach (Expr condition in conditions)
            {
                _open = _open && Logic.Passes(condition, Run);
            }

            if (_open)
            {
                input.Open();
            }
        }

        public override bool Next() => _open && input.Next();
    }
}
