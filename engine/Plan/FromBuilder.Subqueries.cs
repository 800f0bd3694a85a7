using Sluice.Engine.Catalog;
using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Subqueries, views and common tables in FROM: flattened into the join where that changes nothing, else sources of their own.</summary>
internal sealed partial class FromBuilder
{
    private List<JoinStep> AddSubquery(
        SelectStatement select, string? alias, GivenNames? given, RowScope? outer, CommonTables? common, bool flattenable)
    {
        _state.EnterSelect();
        List<JoinStep> steps = flattenable && CanFlatten(select, _state.Functions)
            ? Flatten(select, alias, given, outer, common)
            : [Derive(SelectCompiler.Compile(select, _state, outer, common), alias, given)];
        _state.LeaveSelect();
        return steps;
    }

    private List<JoinStep> AddCommonTable(CommonTable common, CommonTables home, string? alias, bool flattenable)
    {
        string name = alias ?? common.Name;
        if (home.Recursive.TryGetValue(common, out RecursiveReference? reference))
        {
            return [AddRecursiveReference(reference, name)];
        }

        home.Open(common);
        List<JoinStep> steps = RecursiveTables.IsRecursive(common)
            ? [Derive(RecursiveTables.Compile(common, home, _state), name, null)]
            : AddSubquery(common.Select, name, new GivenNames(common.Name, common.Columns, IsView: false), home.Scope, home, flattenable && common.Materialized != true);
        home.Close(common);
        return steps;
    }

    /// <summary>A SELECT that only joins, filters and computes: its sources can stand in the place of its name.</summary>
    private static bool CanFlatten(SelectStatement select, FunctionSet functions) =>
        select is { With: null, Compounds.Count: 0, OrderBy.Count: 0, Limit: null }
        && select.First is { Distinct: false, From: not null, GroupBy.Count: 0, Having: null, Values: null }
        && !select.First.Columns.Any(column => column.Expression is { } node && (NodeWalk.HasAggregate(node, functions) || NodeWalk.HasWindow(node)))
        && !HasOuterJoin(select.First.From);

    private static bool HasOuterJoin(TableExpression from) =>
        from is JoinTable join && ((join.Kind & JoinKind.Full) != 0 || HasOuterJoin(join.Left) || HasOuterJoin(join.Right));

    private List<JoinStep> Flatten(
        SelectStatement select, string? alias, GivenNames? given, RowScope? outer, CommonTables? common)
    {
        RowScope inner = new(_state, outer, common) { From = scope.From };
        FromBuilder builder = new(inner);
        builder.Build(select.First.From!, select.First.Where);
        IReadOnlyList<ResultTerm> terms = ResultTerms.Expand(select.First.Columns, inner);
        inner.Aliases = ResultTerms.Aliases(terms);
        inner.AliasesVisible = true;
        Conditions.AddRange(builder.Conditions);
        if (select.First.Where is { } where)
        {
            Conditions.AddRange(WhereTerms.Bind(where, inner));
        }

        inner.AliasesVisible = false;
        string[] names = ColumnNames(terms.Select(term => term.Name), given);
        NamedColumn[] columns = new NamedColumn[names.Length];
        for (int i = 0; i < columns.Length; i++)
        {
            ResultTerm term = terms[i];
            columns[i] = new NamedColumn
            {
                Name = names[i],
                Bind = BindOnce(term, inner),
                DeclaredType = term.DeclaredType,
                Table = term.Table,
                Origin = term.Origin,
            };
        }

        scope.Add(new NamedSource(alias, columns, rowid: null) { Database = given is null ? null : _state.Schemas.NameOf(_state.OpenView?.Home) });
        scope.Subqueries.AddRange(inner.Subqueries);
        scope.IsCorrelated |= inner.IsCorrelated;
        return builder.Steps;
    }

    /// <summary>Binds a column of a flattened subquery when it is first used, so that what nobody uses is not read.</summary>
    private Func<Expr> BindOnce(ResultTerm term, RowScope inner)
    {
        Expr? bound = null;
        ulong touched = 0;
        FromSources from = scope.From;
        int subqueries = inner.Subqueries.Count;
        View? view = _state.OpenView;
        return () =>
        {
            if (bound is null)
            {
                ulong before = from.Touched;
                from.Touched = 0;
                bound = SubqueryColumnExpr.Of(_state.Within(view, () => term.Bind(inner)));
                touched = from.Touched;
                from.Touched = before;
                scope.IsCorrelated |= inner.IsCorrelated;
                scope.Subqueries.AddRange(inner.Subqueries.Skip(subqueries));
                subqueries = inner.Subqueries.Count;
            }

            from.Touched |= touched;
            return bound;
        };
    }

