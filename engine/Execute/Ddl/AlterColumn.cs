using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>ALTER TABLE RENAME COLUMN and DROP COLUMN. A rename changes texts only; a drop writes all rows anew without the column.</summary>
internal static class AlterColumn
{
    public static void Rename(RenameColumnStatement node, Transaction transaction, Transaction whole)
    {
        transaction.BecomeExclusive();
        Schema schema = transaction.Schema;
        if (schema.TryGetView(node.Table.Name, out View? view))
        {
            throw new SluiceException(ResultCode.Error, $"cannot rename columns of view \"{view.Name}\"");
        }

        Table table = AlterTable.Find(node.Table, schema);
        string column = Find(node.Column, table);
        if (table.OrdinalOf(node.NewName) >= 0 && !node.NewName.Equals(column, StringComparison.OrdinalIgnoreCase))
        {
            throw new SluiceException(ResultCode.Error, $"error in table {table.Name} after rename: duplicate column name: {node.NewName}");
        }

        // A name that the user wrote in quotes stands in quotes.
        SqlWords statement = new(node.Text);
        bool quoted = statement.IsQuoted(statement.Count - 1);
        SchemaCheck.Run(schema, whole.Schemas, "");
        foreach ((long rowid, SchemaRow row) in SchemaRows.All(transaction))
        {
            if (row.Sql is null)
            {
                continue;
            }

            SqlWords words = new(row.Sql);
            string sql = words.Replace(Uses(words, row, table, column, schema, whole.Schemas), node.NewName, quoted);
            if (sql != row.Sql)
            {
                SchemaRows.Replace(transaction, rowid, row with { Sql = sql });
            }
        }

        transaction.SchemaChanged();
        SchemaCheck.Run(transaction.Schema, whole.Schemas, " after rename");
    }

    public static void Drop(DropColumnStatement node, Transaction transaction, Transaction whole, IStatementContext context)
    {
        transaction.BecomeExclusive();
        if (transaction.Schema.TryGetView(node.Table.Name, out View? view))
        {
            throw new SluiceException(ResultCode.Error, $"cannot drop column from view \"{view.Name}\"");
        }

        Table table = AlterTable.Find(node.Table, transaction.Schema);
        int ordinal = table.OrdinalOf(Find(node.Column, table));
        RequireDroppable(table, ordinal, node.Column);
        RequireNotIndexed(table, table.Columns[ordinal].Name, transaction);
        RewriteRows(table, ordinal, transaction, context);
        foreach ((long rowid, SchemaRow row) in SchemaRows.All(transaction))
        {
            if (row.Type == "table" && row.Name.Equals(table.Name, StringComparison.OrdinalIgnoreCase))
            {
                SchemaRows.Replace(transaction, rowid, row with { Sql = new SqlWords(row.Sql!).DropColumn(ordinal) });
            }
        }

        Reload(table, transaction, whole);
    }

    private static IEnumerable<int> Uses(SqlWords words, SchemaRow row, Table table, string column, Schema schema, Schemas schemas)
    {
        bool isOwn = row.TableName.Equals(table.Name, StringComparison.OrdinalIgnoreCase);
        return row.Type switch
        {
            "table" or "index" when isOwn => NameUses.OfColumnInDefinition(words, table.Name, column),
            "table" => NameUses.OfColumnInReferences(words, table.Name, column),
            "view" when schema.TryGetView(row.Name, out View? view) => NameUses.OfColumn(words, view, table, column, schemas),
            "trigger" when schema.TryGetTrigger(row.Name, out Trigger? trigger) => NameUses.OfColumn(words, trigger, table, column, schemas),
            _ => [],
        };
    }

    private static string Find(string name, Table table) => table.OrdinalOf(name) is >= 0 and var ordinal
        ? table.Columns[ordinal].Name
        : throw new SluiceException(ResultCode.Error, $"no such column: \"{name}\"");

    /// <summary>No index may need the column; in double quotes the name of a column that is gone would be a string to it.</summary>
    private static void RequireNotIndexed(Table table, string column, Transaction transaction)
    {
        foreach ((_, SchemaRow row) in SchemaRows.All(transaction))
        {
            if (row is { Type: "index", Sql: { } sql } && row.TableName.Equals(table.Name, StringComparison.OrdinalIgnoreCase))
            {
                SqlWords words = new(sql);
                List<int> uses = [.. NameUses.OfColumnInDefinition(words, table.Name, column)];
                if (uses.Count > 0)
                {
                    throw new SluiceException(ResultCode.Error, $"error in index {row.Name} after drop column: no such column: "
                        + (uses.Exists(words.IsQuoted) ? $"\"{column}\" - should this be a string literal in single-quotes?" : column));
                }
            }
        }
    }

    private static void RequireDroppable(Table table, int ordinal, string name)
    {
        string? kind = table.Columns[ordinal].PrimaryKeyOrdinal > 0 ? "PRIMARY KEY"
            : table.Indexes.Any(index => index.Sql is null && index.Columns.Contains(ordinal)) ? "UNIQUE"
            : null;
        if (kind is not null)
        {
            throw new SluiceException(ResultCode.Error, $"cannot drop {kind} column: \"{name}\"");
        }

        if (table.Columns.Count == 1)
        {
            throw new SluiceException(ResultCode.Error, $"cannot drop column \"{name}\": no other columns exist");
        }
    }

    private static void RewriteRows(Table table, int ordinal, Transaction transaction, IStatementContext context)
    {
        if (table.Columns[ordinal].IsVirtual)
        {
            return;
        }

        List<(long Rowid, byte[] Record)> rewritten = [];
        TableRows rows = new(table, transaction);
        SqlValue[] record = new SqlValue[table.StoredCount - 1];
        int dropped = table.Positions[ordinal];
        while (rows.MoveNext())
        {
            context.CheckCancelled();
            for (int i = 0; i < table.Columns.Count; i++)
            {
                int position = table.Positions[i];
                if (i != ordinal && position >= 0)
                {
                    record[position > dropped ? position - 1 : position] = i == table.RowidAlias ? SqlValue.Null : rows.Row.Column(i);
                }
            }

            rewritten.Add((rows.Row.Rowid, RecordWriter.Encode(record)));
        }

        if (table.KeyOrder is { } order)
        {
            transaction.Trees.Clear(table.RootPage);
            foreach ((_, byte[] key) in rewritten)
            {
                transaction.Trees.PutKey(table.RootPage, order, key);
            }

            return;
        }

        foreach ((long rowid, byte[] encoded) in rewritten)
        {
            transaction.PutRow(table.RootPage, rowid, encoded);
        }
    }

    /// <summary>Reads the schema anew; what still needs the column is an error that takes all back.</summary>
    private static void Reload(Table table, Transaction transaction, Transaction whole)
    {
        try
        {
            transaction.SchemaChanged();
            if (transaction.Schema.TryGetTable(table.Name, out Table? changed))
            {
                TableDefinition.Check((CreateTableStatement)Parser.ParseStatement(changed.Sql));
                _ = changed.Expressions;
            }
        }
        catch (SluiceException error)
        {
            string message = error.Message;
            int dash = message.IndexOf(" - ", StringComparison.Ordinal);
            int open = message.IndexOf("malformed database schema (", StringComparison.Ordinal);
            string what = open >= 0 && dash > open ? $"index {message[(open + 27)..(dash - 1)]}" : $"table {table.Name}";
            throw new SluiceException(ResultCode.Error, $"error in {what} after drop column: {(open >= 0 && dash > open ? message[(dash + 3)..] : message)}", error);
        }

        SchemaCheck.Run(transaction.Schema, whole.Schemas, " after drop column");
    }
}
