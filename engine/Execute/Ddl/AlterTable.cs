using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>ALTER TABLE RENAME TO and ADD COLUMN: only the texts in sqlite_schema change, no row is written.</summary>
internal static class AlterTable
{
    public static void Rename(RenameTableStatement node, Transaction transaction, Transaction whole)
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
        SchemaCheck.Run(schema, whole.Schemas, "");
        foreach ((long rowid, SchemaRow row) in SchemaRows.All(transaction))
        {
            SchemaRow renamed = Renamed(row, from, to);
            if (renamed != row)
            {
                SchemaRows.Replace(transaction, rowid, renamed);
            }
        }

        RenameSequence(transaction, from, to);
        RenameInTemp(from, to, schema, whole);
        transaction.SchemaChanged();
        SchemaCheck.Run(transaction.Schema, whole.Schemas, " after rename");
    }

    /// <summary>Temporary views and triggers follow a table of another database too, where its bare name means it.</summary>
    private static void RenameInTemp(string from, string to, Schema home, Transaction whole)
    {
        Schemas schemas = whole.Schemas;
        if (schemas.Temp is not { } temp || temp == home || schemas.Find(new QualifiedName(null, from), (schema, name) => schema.TryGetTable(name, out _)) != home)
        {
            return;
        }

        string database = schemas.NameOf(home);
        Transaction transaction = whole.Of(temp);
        bool any = false;
        foreach ((long rowid, SchemaRow row) in SchemaRows.All(transaction).Where(one => one.Row.Type is "view" or "trigger"))
        {
            SqlWords words = new(row.Sql!);
            string sql = words.Replace(NameUses.OfTable(words, from, database), to, alwaysQuoted: true);
            if (sql != row.Sql)
            {
                transaction.BecomeExclusive();
                bool isOn = row.TableName.Equals(from, StringComparison.OrdinalIgnoreCase);
                SchemaRows.Replace(transaction, rowid, row with { TableName = isOn ? to : row.TableName, Sql = sql });
                any = true;
            }
        }

        if (any)
        {
            transaction.SchemaChanged();
        }
    }

    public static void AddColumn(AddColumnStatement node, Transaction transaction, IStatementContext context)
    {
        transaction.BecomeExclusive();
        if (transaction.Schema.TryGetView(node.Table.Name, out _))
        {
            throw new SluiceException(ResultCode.Error, "Cannot add a column to a view");
        }

        Table table = Find(node.Table, transaction.Schema);
        bool hasForeignKeys = context is IChangeContext { ForeignKeys.Enabled: true };
        Check(node.Column, table, hasRows: new TableRows(table, transaction).MoveNext(), hasForeignKeys);
        foreach ((long rowid, SchemaRow row) in SchemaRows.All(transaction))
        {
            if (row.Type == "table" && row.Name.Equals(table.Name, StringComparison.OrdinalIgnoreCase))
            {
                SchemaRows.Replace(transaction, rowid, row with { Sql = new SqlWords(row.Sql!).AddColumn(node.Column.Text) });
            }
        }

        transaction.SchemaChanged();
        CheckRows(node.Column, table.Name, transaction, context);
    }

    /// <summary>The rows that are there must keep to what the new column says of them.</summary>
    private static void CheckRows(ColumnDefinition column, string table, Transaction transaction, IStatementContext context)
    {
        List<(string Condition, string Message)> conditions =
            [.. column.Constraints.OfType<CheckColumn>().Select(check => ($"NOT ({check.Text})", "CHECK constraint failed"))];
        if (column.Constraints.Any(constraint => constraint is GeneratedColumn) && column.Constraints.Any(constraint => constraint is NotNullColumn))
        {
            conditions.Add(($"{Names.AlwaysQuoted(column.Name)} IS NULL", "NOT NULL constraint failed"));
        }

        TimelessContext timeless = new(context);
        foreach ((string condition, string message) in conditions)
        {
            StatementNode query = Parser.ParseStatement($"SELECT 1 FROM {Names.AlwaysQuoted(table)} WHERE {condition}");
            using Execution broken = Planner.Compile(query, transaction.Schemas).Start(transaction, timeless, []);
            if (broken.Next())
            {
                throw new SluiceException(ResultCode.Error, message);
            }
        }
    }

    /// <summary>The row that sqlite_sequence has for a table with AUTOINCREMENT.</summary>
    private static void RenameSequence(Transaction transaction, string from, string to)
    {
        if (!transaction.Schema.TryGetTable("sqlite_sequence", out Table? sequence))
        {
            return;
        }

        RecordReader reader = default;
        RowCursor rows = transaction.OpenRows(sequence.RootPage);
        for (bool any = rows.MoveFirst(); any; any = rows.MoveNext())
        {
            reader.Reset(rows.Record);
            if (reader.Get(0).DecodeText().Equals(from, StringComparison.OrdinalIgnoreCase))
            {
                transaction.PutRow(sequence.RootPage, rows.Rowid, RecordWriter.Encode([SqlValue.FromText(to), reader.Get(1)]));
                return;
            }
        }
    }

    internal static Table Find(QualifiedName name, Schema schema)
    {
        if (schema.TryGetTable(name.Name, out Table? table))
        {
            if (Names.IsReserved(table.Name))
            {
                throw new SluiceException(ResultCode.Error, $"table {table.Name} may not be altered");
            }

            table.DemandWritable();
            return table;
        }

        throw new SluiceException(ResultCode.Error, $"no such table: {(name.Schema is null ? "" : name.Schema + ".")}{name.Name}");
    }

    private static SchemaRow Renamed(in SchemaRow row, string from, string to)
    {
        bool isOwn = row.TableName.Equals(from, StringComparison.OrdinalIgnoreCase);
        string? sql = null;
        if (row.Sql is not null)
        {
            SqlWords words = new(row.Sql);
            sql = words.Replace(NameUses.OfTable(words, from), to, alwaysQuoted: true);
        }

        if (!isOwn)
        {
            return row with { Sql = sql };
        }

        string name = row.Type == "table" ? to
            : row.Type == "index" && row.Sql is null ? TableKeys.NameOf(to, int.Parse(row.Name.AsSpan(row.Name.LastIndexOf('_') + 1)))
            : row.Name;
        return row with { Name = name, TableName = to, Sql = sql };
    }

    /// <summary>What a column must be, so that the rows that are there need not be written ("ALTER TABLE", section 5).</summary>
    private static void Check(ColumnDefinition column, Table table, bool hasRows, bool hasForeignKeys)
    {
        if (table.OrdinalOf(column.Name) >= 0)
        {
            throw new SluiceException(ResultCode.Error, $"duplicate column name: {column.Name}");
        }

        CreateTableStatement old = (CreateTableStatement)Parser.ParseStatement(table.Sql);
        TableDefinition.CheckColumn(column, table.Name, [.. old.Columns, column], old.Strict);
        ExpressionNode? value = column.Constraints.OfType<DefaultColumn>().LastOrDefault()?.Expression;
        bool isNull = value is null or LiteralNode { Value.IsNull: true };
        bool isGenerated = column.Constraints.Any(constraint => constraint is GeneratedColumn);
        foreach (ColumnConstraint constraint in column.Constraints)
        {
            switch (constraint)
            {
                case PrimaryKeyColumn:
                    throw new SluiceException(ResultCode.Error, "Cannot add a PRIMARY KEY column");
                case UniqueColumn:
                    throw new SluiceException(ResultCode.Error, "Cannot add a UNIQUE column");
                case ReferencesColumn when !isNull && hasRows && hasForeignKeys:
                    throw new SluiceException(ResultCode.Error, "Cannot add a REFERENCES column with non-NULL default value");
                case NotNullColumn when isNull && hasRows && !isGenerated:
                    throw new SluiceException(ResultCode.Error, "Cannot add a NOT NULL column with default value NULL");
                case GeneratedColumn { Stored: true }:
                    throw new SluiceException(ResultCode.Error, "cannot add a STORED column");
                default:
                    break;
            }
        }

        if (hasRows && !isNull && value is not (LiteralNode or UnaryNode { Operand: LiteralNode }))
        {
            throw new SluiceException(ResultCode.Error, "Cannot add a column with non-constant default");
        }
    }

    /// <summary>A CHECK may not ask for the time. SQLite's message is this, as it loses that of the check of the rows.</summary>
    private sealed class TimelessContext(IStatementContext statement) : IStatementContext
    {
        public long LastInsertRowid => statement.LastInsertRowid;

        public long Changes => statement.Changes;

        public long TotalChanges => statement.TotalChanges;

        public DateTime UtcNow => throw Refused();

        public TimeZoneInfo LocalZone => throw Refused();

        public Random Random => statement.Random;

        public bool CaseSensitiveLike => statement.CaseSensitiveLike;

        public void CheckCancelled() => statement.CheckCancelled();

        private static SluiceException Refused() => new(ResultCode.Error, "SQL logic error");
    }
}
