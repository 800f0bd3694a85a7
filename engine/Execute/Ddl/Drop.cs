using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>DROP TABLE, INDEX, VIEW and TRIGGER: the trees' pages go to the freelist, the rows of sqlite_schema go.</summary>
internal static class Drop
{
    /// <param name="node">The statement.</param>
    /// <param name="transaction">Of the database that has the thing.</param>
    /// <param name="whole">Of all databases: temporary triggers go with their table.</param>
    /// <param name="context">The session.</param>
    public static void Execute(DropStatement node, Transaction transaction, Transaction whole, IStatementContext context)
    {
        Schema named = node.Name.Schema is { } database && whole.Schemas.Named(database) is null ? Schema.Empty : transaction.Schema;
        if (!MayDrop(node, named))
        {
            return;
        }

        transaction.BecomeExclusive();
        if (!MayDrop(node, transaction.Schema))
        {
            return;
        }

        if (node.Kind == SchemaObjectKind.Table && context is IChangeContext { ForeignKeys.Enabled: true })
        {
            RemoveRows(node.Name.Name, transaction, context);
        }

        foreach ((long rowid, SchemaRow row) in SchemaRows.All(transaction))
        {
            if (!Belongs(row, node, transaction.Schema))
            {
                continue;
            }

            if (row.RootPage != 0)
            {
                transaction.Trees.Drop(row.RootPage);
            }

            SchemaRows.Remove(transaction, rowid);
        }

        if (node.Kind == SchemaObjectKind.Table)
        {
            ForgetSequence(node.Name.Name, transaction);
        }

        if (node.Kind is SchemaObjectKind.Table or SchemaObjectKind.View)
        {
            RemoveTemporaryTriggers(node.Name.Name, transaction.Schema, whole);
        }

        transaction.SchemaChanged();
    }

    private static void RemoveTemporaryTriggers(string table, Schema home, Transaction whole)
    {
        Schemas schemas = whole.Schemas;
        if (schemas.Temp is not { } temp || temp == home)
        {
            return;
        }

        HashSet<string> gone = [.. temp.TriggersOf(table).Where(trigger => schemas.TargetOf(trigger) == home).Select(trigger => trigger.Name)];
        if (gone.Count == 0)
        {
            return;
        }

        Transaction transaction = whole.Of(temp);
        transaction.BecomeExclusive();
        foreach ((long rowid, SchemaRow row) in SchemaRows.All(transaction))
        {
            if (row.Type == "trigger" && gone.Contains(row.Name))
            {
                SchemaRows.Remove(transaction, rowid);
            }
        }

        transaction.SchemaChanged();
    }

    /// <summary>With foreign keys that refer to it, a table is first emptied ("SQLite Foreign Key Support", section 5).</summary>
    private static void RemoveRows(string name, Transaction transaction, IStatementContext context)
    {
        if (!transaction.Schema.TryGetTable(name, out Table? table) || transaction.Schema.ForeignKeysTo(name).Count == 0)
        {
            return;
        }

        CompileState state = new(new Compilation(transaction.Schemas, foreignKeys: true) { Dropped = table });
        DeleteStatement delete = new() { Table = new TableReference(new QualifiedName(null, table.Name), null) };
        using Execution removal = DeleteCompiler.Compile(delete, state, null).Start(transaction, context, []);
        _ = removal.Next();
    }

    /// <summary>The row that sqlite_sequence has for a table with AUTOINCREMENT ("SQLite file format", section 2.6.3).</summary>
    private static void ForgetSequence(string name, Transaction transaction)
    {
        if (!transaction.Schema.TryGetTable("sqlite_sequence", out Table? sequence))
        {
            return;
        }

        List<long> rowids = [];
        RecordReader reader = default;
        RowCursor rows = transaction.OpenRows(sequence.RootPage);
        for (bool any = rows.MoveFirst(); any; any = rows.MoveNext())
        {
            reader.Reset(rows.Record);
            if (reader.Get(0).DecodeText().Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                rowids.Add(rows.Rowid);
            }
        }

        foreach (long rowid in rowids)
        {
            transaction.DeleteRow(sequence.RootPage, rowid);
        }
    }

    /// <summary>With a table go its indexes and triggers; with a view its triggers.</summary>
    private static bool Belongs(in SchemaRow row, DropStatement node, Schema schema) => node.Kind is SchemaObjectKind.Index or SchemaObjectKind.Trigger
        ? row.Type == (node.Kind == SchemaObjectKind.Index ? "index" : "trigger") && row.Name.Equals(node.Name.Name, StringComparison.OrdinalIgnoreCase)
        : row.TableName.Equals(node.Name.Name, StringComparison.OrdinalIgnoreCase)
            && !(row.Type == "trigger" && schema.TryGetTrigger(row.Name, out Trigger? trigger) && IsElsewhere(trigger.Definition.Table));

    /// <summary>A temporary trigger's table that is not temporary itself, but has a name that a temporary one has too.</summary>
    private static bool IsElsewhere(QualifiedName table) => table.Schema is { } named && !named.Equals(Schemas.TempName, StringComparison.OrdinalIgnoreCase);

    /// <summary>False when there is nothing to drop and IF EXISTS is content with that.</summary>
    private static bool MayDrop(DropStatement node, Schema schema)
    {
        string name = node.Name.Name;
        string qualified = node.Name.Schema is { } given ? $"{given}.{name}" : name;
        if (node.Kind == SchemaObjectKind.Index)
        {
            if (schema.TryGetIndex(name, out TableIndex? index))
            {
                return index.Sql is not null
                    ? true
                    : throw new SluiceException(ResultCode.Error, "index associated with UNIQUE or PRIMARY KEY constraint cannot be dropped");
            }

            return Missing(node, $"no such index: {qualified}");
        }

        if (node.Kind == SchemaObjectKind.Trigger)
        {
            return schema.TryGetTrigger(name, out _) || Missing(node, $"no such trigger: {qualified}");
        }

        bool isView = schema.TryGetView(name, out _);
        if (node.Kind == SchemaObjectKind.View)
        {
            return isView || (schema.TryGetTable(name, out _)
                ? throw new SluiceException(ResultCode.Error, $"use DROP TABLE to delete table {name}")
                : Missing(node, $"no such view: {qualified}"));
        }

        if (isView)
        {
            throw new SluiceException(ResultCode.Error, $"use DROP VIEW to delete view {name}");
        }

        if (!schema.TryGetTable(name, out Table? table))
        {
            return Missing(node, $"no such table: {qualified}");
        }

        if (table.RootPage == 0)
        {
            throw DdlStatements.Refused("DROP TABLE of a virtual table");
        }

        // ANALYZE's tables may go ("The ANALYZE Command", section 1); sqlite_schema and sqlite_sequence may not.
        return Names.IsReserved(name) && !name.StartsWith("sqlite_stat", StringComparison.OrdinalIgnoreCase)
            ? throw new SluiceException(ResultCode.Error, $"table {table.Name} may not be dropped")
            : true;
    }

    private static bool Missing(DropStatement node, string message) =>
        node.IfExists ? false : throw new SluiceException(ResultCode.Error, message);
}
