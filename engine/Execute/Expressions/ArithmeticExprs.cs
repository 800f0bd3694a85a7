using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>
/// + - * / %: NULL if an operand is; integers as long as both are and the result fits, else reals; a text counts by its
/// numeric prefix.
/// </summary>
internal abstract class ArithmeticExpr(Expr left, Expr right) : Expr
{
    public sealed override ValueKinds Kinds => ValueKinds.Numeric;

    public sealed override bool IsConstant => left.IsConstant && right.IsConstant;

    public sealed override SqlValue Evaluate(Frame frame)
    {
        SqlValue a = left.Evaluate(frame);
        SqlValue b = right.Evaluate(frame);
        if (a.Type == SqlType.Integer && b.Type == SqlType.Integer)
        {
            return OfIntegers(a.Integer, b.Integer);
        }

        if (a.IsNull || b.IsNull)
        {
            return SqlValue.Null;
        }

        SqlValue x = SqlConvert.ToNumber(a);
        SqlValue y = SqlConvert.ToNumber(b);
        return x.Type == SqlType.Integer && y.Type == SqlType.Integer
            ? OfIntegers(x.Integer, y.Integer)
            : OfReals(a, b, SqlConvert.ToReal(x), SqlConvert.ToReal(y));
    }

    protected abstract SqlValue OfIntegers(long a, long b);

    /// <summary>The operands as reals, and as they were.</summary>
    protected abstract SqlValue OfReals(in SqlValue left, in SqlValue right, double a, double b);
}

internal sealed class AddExpr(Expr left, Expr right) : ArithmeticExpr(left, right)
{
    protected override SqlValue OfIntegers(long a, long b)
    {
        long sum = unchecked(a + b);
        return ((a ^ sum) & (b ^ sum)) < 0 ? SqlValue.FromReal((double)a + b) : SqlValue.FromInteger(sum);
    }

    protected override SqlValue OfReals(in SqlValue left, in SqlValue right, double a, double b) => SqlValue.FromReal(a + b);
}

internal sealed class SubtractExpr(Expr left, Expr right) : ArithmeticExpr(left, right)
{
    protected override SqlValue OfIntegers(long a, long b)
    {
        long difference = unchecked(a - b);
        return ((a ^ b) & (a ^ difference)) < 0 ? SqlValue.FromReal((double)a - b) : SqlValue.FromInteger(difference);
    }

    protected override SqlValue OfReals(in SqlValue left, in SqlValue right, double a, double b) => SqlValue.FromReal(a - b);
}

internal sealed class MultiplyExpr(Expr left, Expr right) : ArithmeticExpr(left, right)
{
    protected override SqlValue OfIntegers(long a, long b)
    {
        long high = Math.BigMul(a, b, out long low);
        return high == low >> 63 ? SqlValue.FromInteger(low) : SqlValue.FromReal((double)a * b);
    }

    protected override SqlValue OfReals(in SqlValue left, in SqlValue right, double a, double b) => SqlValue.FromReal(a * b);
}

internal sealed class DivideExpr(Expr left, Expr right) : ArithmeticExpr(left, right)
{
    protected override SqlValue OfIntegers(long a, long b)
    {
        if (b == 0)
        {
            return SqlValue.Null;
        }

        return a == long.MinValue && b == -1 ? SqlValue.FromReal(-(double)a) : SqlValue.FromInteger(a / b);
    }

    protected override SqlValue OfReals(in SqlValue left, in SqlValue right, double a, double b) =>
        b == 0 ? SqlValue.Null : SqlValue.FromReal(a / b);
}

/// <summary>%: always computed on integers; where an operand was a real, the result is one again.</summary>
internal sealed class ModuloExpr(Expr left, Expr right) : ArithmeticExpr(left, right)
{
    protected override SqlValue OfIntegers(long a, long b)
    {
        if (b == 0)
        {
            return SqlValue.Null;
        }

        // MinValue % -1 would trap.
        return SqlValue.FromInteger(b == -1 ? 0 : a % b);
    }

    protected override SqlValue OfReals(in SqlValue left, in SqlValue right, double a, double b)
    {
        SqlValue rest = OfIntegers(SqlConvert.ToInteger(left), SqlConvert.ToInteger(right));
        return rest.IsNull ? rest : SqlValue.FromReal(rest.Integer);
    }
}

/// <summary>-x, which is 0 - x.</summary>
internal sealed class NegateExpr(Expr operand) : Expr
{
    public override ValueKinds Kinds => ValueKinds.Numeric;

    public override bool IsConstant => operand.IsConstant;

    public override SqlValue Evaluate(Frame frame)
    {
        SqlValue value = SqlConvert.ToNumber(operand.Evaluate(frame));
        return value.Type switch
        {
            SqlType.Null => value,
            SqlType.Integer when value.Integer != long.MinValue => SqlValue.FromInteger(-value.Integer),
            _ => SqlValue.FromReal(0.0 - SqlConvert.ToReal(value)),
        };
    }
}
