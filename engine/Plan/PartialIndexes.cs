using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Whether a query may read a partial index: only if its conditions imply the index's WHERE ("Partial Indexes", section 3).</summary>
internal static class PartialIndexes
{
    public static bool IsUsable(TableIndex index, FromSource source, List<WhereTerm> terms) =>
        index.Where is null || Conjuncts(index.Where).All(part => terms.Any(term => Implies(term, part, source)));

    private static IEnumerable<ExpressionNode> Conjuncts(ExpressionNode node) =>
        node is BinaryNode { Operator: BinaryOperator.And } and ? Conjuncts(and.Left).Concat(Conjuncts(and.Right)) : [node];

    /// <summary>The same condition, one side of an OR that is, or a comparison that a NULL would not pass where NOT NULL is asked.</summary>
    private static bool Implies(WhereTerm term, ExpressionNode part, FromSource source)
    {
        if (NodeEquality.AreEqual(NodeWalk.WithoutQualifier(term.Node, source.Name), NodeWalk.WithoutQualifier(part, source.Name)))
        {
            return true;
        }

        if (part is BinaryNode { Operator: BinaryOperator.Or } or)
        {
            return Implies(term, or.Left, source) || Implies(term, or.Right, source);
        }

        return NotNullOperand(part) is ColumnNode column && source.Table!.OrdinalOf(column.Column) is >= 0 and var ordinal
            && term.Uses.Any(use => use.Source == source && use.Kind != TermKind.Is
                && (use.Column == ordinal || (use.Column == -1 && ordinal == source.Table.RowidAlias)));
    }

    private static ExpressionNode? NotNullOperand(ExpressionNode part) => part switch
    {
        IsNullNode { Negated: true } test => test.Operand,
        BinaryNode { Operator: BinaryOperator.IsNot, Right: LiteralNode { Value.Type: SqlType.Null } } test => test.Left,
        _ => null,
    };
}
