using Sluice.Engine.Catalog;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>CREATE TABLE with columns: an empty tree for the table and for each automatic index.</summary>
internal static class CreateTable
{
    public static void Execute(CreateTableStatement node, Transaction transaction)
    {
        Names.RequireMain(node.Name);
        string name = node.Name.Name;
        if (!Names.IsFreeForTable(transaction.Schema, name, node.IfNotExists))
        {
            return;
        }

        TableDefinition.Check(node);
        TableKeys keys = TableKeys.Of(node);
        transaction.BecomeExclusive();
        if (!Names.IsFreeForTable(transaction.Schema, name, node.IfNotExists))
        {
            return;
        }

        uint root = transaction.Trees.CreateTable();
        SchemaRows.Add(transaction, new SchemaRow("table", name, name, root, $"CREATE TABLE {node.DefinitionText}"));
        for (int i = 1; i <= keys.Indexes.Count; i++)
        {
            uint indexRoot = transaction.Trees.CreateIndex();
            SchemaRows.Add(transaction, new SchemaRow("index", TableKeys.NameOf(name, i), name, indexRoot, null));
        }

        transaction.SchemaChanged();
    }
}
