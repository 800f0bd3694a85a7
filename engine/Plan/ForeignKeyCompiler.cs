using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>
/// Compiles foreign keys into queries and actions ("SQLite Foreign Key Support", sqlite.org/foreignkeys.html): the search for a row's
/// parent, the count of a row's children, and CASCADE and the like as triggers.
/// </summary>
internal static class ForeignKeyCompiler
{
    private const string ChildAlias = "\0child";

    /// <summary>
    /// The table's own foreign keys. <paramref name="changed"/> are the columns that an UPDATE sets; null when the whole row comes or goes. A key that
    /// an UPDATE does not touch may want its parent table, unless whole rows go by REPLACE (<paramref name="all"/>).
    /// </summary>
    public static ParentLookup[] Parents(Table table, IReadOnlyCollection<int>? changed, bool all, Compilation compilation) =>
        compilation.ForeignKeys && compilation.Dropped != table
            ? [.. table.ForeignKeys.Where(key => all || changed is null || IsToItself(key, table) || Touches(table, [.. key.Columns.Select(table.OrdinalOf)], changed))
                .Select(key => Parent(table, key, changed, compilation))]
            : [];

    /// <summary>
    /// The foreign keys that refer to the table. Unless <paramref name="all"/> must fit, those that an UPDATE does not touch are left out, and for an INSERT those
    /// that do not fit and are not deferred.
    /// </summary>
    public static ChildScan[] Children(Table table, IReadOnlyCollection<int>? changed, bool all, Compilation compilation)
    {
        if (!compilation.ForeignKeys)
        {
            return [];
        }

        List<ChildScan> scans = [];
        foreach ((Table child, ForeignKeyTable key) in compilation.Schemas.HomeOf(table).ForeignKeysTo(table.Name))
        {
            if ((compilation.Dropped is not null && !Matches(key, table))
                || (!all && (changed is not null ? !Touches(table, ColumnsOf(key, table), changed) : !key.Clause.InitiallyDeferred && !Matches(key, table))))
            {
                continue;
            }

            scans.Add(Scan(table, child, key, changed, compilation));
        }

        return [.. scans];
    }

    /// <summary>The columns of the parent that a foreign key refers to.</summary>
    /// <exception cref="SluiceException">They are not the parent's primary key or a unique one: "foreign key mismatch".</exception>
    public static int[] ParentColumns(Table child, ForeignKeyTable key, Table parent)
    {
        return Matches(key, parent)
            ? ColumnsOf(key, parent)
            : throw Mismatch(child, key);
    }

    /// <summary>A key that refers to what can be no parent by it.</summary>
    public static SluiceException Mismatch(Table child, ForeignKeyTable key) =>
        new(ResultCode.Error, $"foreign key mismatch - \"{child.Name}\" referencing \"{key.Clause.Table}\"");

    private static int[] ColumnsOf(ForeignKeyTable key, Table parent) =>
        key.Clause.Columns is { } names ? [.. names.Select(parent.OrdinalOf)] : PrimaryKey(parent);

    private static bool Matches(ForeignKeyTable key, Table parent) =>
        ColumnsOf(key, parent) is var columns && columns.Length == key.Columns.Count && IsUnique(parent, columns, isPrimary: key.Clause.Columns is null);

    private static bool IsToItself(ForeignKeyTable key, Table table) => key.Clause.Table.Equals(table.Name, StringComparison.OrdinalIgnoreCase);

    private static int[] PrimaryKey(Table table) =>
        [.. Enumerable.Range(0, table.Columns.Count).Where(i => table.Columns[i].PrimaryKeyOrdinal > 0).OrderBy(i => table.Columns[i].PrimaryKeyOrdinal)];

    /// <summary>Whether the columns are a key of the parent by their own collations; of the primary key that is not asked where no columns are named.</summary>
    private static bool IsUnique(Table parent, int[] columns, bool isPrimary)
    {
        if (columns.Contains(-1))
        {
            return false;
        }

        if (columns is [var only] && only == parent.RowidAlias)
        {
            return true;
        }

        bool Is(IReadOnlyList<int> key, KeyOrder order) => key.Count == columns.Length && columns.All(key.Contains)
            && (isPrimary || Enumerable.Range(0, columns.Length).All(i => key[i] >= 0 && order.Columns[i].Collation == parent.Columns[key[i]].Collation));
        return (parent.KeyColumns is { } key && Is(key, parent.KeyOrder!))
            || parent.Indexes.Any(index => index.Unique && index.Where is null && Is(index.Columns, index.Order));
    }

    private static ParentLookup Parent(Table table, ForeignKeyTable key, IReadOnlyCollection<int>? changed, Compilation compilation)
    {
        if (!compilation.Schemas.HomeOf(table).TryGetTable(key.Clause.Table, out Table? parent))
        {
            throw new SluiceException(ResultCode.Error, $"no such table: {compilation.Schemas.NameOf(table.Home)}.{key.Clause.Table}");
        }

        int[] parentColumns = ParentColumns(table, key, parent);
        int[] childColumns = [.. key.Columns.Select(table.OrdinalOf)];
        ExpressionNode? condition = null;
        for (int i = 0; i < childColumns.Length; i++)
        {
            // The plus takes the child's affinity away: the parent's is what counts.
            condition = And(condition, new BinaryNode(
                BinaryOperator.Equal,
                Column(ChildAlias, parent.Columns[parentColumns[i]].Name),
                new UnaryNode(UnaryOperator.Plus, Column("new", table.Columns[childColumns[i]].Name))));
        }

        ExpressionNode result = parent.KeyColumns is null ? Column(ChildAlias, "rowid") : new LiteralNode(SqlValue.FromInteger(1));
        CompiledSelect query = Query(Select(result, parent.Name, condition), table, TriggerEvent.Insert, compilation);
        return new ParentLookup(query, parent, childColumns, key.Clause.InitiallyDeferred, changed is null || Touches(table, childColumns, changed));
    }

