using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Operators;

/// <summary>LIMIT and OFFSET as written.</summary>
internal sealed record LimitClause(Expr? Limit, Expr? Offset)
{
    /// <summary>The number of rows to return, <see cref="long.MaxValue"/> without a limit; a negative limit is none.</summary>
    public long LimitOf(Run run) => Limit is null || Whole(Limit, run) is var value && value < 0 ? long.MaxValue : value;

    public long OffsetOf(Run run) => Offset is null ? 0 : Math.Max(0, Whole(Offset, run));

    private static long Whole(Expr expression, Run run)
    {
        SqlValue value = SqlConvert.ApplyAffinity(expression.Evaluate(run), Affinity.Integer);
        return value.Type == SqlType.Integer ? value.Integer : throw new SluiceException(ResultCode.Mismatch, "datatype mismatch");
    }
}

/// <summary>Passes over OFFSET rows, then ends after LIMIT rows.</summary>
internal sealed class LimitNode(PlanNode input, LimitClause clause) : PlanNode
{
    public override Operator Build(Run run) => new Limiter(run, input.Build(run), clause);

    public override void Explain(ExplainWriter writer) => input.Explain(writer);

    private sealed class Limiter(Run run, Operator input, LimitClause clause) : Operator(run)
    {
        private long _skip;
        private long _left;
        private bool _opened;

        public override void Open()
        {
            _left = clause.LimitOf(Run);
            _skip = clause.OffsetOf(Run);
            _opened = false;
        }

        public override bool Next()
        {
            if (_left == 0)
            {
                return false;
            }

            if (!_opened)
            {
                input.Open();
                _opened = true;
            }

            for (; _skip > 0; _skip--)
            {
                if (!input.Next())
                {
                    _left = 0;
                    return false;
                }
            }

            if (!input.Next())
            {
                _left = 0;
                return false;
            }

            _left--;
            return true;
        }
    }
}
