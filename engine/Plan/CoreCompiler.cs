using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>
/// Compiles one SELECT core with its ORDER BY and LIMIT. First everything is bound, so that it is known which columns are
/// read; then the join is planned; then the steps above it are put together.
/// </summary>
internal sealed class CoreCompiler(CompileState state, RowScope? outer, CommonTables? common)
{
    private readonly RowScope _scope = new(state, outer, common);
    private IReadOnlyList<ResultTerm> _terms = [];
    private Expr[] _results = [];
    private Windowing? _windowing;

    /// <summary>The result columns once compiled; none for VALUES.</summary>
    public IReadOnlyList<ResultTerm> Terms => _terms;

    public QueryPlan Compile(SelectCore core, IReadOnlyList<OrderTerm> orderBy, LimitClause? limit)
    {
        if (core.Values is { } values)
        {
            _scope.AllowsAggregates = true;
            return CompileValues(values, orderBy, limit);
        }

        _scope.HasGroups = () => HasGroups(core);
        if (core.From is null && orderBy.Any(term => NodeWalk.HasAggregate(term.Expression, state.Functions)))
        {
            // There is one row at most: SQLite does not look at ORDER BY then.
            orderBy = [];
        }

        FromBuilder from = new(_scope);
        if (core.From is not null)
        {
            from.Build(core.From, core.Where);
        }

        _terms = ResultTerms.Expand(core.Columns, _scope);
        _scope.Aliases = ResultTerms.Aliases(_terms);
        List<WhereTerm> conditions = from.Conditions;
        if (core.Where is { } where)
        {
            _scope.AliasesVisible = true;
            conditions.AddRange(WhereTerms.Bind(where, _scope));
            _scope.AliasesVisible = false;
        }

        _windowing = _terms.Any(term => NodeWalk.HasWindow(term.Node)) || orderBy.Any(term => NodeWalk.HasWindow(term.Expression))
            ? new Windowing(_scope, core.Windows)
            : null;
        foreach (WindowSpecification window in state.Compilation.ColumnFound is null ? [] : core.Windows.Select(window => window.Window))
        {
            // A window that no call names is not bound, but who looks for names wants those in it.
            foreach (ExpressionNode term in window.PartitionBy.Concat(window.OrderBy.Select(order => order.Expression)))
            {
                NoteColumns(term);
            }
        }

        bool grouped = HasGroups(core);
        if (core.Having is not null && !grouped)
        {
            throw new SluiceException(ResultCode.Error, "HAVING clause on a non-aggregate query");
        }

        if (!grouped)
        {
            try
            {
                return CompileRows(core, from.Steps, conditions, orderBy, limit);
            }
            catch (AggregateOfOuterException aggregate) when (aggregate.Owner == _scope && _windowing is null)
            {
                // A subquery among the results aggregates this SELECT's rows, so there are groups after all.
                _scope.Subqueries.Clear();
            }
        }

        return CompileGrouped(core, from.Steps, conditions, orderBy, limit);
    }

    private void NoteColumns(ExpressionNode node)
    {
        if (node is ColumnNode column && _scope.FindColumn(column) is { } found)
        {
            state.Compilation.ColumnFound!(column, found);
        }

        foreach (ExpressionNode child in NodeWalk.Children(node))
        {
            NoteColumns(child);
        }
    }

    /// <summary>An aggregate in ORDER BY alone does not make groups; it is refused where it is bound. One of a query around this one makes them there.</summary>
    private bool HasGroups(SelectCore core) =>
        core.GroupBy.Count > 0
        || core.Columns.Any(column => column.Expression is { } node && NodeWalk.HasAggregate(node, _scope.Functions, _scope.Owns));

    private QueryPlan CompileValues(IReadOnlyList<IReadOnlyList<ExpressionNode>> values, IReadOnlyList<OrderTerm> orderBy, LimitClause? limit)
    {
        if (values is [var only] && only.Any(value => NodeWalk.HasWindow(value) || NodeWalk.HasAggregate(value, _scope.Functions, _scope.Owns)))
        {
            // VALUES with one row is a SELECT without FROM.
            SelectCore select = new() { Columns = [.. only.Select((value, i) => new ResultColumn(value, null, null) { Text = $"column{i + 1}" })] };
            return new CoreCompiler(state, outer, common).Compile(select, orderBy, limit);
        }

        QueryPlan rows = SelectCompiler.CompileValues(values, _scope);
        return CompoundCompiler.Finish(rows, [], orderBy, limit, state);
    }

    // ---- without groups ----