    private static ChildScan Scan(Table table, Table child, ForeignKeyTable key, IReadOnlyCollection<int>? changed, Compilation compilation)
    {
        int[] parentColumns = ParentColumns(child, key, table);
        bool concerns = changed is null || Touches(table, parentColumns, changed);
        ExpressionNode condition = ChildCondition(table, child, key, parentColumns, ChildAlias);
        if (ReferenceEquals(child, table) && table.KeyColumns is null)
        {
            condition = And(condition, new BinaryNode(BinaryOperator.NotEqual, Column(ChildAlias, "rowid"), Column("old", "rowid")));
        }

        FunctionNode count = new("count", []) { Star = true };
        CompiledSelect query = Query(Select(count, child.Name, condition), table, TriggerEvent.Delete, compilation);
        return new ChildScan(query, key.Clause.InitiallyDeferred, concerns)
        {
            OnDelete = Action(table, child, key, parentColumns, key.Clause.OnDelete, TriggerEvent.Delete, compilation),
            OnUpdate = concerns && changed is not null ? Action(table, child, key, parentColumns, key.Clause.OnUpdate, TriggerEvent.Update, compilation) : null,
        };
    }

    private static bool Touches(Table table, int[] columns, IReadOnlyCollection<int> changed) =>
        columns.Any(column => changed.Contains(column) || (column == table.RowidAlias && changed.Contains(-1)));

    /// <summary>The child's columns equal the removed row's: the parent's affinity and collation come first.</summary>
    private static ExpressionNode ChildCondition(Table table, Table child, ForeignKeyTable key, int[] parentColumns, string childName)
    {
        ExpressionNode? condition = null;
        for (int i = 0; i < parentColumns.Length; i++)
        {
            condition = And(condition, new BinaryNode(
                BinaryOperator.Equal,
                Column("old", table.Columns[parentColumns[i]].Name),
                Column(childName, child.Columns[child.OrdinalOf(key.Columns[i])].Name)));
        }

        return condition!;
    }

    private static TriggerProgram? Action(
        Table table, Table child, ForeignKeyTable key, int[] parentColumns, ForeignKeyAction action, TriggerEvent change, Compilation compilation)
    {
        if (action == ForeignKeyAction.NoAction)
        {
            return null;
        }

        ExpressionNode? when = null;
        if (change == TriggerEvent.Update)
        {
            foreach (int column in parentColumns)
            {
                string name = table.Columns[column].Name;
                when = And(when, new BinaryNode(BinaryOperator.Is, Column("old", name), Column("new", name)));
            }

            when = new UnaryNode(UnaryOperator.Not, when!);
        }

        StatementNode step = Step(table, child, key, parentColumns, action, change);
        return TriggerCompiler.Compile(key, table.Home, when, [step], table, change, ConflictAction.Abort, isForeignKeyAction: true, compilation);
    }

    private static StatementNode Step(Table table, Table child, ForeignKeyTable key, int[] parentColumns, ForeignKeyAction action, TriggerEvent change)
    {
        ExpressionNode condition = ChildCondition(table, child, key, parentColumns, child.Name);
        TableReference target = new(new QualifiedName(null, child.Name), null);
        if (action == ForeignKeyAction.Restrict)
        {
            RaiseNode raise = new(ConflictAction.Abort, new LiteralNode(SqlValue.FromText("FOREIGN KEY constraint failed")));
            return Select(raise, child.Name, ChildCondition(table, child, key, parentColumns, ChildAlias));
        }

        if (action == ForeignKeyAction.Cascade && change == TriggerEvent.Delete)
        {
            return new DeleteStatement { Table = target, Where = condition };
        }

        List<SetClause> set = [];
        for (int i = 0; i < parentColumns.Length; i++)
        {
            Column column = child.Columns[child.OrdinalOf(key.Columns[i])];
            ExpressionNode value = action switch
            {
                ForeignKeyAction.Cascade => Column("new", table.Columns[parentColumns[i]].Name),
                ForeignKeyAction.SetDefault when column.Default is { } given => given.Expression,
                _ => new LiteralNode(SqlValue.Null),
            };
            set.Add(new SetClause([column.Name], value));
        }

        return new UpdateStatement { Table = target, Set = set, Where = condition };
    }

    private static SelectStatement Select(ExpressionNode result, string table, ExpressionNode? condition) => new()
    {
        First = new SelectCore
        {
            Columns = [new ResultColumn(result, null, null)],
            From = new TableReference(new QualifiedName(null, table), ChildAlias),
            Where = condition,
        },
    };

    private static CompiledSelect Query(SelectStatement select, Table table, TriggerEvent change, Compilation compilation)
    {
        CompileState state = new(compilation) { TriggerHome = table.Home };
        RowScope scope = TriggerCompiler.NewScope(state, table, change, RowTyping.Column);
        QueryPlan plan = SelectCompiler.Compile(select, state, scope);
        return new CompiledSelect(plan, state.Size);
    }

    private static ColumnNode Column(string table, string column) => new(null, table, column, DoubleQuoted: false);

    private static ExpressionNode And(ExpressionNode? left, ExpressionNode right) =>
        left is null ? right : new BinaryNode(BinaryOperator.And, left, right);
}
