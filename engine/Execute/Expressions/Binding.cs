using System.Runtime.CompilerServices;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>One walk over an expression as written, in one scope.</summary>
internal sealed partial class Binding(IScope scope, string? place = null)
{
    /// <summary>SQLITE_MAX_EXPR_DEPTH ("Limits In SQLite", section 5).</summary>
    private const int MaxDepth = 1000;

    private int _depth;

    public Expr Bind(ExpressionNode node)
    {
        if (++_depth > MaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw Error($"Expression tree is too large (maximum depth {MaxDepth})");
        }

        Expr bound = BindAny(node);
        _depth--;
        return bound;
    }

    public IReadOnlyList<Expr> BindRow(ExpressionNode node) => node switch
    {
        RowValueNode row => BindAll(row.Items),
        ScalarSelectNode select => scope.BindSelect(select),
        _ => [Bind(node)],
    };

    private Expr BindAny(ExpressionNode node) => node switch
    {
        LiteralNode literal => new ConstantExpr(literal.Value),
        ColumnNode column => BindColumn(column),
        ParameterNode parameter => new ParameterExpr(parameter.Number),
        UnaryNode unary => BindUnary(unary),
        BinaryNode binary => BindBinary(binary),
        LikeNode like => BindLike(like),
        IsNullNode isNull => BindIsNull(isNull),
        BetweenNode between => BindBetween(between),
        InListNode list => BindInList(list),
        InSelectNode select => scope.BindIn(select, BindRow(select.Value)),
        InTableNode table => scope.BindIn(table, BindRow(table.Value)),
        ExistsNode exists => scope.BindExists(exists),
        ScalarSelectNode select => BindScalarSelect(select),
        CaseNode conditional => BindCase(conditional),
        CastNode cast => BindCast(cast),
        CollateNode collate => BindCollate(collate),
        FunctionNode function => BindFunction(function),
        CurrentNode current => Once(new CurrentExpr(current.Kind)),
        RaiseNode raise => scope.BindRaise(raise),
        RowValueNode => throw Error("row value misused"),
        _ => throw Error($"{node.GetType().Name} is not supported in an expression"),
    };

    private Expr[] BindAll(IReadOnlyList<ExpressionNode> nodes)
    {
        Expr[] bound = new Expr[nodes.Count];
        for (int i = 0; i < bound.Length; i++)
        {
            bound[i] = Bind(nodes[i]);
        }

        return bound;
    }

    private Expr BindColumn(ColumnNode node)
    {
        Expr? column = scope.ResolveColumn(node);
        if (column is not null)
        {
            return column;
        }

        if (node.Table is null && node.DoubleQuoted)
        {
            return new ConstantExpr(SqlValue.FromText(node.Column));
        }

        if (BooleanOf(node) is bool value)
        {
            return new ConstantExpr(SqlValue.FromBoolean(value));
        }

        string table = node.Table is null ? "" : node.Table + ".";
        string schema = node.Schema is null ? "" : node.Schema + ".";
        throw Error($"no such column: {schema}{table}{node.Column}");
    }

    /// <summary>TRUE and FALSE are names that mean 1 and 0 where no column is called so.</summary>
    private static bool? BooleanOf(ColumnNode node)
    {
        if (node.Table is not null || node.DoubleQuoted)
        {
            return null;
        }

        return string.Equals(node.Column, "true", StringComparison.OrdinalIgnoreCase) ? true
            : string.Equals(node.Column, "false", StringComparison.OrdinalIgnoreCase) ? false
            : null;
    }

    private Expr BindUnary(UnaryNode node)
    {
        if (node is { Operator: UnaryOperator.Negate, Operand: LiteralNode { Value.Type: SqlType.Real } literal })
        {
            // 9223372036854775808 does not fit, but with its sign it does.
            double value = literal.Value.Real;
            return new ConstantExpr(value == -(double)long.MinValue ? SqlValue.FromInteger(long.MinValue) : SqlValue.FromReal(-value));
        }

        Expr operand = Bind(node.Operand);
        return node.Operator switch
        {
            UnaryOperator.Negate => Finish(new NegateExpr(operand), operand),
            UnaryOperator.Plus => Finish(new PlusExpr(operand), operand),
            UnaryOperator.BitNot => Finish(new BitNotExpr(operand), operand),
            _ => Finish(new NotExpr(operand), operand),
        };
    }

