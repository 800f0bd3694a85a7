using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Expressions;

/// <content>Operators with two operands, and everything that compares.</content>
internal sealed partial class Binding
{
    private Expr BindBinary(BinaryNode node)
    {
        switch (node.Operator)
        {
            case BinaryOperator.Equal or BinaryOperator.NotEqual or BinaryOperator.Less or BinaryOperator.LessOrEqual
                or BinaryOperator.Greater or BinaryOperator.GreaterOrEqual:
                return BindComparison(node.Operator, BindRow(node.Left), BindRow(node.Right));
            case BinaryOperator.Is or BinaryOperator.IsNot:
                return BindIs(node);
            case BinaryOperator.Concatenate:
                return BindConcatenation(node);
            case BinaryOperator.JsonArrow or BinaryOperator.JsonDoubleArrow:
                return BindScalar(
                    FunctionCatalog.FindScalar(node.Operator == BinaryOperator.JsonArrow ? "->" : "->>", 2)!, [Bind(node.Left), Bind(node.Right)]);
        }

        Expr left = Bind(node.Left);
        Expr right = Bind(node.Right);
        Expr bound = node.Operator switch
        {
            BinaryOperator.Or => new OrExpr(left, right),
            BinaryOperator.And => new AndExpr(left, right),
            BinaryOperator.BitAnd => new BitAndExpr(left, right),
            BinaryOperator.BitOr => new BitOrExpr(left, right),
            BinaryOperator.ShiftLeft => new ShiftLeftExpr(left, right),
            BinaryOperator.ShiftRight => new ShiftRightExpr(left, right),
            BinaryOperator.Add => new AddExpr(left, right),
            BinaryOperator.Subtract => new SubtractExpr(left, right),
            BinaryOperator.Multiply => new MultiplyExpr(left, right),
            BinaryOperator.Divide => new DivideExpr(left, right),
            _ => new ModuloExpr(left, right),
        };
        return Finish(bound, left, right);
    }

    /// <summary>a || b || c is one node of three parts: nothing is copied twice.</summary>
    private Expr BindConcatenation(BinaryNode node)
    {
        Expr left = Bind(node.Left);
        Expr right = Bind(node.Right);
        Expr[] parts = left is ConcatenateExpr chain ? [.. chain.Parts, right] : [left, right];
        return Finish(new ConcatenateExpr(parts), left, right);
    }

    public static Expr BindComparison(BinaryOperator comparison, IReadOnlyList<Expr> left, IReadOnlyList<Expr> right)
    {
        if (left.Count != right.Count)
        {
            throw Error("row value misused");
        }

        return left.Count == 1
            ? BindComparison(comparison, left[0], right[0])
            : BindRowComparison(comparison, left, right);
    }

    private static RowComparisonExpr BindRowComparison(BinaryOperator comparison, IReadOnlyList<Expr> left, IReadOnlyList<Expr> right)
    {
        ComparisonMode[] modes = new ComparisonMode[left.Count];
        for (int i = 0; i < modes.Length; i++)
        {
            modes[i] = ComparisonMode.Of(left[i], right[i]);
        }

        return new RowComparisonExpr(comparison, left, right, modes);
    }

    private static Expr BindComparison(BinaryOperator comparison, Expr left, Expr right)
    {
        ComparisonMode mode = ComparisonMode.Of(left, right);
        if (left is ConstantExpr && right is ConstantExpr)
        {
            return Finish(new ComparisonExpr(comparison, left, right, mode), left, right);
        }

        Expr bound = right is ConstantExpr constant ? WithConstant(comparison, left, constant, mode)
            : left is ConstantExpr first ? WithConstant(Mirror(comparison), right, first, mode)
            : new ComparisonExpr(comparison, left, right, mode);
        return Finish(bound, left, right);
    }

    /// <summary>The nodes for the common case of a constant on one side, its affinity applied once.</summary>
    private static PredicateExpr WithConstant(BinaryOperator comparison, Expr operand, ConstantExpr constant, ComparisonMode mode)
    {
        SqlValue value = mode.Affinity == Affinity.Numeric ? SqlConvert.TextToNumber(constant.Value) : constant.Value;
        return value.Type switch
        {
            SqlType.Integer => new IntegerComparisonExpr(comparison, operand, value.Integer, mode),
            SqlType.Real => new RealComparisonExpr(comparison, operand, value.Real, mode),
            SqlType.Text => new TextComparisonExpr(comparison, operand, value, mode),
            _ => new ComparisonExpr(comparison, operand, constant, mode),
        };
    }

    private static BinaryOperator Mirror(BinaryOperator comparison) => comparison switch
    {
        BinaryOperator.Less => BinaryOperator.Greater,
        BinaryOperator.LessOrEqual => BinaryOperator.GreaterOrEqual,
        BinaryOperator.Greater => BinaryOperator.Less,
        BinaryOperator.GreaterOrEqual => BinaryOperator.LessOrEqual,
        _ => comparison,
    };

