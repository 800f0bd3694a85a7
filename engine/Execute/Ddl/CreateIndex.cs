using System.Buffers.Binary;
using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>CREATE [UNIQUE] INDEX on columns or expressions, also with a WHERE; the rows that are there are put into it at once.</summary>
internal static class CreateIndex
{
    public static void Execute(CreateIndexStatement node, Transaction transaction, string database, IStatementContext context)
    {
        if (!IsFree(node, transaction.Schema, database))
        {
            return;
        }

        transaction.BecomeExclusive();
        if (!IsFree(node, transaction.Schema, database))
        {
            return;
        }

        Table table = FindTable(node, transaction.Schema, database);
        table.DemandReadable();
        Check(node, table);
        string sql = $"CREATE {(node.Unique ? "UNIQUE " : "")}INDEX {node.DefinitionText}";
        TableIndex index = IndexDefinition.Describe(node, table, node.Name.Name, transaction.Trees.CreateIndex(), sql, DescendingWorks(transaction)).WithSuffix(table.Key);
        IndexFill.Run(table.WithIndex(index), index, transaction, context);
        SchemaRows.Add(transaction, new SchemaRow("index", index.Name, table.Name, index.RootPage, index.Sql));
        transaction.SchemaChanged();
    }

    private static bool IsFree(CreateIndexStatement node, Schema schema, string database)
    {
        _ = FindTable(node, schema, database);
        string name = node.Name.Name;
        Names.RequireUnreserved(name);
        if (schema.TryGetTable(name, out _) || schema.TryGetView(name, out _))
        {
            throw new SluiceException(ResultCode.Error, $"there is already a table named {name}");
        }

        if (!schema.TryGetIndex(name, out _))
        {
            return true;
        }

        return node.IfNotExists ? false : throw new SluiceException(ResultCode.Error, $"index {name} already exists");
    }

    private static Table FindTable(CreateIndexStatement node, Schema schema, string database)
    {
        if (schema.TryGetView(node.Table, out _))
        {
            throw new SluiceException(ResultCode.Error, "views may not be indexed");
        }

        if (!schema.TryGetTable(node.Table, out Table? table))
        {
            throw new SluiceException(ResultCode.Error, $"no such table: {database}.{node.Table}");
        }

        return Names.IsReserved(table.Name) ? throw new SluiceException(ResultCode.Error, $"table {table.Name} may not be indexed") : table;
    }

    /// <summary>In files of schema formats 1 to 3, DESC in an index has no effect ("SQLite file format", section 1.3.10).</summary>
    private static bool DescendingWorks(Transaction transaction)
    {
        uint format = BinaryPrimitives.ReadUInt32BigEndian(transaction.Pages.Read(1).AsSpan(DatabaseHeader.Offsets.SchemaFormat));
        return format is 0 or >= DatabaseHeader.NewestSchemaFormat;
    }

    private static void Check(CreateIndexStatement node, Table table)
    {
        IReadOnlyList<ColumnDefinition> columns = Parser.ParseStatement(table.Sql) is CreateTableStatement create ? create.Columns : [];
        foreach (IndexedColumn column in node.Columns)
        {
            if (column.Expression is ColumnNode { DoubleQuoted: false } or not ColumnNode)
            {
                DefinitionExpressions.Check(column.Expression, table.Name, columns, "index expressions");
            }
        }

        if (node.Where is not null)
        {
            DefinitionExpressions.Check(node.Where, table.Name, columns, "partial index WHERE clauses", mayQualify: true);
        }
    }
}
