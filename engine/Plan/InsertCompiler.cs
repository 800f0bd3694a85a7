using Sluice.Engine.Catalog;
using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Compiles INSERT ("INSERT", sqlite.org/lang_insert.html; "UPSERT", sqlite.org/lang_upsert.html).</summary>
internal static class InsertCompiler
{
    /// <param name="node">The INSERT.</param>
    /// <param name="state">Of the statement.</param>
    /// <param name="outer">In a trigger, the scope of NEW and OLD.</param>
    public static CompiledChange Compile(InsertStatement node, CompileState state, RowScope? outer)
    {
        Table? view = ChangeTarget.FindView(state, node.Table, TriggerEvent.Insert);
        Table table = view ?? ChangeTarget.Find(state, node.Table);
        if (view is not null && node.Upserts.Count > 0)
        {
            throw new SluiceException(ResultCode.Error, "cannot UPSERT a view");
        }

        int newRow = state.NewSource();
        int excluded = node.Upserts.Count > 0 ? state.NewSource() : -1;
        int existing = node.Upserts.Count > 0 ? state.NewSource() : -1;
        (int[] positions, int rowidPosition, int given) = Place(node, table);
        CommonTables? common = CommonTables.Enter(node.With, null, outer);
        RowScope rowScope = new(state, outer, common);
        rowScope.AddRow(node.Alias ?? table.Name, table, newRow);
        int firstRead = state.Compilation.Read.Count;
        (Expr[][]? rows, QueryPlan? query) = BindSource(node, state, outer, common);
        Table[] read = [.. state.Compilation.Read.Skip(firstRead)];
        if (node.Source is not null)
        {
            RequireWidth(rows is not null ? rows[0].Length : query!.Outputs.Length, given, node, table);
        }

        ConflictAction onConflict = node.OnConflict;
        BoundUpsert[] upserts = [.. node.Upserts.Select((upsert, i) => BindUpsert(upsert, i == node.Upserts.Count - 1, node, table, excluded, existing, state, outer))];
        RowEvents? events = view is null
            ? RowEventsCompiler.ForInsert(table, onConflict, isSingle: outer is null && node.Returning is null && (node.Source is null || rows is { Length: 1 }), state.Compilation)
            : new RowEvents { Table = table, BeforeInsert = TriggerCompiler.Find(table, TriggerTiming.InsteadOf, TriggerEvent.Insert, null, onConflict, state.Compilation) };
        InsertPlan plan = new()
        {
            Write = ChangeTarget.WritePlan(table, rowScope, state, onConflict, events),
            UpsertWrite = upserts.Any(upsert => upsert.Set is not null)
                ? ChangeTarget.WritePlan(table, rowScope, state, ConflictAction.Abort, RowEventsCompiler.ForUpdate(table, SetColumns(upserts), ConflictAction.Abort, state.Compilation))
                : null,
            Rows = node.Source is null ? [[]] : rows,
            Query = query?.Root,
            QueryOutputs = query?.Outputs ?? [],
            QueryTables = read,
            Written = state.Compilation.Written,
            Positions = positions,
            RowidPosition = rowidPosition,
            NewRowSource = newRow,
            ExcludedSource = excluded,
            ExistingSource = existing,
            Upserts = upserts,
            Returning = ChangeTarget.BindReturning(node.Returning, rowScope, table, out IReadOnlyList<ResultColumnDescription> columns),
        };
        return new CompiledChange(
            columns, state, run => view is null ? new InsertExecution(plan, run) : new InsertIntoViewExecution(plan, run), query?.Root);
    }

    private static (Expr[][]? Rows, QueryPlan? Query) BindSource(InsertStatement node, CompileState state, RowScope? outer, CommonTables? common) =>
        node.Source is not { } source ? (null, null)
        : LiteralRows(source) is { } values ? (BindRows(values, new RowScope(state, outer, common)), null)
        : (null, SelectCompiler.Compile(source, state, outer, common));

    private static void RequireWidth(int width, int given, InsertStatement node, Table table)
    {
        if (width != given)
        {
            throw new SluiceException(ResultCode.Error, node.Columns is null
                ? $"table {table.Name} has {given} columns but {width} values were supplied"
                : $"{width} values for {given} columns");
        }
    }