    private Expr BindIs(BinaryNode node)
    {
        bool negated = node.Operator == BinaryOperator.IsNot;
        if (WithoutCollate(node.Right) is ColumnNode name && BooleanOf(name) is bool truth && scope.ResolveColumn(name) is null)
        {
            Expr operand = Bind(node.Left);
            return Finish(new IsTruthExpr(operand, Logic.Of(truth), negated), operand);
        }

        IReadOnlyList<Expr> left = BindRow(node.Left);
        IReadOnlyList<Expr> right = BindRow(node.Right);
        if (left.Count != right.Count)
        {
            throw Error("row value misused");
        }

        if (left.Count > 1)
        {
            return BindRowComparison(node.Operator, left, right);
        }

        return right[0] is ConstantExpr { Value.IsNull: true }
            ? Finish(new IsNullExpr(left[0], negated), left[0], right[0])
            : Finish(new IsExpr(left[0], right[0], ComparisonMode.Of(left[0], right[0]), negated), left[0], right[0]);
    }

    /// <summary>IS TRUE COLLATE NOCASE is still IS TRUE.</summary>
    private static ExpressionNode WithoutCollate(ExpressionNode node) => node is CollateNode collate ? WithoutCollate(collate.Operand) : node;

    private Expr BindIsNull(IsNullNode node)
    {
        Expr operand = Bind(node.Operand);
        return Finish(new IsNullExpr(operand, node.Negated), operand);
    }

    private Expr BindBetween(BetweenNode node)
    {
        IReadOnlyList<Expr> value = BindRow(node.Value);
        IReadOnlyList<Expr> low = BindRow(node.Low);
        IReadOnlyList<Expr> high = BindRow(node.High);
        if (value.Count != low.Count || value.Count != high.Count)
        {
            throw Error("row value misused");
        }

        if (value.Count > 1)
        {
            Expr both = new AndExpr(
                BindRowComparison(BinaryOperator.GreaterOrEqual, value, low),
                BindRowComparison(BinaryOperator.LessOrEqual, value, high));
            return node.Negated ? new NotExpr(both) : both;
        }

        ComparisonMode lowMode = ComparisonMode.Of(value[0], low[0]);
        ComparisonMode highMode = ComparisonMode.Of(value[0], high[0]);
        return Finish(new BetweenExpr(value[0], low[0], lowMode, high[0], highMode, node.Negated), value[0], low[0], high[0]);
    }

    private Expr BindInList(InListNode node)
    {
        IReadOnlyList<Expr> value = BindRow(node.Value);
        if (value.Count > 1)
        {
            return BindRowInList(node, value);
        }

        Expr[] list = BindAll(node.List);
        ComparisonMode mode = new(ComparisonRules.AffinityOf(value[0].Affinity, Affinity.None), ComparisonRules.CollationOf(value[0]));
        if (!Array.TrueForAll(list, item => item is ConstantExpr))
        {
            return new InListExpr(value[0], list, mode, node.Negated);
        }

        SqlValue[] constants = Array.ConvertAll(list, item => ((ConstantExpr)item).Value);
        return Finish(new InSetExpr(value[0], constants, mode, node.Negated), value[0]);
    }

    private RowInListExpr BindRowInList(InListNode node, IReadOnlyList<Expr> value)
    {
        RowComparisonExpr[] rows = new RowComparisonExpr[node.List.Count];
        for (int i = 0; i < rows.Length; i++)
        {
            IReadOnlyList<Expr> row = BindRow(node.List[i]);
            if (row.Count != value.Count)
            {
                throw Error($"IN(...) element has {row.Count} term{(row.Count == 1 ? "" : "s")} - expected {value.Count}");
            }

            rows[i] = BindRowComparison(BinaryOperator.Equal, value, row);
        }

        return new RowInListExpr(rows, node.Negated);
    }

    private Expr BindLike(LikeNode node)
    {
        if (node.Operator is LikeOperator.Regexp or LikeOperator.Match)
        {
            return BindUserOperator(node);
        }

        if (node.Operator == LikeOperator.Glob && node.Escape is not null)
        {
            throw Error("wrong number of arguments to function GLOB()");
        }

        Expr value = Bind(node.Value);
        Expr pattern = Bind(node.Pattern);
        Expr? escape = node.Escape is null ? null : Bind(node.Escape);
        LikeExpr like = new(node.Operator == LikeOperator.Glob, value, pattern, escape, node.Negated);
        return escape is null ? Finish(like, value, pattern) : Finish(like, value, pattern, escape);
    }

    /// <summary>x REGEXP y is regexp(y, x) and x MATCH y is match(y, x), functions that only the program can have made ("LIKE, GLOB, REGEXP, MATCH").</summary>
    private Expr BindUserOperator(LikeNode node)
    {
        bool isRegexp = node.Operator == LikeOperator.Regexp;
        if (node.Escape is not null || scope.Functions.FindScalar(isRegexp ? "regexp" : "match", 2) is not { } function)
        {
            throw Error(isRegexp ? "no such function: REGEXP" : "unable to use function MATCH in the requested context");
        }

        Expr call = BindScalar(function, [Bind(node.Pattern), Bind(node.Value)]);
        return node.Negated ? Finish(new NotExpr(call), call) : call;
    }
}