    private QueryPlan CompileRows(
        SelectCore core, List<JoinStep> steps, List<WhereTerm> conditions, IReadOnlyList<OrderTerm> orderBy, LimitClause? limit)
    {
        _scope.Windowing = _windowing;
        _scope.AllowsAggregates = true;
        _results = BindResults();
        List<SortKey> keys = BindOrder(orderBy);
        _scope.Windowing = null;
        JoinPlanner planner = new(_scope);
        DesiredOrder order = _windowing is not null ? DesiredOrder.None
            : new DesiredOrder(keys, limit is not null) { Skip = core.Distinct && keys.TrueForAll(key => _results.Contains(key.Value)) ? GroupSkip.Of(_results) : null };
        JoinPlan join = planner.Plan(steps, conditions, order);
        PlanNode root = _windowing is null ? join.Root : _windowing.Finish(join.Root);
        Expr[] outputs = _results;
        double rows = join.Rows;
        if (join.IsOrdered)
        {
            keys = [];
        }

        if (core.Distinct)
        {
            (root, outputs) = Distinct(root, outputs, keys);
        }

        if (keys.Count > 0)
        {
            (root, outputs) = Sorted(root, outputs, keys, limit);
        }

        return Finish(root, outputs, limit, rows);
    }

    // ---- with groups ----

    private QueryPlan CompileGrouped(
        SelectCore core, List<JoinStep> steps, List<WhereTerm> conditions, IReadOnlyList<OrderTerm> orderBy, LimitClause? limit)
    {
        (ExpressionNode Node, GroupKey Key)[] groups = [.. core.GroupBy.Select(BindGroup)];
        Grouping grouping = new(state);
        _scope.AllowsAggregates = true;
        _scope.Grouping = grouping;
        _scope.Windowing = _windowing;
        _results = BindResults();
        _scope.Windowing = null;
        _scope.AliasesVisible = true;
        Expr? having = core.Having is null ? null : ExpressionBinder.Bind(core.Having, _scope);
        _scope.AliasesVisible = false;
        _scope.Windowing = _windowing;
        List<SortKey> keys = BindOrder(orderBy);
        _scope.Windowing = null;
        _scope.Grouping = null;
        Aggregation aggregation = grouping.Finish();

        (PlanNode root, double rows) = groups.Length == 0
            ? AggregateAll(steps, conditions, aggregation)
            : AggregateGroups(steps, conditions, aggregation, groups, orderBy, ref keys);
        if (having is not null)
        {
            root = new FilterNode(root, [having]);
        }

        root = _windowing is null ? root : _windowing.Finish(root);

        Expr[] outputs = _results;
        if (core.Distinct)
        {
            (root, outputs) = Distinct(root, outputs, keys);
        }

        if (keys.Count > 0)
        {
            (root, outputs) = Sorted(root, outputs, keys, limit);
        }

        return Finish(root, outputs, limit, rows);
    }

    private Expr[] BindResults()
    {
        Expr[] results = new Expr[_terms.Count];
        for (int i = 0; i < results.Length; i++)
        {
            results[i] = _terms[i].Bind(_scope);
        }

        return results;
    }

    private (ExpressionNode Node, GroupKey Key) BindGroup(ExpressionNode term, int index)
    {
        ExpressionNode node = term;
        if (OrderTerms.Ordinal(term) is { } ordinal)
        {
            node = ordinal <= _terms.Count
                ? _terms[ordinal - 1].Node
                : throw new SluiceException(ResultCode.Error, $"{Nth(index)} GROUP BY term out of range - should be between 1 and {_terms.Count}");
        }

        if (NodeWalk.HasAggregate(node, _scope.Functions))
        {
            throw new SluiceException(ResultCode.Error, "aggregate functions are not allowed in the GROUP BY clause");
        }

        _scope.AliasesVisible = true;
        Expr value = ExpressionBinder.Bind(node, _scope);
        _scope.AliasesVisible = false;
        return (node, new GroupKey(value, ComparisonRules.CollationOf(OrderTerms.Ordinal(term) is null ? value : Recollated(term, value, _scope.Functions))));
    }

    /// <summary>Aggregates over all rows; count(*), min() and max() alone may be had without reading them all.</summary>
    private (PlanNode Root, double Rows) AggregateAll(List<JoinStep> steps, List<WhereTerm> conditions, Aggregation aggregation)
    {
        JoinPlanner planner = new(_scope);
        if (aggregation.Calls is [{ Filter: null, Distinct: false } call])
        {
            if (call.Function.Name == "count" && call.Arguments.Count == 0 && conditions.Count == 0 && aggregation.Captures.Count == 0
                && steps is [{ Source: { Access: { Shape.Table.KeyColumns: null } access, NotIndexed: false, RequiredIndex: null } }])
            {
                return (new CountNode(access, call.Slot, aggregation.Output), 1);
            }

            if (steps.Count > 0 && Extreme(planner, steps, conditions, call) is { } first)
            {
                return (new ScalarAggregateNode(first, aggregation), 1);
            }
        }

        return (new ScalarAggregateNode(planner.Plan(steps, conditions, DesiredOrder.None).Root, aggregation), 1);
    }

