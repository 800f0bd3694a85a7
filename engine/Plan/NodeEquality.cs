using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Whether two expressions are written alike, up to the case of names and where they stand in the text.</summary>
internal static class NodeEquality
{
    public static bool AreEqual(ExpressionNode a, ExpressionNode b) =>
        ReferenceEquals(a, b) || (a.GetType() == b.GetType() && AreHeadsEqual(a, b) && (NodeWalk.IsLeaf(a) || AreListsEqual([.. NodeWalk.Children(a)], [.. NodeWalk.Children(b)])));

    private static bool AreHeadsEqual(ExpressionNode a, ExpressionNode b) => (a, b) switch
    {
        (LiteralNode x, LiteralNode y) => x.Value.Type == y.Value.Type && ValueOrder.Compare(x.Value, y.Value, Collation.Binary) == 0,
        (CurrentNode x, CurrentNode y) => x.Kind == y.Kind,
        (ParameterNode x, ParameterNode y) => x.Number == y.Number,
        (ColumnNode x, ColumnNode y) => Same(x.Column, y.Column) && Same(x.Table, y.Table) && Same(x.Schema, y.Schema),
        (UnaryNode x, UnaryNode y) => x.Operator == y.Operator,
        (BinaryNode x, BinaryNode y) => x.Operator == y.Operator,
        (LikeNode x, LikeNode y) => x.Operator == y.Operator && x.Negated == y.Negated,
        (IsNullNode x, IsNullNode y) => x.Negated == y.Negated,
        (BetweenNode x, BetweenNode y) => x.Negated == y.Negated,
        (InListNode x, InListNode y) => x.Negated == y.Negated,
        (RowValueNode, RowValueNode) => true,
        (CaseNode x, CaseNode y) => x.Operand is null == y.Operand is null && x.Branches.Count == y.Branches.Count,
        (CastNode x, CastNode y) => Same(x.TypeName, y.TypeName),
        (CollateNode x, CollateNode y) => Same(x.Collation, y.Collation),
        (FunctionNode x, FunctionNode y) => AreCallsEqual(x, y),

        // Subqueries are only equal to themselves.
        _ => false,
    };

    private static bool AreCallsEqual(FunctionNode x, FunctionNode y) =>
        Same(x.Name, y.Name) && x.Star == y.Star && x.Distinct == y.Distinct && x.Over is null && y.Over is null
        && x.Arguments.Count == y.Arguments.Count && x.OrderBy.Count == y.OrderBy.Count && x.Filter is null == y.Filter is null
        && x.OrderBy.Zip(y.OrderBy).All(pair => pair.First.Descending == pair.Second.Descending && pair.First.NullsFirst == pair.Second.NullsFirst);

    private static bool AreListsEqual(List<ExpressionNode> a, List<ExpressionNode> b)
    {
        if (a.Count != b.Count)
        {
            return false;
        }

        for (int i = 0; i < a.Count; i++)
        {
            if (!AreEqual(a[i], b[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool Same(string? a, string? b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
