using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>CREATE VIEW. As in SQLite, what the view selects from is looked up when the view is used.</summary>
internal static class CreateView
{
    public static void Execute(CreateViewStatement node, Transaction transaction)
    {
        if (!Names.IsFreeForTable(transaction.Schema, node.Name.Name, node.IfNotExists))
        {
            return;
        }

        transaction.BecomeExclusive();
        if (Names.IsFreeForTable(transaction.Schema, node.Name.Name, node.IfNotExists))
        {
            SchemaRows.Add(transaction, new SchemaRow("view", node.Name.Name, node.Name.Name, 0, $"CREATE VIEW {node.DefinitionText}"));
            transaction.SchemaChanged();
        }
    }
}
