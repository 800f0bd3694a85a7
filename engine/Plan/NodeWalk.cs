using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Walks expressions as written. Subqueries are not entered: they have names and aggregates of their own.</summary>
internal static class NodeWalk
{
    public static IEnumerable<ExpressionNode> Children(ExpressionNode node) => node switch
    {
        UnaryNode unary => [unary.Operand],
        BinaryNode binary => [binary.Left, binary.Right],
        LikeNode like => like.Escape is null ? [like.Value, like.Pattern] : [like.Value, like.Pattern, like.Escape],
        IsNullNode test => [test.Operand],
        BetweenNode between => [between.Value, between.Low, between.High],
        InListNode list => [list.Value, .. list.List],
        InSelectNode select => [select.Value],
        InTableNode table => [table.Value],
        RowValueNode row => row.Items,
        CaseNode cases => CaseChildren(cases),
        CastNode cast => [cast.Operand],
        CollateNode collate => [collate.Operand],
        FunctionNode call => CallChildren(call),
        _ => [],
    };

    /// <summary>All column names in an expression.</summary>
    public static IEnumerable<ColumnNode> Columns(ExpressionNode node)
    {
        if (node is ColumnNode column)
        {
            return [column];
        }

        return Children(node).SelectMany(Columns);
    }

    /// <summary>Whether the expression calls an aggregate function (not as a window function).</summary>
    public static bool HasAggregate(ExpressionNode node) =>
        node is FunctionNode { Over: null } call && IsAggregate(call) || Children(node).Any(HasAggregate);

    public static bool HasWindow(ExpressionNode node) => node is FunctionNode { Over: not null } || Children(node).Any(HasWindow);

    private static bool IsAggregate(FunctionNode call) =>
        FunctionCatalog.FindAggregate(call.Name, call.Star ? 0 : call.Arguments.Count) is not null;

    private static IEnumerable<ExpressionNode> CaseChildren(CaseNode node)
    {
        if (node.Operand is not null)
        {
            yield return node.Operand;
        }

        foreach ((ExpressionNode when, ExpressionNode then) in node.Branches)
        {
            yield return when;
            yield return then;
        }

        if (node.Else is not null)
        {
            yield return node.Else;
        }
    }

    private static IEnumerable<ExpressionNode> CallChildren(FunctionNode node)
    {
        foreach (ExpressionNode argument in node.Arguments)
        {
            yield return argument;
        }

        foreach (OrderTerm term in node.OrderBy)
        {
            yield return term.Expression;
        }

        if (node.Filter is not null)
        {
            yield return node.Filter;
        }
    }
}
