using System.Buffers.Binary;
using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>CREATE [UNIQUE] INDEX on columns; the rows that are there are put into it at once.</summary>
internal static class CreateIndex
{
    public static void Execute(CreateIndexStatement node, Transaction transaction, IStatementContext context)
    {
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

        Table table = FindTable(node, transaction.Schema);
        table.DemandReadable();
        TableIndex index = Describe(node, table, DescendingWorks(transaction), transaction.Trees.CreateIndex());
        IndexFill.Run(table, index, transaction, context);
        SchemaRows.Add(transaction, new SchemaRow("index", index.Name, table.Name, index.RootPage, index.Sql));
        transaction.SchemaChanged();
    }

    private static bool IsFree(CreateIndexStatement node, Schema schema)
    {
        _ = FindTable(node, schema);
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

    private static Table FindTable(CreateIndexStatement node, Schema schema)
    {
        if (Names.IsReserved(node.Table))
        {
            throw new SluiceException(ResultCode.Error, $"table {node.Table} may not be indexed");
        }

        if (schema.TryGetView(node.Table, out _))
        {
            throw new SluiceException(ResultCode.Error, "views may not be indexed");
        }

        return schema.TryGetTable(node.Table, out Table? table) ? table : throw new SluiceException(ResultCode.Error, $"no such table: main.{node.Table}");
    }

    /// <summary>In files of schema formats 1 to 3, DESC in an index has no effect ("SQLite file format", section 1.3.10).</summary>
    private static bool DescendingWorks(Transaction transaction)
    {
        uint format = BinaryPrimitives.ReadUInt32BigEndian(transaction.Pages.Read(1).AsSpan(DatabaseHeader.Offsets.SchemaFormat));
        return format is 0 or >= DatabaseHeader.NewestSchemaFormat;
    }

    private static TableIndex Describe(CreateIndexStatement node, Table table, bool descendingWorks, uint root)
    {
        if (node.Where is not null)
        {
            throw DdlStatements.Refused($"a partial index (index {node.Name.Name} has a WHERE clause)");
        }

        int[] columns = new int[node.Columns.Count];
        KeyColumn[] order = new KeyColumn[columns.Length];
        for (int i = 0; i < columns.Length; i++)
        {
            IndexedColumn column = node.Columns[i];
            if (column.Expression is not ColumnNode { Table: null } named)
            {
                throw DdlStatements.Refused($"an index on an expression (column {i + 1} of index {node.Name.Name})");
            }

            columns[i] = table.OrdinalOf(named.Column);
            if (columns[i] < 0)
            {
                throw new SluiceException(ResultCode.Error, $"no such column: {named.Column}");
            }

            Collation collation = column.Collation is { } name ? TableKeys.CollationNamed(name) : table.Columns[columns[i]].Collation;
            order[i] = new KeyColumn(collation, column.Descending && descendingWorks);
        }

        return new TableIndex
        {
            Name = node.Name.Name,
            TableName = table.Name,
            RootPage = root,
            Columns = columns,
            Order = new KeyOrder(order, node.Unique),
            Sql = $"CREATE {(node.Unique ? "UNIQUE " : "")}INDEX {node.DefinitionText}",
        };
    }
}