    /// <summary>
    /// min(x) is x of the first row in the order of x that is not NULL, max(x) that of the last, first(y, x) and last(y, x) are y of these rows: no more is
    /// read where an index gives the order.
    /// </summary>
    private static PlanNode? Extreme(JoinPlanner planner, List<JoinStep> steps, List<WhereTerm> conditions, AggregateCall call)
    {
        if (GroupSkip.EdgeOf(call) is not var (edge, value, collation) || value is not (ColumnExpr or RowidExpr))
        {
            return null;
        }

        bool descending = edge != GroupEdges.FirstValue;
        SortKey key = new(value, new SortOrder(collation, descending, !descending));
        JoinPlan plan = planner.Plan(steps, conditions, new DesiredOrder([key], true));
        return plan.IsOrdered
            ? new LimitNode(new FilterNode(plan.Root, [new NotNullExpr(value)]), new LimitClause(new ConstantExpr(SqlValue.FromInteger(1)), null))
            : null;
    }

    private (PlanNode Root, double Rows) AggregateGroups(
        List<JoinStep> steps, List<WhereTerm> conditions, Aggregation aggregation, (ExpressionNode Node, GroupKey Key)[] groups, IReadOnlyList<OrderTerm> orderBy, ref List<SortKey> keys)
    {
        // Groups come out in the order of their keys, so an ORDER BY by the same terms needs no sort of its own.
        bool? descending = _windowing is null ? GroupDirection(groups, orderBy) : null;
        if (descending is not null)
        {
            keys = [];
        }

        GroupKey[] groupKeys = [.. groups.Select(group => group.Key with { Descending = descending == true })];
        DesiredOrder order = new([.. groupKeys.Select(key => new SortKey(key.Value, new SortOrder(key.Collation, key.Descending, !key.Descending)))], false)
        {
            Skip = descending == true ? null : GroupSkip.Of(groupKeys, aggregation),
            AllowsHash = IsIndifferent(groupKeys, aggregation),
        };
        JoinPlan plan = new JoinPlanner(_scope).Plan(steps, conditions, order);
        return (plan.IsOrdered
            ? new StreamAggregateNode(plan.Root, groupKeys, aggregation)
            : new HashAggregateNode(plan.Root, groupKeys, aggregation), Math.Max(1, plan.Rows / 10));
    }

    /// <summary>Whether the results are the same in whatever order the rows of a group come.</summary>
    private static bool IsIndifferent(GroupKey[] groups, Aggregation aggregation) =>
        aggregation.Calls.All(call => call is { OrderBy.Count: 0, Distinct: false, Function.Name: "count" or "sum" or "total" or "avg" or "min" or "max" })
        && aggregation.Captures.All(capture => groups.Any(group => group.Collation == Collation.Binary && group.Value.Affinity >= Affinity.Text && (capture, group.Value) switch
        {
            (ColumnExpr a, ColumnExpr b) => a.Source == b.Source && a.Column == b.Column,
            (RowidExpr a, RowidExpr b) => a.Source == b.Source,
            _ => false,
        }));

    /// <summary>Whether the ORDER BY terms begin the GROUP BY's in one direction, and in which (true for descending); null when they do not.</summary>
    private bool? GroupDirection((ExpressionNode Node, GroupKey Key)[] groups, IReadOnlyList<OrderTerm> orderBy)
    {
        if (orderBy.Count == 0 || orderBy.Count > groups.Length)
        {
            return null;
        }

        for (int i = 0; i < orderBy.Count; i++)
        {
            OrderTerm term = orderBy[i];
            if (term.Expression is CollateNode && OrderTerms.Ordinal(term.Expression) is not null)
            {
                // By another collation than the group's, perhaps.
                return null;
            }

            ExpressionNode node = OrderTerms.Ordinal(term.Expression) is { } ordinal ? _terms[ordinal - 1].Node : term.Expression;
            if (!NodeEquality.AreEqual(node, groups[i].Node) || term.Descending != orderBy[0].Descending || term.NullsFirst is not null)
            {
                return null;
            }
        }

        return orderBy[0].Descending;
    }

