using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Terms of ORDER BY.</summary>
internal static class OrderTerms
{
    /// <summary>NULLs come first where ascending and last where descending, unless NULLS FIRST or LAST says otherwise.</summary>
    public static SortKey Key(OrderTerm term, Expr value) =>
        new(value, new SortOrder(ComparisonRules.CollationOf(value), term.Descending, term.NullsFirst ?? !term.Descending));

    /// <summary>
    /// The number of a result column that a term names by a whole number of 32 bits, from 1; null for any other expression, which a larger number is, too.
    /// </summary>
    public static int? Ordinal(ExpressionNode expression) => Unwrapped(expression) switch
    {
        LiteralNode { Value: { Type: Format.SqlType.Integer, Integer: >= -int.MaxValue and <= int.MaxValue } value } => value.Integer > 0 ? (int)value.Integer : int.MaxValue,
        UnaryNode { Operator: UnaryOperator.Plus } plus => Ordinal(plus.Operand),
        UnaryNode { Operator: UnaryOperator.Negate, Operand: LiteralNode { Value: { Type: Format.SqlType.Integer, Integer: <= int.MaxValue } } } => int.MaxValue,
        _ => null,
    };

    /// <summary>The expression without COLLATE around it.</summary>
    public static ExpressionNode Unwrapped(ExpressionNode expression)
    {
        while (expression is CollateNode collate)
        {
            expression = collate.Operand;
        }

        return expression;
    }
}
