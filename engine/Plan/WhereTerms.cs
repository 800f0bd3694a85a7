using Sluice.Engine.Catalog;
using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Takes a condition apart at its ANDs and finds which parts a seek could answer.</summary>
internal static class WhereTerms
{
    /// <summary>A guess, as SQLite's, at how many values an IN (SELECT ...) has.</summary>
    private const double SubqueryValues = 25;

    public static List<WhereTerm> Bind(ExpressionNode condition, RowScope scope)
    {
        List<WhereTerm> terms = [];
        foreach (ExpressionNode part in Split(condition))
        {
            WhereTerm term = BindOne(part, scope);
            terms.Add(term);
            if (part is LikeNode like)
            {
                terms.AddRange(LikePrefix.Bounds(like, term.Condition, scope).Select(bound => BindOne(bound, scope)));
            }
        }

        return terms;
    }

    private static List<ExpressionNode> Split(ExpressionNode condition)
    {
        List<ExpressionNode> parts = [];

        // A long chain of ANDs leans to the left; it is walked with a stack of our own.
        Stack<ExpressionNode> open = new([condition]);
        while (open.TryPop(out ExpressionNode? node))
        {
            switch (node)
            {
                case BinaryNode { Operator: BinaryOperator.And } and:
                    open.Push(and.Right);
                    open.Push(and.Left);
                    break;
                case BetweenNode { Negated: false, Value: ColumnNode } between:
                    parts.Add(new BinaryNode(BinaryOperator.GreaterOrEqual, between.Value, between.Low) { Position = between.Position });
                    parts.Add(new BinaryNode(BinaryOperator.LessOrEqual, between.Value, between.High) { Position = between.Position });
                    break;
                case BinaryNode { Operator: BinaryOperator.Equal, Left: RowValueNode left, Right: RowValueNode right } when left.Items.Count == right.Items.Count:
                    for (int i = 0; i < left.Items.Count; i++)
                    {
                        parts.Add(new BinaryNode(BinaryOperator.Equal, left.Items[i], right.Items[i]) { Position = node.Position });
                    }

                    break;
                default:
                    parts.Add(node);
                    break;
            }
        }

        return parts;
    }

    private static WhereTerm BindOne(ExpressionNode node, RowScope scope)
    {
        ulong before = scope.From.Touched;
        bool wasCorrelated = scope.IsCorrelated;
        scope.From.Touched = 0;
        scope.IsCorrelated = false;
        List<TermUse> uses = [];
        WhereTerm term = node is BinaryNode { Operator: not BinaryOperator.Is } binary && KindOf(binary.Operator) is { } kind
            ? BindComparison(binary, kind, uses, scope)
            : BindOther(node, uses, scope);
        scope.From.Touched = before | term.Mask;
        scope.IsCorrelated |= wasCorrelated;
        return term;
    }

    /// <summary>A comparison: each side is bound once, for the condition and for the seeks that may answer it.</summary>
    private static WhereTerm BindComparison(BinaryNode node, TermKind kind, List<TermUse> uses, RowScope scope)
    {
        IReadOnlyList<Expr> left = ExpressionBinder.BindRow(node.Left, scope);
        ulong leftMask = scope.From.Touched;
        scope.From.Touched = 0;
        IReadOnlyList<Expr> right = ExpressionBinder.BindRow(node.Right, scope);
        ulong rightMask = scope.From.Touched;
        Expr condition = ExpressionBinder.Compare(node.Operator, left, right);
        WhereTerm term = new() { Node = node, Condition = condition, Mask = leftMask | rightMask, Uses = uses, IsCorrelated = scope.IsCorrelated };
        if (left.Count == 1)
        {
            AddComparisons(uses, term, new Side(node.Left, left[0], leftMask), new Side(node.Right, right[0], rightMask), kind, IsInclusive(node.Operator), scope);
        }

        return term;
    }

    private static WhereTerm BindOther(ExpressionNode node, List<TermUse> uses, RowScope scope)
    {
        Expr condition = ExpressionBinder.Bind(node, scope);
        WhereTerm term = new() { Node = node, Condition = condition, Mask = scope.From.Touched, Uses = uses, IsCorrelated = scope.IsCorrelated };
        switch (node)
        {
            // IS TRUE is no comparison with 1.
            case BinaryNode { Operator: BinaryOperator.Is, Left: not RowValueNode, Right: not RowValueNode } binary when condition is not (IsTruthExpr or RowComparisonExpr):
                AddComparisons(uses, term, SideOf(binary.Left, scope), SideOf(binary.Right, scope), TermKind.Is, inclusive: false, scope);
                break;
            case IsNullNode { Negated: false } isNull:
                AddComparison(uses, term, SideOf(isNull.Operand, scope), new Side(new LiteralNode(SqlValue.Null), ConstantExpr.Null, 0), isLeft: true, TermKind.Is, true, scope);
                break;
            case InListNode { Negated: false } list:
                AddInList(uses, term, list, scope);
                break;
            case InSelectNode { Negated: false } select when condition is InSubqueryExpr { Values.Count: 1, Plan.IsCorrelated: false } subquery:
                AddInSubquery(uses, term, select, subquery, scope);
                break;
        }

        return term;
    }

    /// <summary>What both sides of a comparison say of columns.</summary>
    private static void AddComparisons(List<TermUse> uses, WhereTerm term, in Side left, in Side right, TermKind kind, bool inclusive, RowScope scope)
    {
        AddComparison(uses, term, left, right, isLeft: true, kind, inclusive, scope);
        AddComparison(uses, term, right, left, isLeft: false, Flipped(kind), inclusive, scope);
    }

