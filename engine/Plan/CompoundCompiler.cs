using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Compiles SELECTs joined by UNION, UNION ALL, INTERSECT and EXCEPT ("SELECT", section 3). The operators group from the left.</summary>
internal static class CompoundCompiler
{
    public static QueryPlan Compile(SelectStatement select, CompileState state, RowScope? outer, CommonTables? common)
    {
        List<IReadOnlyList<ResultTerm>> terms = [];
        return Finish(CompileParts(select, state, outer, common, terms), terms, select.OrderBy, SelectCompiler.BindLimit(select, state, outer, common), state);
    }

    /// <summary>The SELECTs and what joins them, without ORDER BY and LIMIT; adds the result terms of each SELECT to <paramref name="terms"/>.</summary>
    public static QueryPlan CompileParts(
        SelectStatement select, CompileState state, RowScope? outer, CommonTables? common, List<IReadOnlyList<ResultTerm>> terms)
    {
        bool isCorrelated = false;
        QueryPlan CompileCore(SelectCore core)
        {
            CoreCompiler compiler = new(state, outer, common);
            QueryPlan plan = compiler.Compile(core, [], null);
            terms.Add(compiler.Terms);
            isCorrelated |= plan.IsCorrelated;
            return plan;
        }

        QueryPlan combined = CompileCore(select.First);
        List<QueryPlan> all = [combined];
        List<Expr[]> outputs = [combined.Outputs];
        foreach ((CompoundOperator operation, SelectCore core) in select.Compounds)
        {
            QueryPlan next = CompileCore(core);
            RequireSameWidth(combined, next, operation, core);
            if (operation == CompoundOperator.UnionAll)
            {
                all.Add(next);
                outputs.Add(Seen(next, core));
                continue;
            }

            QueryPlan left = UnionAll(all, outputs, state, isCorrelated);
            outputs.Add(Seen(next, core));
            combined = Combine(left, next, operation, outputs, state, isCorrelated);
            all = [combined];
        }

        return UnionAll(all, outputs, state, isCorrelated);
    }

    /// <summary>Adds ORDER BY and LIMIT, whose terms can only be result columns.</summary>
    public static QueryPlan Finish(
        QueryPlan rows, IReadOnlyList<IReadOnlyList<ResultTerm>> terms, IReadOnlyList<OrderTerm> orderBy, LimitClause? limit, CompileState state)
    {
        PlanNode root = rows.Root;
        Expr[] outputs = rows.Outputs;
        if (orderBy.Count > 0)
        {
            List<SortKey> keys = [];
            for (int i = 0; i < orderBy.Count; i++)
            {
                Expr value = outputs[FindTerm(orderBy[i].Expression, i, terms, outputs.Length, state)];
                keys.Add(OrderTerms.Key(orderBy[i], CoreCompiler.Recollated(orderBy[i].Expression, value, state.Functions)));
            }

            int source = state.NewSource();
            root = new SortNode(root, keys, outputs, source, limit, "USE TEMP B-TREE FOR ORDER BY");
            outputs = CompoundColumns.Of(source, [outputs]);
        }

        return new QueryPlan
        {
            Root = limit is null ? root : new LimitNode(root, limit),
            Outputs = outputs,
            First = rows.First,
            Last = rows.Last,
            Columns = rows.Columns,
            IsCorrelated = rows.IsCorrelated,
            EstimatedRows = rows.EstimatedRows,
        };
    }

    /// <summary>The number of the result column that an ORDER BY term means: by ordinal, alias, or the same expression in one of the SELECTs.</summary>
    public static int FindTerm(ExpressionNode expression, int index, IReadOnlyList<IReadOnlyList<ResultTerm>> selects, int count, CompileState state)
    {
        if (OrderTerms.Ordinal(expression) is { } ordinal)
        {
            return ordinal <= count ? ordinal - 1 : throw new SluiceException(
                ResultCode.Error, $"{CoreCompiler.Nth(index)} ORDER BY term out of range - should be between 1 and {count}");
        }

        ExpressionNode node = OrderTerms.Unwrapped(expression);
        foreach (IReadOnlyList<ResultTerm> terms in selects)
        {
            for (int i = 0; i < terms.Count; i++)
            {
                if (node is ColumnNode { Table: null } name && name.Column.Equals(terms[i].Alias, StringComparison.OrdinalIgnoreCase))
                {
                    return i;
                }
            }

            for (int i = 0; i < terms.Count; i++)
            {
                if (IsSame(node, terms[i]))
                {
                    if (node is ColumnNode used && terms[i].Column is { } column)
                    {
                        state.Compilation.ColumnFound?.Invoke(used, column);
                    }

                    return i;
                }
            }
        }

        throw new SluiceException(ResultCode.Error, $"{CoreCompiler.Nth(index)} ORDER BY term does not match any column in the result set");
    }