    /// <summary>Makes a source of a compiled subquery.</summary>
    private JoinStep Derive(QueryPlan plan, string? alias, GivenNames? given)
    {
        string[] names = ColumnNames(plan.Columns.Select(column => column.Name), given);
        for (int i = 0; i < plan.Outputs.Length; i++)
        {
            if ((plan.Outputs[i].Kinds & ValueKinds.Text) != 0)
            {
                plan.Outputs[i] = SubqueryColumnExpr.Of(plan.Outputs[i]);
            }
        }

        FromSource source = new()
        {
            Source = _state.NewSource(),
            Bit = scope.From.NextBit,
            Name = alias ?? $"(subquery-{_state.NextSubqueryNumber++})",
            ColumnCount = names.Length,
            Derived = plan,
        };
        scope.IsCorrelated |= plan.IsCorrelated;
        scope.From.Add(source);
        scope.Add(new NamedSource(alias, Columns(source, names, plan, plan.Columns), rowid: null) { Database = given is null ? null : _state.Schemas.NameOf(_state.OpenView?.Home) });
        return new JoinStep { Kind = JoinKind.Inner, Source = source };
    }

    /// <summary>The rows that a recursive table has so far; its columns have neither affinity nor a collation of their own, as in SQLite.</summary>
    private JoinStep AddRecursiveReference(RecursiveReference reference, string name)
    {
        reference.Uses++;
        FromSource source = new()
        {
            Source = reference.Source,
            Bit = scope.From.NextBit,
            Name = name,
            ColumnCount = reference.Columns.Length,
            Node = new CurrentRowNode(name),
        };
        scope.From.Add(source);
        scope.Add(new NamedSource(name, Columns(source, reference.Columns, null, null), rowid: null));
        return new JoinStep { Kind = JoinKind.Inner, Source = source };
    }

    private NamedColumn[] Columns(FromSource source, string[] names, QueryPlan? plan, IReadOnlyList<ResultColumnDescription>? described)
    {
        FromSources from = scope.From;
        NamedColumn[] columns = new NamedColumn[names.Length];
        for (int i = 0; i < columns.Length; i++)
        {
            int ordinal = i;
            Expr expression = new ColumnExpr(source.Source, i, plan?.Outputs[i].Affinity ?? Affinity.None, plan?.First[i].Collation ?? Collation.Binary);
            columns[i] = new NamedColumn
            {
                Name = names[i],
                Bind = () =>
                {
                    from.Touched |= source.Mask;
                    source.UsedColumns.Add(ordinal);
                    return expression;
                },
                DeclaredType = described?[i].DeclaredType,
                Table = described?[i].Table,
                Origin = described?[i].OriginColumn,
            };
        }

        return columns;
    }

    /// <summary>The names of a subquery's columns: given ones, else its results', made different by ":1", ":2" where they are not.</summary>
    internal static string[] ColumnNames(IEnumerable<string> results, GivenNames? given)
    {
        string[] names = [.. results];
        if (given?.Columns is { } columns)
        {
            return columns.Count == names.Length ? WithoutTruth(columns) : throw new SluiceException(
                ResultCode.Error,
                given.IsView ? $"expected {columns.Count} columns for '{given.Of}' but got {names.Length}" : $"table {given.Of} has {names.Length} values for {columns.Count} columns");
        }

        return Distinct(names);
    }

    /// <summary>The names of results as those of columns.</summary>
    internal static string[] Distinct(IReadOnlyList<string> results)
    {
        string[] names = WithoutTruth(results);
        HashSet<string> seen = new(StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < names.Length; i++)
        {
            string first = names[i];
            for (int suffix = 1; !seen.Add(names[i]); suffix++)
            {
                names[i] = $"{first}:{suffix}";
            }
        }

        return names;
    }

    /// <summary>A view or common table and the names that it gives its columns; null for those of its results.</summary>
    internal sealed record GivenNames(string Of, IReadOnlyList<string>? Columns, bool IsView);

    /// <summary>No such column is named TRUE or FALSE, so that these stay what they are.</summary>
    private static string[] WithoutTruth(IReadOnlyList<string> names) => [.. names.Select((name, i) =>
        name.Equals("true", StringComparison.OrdinalIgnoreCase) || name.Equals("false", StringComparison.OrdinalIgnoreCase) ? $"column{i + 1}" : name)];
}
