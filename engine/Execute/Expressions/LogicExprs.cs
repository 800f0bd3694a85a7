namespace Sluice.Engine.Execute.Expressions;

/// <summary>a AND b; b is not evaluated when a is false.</summary>
internal sealed class AndExpr(Expr left, Expr right) : PredicateExpr
{
    public override bool IsConstant => left.IsConstant && right.IsConstant;

    public override Truth Test(Frame frame)
    {
        Truth a = left.Test(frame);
        if (a == Truth.False)
        {
            return a;
        }

        Truth b = right.Test(frame);
        return b == Truth.True ? a : b;
    }
}

/// <summary>a OR b; b is not evaluated when a is true.</summary>
internal sealed class OrExpr(Expr left, Expr right) : PredicateExpr
{
    public override bool IsConstant => left.IsConstant && right.IsConstant;

    public override Truth Test(Frame frame)
    {
        Truth a = left.Test(frame);
        if (a == Truth.True)
        {
            return a;
        }

        Truth b = right.Test(frame);
        return b == Truth.False ? a : b;
    }
}

internal sealed class NotExpr(Expr operand) : PredicateExpr
{
    public override bool IsConstant => operand.IsConstant;

    public override Truth Test(Frame frame) => Logic.Not(operand.Test(frame));
}

/// <summary>x IS NULL, x IS NOT NULL.</summary>
internal sealed class IsNullExpr(Expr operand, bool negated) : PredicateExpr
{
    public override bool IsConstant => operand.IsConstant;

    public override Truth Test(Frame frame) => Logic.Of(operand.Evaluate(frame).IsNull != negated);
}

/// <summary>x IS [NOT] TRUE, x IS [NOT] FALSE: never unknown.</summary>
internal sealed class IsTruthExpr(Expr operand, Truth truth, bool negated) : PredicateExpr
{
    public override bool IsConstant => operand.IsConstant;

    public override Truth Test(Frame frame) => Logic.Of((operand.Test(frame) == truth) != negated);
}