    private Expr BindScalarSelect(ScalarSelectNode node)
    {
        IReadOnlyList<Expr> columns = scope.BindSelect(node);
        return columns.Count == 1
            ? columns[0]
            : throw Error($"sub-select returns {columns.Count} columns - expected 1");
    }

    private Expr BindCase(CaseNode node)
    {
        if (node.Operand is RowValueNode || (node.Operand is not null && node.Branches.Any(branch => branch.When is RowValueNode)))
        {
            return BindCaseOfRow(node);
        }

        Expr? operand = node.Operand is null ? null : Bind(node.Operand);
        Expr otherwise = node.Else is null ? ConstantExpr.Null : Bind(node.Else);
        List<Expr> children = [otherwise];
        var searched = new (Expr When, Expr Then)[node.Branches.Count];
        var simple = new (Expr When, ComparisonMode Mode, Expr Then)[node.Branches.Count];
        for (int i = 0; i < searched.Length; i++)
        {
            Expr when = Bind(node.Branches[i].When);
            Expr then = Bind(node.Branches[i].Then);
            children.Add(when);
            children.Add(then);
            searched[i] = (when, then);
            if (operand is not null)
            {
                simple[i] = (when, ComparisonMode.Of(operand, when), then);
            }
        }

        if (operand is null)
        {
            return Finish(new CaseExpr(searched, otherwise), [.. children]);
        }

        children.Add(operand);
        return Finish(new CaseOfExpr(operand, simple, otherwise), [.. children]);
    }

    private CaseExpr BindCaseOfRow(CaseNode node)
    {
        Expr otherwise = node.Else is null ? ConstantExpr.Null : Bind(node.Else);
        var branches = new (Expr When, Expr Then)[node.Branches.Count];
        for (int i = 0; i < branches.Length; i++)
        {
            ExpressionNode condition = new BinaryNode(BinaryOperator.Equal, node.Operand!, node.Branches[i].When);
            branches[i] = (Bind(condition), Bind(node.Branches[i].Then));
        }

        return new CaseExpr(branches, otherwise);
    }

    private Expr BindCast(CastNode node)
    {
        Expr operand = Bind(node.Operand);
        return Finish(new CastExpr(operand, SqlConvert.AffinityOfType(node.TypeName)), operand);
    }

    private Expr BindCollate(CollateNode node)
    {
        Expr operand = Bind(node.Operand);
        return Finish(new CollateExpr(operand, scope.Functions.FindCollation(node.Collation)), operand);
    }

    /// <summary>
    /// Folds an expression whose parts are all constants, and lets the COLLATE of a part count for the whole (unless that is
    /// 0, 1 or NULL, which no collation touches). An expression that fails stays as it is: the error belongs to the row that evaluates it.
    /// </summary>
    private static Expr Finish(Expr expression, params ReadOnlySpan<Expr> parts)
    {
        Expr result = expression;
        bool constant = true;
        foreach (Expr part in parts)
        {
            constant &= part is ConstantExpr;
            if (part.HasExplicitCollation && !result.HasExplicitCollation && result is not PredicateExpr)
            {
                result = new CollateExpr(result, part.Collation!);
            }
        }

        // What LIKE gives for constants depends on the session.
        return constant && result is not LikeExpr { IsFoldable: false } ? Fold(result) : result;
    }

    private static Expr Fold(Expr expression)
    {
        try
        {
            SqlValue value = expression.Evaluate(FoldingContext.Frame);
            return new ConstantExpr(value, expression.Affinity, expression.Collation, expression.HasExplicitCollation) { FoldedKinds = expression.Kinds };
        }
        catch (SluiceException)
        {
            return expression;
        }
    }

    private OnceExpr Once(Expr expression) => new(expression, scope.AllocateSlot(), scope.AllocateSlot());

    private static SluiceException Error(string message) => new(ResultCode.Error, message);
}