    /// <summary>
    /// The outputs of a SELECT after the first, as they count for the compound's columns: a VALUES with several rows of constants is then a table
    /// apart in SQLite, of whose columns nothing is known.
    /// </summary>
    private static Expr[] Seen(QueryPlan plan, SelectCore core) =>
        core.Values is { Count: > 1 } rows && !rows.Any(row => row.Any(value => NodeWalk.Columns(value).Any()))
            ? Array.ConvertAll(plan.Outputs, output => output is ColumnExpr column
                ? new ColumnExpr(column.Source, column.Column, column.Affinity, column.Collation) { FilledKinds = ValueKinds.Any }
                : output)
            : plan.Outputs;

    private static bool IsSame(ExpressionNode node, ResultTerm term) =>
        NodeEquality.AreEqual(node, term.Node)
        || (node is ColumnNode named && term.Node is ColumnNode column && named.Column.Equals(column.Column, StringComparison.OrdinalIgnoreCase)
            && (named.Table is null || named.Table.Equals(term.Table, StringComparison.OrdinalIgnoreCase)));

    private static void RequireSameWidth(QueryPlan left, QueryPlan right, CompoundOperator operation, SelectCore core)
    {
        if (left.Outputs.Length == right.Outputs.Length)
        {
            return;
        }

        if (core.Values is not null && operation == CompoundOperator.UnionAll)
        {
            throw new SluiceException(ResultCode.Error, "all VALUES must have the same number of terms");
        }

        string name = operation switch
        {
            CompoundOperator.Union => "UNION",
            CompoundOperator.UnionAll => "UNION ALL",
            CompoundOperator.Intersect => "INTERSECT",
            _ => "EXCEPT",
        };
        throw new SluiceException(ResultCode.Error, $"SELECTs to the left and right of {name} do not have the same number of result columns");
    }

    /// <param name="parts">What is joined by UNION ALL.</param>
    /// <param name="outputs">The outputs of each SELECT so far, for the first part may be several.</param>
    /// <param name="state">Of the statement.</param>
    /// <param name="isCorrelated">Whether one of them is.</param>
    private static QueryPlan UnionAll(List<QueryPlan> parts, List<Expr[]> outputs, CompileState state, bool isCorrelated)
    {
        if (parts.Count == 1)
        {
            return parts[0];
        }

        int source = state.NewSource();
        return new QueryPlan
        {
            Root = new UnionAllNode([.. parts.Select(Part)], source, "COMPOUND QUERY"),
            Outputs = CompoundColumns.Of(source, outputs),
            First = outputs[0],
            Last = outputs[^1],
            Columns = parts[0].Columns,
            IsCorrelated = isCorrelated,
            EstimatedRows = parts.Sum(part => part.EstimatedRows),
        };
    }

    private static QueryPlan Combine(QueryPlan left, QueryPlan right, CompoundOperator operation, List<Expr[]> outputs, CompileState state, bool isCorrelated)
    {
        int source = state.NewSource();
        Collation[] collations = [.. left.Outputs.Select((_, i) => CompoundColumns.CollationOf(i, outputs) ?? Collation.Binary)];
        return new QueryPlan
        {
            Root = new SetOperationNode(operation, Part(left), Part(right), collations, source),
            Outputs = CompoundColumns.Of(source, outputs),
            First = outputs[0],
            Last = outputs[^1],
            Columns = left.Columns,
            IsCorrelated = isCorrelated,
            EstimatedRows = left.EstimatedRows,
        };
    }

    private static CompoundPart Part(QueryPlan plan) => new(plan.Root, plan.Outputs);
}
