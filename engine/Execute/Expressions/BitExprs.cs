using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>&amp; | &lt;&lt; &gt;&gt; on integers of 64 bits; NULL if an operand is.</summary>
internal abstract class BitExpr(Expr left, Expr right) : Expr
{
    public sealed override ValueKinds Kinds => ValueKinds.Numeric;

    public sealed override bool IsConstant => left.IsConstant && right.IsConstant;

    public sealed override SqlValue Evaluate(Frame frame)
    {
        SqlValue a = left.Evaluate(frame);
        SqlValue b = right.Evaluate(frame);
        return a.IsNull || b.IsNull
            ? SqlValue.Null
            : SqlValue.FromInteger(Compute(SqlConvert.ToInteger(a), SqlConvert.ToInteger(b)));
    }

    protected abstract long Compute(long a, long b);

    /// <summary>A shift to the left; by a negative count, to the right. Sign bits come in from the left.</summary>
    protected static long Shift(long value, long count) => count switch
    {
        >= 64 => 0,
        >= 0 => value << (int)count,
        > -64 => value >> (int)-count,
        _ => value >> 63,
    };
}

internal sealed class BitAndExpr(Expr left, Expr right) : BitExpr(left, right)
{
    protected override long Compute(long a, long b) => a & b;
}

internal sealed class BitOrExpr(Expr left, Expr right) : BitExpr(left, right)
{
    protected override long Compute(long a, long b) => a | b;
}

internal sealed class ShiftLeftExpr(Expr left, Expr right) : BitExpr(left, right)
{
    protected override long Compute(long a, long b) => Shift(a, b);
}

internal sealed class ShiftRightExpr(Expr left, Expr right) : BitExpr(left, right)
{
    protected override long Compute(long a, long b) => Shift(a, b == long.MinValue ? long.MaxValue : -b);
}

/// <summary>~x.</summary>
internal sealed class BitNotExpr(Expr operand) : Expr
{
    public override ValueKinds Kinds => ValueKinds.Numeric;

    public override bool IsConstant => operand.IsConstant;

    public override SqlValue Evaluate(Frame frame)
    {
        SqlValue value = operand.Evaluate(frame);
        return value.IsNull ? value : SqlValue.FromInteger(~SqlConvert.ToInteger(value));
    }
}