    private static int[] SetColumns(BoundUpsert[] upserts) =>
        [.. upserts.SelectMany(upsert => upsert.Set ?? []).Select(assignment => assignment.Column).Distinct()];

    /// <summary>Which given value goes into which column: by table column the position in a row, or -1.</summary>
    private static (int[] Positions, int RowidPosition, int Given) Place(InsertStatement node, Table table)
    {
        int[] positions = new int[table.Columns.Count];
        int rowidPosition = -1;
        if (node.Columns is not { } columns)
        {
            int given = 0;
            for (int i = 0; i < positions.Length; i++)
            {
                positions[i] = node.Source is null || table.Columns[i].Generated is not null ? -1 : given++;
            }

            return (positions, rowidPosition, given);
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
            else if (table.Columns[column].Generated is not null)
            {
                throw new SluiceException(ResultCode.Error, $"cannot INSERT into generated column \"{table.Columns[column].Name}\"");
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

    private static BoundUpsert BindUpsert(UpsertClause clause, bool last, InsertStatement node, Table table, int excluded, int existing, CompileState state, RowScope? outer)
    {
        RowScope scope = new(state, outer);
        scope.AddRow(node.Alias ?? table.Name, table, existing);
        scope.AddRow("excluded", table, excluded, isQualifiedOnly: true, RowTyping.Excluded);
        bool any = clause.Target is null;
        if (any && !last)
        {
            throw new SluiceException(ResultCode.Error, "ON CONFLICT clause without a target must be the last");
        }

        return new BoundUpsert
        {
            AnyConstraint = any,
            Index = any ? null : FindTarget(clause, node.Alias ?? table.Name, table),
            Set = clause.Set is null ? null : ChangeTarget.BindSet(clause.Set, table, scope, out _),
            Where = clause.Where is null ? null : ExpressionBinder.Bind(clause.Where, scope),
        };
    }

    /// <summary>The unique index over exactly the target's columns and expressions; null for the rowid.</summary>
    private static TableIndex? FindTarget(UpsertClause clause, string alias, Table table)
    {
        IReadOnlyList<IndexedColumn> target = clause.Target!;
        foreach (IndexedColumn term in target)
        {
            if (term.Expression is ColumnNode name && table.OrdinalOf(name.Column) < 0)
            {
                return target.Count == 1 && RowidNames.Is(name.Column) && table.KeyColumns is null
                    ? null
                    : throw new SluiceException(ResultCode.Error, $"no such column: {name.Column}");
            }
        }

        if (target is [{ Expression: ColumnNode only }] && table.OrdinalOf(only.Column) is var ordinal && ordinal == table.RowidAlias)
        {
            return null;
        }

        if (table.KeyColumns is { } key && target.Count == key.Count && target.All(term => term.Expression is ColumnNode name && key.Contains(table.OrdinalOf(name.Column))))
        {
            return null;
        }

        return table.Indexes.FirstOrDefault(index => index.Unique && index.Columns.Count == target.Count && Covers(index, clause, alias, table))
            ?? throw new SluiceException(ResultCode.Error, "ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint");
    }

    private static bool Covers(TableIndex index, UpsertClause clause, string alias, Table table)
    {
        if (index.Where is { } where && (clause.TargetWhere is null || !NodeEquality.AreEqual(Bare(where, alias), Bare(clause.TargetWhere, alias))))
        {
            return false;
        }

        for (int i = 0; i < index.Columns.Count; i++)
        {
            int column = index.Columns[i];
            Collation collation = index.Order.Columns[i].Collation;
            ExpressionNode? expression = column == TableIndex.ExpressionColumn ? OrderTerms.Unwrapped(index.Expressions[i]!) : null;
            bool found = clause.Target!.Any(term =>
                (term.Collation is null || TableKeys.CollationNamed(term.Collation) == collation)
                && (expression is null
                    ? OrderTerms.Unwrapped(term.Expression) is ColumnNode name && table.OrdinalOf(name.Column) == column
                    : NodeEquality.AreEqual(Bare(expression, alias), Bare(OrderTerms.Unwrapped(term.Expression), alias))));
            if (!found)
            {
                return false;
            }
        }

        return true;
    }

    private static ExpressionNode Bare(ExpressionNode node, string alias) => NodeWalk.WithoutQualifier(node, alias);
}
