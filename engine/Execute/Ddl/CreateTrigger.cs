using Sluice.Engine.Catalog;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>CREATE TRIGGER. As in SQLite, its statements are looked at when it is fired.</summary>
internal static class CreateTrigger
{
    /// <param name="node">The statement.</param>
    /// <param name="transaction">Of the database that the trigger goes to.</param>
    /// <param name="whole">Of all databases: a temporary trigger may be on a table of any.</param>
    public static void Execute(CreateTriggerStatement node, Transaction transaction, Transaction whole)
    {
        if (!IsFree(node, transaction.Schema, whole.Schemas))
        {
            return;
        }

        transaction.BecomeExclusive();
        if (!IsFree(node, transaction.Schema, whole.Schemas))
        {
            return;
        }

        (Schema home, string table) = TargetOf(node, transaction.Schema, whole.Schemas);
        SchemaRows.Add(transaction, new SchemaRow("trigger", node.Name.Name, table, 0, TextOf(node, home, transaction.Schema, whole.Schemas)));
        transaction.SchemaChanged();
    }

    /// <summary>
    /// The text for the schema. That of a temporary trigger names the database of its table, so that it stays with it when another database gets a
    /// table of that name.
    /// </summary>
    private static string TextOf(CreateTriggerStatement node, Schema home, Schema own, Schemas schemas)
    {
        string text = $"CREATE TRIGGER {node.DefinitionText}";
        return home == own || node.Table.Schema is not null ? text : new SqlWords(text).QualifyTarget(schemas.NameOf(home));
    }

    private static bool IsFree(CreateTriggerStatement node, Schema schema, Schemas schemas)
    {
        _ = TargetOf(node, schema, schemas);
        Names.RequireUnreserved(node.Name.Name);
        return !schema.TryGetTrigger(node.Name.Name, out _)
            || (node.IfNotExists ? false : throw new SluiceException(ResultCode.Error, $"trigger {node.Name.Name} already exists"));
    }

    /// <summary>The table or view that it is on; a table has BEFORE and AFTER triggers, a view INSTEAD OF ones.</summary>
    private static (Schema Home, string Name) TargetOf(CreateTriggerStatement node, Schema schema, Schemas schemas)
    {
        Schema? home = schema == schemas.Temp ? null : schema;
        QualifiedName name = node.Table;
        if (home is not null && name.Schema is { } written && schemas.Named(written) != home)
        {
            throw new SluiceException(ResultCode.Error, $"trigger {node.Name.Name} cannot reference objects in database {written}");
        }

        if (schemas.TryGetView(name, home, out View? view))
        {
            return node.Timing == TriggerTiming.InsteadOf ? (view.Home!, view.Name) : throw new SluiceException(
                ResultCode.Error, $"cannot create {(node.Timing == TriggerTiming.Before ? "BEFORE" : "AFTER")} trigger on view: {view.Name}");
        }

        if (!schemas.TryGetTable(name, home, out Table? table))
        {
            throw new SluiceException(ResultCode.Error, $"no such table: {(home is null ? "" : schemas.NameOf(home) + ".")}{name.Name}");
        }

        if (Names.IsReserved(table.Name))
        {
            throw new SluiceException(ResultCode.Error, "cannot create trigger on system table");
        }

        if (node.Timing == TriggerTiming.InsteadOf)
        {
            throw new SluiceException(ResultCode.Error, $"cannot create INSTEAD OF trigger on table: {table.Name}");
        }

        return (table.Home!, table.Name);
    }
}
