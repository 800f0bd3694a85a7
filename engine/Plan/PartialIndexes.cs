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
        ExpressionNode condition = NodeWalk.WithoutQualifier(term.Node, source.Name);
        ExpressionNode asked = NodeWalk.WithoutQualifier(part, source.Name);
        if (NodeEquality.AreEqual(condition, asked)
            || (condition is BinaryNode { Left: LiteralNode } comparison && Turned(comparison) is { } turned && NodeEquality.AreEqual(turned, asked)))
        {
            return true;
        }

        if (part is BinaryNode { Operator: BinaryOperator.Or } or)
        {
            return Implies(term, or.Left, source) || Implies(term, or.Right, source);
        }

        return NotNullOperand(asked) is ColumnNode column && source.Table!.OrdinalOf(column.Column) is >= 0 and var ordinal
            && (IsNullOf(condition, column) || term.Uses.Any(use => use.Source == source && use.Kind != TermKind.Is
                && (use.Column == ordinal || (use.Column == -1 && ordinal == source.Table.RowidAlias))));
    }

    /// <summary>Whether a condition is NULL where a column is, and so not met.</summary>
    private static bool IsNullOf(ExpressionNode condition, ColumnNode column) => condition switch
    {
        BinaryNode { Operator: not (BinaryOperator.Or or BinaryOperator.And or BinaryOperator.Is or BinaryOperator.IsNot) } binary =>
            IsNullOf(binary.Left, column) || IsNullOf(binary.Right, column),
        // About a blob there is an answer also where the other side is NULL.
        LikeNode { Operator: LikeOperator.Like or LikeOperator.Glob, Pattern: LiteralNode { Value.Type: SqlType.Text } } like => IsNullOf(like.Value, column),
        InListNode { List.Count: > 0 } list => IsNullOf(list.Value, column),
        UnaryNode unary => IsNullOf(unary.Operand, column),
        CollateNode collate => IsNullOf(collate.Operand, column),
        _ => NodeEquality.AreEqual(condition, column),
    };

    /// <summary>A comparison with its sides exchanged; null for what is none.</summary>
    private static BinaryNode? Turned(BinaryNode node)
    {
        BinaryOperator? turned = node.Operator switch
        {
            BinaryOperator.Less => BinaryOperator.Greater,
            BinaryOperator.LessOrEqual => BinaryOperator.GreaterOrEqual,
            BinaryOperator.Greater => BinaryOperator.Less,
            BinaryOperator.GreaterOrEqual => BinaryOperator.LessOrEqual,
            BinaryOperator.Equal or BinaryOperator.NotEqual or BinaryOperator.Is or BinaryOperator.IsNot => node.Operator,
            _ => null,
        };
        return turned is { } op ? new BinaryNode(op, node.Right, node.Left) : null;
    }

    private static ExpressionNode? NotNullOperand(ExpressionNode part) => part switch
    {
        IsNullNode { Negated: true } test => test.Operand,
        BinaryNode { Operator: BinaryOperator.IsNot, Right: LiteralNode { Value.Type: SqlType.Null } } test => test.Left,
        _ => null,
    };
}
