using Sluice.Engine.Catalog;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>ALTER TABLE RENAME TO and ADD COLUMN: only the texts in sqlite_schema change, no row is written.</summary>
internal static class AlterTable
{
    public static void Rename(RenameTableStatement node, Transaction transaction)
    {
        transaction.BecomeExclusive();
        Schema schema = transaction.Schema;
        if (schema.TryGetView(node.Table.Name, out View? view))
        {
            throw new SluiceException(ResultCode.Error, $"view {view.Name} may not be altered");
        }

        string from = Find(node.Table, schema).Name;
        string to = node.NewName;
        if (schema.TryGetTable(to, out _) || schema.TryGetView(to, out _) || schema.TryGetIndex(to, out _))
        {
            throw new SluiceException(ResultCode.Error, $"there is already another table or index with this name: {to}");
        }

        Names.RequireUnreserved(to);
        foreach ((long rowid, SchemaRow row) in SchemaRows.All(transaction))
        {
            SchemaRow renamed = Renamed(row, from, to);
            if (renamed != row)
            {
                SchemaRows.Replace(transaction, rowid, renamed);
            }
        }

        transaction.SchemaChanged();
    }

    public static void AddColumn(AddColumnStatement node, Transaction transaction)
    {
        transaction.BecomeExclusive();
        if (transaction.Schema.TryGetView(node.Table.Name, out _))
        {
            throw new SluiceException(ResultCode.Error, "Cannot add a column to a view");
        }

        Table table = Find(node.Table, transaction.Schema);
        Check(node.Column, table, hasRows: transaction.OpenRows(table.RootPage).MoveFirst());
        foreach ((long rowid, SchemaRow row) in SchemaRows.All(transaction))
        {
            if (row.Type == "table" && row.Name.Equals(table.Name, StringComparison.OrdinalIgnoreCase))
            {
                SchemaRows.Replace(transaction, rowid, row with { Sql = new SqlWords(row.Sql!).AddColumn(node.Column.Text) });
            }
        }

        transaction.SchemaChanged();
    }

    private static Table Find(QualifiedName name, Schema schema)
    {
        Names.RequireMain(name);
        if (Names.IsReserved(name.Name))
        {
            throw new SluiceException(ResultCode.Error, $"table {name.Name} may not be altered");
        }

        if (schema.TryGetTable(name.Name, out Table? table))
        {
            table.DemandWritable();
            return table;
        }

        throw new SluiceException(ResultCode.Error, $"no such table: {(name.Schema is null ? "" : name.Schema + ".")}{name.Name}");
    }

    private static SchemaRow Renamed(in SchemaRow row, string from, string to)
    {
        bool isOwn = row.TableName.Equals(from, StringComparison.OrdinalIgnoreCase);
        if (row.Type is "view" or "trigger")
        {
            // Where a SELECT means the table and where a column or alias of the same name is not to be seen from the words.
            return new SqlWords(row.Sql ?? "").Mentions(from)
                ? throw DdlStatements.Refused($"ALTER TABLE RENAME of {from}, which {row.Type} {row.Name} may refer to,")
                : row;
        }

        string? sql = row.Sql is null ? null : new SqlWords(row.Sql).RenameTable(from, to);
        if (!isOwn)
        {
            return row with { Sql = sql };
        }

        string name = row.Type == "table" ? to
            : row.Sql is null ? TableKeys.NameOf(to, int.Parse(row.Name.AsSpan(row.Name.LastIndexOf('_') + 1)))
            : row.Name;
        return row with { Name = name, TableName = to, Sql = sql };
    }

    /// <summary>What a column must be, so that the rows that are there need not be written ("ALTER TABLE", section 5).</summary>
    private static void Check(ColumnDefinition column, Table table, bool hasRows)
    {
        if (table.OrdinalOf(column.Name) >= 0)
        {
            throw new SluiceException(ResultCode.Error, $"duplicate column name: {column.Name}");
        }

        CreateTableStatement old = (CreateTableStatement)Parser.ParseStatement(table.Sql);
        TableDefinition.CheckColumn(column, table.Name, [.. old.Columns, column], old.Strict);
        ExpressionNode? value = column.Constraints.OfType<DefaultColumn>().LastOrDefault()?.Expression;
        bool isNull = value is null or LiteralNode { Value.IsNull: true };
        foreach (ColumnConstraint constraint in column.Constraints)
        {
            switch (constraint)
            {
                case PrimaryKeyColumn:
                    throw new SluiceException(ResultCode.Error, "Cannot add a PRIMARY KEY column");
                case UniqueColumn:
                    throw new SluiceException(ResultCode.Error, "Cannot add a UNIQUE column");
                case NotNullColumn when isNull && hasRows:
                    throw new SluiceException(ResultCode.Error, "Cannot add a NOT NULL column with default value NULL");
                case CheckColumn when hasRows:
                    throw DdlStatements.Refused("ALTER TABLE ADD COLUMN with a CHECK on a table that has rows");
                default:
                    break;
            }
        }

        if (hasRows && !isNull && value is not (LiteralNode or UnaryNode { Operand: LiteralNode }))
        {
            throw new SluiceException(ResultCode.Error, "Cannot add a column with non-constant default");
        }
    }
}
