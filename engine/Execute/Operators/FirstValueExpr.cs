using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Operators;

/// <summary>A column merged by USING under a RIGHT or FULL JOIN: the left one, or the right one where the left is NULL.</summary>
internal sealed class FirstValueExpr(Expr left, Expr right) : Expr
{
    public override Affinity Affinity => left.Affinity;

    public override Collation? Collation => left.Collation;

    public override SqlValue Evaluate(Frame frame)
    {
        SqlValue value = left.Evaluate(frame);
        return value.IsNull ? right.Evaluate(frame) : value;
    }
}

/// <summary>A result column under a COLLATE of the ORDER BY.</summary>
internal sealed class RecollatedExpr(Expr value, Collation collation) : Expr
{
    public override Affinity Affinity => value.Affinity;

    public override Collation? Collation => collation;

    public override bool HasExplicitCollation => true;

    public override bool IsConstant => value.IsConstant;

    public override SqlValue Evaluate(Frame frame) => value.Evaluate(frame);
}

/// <summary>Passes the rows that a min() or max() counts.</summary>
internal sealed class NotNullExpr(Expr value) : PredicateExpr
{
    public override Truth Test(Frame frame) => Logic.Of(!value.Evaluate(frame).IsNull);
}
