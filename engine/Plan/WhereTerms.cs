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
        Expr condition = ExpressionBinder.Bind(node, scope);
        ulong mask = scope.From.Touched;
        List<TermUse> uses = [];
        WhereTerm term = new() { Node = node, Condition = condition, Mask = mask, Uses = uses, IsCorrelated = scope.IsCorrelated };
        switch (node)
        {
            // IS TRUE is no comparison with 1.
            case BinaryNode binary when KindOf(binary.Operator) is { } kind && condition is not IsTruthExpr:
                AddComparison(uses, term, binary.Left, binary.Right, isLeft: true, kind, IsInclusive(binary.Operator), scope);
                AddComparison(uses, term, binary.Right, binary.Left, isLeft: false, Flipped(kind), IsInclusive(binary.Operator), scope);
                break;
            case IsNullNode { Negated: false } isNull:
                AddComparison(uses, term, isNull.Operand, new LiteralNode(SqlValue.Null), isLeft: true, TermKind.Is, true, scope);
                break;
            case InListNode { Negated: false } list:
                AddInList(uses, term, list, scope);
                break;
            case InSelectNode { Negated: false } select when condition is InSubqueryExpr { Values.Count: 1, Plan.IsCorrelated: false } subquery:
                AddInSubquery(uses, term, select, subquery, scope);
                break;
        }

        scope.From.Touched = before | mask;
        scope.IsCorrelated |= wasCorrelated;
        return term;
    }

    private static void AddComparison(
        List<TermUse> uses, WhereTerm term, ExpressionNode columnSide, ExpressionNode valueSide, bool isLeft, TermKind kind, bool inclusive, RowScope scope)
    {
        ExpressionNode? expression = null;
        if (Column(columnSide, scope) is not var (source, column, side))
        {
            if (IndexedExpression(columnSide, scope) is not var (table, bare, bound))
            {
                return;
            }

            (source, column, side, expression) = (table, TableIndex.ExpressionColumn, bound, bare);
        }

        scope.From.Touched = 0;
        Expr value = ExpressionBinder.Bind(valueSide, scope);
        ulong valueMask = scope.From.Touched;
        if ((valueMask & source.Mask) != 0)
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
            Value = value,
            ValueMask = valueMask,
            Inclusive = inclusive,
            Convert = ComparisonRules.AffinityOf(side.Affinity, value.Affinity),
            // The left operand's collation comes first, and the column may be on either side.
            Collation = isLeft ? ComparisonRules.CollationOf(side, value) : ComparisonRules.CollationOf(value, side),
            ColumnSide = side,
        });
    }

    /// <summary>An expression that an index of one of the sources is on, with the source's name taken off its columns.</summary>
    private static (FromSource Source, ExpressionNode Bare, Expr Side)? IndexedExpression(ExpressionNode operand, RowScope scope)
    {
        foreach (FromSource source in scope.From.All)
        {
            if (source.Table is not { } table || !HasExpressions(table))
            {
                continue;
            }

            ExpressionNode bare = NodeWalk.WithoutQualifier(OrderTerms.Unwrapped(operand), source.Name);
            bool isIndexed = table.Indexes.Any(index => index.Expressions.Any(part => part is not null && NodeEquality.AreEqual(bare, OrderTerms.Unwrapped(part))));
            if (isIndexed)
            {
                scope.From.Touched = 0;
                Expr side = ExpressionBinder.Bind(operand, scope);
                return scope.From.Touched == source.Mask ? (source, bare, side) : null;
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
        if (Column(list.Value, scope) is not var (source, column, side))
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
                Convert = ComparisonRules.AffinityOf(side.Affinity, Affinity.None),
                Collation = ComparisonRules.CollationOf(side),
                ColumnSide = side,
            });
        }
    }

    private static void AddInSubquery(List<TermUse> uses, WhereTerm term, InSelectNode select, InSubqueryExpr subquery, RowScope scope)
    {
        if (Column(select.Value, scope) is var (source, column, side))
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
                Convert = ComparisonRules.AffinityOfSet(side.Affinity, subquery.Plan.Last[0].Affinity),
                Collation = ComparisonRules.CollationOf(side, subquery.Plan.Last[0]),
                ColumnSide = side,
            });
        }
    }

    /// <summary>The column of a source that an operand is, under COLLATE perhaps.</summary>
    private static (FromSource Source, int Column, Expr Side)? Column(ExpressionNode operand, RowScope scope)
    {
        if (OrderTerms.Unwrapped(operand) is not ColumnNode named || scope.FindColumn(named) is null)
        {
            return null;
        }

        Expr side = ExpressionBinder.Bind(operand, scope);
        Expr column = ReferenceEquals(operand, named) ? side : ExpressionBinder.Bind(named, scope);
        (int number, int ordinal) = column switch
        {
            ColumnExpr plain => (plain.Source, plain.Column),
            RowidExpr rowid => (rowid.Source, -1),
            _ => (-1, -1),
        };
        FromSource? source = scope.From.All.FirstOrDefault(source => source.Source == number);
        return source is null ? null : (source, ordinal, side);
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
}
