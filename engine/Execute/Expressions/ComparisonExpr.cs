using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>How two operands compare: what is done to them first, and the collation of texts.</summary>
internal readonly record struct ComparisonMode(Affinity Affinity, Collation Collation)
{
    public static ComparisonMode Of(Expr left, Expr right) =>
        new(ComparisonRules.AffinityOf(left.Affinity, right.Affinity), ComparisonRules.CollationOf(left, right));

    public int Compare(in SqlValue left, in SqlValue right) => ComparisonRules.Compare(left, right, Affinity, Collation);
}

/// <summary>= &lt;&gt; &lt; &lt;= &gt; &gt;= between any two values: unknown if one is NULL.</summary>
internal sealed class ComparisonExpr(BinaryOperator comparison, Expr left, Expr right, ComparisonMode mode) : PredicateExpr
{
    public override bool IsConstant => left.IsConstant && right.IsConstant;

    public override Truth Test(Frame frame)
    {
        SqlValue a = left.Evaluate(frame);
        SqlValue b = right.Evaluate(frame);
        if (a.Type == SqlType.Integer && b.Type == SqlType.Integer)
        {
            return Logic.Of(Holds(comparison, a.Integer.CompareTo(b.Integer)));
        }

        return a.IsNull || b.IsNull ? Truth.Unknown : Logic.Of(Holds(comparison, mode.Compare(a, b)));
    }

    /// <summary>Whether a comparison holds for an order: negative for less, zero for equal, positive for greater.</summary>
    public static bool Holds(BinaryOperator comparison, int order) => comparison switch
    {
        BinaryOperator.Equal => order == 0,
        BinaryOperator.NotEqual => order != 0,
        BinaryOperator.Less => order < 0,
        BinaryOperator.LessOrEqual => order <= 0,
        BinaryOperator.Greater => order > 0,
        _ => order >= 0,
    };
}

/// <summary>A comparison with a constant integer on the right.</summary>
internal sealed class IntegerComparisonExpr(BinaryOperator comparison, Expr left, long right, ComparisonMode mode) : PredicateExpr
{
    /// <summary>Up to here a double has every integer.</summary>
    private const long ExactInteger = 1L << 53;

    private readonly bool _isExact = right is >= -ExactInteger and <= ExactInteger;
    private readonly double _real = right;

    public override Truth Test(Frame frame)
    {
        SqlValue value = left.Evaluate(frame);
        return value.Type switch
        {
            SqlType.Integer => Logic.Of(ComparisonExpr.Holds(comparison, value.Integer.CompareTo(right))),
            SqlType.Real => Logic.Of(ComparisonExpr.Holds(comparison, _isExact ? value.Real.CompareTo(_real) : -ValueOrder.Compare(right, value.Real))),
            SqlType.Null => Truth.Unknown,
            _ => Logic.Of(ComparisonExpr.Holds(comparison, mode.Compare(value, SqlValue.FromInteger(right)))),
        };
    }
}

/// <summary>A comparison with a constant real on the right.</summary>
internal sealed class RealComparisonExpr(BinaryOperator comparison, Expr left, double right, ComparisonMode mode) : PredicateExpr
{
    public override Truth Test(Frame frame)
    {
        SqlValue value = left.Evaluate(frame);
        return value.Type switch
        {
            SqlType.Real => Logic.Of(ComparisonExpr.Holds(comparison, value.Real.CompareTo(right))),
            SqlType.Null => Truth.Unknown,
            _ => Logic.Of(ComparisonExpr.Holds(comparison, mode.Compare(value, SqlValue.FromReal(right)))),
        };
    }
}

/// <summary>A comparison with a constant text on the right.</summary>
internal sealed class TextComparisonExpr(BinaryOperator comparison, Expr left, SqlValue right, ComparisonMode mode) : PredicateExpr
{
    private readonly bool _binaryEquality = comparison == BinaryOperator.Equal && mode.Collation == Collation.Binary;

    public override Truth Test(Frame frame)
    {
        SqlValue value = left.Evaluate(frame);
        if (value.Type == SqlType.Text && mode.Affinity != Affinity.Numeric)
        {
            return Logic.Of(_binaryEquality
                ? value.Bytes.SequenceEqual(right.Bytes)
                : ComparisonExpr.Holds(comparison, mode.Collation.Compare(value.Bytes, right.Bytes)));
        }

        return value.IsNull ? Truth.Unknown : Logic.Of(ComparisonExpr.Holds(comparison, mode.Compare(value, right)));
    }
}

/// <summary>a IS b, a IS NOT b: as = and &lt;&gt;, but NULL is a value like any other.</summary>
internal sealed class IsExpr(Expr left, Expr right, ComparisonMode mode, bool negated) : PredicateExpr
{
    public override bool IsConstant => left.IsConstant && right.IsConstant;

    public override Truth Test(Frame frame)
    {
        SqlValue a = left.Evaluate(frame);
        SqlValue b = right.Evaluate(frame);
        bool same = a.IsNull || b.IsNull ? a.IsNull && b.IsNull : mode.Compare(a, b) == 0;
        return Logic.Of(same != negated);
    }
}

/// <summary>x BETWEEN low AND high: x &gt;= low AND x &lt;= high with x evaluated once.</summary>
internal sealed class BetweenExpr(Expr value, Expr low, ComparisonMode lowMode, Expr high, ComparisonMode highMode, bool negated)
    : PredicateExpr
{
    public override bool IsConstant => value.IsConstant && low.IsConstant && high.IsConstant;

    public override Truth Test(Frame frame)
    {
        SqlValue x = value.Evaluate(frame);
        SqlValue bottom = low.Evaluate(frame);
        Truth above = x.IsNull || bottom.IsNull ? Truth.Unknown : Logic.Of(lowMode.Compare(x, bottom) >= 0);
        if (above == Truth.False)
        {
            return Logic.Of(negated);
        }

        SqlValue top = high.Evaluate(frame);
        Truth below = x.IsNull || top.IsNull ? Truth.Unknown : Logic.Of(highMode.Compare(x, top) <= 0);
        Truth both = below == Truth.True ? above : below;
        return negated ? Logic.Not(both) : both;
    }
}
