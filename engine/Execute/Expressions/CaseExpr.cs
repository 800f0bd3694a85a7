using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>CASE WHEN condition THEN result ... ELSE result END; only the branch that is taken is evaluated.</summary>
internal sealed class CaseExpr((Expr When, Expr Then)[] branches, Expr otherwise) : Expr
{
    public override ValueKinds Kinds => branches.Aggregate(otherwise.Kinds, (kinds, branch) => kinds | branch.Then.Kinds);

    public override bool IsConstant =>
        otherwise.IsConstant && Array.TrueForAll(branches, branch => branch.When.IsConstant && branch.Then.IsConstant);

    public override SqlValue Evaluate(Frame frame)
    {
        foreach ((Expr when, Expr then) in branches)
        {
            if (Logic.Passes(when, frame))
            {
                return then.Evaluate(frame);
            }
        }

        return otherwise.Evaluate(frame);
    }
}

/// <summary>CASE x WHEN value THEN result ... END: x is evaluated once and compared with = by each branch's own affinity and collation.</summary>
internal sealed class CaseOfExpr(Expr operand, (Expr When, ComparisonMode Mode, Expr Then)[] branches, Expr otherwise) : Expr
{
    public override ValueKinds Kinds => branches.Aggregate(otherwise.Kinds, (kinds, branch) => kinds | branch.Then.Kinds);

    public override bool IsConstant => operand.IsConstant && otherwise.IsConstant
        && Array.TrueForAll(branches, branch => branch.When.IsConstant && branch.Then.IsConstant);

    public override SqlValue Evaluate(Frame frame)
    {
        SqlValue x = operand.Evaluate(frame);
        if (x.IsNull)
        {
            return otherwise.Evaluate(frame);
        }

        foreach ((Expr when, ComparisonMode mode, Expr then) in branches)
        {
            SqlValue value = when.Evaluate(frame);
            if (!value.IsNull && mode.Compare(x, value) == 0)
            {
                return then.Evaluate(frame);
            }
        }

        return otherwise.Evaluate(frame);
    }
}
