using Sluice.Engine.Catalog;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>CREATE TRIGGER. As in SQLite, its statements are looked at when it is fired.</summary>
internal static class CreateTrigger
{
    public static void Execute(CreateTriggerStatement node, Transaction transaction)
    {
        if (node.Temporary)
        {
            throw DdlStatements.Refused("CREATE TEMP TRIGGER");
        }

        Names.RequireMain(node.Name);
        if (!IsFree(node, transaction.Schema))
        {
            return;
        }

        transaction.BecomeExclusive();
        if (!IsFree(node, transaction.Schema))
        {
            return;
        }

        string table = TargetOf(node, transaction.Schema);
        SchemaRows.Add(transaction, new SchemaRow("trigger", node.Name.Name, table, 0, $"CREATE TRIGGER {node.DefinitionText}"));
        transaction.SchemaChanged();
    }

    private static bool IsFree(CreateTriggerStatement node, Schema schema)
    {
        _ = TargetOf(node, schema);
        Names.RequireUnreserved(node.Name.Name);
        return !schema.TryGetTrigger(node.Name.Name, out _)
            || (node.IfNotExists ? false : throw new SluiceException(ResultCode.Error, $"trigger {node.Name.Name} already exists"));
    }

    /// <summary>The table or view that it is on; a table has BEFORE and AFTER triggers, a view INSTEAD OF ones.</summary>
    private static string TargetOf(CreateTriggerStatement node, Schema schema)
    {
        Names.RequireMain(node.Table);
        string name = node.Table.Name;
        if (schema.TryGetView(name, out View? view))
        {
            return node.Timing == TriggerTiming.InsteadOf ? view.Name : throw new SluiceException(
                ResultCode.Error, $"cannot create {(node.Timing == TriggerTiming.Before ? "BEFORE" : "AFTER")} trigger on view: {view.Name}");
        }

        if (!schema.TryGetTable(name, out Table? table))
        {
            throw new SluiceException(ResultCode.Error, $"no such table: main.{name}");
        }

        if (Names.IsReserved(table.Name))
        {
            throw new SluiceException(ResultCode.Error, "cannot create trigger on system table");
        }

        if (node.Timing == TriggerTiming.InsteadOf)
        {
            throw new SluiceException(ResultCode.Error, $"cannot create INSTEAD OF trigger on table: {table.Name}");
        }

        return table.Name;
    }
}
