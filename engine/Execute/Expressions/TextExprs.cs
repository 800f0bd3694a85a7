using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>a || b || ...: a chain in one piece; NULL if a part is.</summary>
internal sealed class ConcatenateExpr(Expr[] parts) : Expr
{
    public ReadOnlySpan<Expr> Parts => parts;

    public override ValueKinds Kinds => ValueKinds.Text | ValueKinds.Blob;

    public override bool IsConstant => Array.TrueForAll(parts, part => part.IsConstant);

    public override SqlValue Evaluate(Frame frame)
    {
        TextBuilder text = new();
        bool unknown = false;
        foreach (Expr part in parts)
        {
            SqlValue value = part.Evaluate(frame);
            unknown |= value.IsNull;
            if (!unknown)
            {
                text.Append(value);
            }
        }

        return unknown ? SqlValue.Null : text.ToValue();
    }
}

/// <summary>CAST(x AS type).</summary>
internal sealed class CastExpr(Expr operand, Affinity affinity) : Expr
{
    public override Affinity Affinity => affinity;

    public override Collation? Collation => operand.Collation;

    public override bool HasExplicitCollation => operand.HasExplicitCollation;

    public override bool IsConstant => operand.IsConstant;

    public override SqlValue Evaluate(Frame frame) => SqlConvert.Cast(operand.Evaluate(frame), affinity);
}

/// <summary>x COLLATE name, and any expression with such a one somewhere below it: the value of x, an explicit collation.</summary>
internal sealed class CollateExpr(Expr operand, Collation collation) : Expr
{
    private Expr Operand { get; } = operand;

    public override Affinity Affinity => Operand.Affinity;

    public override ValueKinds Kinds => Operand.Kinds;

    public override Collation? Collation => collation;

    public override bool HasExplicitCollation => true;

    public override bool IsConstant => Operand.IsConstant;

    /// <summary>The expression without COLLATE around it.</summary>
    public static Expr Unwrapped(Expr expression)
    {
        while (expression is CollateExpr collate)
        {
            expression = collate.Operand;
        }

        return expression;
    }

    public override SqlValue Evaluate(Frame frame) => Operand.Evaluate(frame);
}

/// <summary>+x: the value of x, without its affinity but with its collation.</summary>
internal sealed class PlusExpr(Expr operand) : Expr
{
    public override ValueKinds Kinds => operand.Kinds;

    public override Collation? Collation => operand.Collation;

    public override bool HasExplicitCollation => operand.HasExplicitCollation;

    public override bool IsConstant => operand.IsConstant;

    public override SqlValue Evaluate(Frame frame) => operand.Evaluate(frame);
}

/// <summary>A value that comes out of a function as it went in: neither affinity nor collation of the operand goes with it.</summary>
internal sealed class PassedExpr(Expr operand) : Expr
{
    public override bool IsConstant => operand.IsConstant;

    public override SqlValue Evaluate(Frame frame) => operand.Evaluate(frame);
}