    // ---- ORDER BY ----

    private List<SortKey> BindOrder(IReadOnlyList<OrderTerm> orderBy)
    {
        List<SortKey> keys = [];
        for (int i = 0; i < orderBy.Count; i++)
        {
            keys.Add(OrderTerms.Key(orderBy[i], BindOrderTerm(orderBy[i].Expression, i)));
        }

        return keys;
    }

    /// <summary>A whole number means a result column; a bare name first an alias; anything else is an expression over the same rows.</summary>
    private Expr BindOrderTerm(ExpressionNode expression, int index)
    {
        if (OrderTerms.Ordinal(expression) is { } ordinal)
        {
            Expr value = ordinal <= _results.Length
                ? _results[ordinal - 1]
                : throw new SluiceException(ResultCode.Error, $"{Nth(index)} ORDER BY term out of range - should be between 1 and {_results.Length}");
            return Recollated(expression, value, _scope.Functions);
        }

        if (OrderTerms.Unwrapped(expression) is ColumnNode { Table: null } name)
        {
            for (int i = 0; i < _terms.Count; i++)
            {
                if (_terms[i].Alias is { } alias && alias.Equals(name.Column, StringComparison.OrdinalIgnoreCase))
                {
                    return Recollated(expression, _results[i], _scope.Functions);
                }
            }
        }

        for (int i = 0; i < _terms.Count; i++)
        {
            if (NodeEquality.AreEqual(_terms[i].Node, expression))
            {
                if (state.Compilation.ColumnFound is not null)
                {
                    // Who looks for names wants those of this place, too.
                    _ = BindWithAliases(expression);
                }

                return _results[i];
            }
        }

        return BindWithAliases(expression);
    }

    private Expr BindWithAliases(ExpressionNode expression)
    {
        _scope.AliasesVisible = true;
        Expr bound = ExpressionBinder.Bind(expression, _scope);
        _scope.AliasesVisible = false;
        return bound;
    }

    internal static Expr Recollated(ExpressionNode expression, Expr value, FunctionSet functions) =>
        expression is CollateNode collate ? new RecollatedExpr(value, functions.FindCollation(collate.Collation)) : value;

    internal static string Nth(int index) => (index + 1) switch
    {
        var n when n % 100 is >= 11 and <= 13 => $"{n}th",
        var n when n % 10 == 1 => $"{n}st",
        var n when n % 10 == 2 => $"{n}nd",
        var n when n % 10 == 3 => $"{n}rd",
        var n => $"{n}th",
    };

    // ---- the steps above the join ----

    /// <summary>What the keys are made of is carried along with the row, and they become columns of it.</summary>
    private (PlanNode Root, Expr[] Outputs) Distinct(PlanNode root, Expr[] outputs, List<SortKey> keys)
    {
        int source = state.NewSource();
        Expr[] carried = [.. keys.Select(key => key.Value).Where(value => !outputs.Contains(value))];
        Expr[] columns = Columns(source, [.. outputs, .. carried]);
        int next = outputs.Length;
        for (int i = 0; i < keys.Count; i++)
        {
            int place = Array.IndexOf(outputs, keys[i].Value);
            keys[i] = keys[i] with { Value = columns[place < 0 ? next++ : place] };
        }

        root = new DistinctNode(root, outputs, [.. outputs.Select(ComparisonRules.CollationOf)], carried, source);
        return (root, columns[..outputs.Length]);
    }

    private (PlanNode Root, Expr[] Outputs) Sorted(PlanNode root, Expr[] outputs, List<SortKey> keys, LimitClause? limit)
    {
        int source = state.NewSource();
        PlanNode sorted = new SortNode(root, keys, outputs, source, limit, "USE TEMP B-TREE FOR ORDER BY");
        return (sorted, Columns(source, outputs));
    }

    private QueryPlan Finish(PlanNode root, Expr[] outputs, LimitClause? limit, double rows) => new()
    {
        Root = SubqueryLines.Wrap(limit is null ? root : new LimitNode(root, limit), _scope),
        Outputs = outputs,
        Columns = [.. _terms.Select(term => term.Description)],
        IsCorrelated = _scope.IsCorrelated,
        EstimatedRows = rows,
    };

    /// <summary>The columns of a source that an operator fills with these values.</summary>
    private static Expr[] Columns(int source, Expr[] values) =>
        [.. values.Select((value, i) => new ColumnExpr(source, i, value.Affinity, value.Collation)
        {
            FilledKinds = value is ColumnExpr { FilledKinds: null } ? null : value.Kinds,
        })];
}