    private static void AddComparison(
        List<TermUse> uses, WhereTerm term, in Side operand, in Side value, bool isLeft, TermKind kind, bool inclusive, RowScope scope)
    {
        ExpressionNode? expression = null;
        if (Column(operand, scope) is not var (source, column))
        {
            if (IndexedExpression(operand, scope) is not var (table, bare))
            {
                return;
            }

            (source, column, expression) = (table, TableIndex.ExpressionColumn, bare);
        }

        if ((value.Mask & source.Mask) != 0)
        {
            return;
        }

        uses.Add(new TermUse
        {
            Term = term,
            Source = source,
            Column = column,
            Expression = expression,
            Kind = kind,
            Value = value.Bound,
            ValueMask = value.Mask,
            Inclusive = inclusive,
            Convert = ComparisonRules.AffinityOf(operand.Bound.Affinity, value.Bound.Affinity),
            // The left operand's collation comes first, and the column may be on either side.
            Collation = isLeft ? ComparisonRules.CollationOf(operand.Bound, value.Bound) : ComparisonRules.CollationOf(value.Bound, operand.Bound),
            ColumnSide = operand.Bound,
        });
    }

    /// <summary>An expression that an index of one of the sources is on, with the source's name taken off its columns.</summary>
    private static (FromSource Source, ExpressionNode Bare)? IndexedExpression(in Side operand, RowScope scope)
    {
        foreach (FromSource source in scope.From.All)
        {
            if (operand.Mask != source.Mask || source.Table is not { } table || !HasExpressions(table))
            {
                continue;
            }

            ExpressionNode bare = NodeWalk.WithoutQualifier(OrderTerms.Unwrapped(operand.Node), source.Name);
            if (table.Indexes.Any(index => index.Expressions.Any(part => part is not null && NodeEquality.AreEqual(bare, OrderTerms.Unwrapped(part)))))
            {
                return (source, bare);
            }
        }

        return null;
    }

    private static bool HasExpressions(Table table)
    {
        for (int i = 0; i < table.Indexes.Count; i++)
        {
            if (table.Indexes[i].Expressions.Count > 0)
            {
                return true;
            }
        }

        return false;
    }

    private static void AddInList(List<TermUse> uses, WhereTerm term, InListNode list, RowScope scope)
    {
        if (OrderTerms.Unwrapped(list.Value) is not ColumnNode)
        {
            return;
        }

        Side operand = SideOf(list.Value, scope);
        if (Column(operand, scope) is not var (source, column))
        {
            return;
        }

        scope.From.Touched = 0;
        Expr[] items = [.. list.List.Select(item => ExpressionBinder.Bind(item, scope))];
        ulong valueMask = scope.From.Touched;
        if ((valueMask & source.Mask) == 0)
        {
            uses.Add(new TermUse
            {
                Term = term,
                Source = source,
                Column = column,
                Kind = TermKind.In,
                Values = new InListValues(items),
                ValueCount = Math.Max(1, items.Length),
                ValueMask = valueMask,
                Convert = ComparisonRules.AffinityOf(operand.Bound.Affinity, Affinity.None),
                Collation = ComparisonRules.CollationOf(operand.Bound),
                ColumnSide = operand.Bound,
            });
        }
    }

    private static void AddInSubquery(List<TermUse> uses, WhereTerm term, InSelectNode select, InSubqueryExpr subquery, RowScope scope)
    {
        Side operand = SideOf(select.Value, scope);
        if (Column(operand, scope) is var (source, column))
        {
            uses.Add(new TermUse
            {
                Term = term,
                Source = source,
                Column = column,
                Kind = TermKind.In,
                Values = subquery.ToSeekValues(),
                ValueCount = SubqueryValues,
                ValueMask = 0,
                Convert = ComparisonRules.AffinityOfSet(operand.Bound.Affinity, subquery.Plan.Last[0].Affinity),
                Collation = ComparisonRules.CollationOf(operand.Bound, subquery.Plan.Last[0]),
                ColumnSide = operand.Bound,
            });
        }
    }

    private static Side SideOf(ExpressionNode node, RowScope scope)
    {
        scope.From.Touched = 0;
        Expr bound = ExpressionBinder.Bind(node, scope);
        return new Side(node, bound, scope.From.Touched);
    }

    /// <summary>The column of a source that an operand is, under COLLATE perhaps.</summary>
    private static (FromSource Source, int Column)? Column(in Side operand, RowScope scope)
    {
        if (OrderTerms.Unwrapped(operand.Node) is not ColumnNode)
        {
            return null;
        }

        (int number, int ordinal) = CollateExpr.Unwrapped(operand.Bound) switch
        {
            ColumnExpr plain => (plain.Source, plain.Column),
            RowidExpr rowid => (rowid.Source, -1),
            _ => (-1, -1),
        };
        foreach (FromSource source in scope.From.All)
        {
            if (source.Source == number)
            {
                return (source, ordinal);
            }
        }

        return null;
    }

    private static TermKind? KindOf(BinaryOperator operation) => operation switch
    {
        BinaryOperator.Equal => TermKind.Equal,
        BinaryOperator.Is => TermKind.Is,
        BinaryOperator.Less or BinaryOperator.LessOrEqual => TermKind.Upper,
        BinaryOperator.Greater or BinaryOperator.GreaterOrEqual => TermKind.Lower,
        _ => null,
    };

    private static bool IsInclusive(BinaryOperator operation) => operation is BinaryOperator.LessOrEqual or BinaryOperator.GreaterOrEqual;

    private static TermKind Flipped(TermKind kind) => kind switch
    {
        TermKind.Upper => TermKind.Lower,
        TermKind.Lower => TermKind.Upper,
        _ => kind,
    };

    /// <summary>One side of a comparison: as written, bound, and the sources that it refers to.</summary>
    private readonly record struct Side(ExpressionNode Node, Expr Bound, ulong Mask);
}
