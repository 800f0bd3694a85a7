using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>A comparison of two row values of the same width ("Row Values", section 2.1). Members are evaluated from the first on.</summary>
internal sealed class RowComparisonExpr : PredicateExpr
{
    private readonly BinaryOperator _comparison;
    private readonly IReadOnlyList<Expr> _left;
    private readonly IReadOnlyList<Expr> _right;
    private readonly ComparisonMode[] _modes;

    public RowComparisonExpr(BinaryOperator comparison, IReadOnlyList<Expr> left, IReadOnlyList<Expr> right, ComparisonMode[] modes)
    {
        _comparison = comparison;
        _left = left;
        _right = right;
        _modes = modes;
    }

    public override Truth Test(Frame frame) => _comparison switch
    {
        BinaryOperator.Equal => Equality(frame),
        BinaryOperator.NotEqual => Logic.Not(Equality(frame)),
        BinaryOperator.Is => Logic.Of(Same(frame)),
        BinaryOperator.IsNot => Logic.Of(!Same(frame)),
        _ => Order(frame),
    };

    /// <summary>False if any pair differs, else unknown if a NULL was among them.</summary>
    private Truth Equality(Frame frame)
    {
        Truth result = Truth.True;
        for (int i = 0; i < _modes.Length; i++)
        {
            SqlValue a = _left[i].Evaluate(frame);
            SqlValue b = _right[i].Evaluate(frame);
            if (a.IsNull || b.IsNull)
            {
                result = Truth.Unknown;
            }
            else if (_modes[i].Compare(a, b) != 0)
            {
                return Truth.False;
            }
        }

        return result;
    }

    private bool Same(Frame frame)
    {
        for (int i = 0; i < _modes.Length; i++)
        {
            SqlValue a = _left[i].Evaluate(frame);
            SqlValue b = _right[i].Evaluate(frame);
            if (a.IsNull || b.IsNull ? a.IsNull != b.IsNull : _modes[i].Compare(a, b) != 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The first pair that differs decides; a NULL before that leaves it unknown.</summary>
    private Truth Order(Frame frame)
    {
        int order = 0;
        for (int i = 0; i < _modes.Length && order == 0; i++)
        {
            SqlValue a = _left[i].Evaluate(frame);
            SqlValue b = _right[i].Evaluate(frame);
            if (a.IsNull || b.IsNull)
            {
                return Truth.Unknown;
            }

            order = _modes[i].Compare(a, b);
        }

        return Logic.Of(ComparisonExpr.Holds(_comparison, order));
    }
}

/// <summary>(a, b) IN ((1, 2), ...): true if a row is equal, else unknown if one comparison was.</summary>
internal sealed class RowInListExpr(RowComparisonExpr[] rows, bool negated) : PredicateExpr
{
    public override Truth Test(Frame frame)
    {
        Truth result = Truth.False;
        foreach (RowComparisonExpr row in rows)
        {
            Truth one = row.Test(frame);
            if (one == Truth.True)
            {
                result = one;
                break;
            }

            result = one == Truth.Unknown ? one : result;
        }

        return negated ? Logic.Not(result) : result;
    }
}
