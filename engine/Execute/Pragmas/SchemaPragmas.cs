using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Ddl;
using Sluice.Engine.Execute.TableFunctions;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Pragmas;

/// <summary>PRAGMAs about tables, views, foreign keys and the database itself.</summary>
internal static class SchemaPragmas
{
    /// <summary>table_info and, with a column that says how it is hidden and the generated columns too, table_xinfo.</summary>
    public static IReadOnlyList<SqlValue[]> TableInfo(PragmaCall call, bool hiddenToo)
    {
        Schema schema = call.Transaction.Schema;
        if (schema.TryGetView(call.Text, out View? view))
        {
            return [.. ViewColumns(view, call.Whole.Schemas).Select((column, i) => ColumnRow(i, column.Name, column.DeclaredType ?? "", false, SqlValue.Null, 0, hiddenToo ? 0 : null))];
        }

        if (!schema.TryGetTable(Schemas.IsTemp(null, call.Text) ? Schema.SchemaTableName : call.Text, out Table? table))
        {
            return TableFunctionCatalog.Find(call.Text) is { } function ? [.. ColumnsOf(function, hiddenToo)] : [];
        }

        List<SqlValue[]> rows = [];
        IReadOnlyList<ColumnDefinition> definitions = DefinitionOf(table)?.Columns ?? [];
        for (int i = 0; i < table.Columns.Count; i++)
        {
            int hidden = i < definitions.Count ? HiddenOf(definitions[i]) : 0;
            if (hidden == 0 || hiddenToo)
            {
                Column column = table.Columns[i];
                SqlValue value = column.Default is { } given ? SqlValue.FromText(given.Text) : SqlValue.Null;
                rows.Add(ColumnRow(hiddenToo ? i : rows.Count, column.Name, TypeShown(column.DeclaredType), column.NotNull, value, column.PrimaryKeyOrdinal, hiddenToo ? hidden : null));
            }
        }

        return rows;
    }

    /// <summary>A table-valued function is a table with its arguments as hidden columns.</summary>
    private static IEnumerable<SqlValue[]> ColumnsOf(TableFunction function, bool hiddenToo) =>
        function.Columns.Where(column => hiddenToo || !column.IsHidden)
            .Select((column, i) => ColumnRow(i, column.Name, column.DeclaredType, false, SqlValue.Null, 0, !hiddenToo ? null : column.IsHidden ? 1 : 0));

    public static IReadOnlyList<SqlValue[]> TableList(PragmaCall call)
    {
        Schemas schemas = call.Whole.Schemas;
        List<SqlValue[]> rows = [];
        foreach ((string name, Schema schema) in schemas.All.Where(one => !call.IsQualified || one.Schema == call.Home))
        {
            AddTables(rows, call, name, schema);
        }

        if (schemas.Temp is null && !call.IsQualified && IsAsked(call, Schemas.TempSchemaAlias))
        {
            rows.Add(TableRow(Schemas.TempName, Schemas.TempSchemaAlias, "table", 5, false, false));
        }

        return rows;
    }

    private static void AddTables(List<SqlValue[]> rows, PragmaCall call, string database, Schema schema)
    {
        foreach (Table table in schema.Tables)
        {
            bool isSchemaTable = table.Name == Schema.SchemaTableName;
            string name = !isSchemaTable ? table.Name : database == Schemas.TempName ? Schemas.TempSchemaAlias : Schema.SchemaTableAlias;
            if (IsAsked(call, name))
            {
                bool withoutRowid = !isSchemaTable && (DefinitionOf(table)?.WithoutRowid ?? false);
                rows.Add(TableRow(database, name, table.RootPage == 0 ? "virtual" : "table", table.Columns.Count, withoutRowid, table.IsStrict));
            }
        }

        foreach (View view in schema.Views)
        {
            if (IsAsked(call, view.Name))
            {
                rows.Add(TableRow(database, view.Name, "view", CountViewColumns(view, call.Whole.Schemas), false, false));
            }
        }
    }

