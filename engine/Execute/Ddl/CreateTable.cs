using Sluice.Engine.Catalog;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>CREATE TABLE with columns: an empty tree for the table and for each automatic index.</summary>
internal static class CreateTable
{
    public static void Execute(CreateTableStatement node, Transaction transaction)
    {
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

        if (keys.IsAutoincrement && !transaction.Schema.TryGetTable("sqlite_sequence", out _))
        {
            SchemaRows.Add(
                transaction, new SchemaRow("table", "sqlite_sequence", "sqlite_sequence", transaction.Trees.CreateTable(), "CREATE TABLE sqlite_sequence(name,seq)"));
        }

        uint root = node.WithoutRowid ? transaction.Trees.CreateIndex() : transaction.Trees.CreateTable();
        SchemaRows.Add(transaction, new SchemaRow("table", name, name, root, $"CREATE TABLE {node.DefinitionText}"));
        for (int i = 0; i < keys.Indexes.Count; i++)
        {
            uint indexRoot = transaction.Trees.CreateIndex();
            SchemaRows.Add(transaction, new SchemaRow("index", TableKeys.NameOf(name, keys.NumberOf(i)), name, indexRoot, null));
        }

        transaction.SchemaChanged();

        // Generated columns that need each other are found here; the statement is then taken back.
        if (transaction.Schema.TryGetTable(name, out Table? made))
        {
            _ = made.Expressions;
        }
    }
}
