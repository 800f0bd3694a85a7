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

    public override ValueKinds Kinds => value.Kinds;

    public override bool IsConstant => value.IsConstant;

    public override SqlValue Evaluate(Frame frame) => value.Evaluate(frame);
}

/// <summary>
/// A computed column of a subquery that stands in the place of its name: as any column it has a collation, which is none that COLLATE
/// gave, and its values are no longer known as JSON.
/// </summary>
internal sealed class SubqueryColumnExpr(Expr value) : Expr
{
    public override Affinity Affinity => value.Affinity;

    public override Collation? Collation => ComparisonRules.CollationOf(value);

    public override bool IsConstant => value.IsConstant;

    /// <summary>Wraps what is not a column, of which nothing changes.</summary>
    public static Expr Of(Expr value) => value switch
    {
        ColumnExpr { FilledKinds: null } or RowidExpr or SubqueryColumnExpr => value,
        ConstantExpr constant => AsColumn(constant),
        _ => new SubqueryColumnExpr(value),
    };

    public override SqlValue Evaluate(Frame frame)
    {
        SqlValue result = value.Evaluate(frame);
        return result.Subtype == 0 ? result : result.WithSubtype(0);
    }

    public override Truth Test(Frame frame) => value.Test(frame);

    private static ConstantExpr AsColumn(ConstantExpr constant) => new(constant.Value.WithSubtype(0), constant.Affinity, ComparisonRules.CollationOf(constant))
    {
        FoldedKinds = new SubqueryColumnExpr(constant).Kinds,
    };
}

/// <summary>Passes the rows that a min() or max() counts.</summary>
internal sealed class NotNullExpr(Expr value) : PredicateExpr
{
    public override Truth Test(Frame frame) => Logic.Of(!value.Evaluate(frame).IsNull);
}
