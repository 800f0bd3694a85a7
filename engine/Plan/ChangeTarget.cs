using Sluice.Engine.Catalog;
using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.TableFunctions;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>What INSERT, UPDATE and DELETE have in common: the table, its constraints, SET and RETURNING.</summary>
internal static class ChangeTarget
{
    /// <summary>The table to change; refuses the schema's own table and what cannot be written. A view is found by <see cref="FindView"/>.</summary>
    public static Table Find(CompileState state, QualifiedName name)
    {
        if (!state.TryGetTable(name, out Table? table))
        {
            throw TableFunctionCatalog.Find(name.Name) is { } function ? NotModifiable(function.Name) : SchemaNames.NoSuchTable(name, state);
        }

        if (table.Name == Schema.SchemaTableName)
        {
            throw NotModifiable(table.Name);
        }

        table.DemandWritable();
        _ = state.Compilation.Written.Add(table);
        return table;
    }

    private static SluiceException NotModifiable(string name) => new(ResultCode.Error, $"table {name} may not be modified");

    /// <summary>
    /// A view that an INSTEAD OF trigger lets change, as a table without rows of its own: its columns have the names, types and collations of its
    /// SELECT's. Null when the name is no view's.
    /// </summary>
    /// <param name="state">Of the statement.</param>
    /// <param name="name">As the statement has it.</param>
    /// <param name="change">What the statement does.</param>
    /// <param name="set">What UPDATE sets: a trigger for other columns does not count.</param>
    public static Table? FindView(CompileState state, QualifiedName name, TriggerEvent change, IReadOnlyList<SetClause>? set = null)
    {
        if (!state.TryGetView(name, out View? view))
        {
            return null;
        }

        Table table = ViewTable(state, view);
        return state.Schemas.TriggersOf(table).Any(trigger => trigger.Definition.Event == change && (set is null || Concerns(trigger.Definition, set)))
            ? table
            : throw new SluiceException(ResultCode.Error, $"cannot modify {view.Name} because it is a view");
    }

    private static bool Concerns(CreateTriggerStatement trigger, IReadOnlyList<SetClause> set) =>
        trigger.UpdateOf is not { } columns || set.Any(clause => clause.Columns.Any(column => columns.Contains(column, StringComparer.OrdinalIgnoreCase)));

    /// <summary>A view's columns as those of a table.</summary>
    public static Table ViewTable(CompileState state, View view)
    {
        state.EnterView(view);
        QueryPlan plan = SelectCompiler.Compile(view.Definition.Select, state);
        state.LeaveView();
        string[] names = FromBuilder.ColumnNames(plan.Columns.Select(column => column.Name), new FromBuilder.GivenNames(view.Name, view.Definition.Columns, IsView: true));
        return new Table(view.Name, 0, [.. names.Select((column, i) => new Column
        {
            Name = column,
            DeclaredType = plan.Columns[i].DeclaredType ?? "",
            Affinity = plan.Outputs[i].Affinity == Affinity.None ? Affinity.Blob : plan.Outputs[i].Affinity,
            Collation = plan.First[i].Collation ?? Collation.Binary,
        })], -1, view.Sql)
        {
            Home = view.Home,
        };
    }

    public static TableWritePlan WritePlan(Table table, RowScope newRow, CompileState state, ConflictAction onConflict, RowEvents? events) => new(
        table,
        [.. table.Checks.Select(check => new BoundCheck(
            ExpressionBinder.BindIn("a CHECK constraint", NodeWalk.WithoutQualifier(check.Expression, table.Name), newRow), check.ConstraintName ?? check.Text))],
        [.. table.Columns.Select(column => DefaultValue.Bind(column, state))],
        onConflict,
        events);

    /// <summary>The assignments of SET; the last one to a column counts. <paramref name="rowid"/> is the value set for rowid where it has no alias.</summary>
    public static (int Column, Expr Value)[] BindSet(IReadOnlyList<SetClause> clauses, Table table, IScope scope, out Expr? rowid)
    {
        Dictionary<int, Expr> set = [];
        rowid = null;
        foreach (SetClause clause in clauses)
        {
            IReadOnlyList<Expr> values = clause.Columns.Count == 1 ? [ExpressionBinder.Bind(clause.Value, scope)] : ExpressionBinder.BindRow(clause.Value, scope);
            if (values.Count != clause.Columns.Count)
            {
                throw new SluiceException(ResultCode.Error, $"{clause.Columns.Count} columns assigned {values.Count} values");
            }

            for (int i = 0; i < values.Count; i++)
            {
                int column = table.OrdinalOf(clause.Columns[i]);
                if (column < 0 && RowidNames.Is(clause.Columns[i]))
                {
                    column = table.RowidAlias;
                    rowid = column < 0 ? values[i] : rowid;
                }
                else if (column < 0)
                {
                    throw new SluiceException(ResultCode.Error, $"no such column: {clause.Columns[i]}");
                }

                if (column >= 0)
                {
                    if (table.Columns[column].Generated is not null)
                    {
                        throw new SluiceException(ResultCode.Error, $"cannot UPDATE generated column \"{table.Columns[column].Name}\"");
                    }

                    set[column] = values[i];
                }
            }
        }

        return [.. set.Select(assignment => (assignment.Key, assignment.Value))];
    }

    /// <summary>RETURNING's columns and expressions; * means the table's columns.</summary>
    public static ReturningPlan? BindReturning(IReadOnlyList<ResultColumn>? returning, RowScope scope, Table table, out IReadOnlyList<ResultColumnDescription> columns)
    {
        if (returning is null)
        {
            columns = [];
            return null;
        }

        FrameSize before = scope.State.Size;
        List<Expr> expressions = [];
        List<ResultColumnDescription> described = [];
        foreach (ResultColumn term in returning)
        {
            if (term.Expression is null)
            {
                if (term.StarTable is not null)
                {
                    throw new SluiceException(ResultCode.Error, "RETURNING may not use \"TABLE.*\" wildcards");
                }

                foreach (Column column in table.Columns)
                {
                    expressions.Add(ExpressionBinder.Bind(new ColumnNode(null, null, column.Name, false), scope));
                    described.Add(new ResultColumnDescription(column.Name, column.DeclaredType, table.Name, column.Name));
                }

                continue;
            }

            expressions.Add(ExpressionBinder.Bind(term.Expression, scope));
            Column? origin = term.Expression is ColumnNode named ? OriginOf(named.Column, table) : null;
            described.Add(new ResultColumnDescription(term.Alias ?? origin?.Name ?? term.Text, origin?.DeclaredType, origin is null ? null : table.Name, origin?.Name));
        }

        columns = described;
        return new ReturningPlan([.. expressions], before, scope.State.Size);
    }

    private static Column? OriginOf(string name, Table table)
    {
        int ordinal = table.OrdinalOf(name);
        return ordinal >= 0 ? table.Columns[ordinal] : RowidNames.Is(name) && table.RowidAlias >= 0 ? table.Columns[table.RowidAlias] : null;
    }
}