    /// <summary>Newest first, as SQLite lists them.</summary>
    public static IReadOnlyList<SqlValue[]> ForeignKeyList(PragmaCall call)
    {
        List<SqlValue[]> rows = [];
        if (!call.Transaction.Schema.TryGetTable(call.Text, out Table? table))
        {
            return rows;
        }

        for (int id = 0; id < table.ForeignKeys.Count; id++)
        {
            ForeignKeyTable key = table.ForeignKeys[^(id + 1)];
            for (int i = 0; i < key.Columns.Count; i++)
            {
                // The column's name as the table declares it, in its letters.
                int ordinal = table.OrdinalOf(key.Columns[i]);
                rows.Add(
                [
                    SqlValue.FromInteger(id),
                    SqlValue.FromInteger(i),
                    SqlValue.FromText(key.Clause.Table),
                    SqlValue.FromText(ordinal < 0 ? key.Columns[i] : table.Columns[ordinal].Name),
                    key.Clause.Columns is { } target ? SqlValue.FromText(target[i]) : SqlValue.Null,
                    SqlValue.FromText(NameOf(key.Clause.OnUpdate)),
                    SqlValue.FromText(NameOf(key.Clause.OnDelete)),
                    SqlValue.FromText("NONE"),
                ]);
            }
        }

        return rows;
    }

    public static IReadOnlyList<SqlValue[]> DatabaseList(PragmaCall call)
    {
        return [.. call.Session.Databases.Select(one => new[]
        {
            SqlValue.FromInteger(one.Number),
            SqlValue.FromText(one.Name),
            SqlValue.FromText(one.Database.Path == DatabaseOptions.MemoryPath ? "" : Path.GetFullPath(one.Database.Path)),
        })];
    }

    /// <summary>Newest first, as SQLite lists them.</summary>
    public static IReadOnlyList<SqlValue[]> CollationList(PragmaCall call) =>
        [.. call.Session.Functions.Collations.Reverse().Append(Collation.RTrim).Append(Collation.NoCase).Append(Collation.Binary)
            .Select((collation, i) => new[] { SqlValue.FromInteger(i), SqlValue.FromText(collation.Name) })];

    private static bool IsAsked(PragmaCall call, string name) => !call.HasValue || call.Text.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static IReadOnlyList<ResultColumnDescription> ViewColumns(View view, Schemas schemas) =>
        Planner.Compile(Parser.ParseStatement($"SELECT * FROM {Names.AlwaysQuoted(schemas.NameOf(view.Home))}.{Names.AlwaysQuoted(view.Name)}"), schemas).Columns;

    /// <summary>A view that cannot be compiled has no columns here; it is an error only to whoever uses it.</summary>
    private static int CountViewColumns(View view, Schemas schemas)
    {
        try
        {
            return ViewColumns(view, schemas).Count;
        }
        catch (SluiceException)
        {
            return 0;
        }
    }

    private static CreateTableStatement? DefinitionOf(Table table) => Parser.ParseStatement(table.Sql) as CreateTableStatement;

    /// <summary>2 for a virtual generated column, 3 for a stored one.</summary>
    private static int HiddenOf(ColumnDefinition column) =>
        column.Constraints.OfType<GeneratedColumn>().FirstOrDefault() is { } generated ? generated.Stored ? 3 : 2 : 0;

    /// <summary>SQLite keeps the commonest types as numbers and so gives them back in capitals.</summary>
    private static string TypeShown(string declared) =>
        declared.ToUpperInvariant() is "ANY" or "BLOB" or "INT" or "INTEGER" or "REAL" or "TEXT" ? declared.ToUpperInvariant() : declared;

    private static SqlValue[] ColumnRow(int ordinal, string name, string type, bool notNull, SqlValue value, int primaryKey, int? hidden)
    {
        SqlValue[] row =
        [
            SqlValue.FromInteger(ordinal),
            SqlValue.FromText(name),
            SqlValue.FromText(type),
            SqlValue.FromBoolean(notNull),
            value,
            SqlValue.FromInteger(primaryKey),
        ];
        return hidden is { } kind ? [.. row, SqlValue.FromInteger(kind)] : row;
    }

    private static SqlValue[] TableRow(string database, string name, string type, int columns, bool withoutRowid, bool strict) =>
    [
        SqlValue.FromText(database),
        SqlValue.FromText(name),
        SqlValue.FromText(type),
        SqlValue.FromInteger(columns),
        SqlValue.FromBoolean(withoutRowid),
        SqlValue.FromBoolean(strict),
    ];

    private static string NameOf(ForeignKeyAction action) => action switch
    {
        ForeignKeyAction.Cascade => "CASCADE",
        ForeignKeyAction.Restrict => "RESTRICT",
        ForeignKeyAction.SetDefault => "SET DEFAULT",
        ForeignKeyAction.SetNull => "SET NULL",
        _ => "NO ACTION",
    };
}
