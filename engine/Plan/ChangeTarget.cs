using Sluice.Engine.Catalog;
using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>What INSERT, UPDATE and DELETE have in common: the table, its constraints, SET and RETURNING.</summary>
internal static class ChangeTarget
{
    /// <summary>The table to change; refuses views, the schema's own table and what cannot be written yet.</summary>
    public static Table Find(Schema schema, QualifiedName name)
    {
        SchemaNames.RequireMain(name);
        if (schema.TryGetView(name.Name, out View? view))
        {
            throw new SluiceException(ResultCode.Error, $"cannot modify {view.Name} because it is a view");
        }

        if (!schema.TryGetTable(name.Name, out Table? table))
        {
            throw new SluiceException(ResultCode.Error, $"no such table: {(name.Schema is null ? "" : name.Schema + ".")}{name.Name}");
        }

        if (table.Name.StartsWith("sqlite_", StringComparison.OrdinalIgnoreCase))
        {
            throw new SluiceException(ResultCode.Error, $"table {table.Name} may not be modified");
        }

        return table;
    }

    public static TableWritePlan WritePlan(Table table, RowScope newRow, CompileState state, ConflictAction onConflict) => new(
        table,
        [.. table.Checks.Select(check => new BoundCheck(ExpressionBinder.Bind(check.Expression, newRow), check.ConstraintName ?? check.Text))],
        [.. table.Columns.Select(column => DefaultValue.Bind(column, state))],
        onConflict);

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
                    set[column] = values[i];
                }
            }
        }

        return [.. set.Select(assignment => (assignment.Key, assignment.Value))];
    }

    /// <summary>RETURNING's columns and expressions; * means the table's columns.</summary>
    public static Expr[]? BindReturning(IReadOnlyList<ResultColumn>? returning, RowScope scope, Table table, out IReadOnlyList<ResultColumnDescription> columns)
    {
        if (returning is null)
        {
            columns = [];
            return null;
        }

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
            Column? origin = term.Expression is ColumnNode named && table.OrdinalOf(named.Column) is >= 0 and int ordinal ? table.Columns[ordinal] : null;
            described.Add(new ResultColumnDescription(term.Alias ?? origin?.Name ?? term.Text, origin?.DeclaredType, origin is null ? null : table.Name, origin?.Name));
        }

        columns = described;
        return [.. expressions];
    }
}
