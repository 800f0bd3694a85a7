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
        FunctionNode { OrderBy.Count: 0, Filter: null, Over: null } call => call.Arguments,
        FunctionNode call => CallChildren(call),
        _ => [],
    };

    /// <summary>The expression with <paramref name="table"/>.column written as column, so that both are alike.</summary>
    public static ExpressionNode WithoutQualifier(ExpressionNode node, string table) => Rewrite(node, child =>
        child is ColumnNode { Table: not null } column && column.Table.Equals(table, StringComparison.OrdinalIgnoreCase)
            ? column with { Table = null, Schema = null }
            : null);

    /// <summary>
    /// The expression with parts replaced: <paramref name="replace"/> gives what stands in the place of a node, or null to look below it.
    /// </summary>
    public static ExpressionNode Rewrite(ExpressionNode node, Func<ExpressionNode, ExpressionNode?> replace)
    {
        if (replace(node) is { } replaced)
        {
            return replaced;
        }

        ExpressionNode Next(ExpressionNode child) => Rewrite(child, replace);
        ExpressionNode? Maybe(ExpressionNode? child) => child is null ? null : Rewrite(child, replace);
        List<ExpressionNode> All(IReadOnlyList<ExpressionNode> children) => [.. children.Select(Next)];
        return node switch
        {
            UnaryNode unary => unary with { Operand = Next(unary.Operand) },
            BinaryNode binary => binary with { Left = Next(binary.Left), Right = Next(binary.Right) },
            LikeNode like => like with { Value = Next(like.Value), Pattern = Next(like.Pattern), Escape = Maybe(like.Escape) },
            IsNullNode test => test with { Operand = Next(test.Operand) },
            BetweenNode between => between with { Value = Next(between.Value), Low = Next(between.Low), High = Next(between.High) },
            InListNode list => list with { Value = Next(list.Value), List = All(list.List) },
            InSelectNode select => select with { Value = Next(select.Value) },
            InTableNode table => table with { Value = Next(table.Value) },
            RowValueNode row => row with { Items = All(row.Items) },
            CaseNode cases => cases with
            {
                Operand = Maybe(cases.Operand),
                Branches = [.. cases.Branches.Select(branch => (Next(branch.When), Next(branch.Then)))],
                Else = Maybe(cases.Else),
            },
            CastNode cast => cast with { Operand = Next(cast.Operand) },
            CollateNode collate => collate with { Operand = Next(collate.Operand) },
            FunctionNode call => call with
            {
                Arguments = All(call.Arguments),
                OrderBy = [.. call.OrderBy.Select(term => term with { Expression = Next(term.Expression) })],
                Filter = Maybe(call.Filter),
            },
            _ => node,
        };
    }

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
    /// <param name="node">The expression; subqueries in it are not looked at.</param>
    /// <param name="functions">Those that are known.</param>
    /// <param name="isCounted">When given, which calls count.</param>
    public static bool HasAggregate(ExpressionNode node, FunctionSet functions, Func<FunctionNode, bool>? isCounted = null)
    {
        if (node is FunctionNode { Over: null } call && functions.FindAggregate(call.Name, call.Star ? 0 : call.Arguments.Count) is not null && isCounted?.Invoke(call) != false)
        {
            return true;
        }

        if (IsLeaf(node))
        {
            return false;
        }

        foreach (ExpressionNode child in Children(node))
        {
            if (HasAggregate(child, functions, isCounted))
            {
                return true;
            }
        }

        return false;
    }

    public static bool HasWindow(ExpressionNode node) => node is FunctionNode { Over: not null } || (!IsLeaf(node) && Children(node).Any(HasWindow));

    /// <summary>Whether it has no children, as most nodes.</summary>
    public static bool IsLeaf(ExpressionNode node) => node is ColumnNode or LiteralNode or ParameterNode;

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

        foreach (ExpressionNode term in node.Over?.PartitionBy ?? [])
        {
            yield return term;
        }

        foreach (OrderTerm term in node.Over?.OrderBy ?? [])
        {
            yield return term.Expression;
        }
    }
}
