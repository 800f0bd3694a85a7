using Sluice.Engine.Catalog;
using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Compiles INSERT ("INSERT", sqlite.org/lang_insert.html; "UPSERT", sqlite.org/lang_upsert.html).</summary>
internal static class InsertCompiler
{
    public static CompiledChange Compile(InsertStatement node, Schema schema)
    {
        CompileState state = new(schema);
        Table table = ChangeTarget.Find(schema, node.Table);
        int newRow = state.NewSource();
        int excluded = node.Upserts.Count > 0 ? state.NewSource() : -1;
        int existing = node.Upserts.Count > 0 ? state.NewSource() : -1;
        (int[] positions, int rowidPosition, int given) = Place(node, table);
        CommonTables? common = CommonTables.Enter(node.With, null, null);
        RowScope rowScope = new(state, null, common);
        rowScope.AddRow(node.Alias ?? table.Name, table, newRow);

        Expr[][]? rows = null;
        QueryPlan? query = null;
        if (node.Source is { } source)
        {
            if (LiteralRows(source) is { } values)
            {
                rows = BindRows(values, new RowScope(state, null, common));
            }
            else
            {
                query = SelectCompiler.Compile(source, state, null, common);
            }

            int width = rows is not null ? rows[0].Length : query!.Outputs.Length;
            if (width != given)
            {
                throw new SluiceException(ResultCode.Error, node.Columns is null
                    ? $"table {table.Name} has {given} columns but {width} values were supplied"
                    : $"{width} values for {given} columns");
            }
        }

        InsertPlan plan = new()
        {
            Write = ChangeTarget.WritePlan(table, rowScope, state, node.OnConflict),
            Rows = node.Source is null ? [[]] : rows,
            Query = query?.Root,
            QueryOutputs = query?.Outputs ?? [],
            Positions = positions,
            RowidPosition = rowidPosition,
            NewRowSource = newRow,
            ExcludedSource = excluded,
            ExistingSource = existing,
            Upserts = [.. node.Upserts.Select((upsert, i) => BindUpsert(upsert, i == node.Upserts.Count - 1, node, table, excluded, existing, state))],
            Returning = ChangeTarget.BindReturning(node.Returning, rowScope, table, out IReadOnlyList<ResultColumnDescription> columns),
        };
        return new CompiledChange(columns, state.Size, run => new InsertExecution(plan, run), query?.Root);
    }

    /// <summary>Which given value goes into which column: by table column the position in a row, or -1.</summary>
    private static (int[] Positions, int RowidPosition, int Given) Place(InsertStatement node, Table table)
    {
        int[] positions = new int[table.Columns.Count];
        int rowidPosition = -1;
        if (node.Columns is not { } columns)
        {
            for (int i = 0; i < positions.Length; i++)
            {
                positions[i] = node.Source is null ? -1 : i;
            }

            return (positions, rowidPosition, positions.Length);
        }

        Array.Fill(positions, -1);
        for (int i = 0; i < columns.Count; i++)
        {
            int column = table.OrdinalOf(columns[i]);
            if (column < 0 && RowidNames.Is(columns[i]))
            {
                column = table.RowidAlias;
                rowidPosition = column < 0 ? i : rowidPosition;
            }
            else if (column < 0)
            {
                throw new SluiceException(ResultCode.Error, $"table {table.Name} has no column named {columns[i]}");
            }

            // A column named twice takes the first value, as in SQLite.
            if (column >= 0 && positions[column] < 0)
            {
                positions[column] = i;
            }
        }

        return (positions, rowidPosition, columns.Count);
    }

    /// <summary>The rows of a plain VALUES; null for any other query.</summary>
    private static IReadOnlyList<IReadOnlyList<ExpressionNode>>? LiteralRows(SelectStatement source) =>
        source is { With: null, Compounds.Count: 0, OrderBy.Count: 0, Limit: null } ? source.First.Values : null;

    private static Expr[][] BindRows(IReadOnlyList<IReadOnlyList<ExpressionNode>> values, RowScope scope)
    {
        Expr[][] rows = new Expr[values.Count][];
        for (int i = 0; i < rows.Length; i++)
        {
            if (values[i].Count != values[0].Count)
            {
                throw new SluiceException(ResultCode.Error, "all VALUES must have the same number of terms");
            }

            rows[i] = [.. values[i].Select(value => ExpressionBinder.Bind(value, scope))];
        }

        return rows;
    }

    private static BoundUpsert BindUpsert(UpsertClause clause, bool last, InsertStatement node, Table table, int excluded, int existing, CompileState state)
    {
        RowScope scope = new(state);
        scope.AddRow(node.Alias ?? table.Name, table, existing);
        scope.AddRow("excluded", table, excluded);
        bool any = clause.Target is null;
        if (any && !last)
        {
            throw new SluiceException(ResultCode.Error, "ON CONFLICT clause without a target must be the last");
        }

        return new BoundUpsert
        {
            AnyConstraint = any,
            Index = any ? null : FindTarget(clause, table),
            Set = clause.Set is null ? null : ChangeTarget.BindSet(clause.Set, table, scope, out _),
            Where = clause.Where is null ? null : ExpressionBinder.Bind(clause.Where, scope),
        };
    }

    /// <summary>The unique index over exactly the target's columns; null for the rowid.</summary>
    private static TableIndex? FindTarget(UpsertClause clause, Table table)
    {
        List<int> columns = [];
        foreach (IndexedColumn term in clause.Target!)
        {
            string name = (term.Expression as ColumnNode)?.Column ?? "";
            int column = table.OrdinalOf(name);
            if (column < 0 && RowidNames.Is(name) && clause.Target.Count == 1)
            {
                return null;
            }

            if (column < 0 && name.Length > 0)
            {
                throw new SluiceException(ResultCode.Error, $"no such column: {name}");
            }

            columns.Add(column);
        }

        if (columns is [int only] && only == table.RowidAlias)
        {
            return null;
        }

        return table.Indexes.FirstOrDefault(index => index.Unique && index.Columns.Count == columns.Count && columns.All(index.Columns.Contains))
            ?? throw new SluiceException(ResultCode.Error, "ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint");
    }
}
