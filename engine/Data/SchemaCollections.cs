using System.Data;
using System.Data.Common;
using System.Globalization;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Data;

/// <summary>
/// What <see cref="SluiceConnection.GetSchema(string)"/> answers: ADO.NET's common collections ("Common Schema Collections",
/// learn.microsoft.com/dotnet/framework/data/adonet/common-schema-collections), and the tables, columns, indexes and so on of the file, with
/// the columns and restrictions that System.Data.SQLite has for them.
/// </summary>
internal static class SchemaCollections
{
    /// <summary>What a column of a collection holds.</summary>
    private enum Cell
    {
        Text,
        Number,
        Flag,
    }

    /// <summary>A question about the schema. Its columns are those of the query; a restriction is a column's value, in any case of its letters.</summary>
    private sealed record Question(string Name, int IdentifierParts, (string Name, string Column)[] Restrictions, (string Name, Cell Cell)[] Columns, string Sql);

    private static readonly (string Name, Cell Cell)[] s_table = [("TABLE_CATALOG", Cell.Text), ("TABLE_SCHEMA", Cell.Text), ("TABLE_NAME", Cell.Text)];

    private static readonly (string Name, string Column)[] s_ofTable = [("Catalog", "TABLE_CATALOG"), ("Schema", "TABLE_SCHEMA"), ("Table", "TABLE_NAME")];

    private static readonly (string Name, Cell Cell)[] s_column =
    [
        .. s_table, ("COLUMN_NAME", Cell.Text), ("ORDINAL_POSITION", Cell.Number), ("COLUMN_HASDEFAULT", Cell.Flag), ("COLUMN_DEFAULT", Cell.Text),
        ("IS_NULLABLE", Cell.Flag), ("DATA_TYPE", Cell.Text), ("PRIMARY_KEY", Cell.Flag), ("IS_GENERATED", Cell.Flag),
    ];

    private const string ColumnsOf = """
        SELECT 'main', NULL, m.name, c.name, c.cid, c.dflt_value IS NOT NULL, c.dflt_value, c."notnull" = 0, c.type, c.pk > 0, c.hidden > 1
        FROM sqlite_schema AS m JOIN pragma_table_xinfo(m.name) AS c
        """;

    private static readonly Question[] s_questions =
    [
        new("Tables", 3, [.. s_ofTable, ("TableType", "TABLE_TYPE")], [.. s_table, ("TABLE_TYPE", Cell.Text), ("TABLE_ROOTPAGE", Cell.Number), ("TABLE_DEFINITION", Cell.Text)],
            "SELECT 'main', NULL, name, iif(name LIKE 'sqlite\\_%' ESCAPE '\\', 'SYSTEM_TABLE', 'table'), rootpage, sql FROM sqlite_schema WHERE type = 'table'"),
        new("Columns", 4, [.. s_ofTable, ("Column", "COLUMN_NAME")], s_column, $"{ColumnsOf} WHERE m.type = 'table'"),
        new("Views", 3, [.. s_ofTable[..2], ("View", "TABLE_NAME")], [.. s_table, ("VIEW_DEFINITION", Cell.Text)],
            "SELECT 'main', NULL, name, sql FROM sqlite_schema WHERE type = 'view'"),
        new("ViewColumns", 4, [.. s_ofTable[..2], ("View", "TABLE_NAME"), ("Column", "COLUMN_NAME")], s_column, $"{ColumnsOf} WHERE m.type = 'view'"),
        new("Indexes", 4, [.. s_ofTable, ("Index", "INDEX_NAME")],
            [.. s_table, ("INDEX_NAME", Cell.Text), ("PRIMARY_KEY", Cell.Flag), ("UNIQUE", Cell.Flag), ("PARTIAL", Cell.Flag), ("INDEX_DEFINITION", Cell.Text)],
            """
            SELECT 'main', NULL, m.name, i.name, i.origin = 'pk', i."unique", i.partial, s.sql
            FROM sqlite_schema AS m JOIN pragma_index_list(m.name) AS i LEFT JOIN sqlite_schema AS s ON s.type = 'index' AND s.name = i.name
            WHERE m.type = 'table'
            """),
        new("IndexColumns", 5, [.. s_ofTable, ("Index", "INDEX_NAME"), ("Column", "COLUMN_NAME")],
            [.. s_table, ("INDEX_NAME", Cell.Text), ("COLUMN_NAME", Cell.Text), ("ORDINAL_POSITION", Cell.Number), ("SORT_MODE", Cell.Text), ("COLLATION_NAME", Cell.Text)],
            """
            SELECT 'main', NULL, m.name, i.name, x.name, x.seqno, iif(x."desc", 'DESC', 'ASC'), x.coll
            FROM sqlite_schema AS m JOIN pragma_index_list(m.name) AS i JOIN pragma_index_xinfo(i.name) AS x
            WHERE m.type = 'table' AND x.key
            """),
        new("ForeignKeys", 4, [.. s_ofTable, ("Name", "CONSTRAINT_NAME")],
            [
                .. s_table, ("CONSTRAINT_NAME", Cell.Text), ("FKEY_ID", Cell.Number), ("FKEY_FROM_COLUMN", Cell.Text), ("FKEY_FROM_ORDINAL_POSITION", Cell.Number),
                ("FKEY_TO_TABLE", Cell.Text), ("FKEY_TO_COLUMN", Cell.Text), ("FKEY_ON_UPDATE", Cell.Text), ("FKEY_ON_DELETE", Cell.Text), ("FKEY_MATCH", Cell.Text),
            ],
            """
            SELECT 'main', NULL, m.name, 'FK_' || m.name || '_' || f.id || '_' || f.seq, f.id, f."from", f.seq, f."table", f."to", f.on_update, f.on_delete, f."match"
            FROM sqlite_schema AS m JOIN pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table'
            """),
        new("Triggers", 4, [.. s_ofTable, ("Trigger", "TRIGGER_NAME")], [.. s_table, ("TRIGGER_NAME", Cell.Text), ("TRIGGER_DEFINITION", Cell.Text)],
            "SELECT 'main', NULL, tbl_name, name, sql FROM sqlite_schema WHERE type = 'trigger'"),
    ];

    /// <exception cref="ArgumentException">There is no such collection, or it has fewer restrictions.</exception>
    internal static DataTable Get(SluiceConnection connection, string collection, string?[] restrictions)
    {
        if (Array.Find(s_questions, question => question.Name.Equals(collection, StringComparison.OrdinalIgnoreCase)) is { } question)
        {
            return restrictions.Length <= question.Restrictions.Length
                ? Ask(connection, question, restrictions)
                : throw new ArgumentException(
                    $"The collection {question.Name} has {question.Restrictions.Length} restrictions ({string.Join(", ", question.Restrictions.Select(r => r.Name))}), not {restrictions.Length}.",
                    nameof(restrictions));
        }

        DataTable? common = collection.ToUpperInvariant() switch
        {
            "METADATACOLLECTIONS" => Collections(),
            "DATASOURCEINFORMATION" => Information(connection.ServerVersion),
            "DATATYPES" => Types(),
            "RESTRICTIONS" => Restrictions(),
            "RESERVEDWORDS" => ReservedWords(),
            _ => null,
        };
        if (common is null)
        {
            throw new ArgumentException($"There is no schema collection '{collection}'; GetSchema() lists those that are there.", nameof(collection));
        }

        return restrictions.Length == 0
            ? common
            : throw new ArgumentException($"The collection {common.TableName} has no restrictions.", nameof(restrictions));
    }

    private static DataTable Ask(SluiceConnection connection, Question question, string?[] restrictions)
    {
        string columns = string.Join(", ", question.Columns.Select(column => $"\"{column.Name}\""));
        string conditions = string.Join(" AND ", question.Restrictions.Select((restriction, i) => $"(?{i + 1} IS NULL OR \"{restriction.Column}\" = ?{i + 1} COLLATE NOCASE)"));
        using SluiceCommand command = connection.CreateCommand(
            $"WITH answer({columns}) AS ({question.Sql}) SELECT * FROM answer WHERE {conditions} ORDER BY TABLE_NAME");
        for (int i = 0; i < question.Restrictions.Length; i++)
        {
            command.Parameters.AddWithValue(null, i < restrictions.Length ? restrictions[i] : null);
        }

        DataTable table = NewTable(question.Name, question.Columns);
        using SluiceDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            DataRow row = table.NewRow();
            for (int i = 0; i < question.Columns.Length; i++)
            {
                row[i] = reader.IsDBNull(i) ? DBNull.Value : question.Columns[i].Cell == Cell.Flag ? reader.GetBoolean(i) : reader.GetValue(i);
            }

            table.Rows.Add(row);
        }

        return table;
    }

    private static DataTable Collections()
    {
        DataTable table = NewTable(
            DbMetaDataCollectionNames.MetaDataCollections,
            [(DbMetaDataColumnNames.CollectionName, Cell.Text), (DbMetaDataColumnNames.NumberOfRestrictions, Cell.Number), (DbMetaDataColumnNames.NumberOfIdentifierParts, Cell.Number)]);
        foreach (string common in (string[])
            [
                DbMetaDataCollectionNames.MetaDataCollections, DbMetaDataCollectionNames.DataSourceInformation, DbMetaDataCollectionNames.DataTypes,
                DbMetaDataCollectionNames.Restrictions, DbMetaDataCollectionNames.ReservedWords,
            ])
        {
            table.Rows.Add(common, 0, 0);
        }

        foreach (Question question in s_questions)
        {
            table.Rows.Add(question.Name, question.Restrictions.Length, question.IdentifierParts);
        }

        return table;
    }

    private static DataTable Restrictions()
    {
        DataTable table = NewTable(
            DbMetaDataCollectionNames.Restrictions,
            [(DbMetaDataColumnNames.CollectionName, Cell.Text), ("RestrictionName", Cell.Text), ("RestrictionDefault", Cell.Text), ("RestrictionNumber", Cell.Number)]);
        foreach (Question question in s_questions)
        {
            for (int i = 0; i < question.Restrictions.Length; i++)
            {
                table.Rows.Add(question.Name, question.Restrictions[i].Name, question.Restrictions[i].Column, i + 1);
            }
        }

        return table;
    }

    private static DataTable ReservedWords()
    {
        DataTable table = NewTable(DbMetaDataCollectionNames.ReservedWords, [(DbMetaDataColumnNames.ReservedWord, Cell.Text)]);
        foreach (string word in Keywords.Names.Order(StringComparer.Ordinal))
        {
            table.Rows.Add(word);
        }

        return table;
    }

    /// <summary>The storage classes; columns may be declared with any type's name.</summary>
    private static DataTable Types()
    {
        DataTable table = NewTable(
            DbMetaDataCollectionNames.DataTypes,
            [
                (DbMetaDataColumnNames.TypeName, Cell.Text), (DbMetaDataColumnNames.ProviderDbType, Cell.Number), (DbMetaDataColumnNames.DataType, Cell.Text),
                (DbMetaDataColumnNames.IsAutoIncrementable, Cell.Flag), (DbMetaDataColumnNames.IsCaseSensitive, Cell.Flag), (DbMetaDataColumnNames.IsNullable, Cell.Flag),
                (DbMetaDataColumnNames.LiteralPrefix, Cell.Text), (DbMetaDataColumnNames.LiteralSuffix, Cell.Text),
            ]);
        table.Rows.Add("INTEGER", (long)SqlType.Integer, "System.Int64", true, false, true, DBNull.Value, DBNull.Value);
        table.Rows.Add("REAL", (long)SqlType.Real, "System.Double", false, false, true, DBNull.Value, DBNull.Value);
        table.Rows.Add("TEXT", (long)SqlType.Text, "System.String", false, true, true, "'", "'");
        table.Rows.Add("BLOB", (long)SqlType.Blob, "System.Byte[]", false, false, true, "X'", "'");
        return table;
    }

    private static DataTable Information(string version)
    {
        (string Name, Cell Cell, object Value)[] facts =
        [
            (DbMetaDataColumnNames.CompositeIdentifierSeparatorPattern, Cell.Text, @"\."),
            (DbMetaDataColumnNames.DataSourceProductName, Cell.Text, "Sluice"),
            (DbMetaDataColumnNames.DataSourceProductVersion, Cell.Text, version),
            (DbMetaDataColumnNames.DataSourceProductVersionNormalized, Cell.Text, string.Join('.', version.Split('.').Select(part => part.PadLeft(4, '0')))),
            (DbMetaDataColumnNames.GroupByBehavior, Cell.Number, (long)GroupByBehavior.Unrelated),
            (DbMetaDataColumnNames.IdentifierPattern, Cell.Text, "^[A-Za-z_\\u0080-\\uFFFF][A-Za-z0-9_$\\u0080-\\uFFFF]*$"),
            (DbMetaDataColumnNames.IdentifierCase, Cell.Number, (long)IdentifierCase.Insensitive),
            (DbMetaDataColumnNames.OrderByColumnsInSelect, Cell.Flag, false),
            (DbMetaDataColumnNames.ParameterMarkerFormat, Cell.Text, "{0}"),
            (DbMetaDataColumnNames.ParameterMarkerPattern, Cell.Text, "[@:$][A-Za-z0-9_]+"),
            (DbMetaDataColumnNames.ParameterNameMaxLength, Cell.Number, 255L),
            (DbMetaDataColumnNames.ParameterNamePattern, Cell.Text, "^[A-Za-z0-9_]+$"),
            (DbMetaDataColumnNames.QuotedIdentifierPattern, Cell.Text, "\"(([^\"]|\"\")*)\""),
            (DbMetaDataColumnNames.QuotedIdentifierCase, Cell.Number, (long)IdentifierCase.Insensitive),
            (DbMetaDataColumnNames.StatementSeparatorPattern, Cell.Text, ";"),
            (DbMetaDataColumnNames.StringLiteralPattern, Cell.Text, "'(([^']|'')*)'"),
            (DbMetaDataColumnNames.SupportedJoinOperators, Cell.Number, (long)(SupportedJoinOperators.Inner | SupportedJoinOperators.LeftOuter | SupportedJoinOperators.RightOuter | SupportedJoinOperators.FullOuter)),
        ];
        DataTable table = NewTable(DbMetaDataCollectionNames.DataSourceInformation, [.. facts.Select(fact => (fact.Name, fact.Cell))]);
        table.Rows.Add([.. facts.Select(fact => fact.Value)]);
        return table;
    }

    private static DataTable NewTable(string name, (string Name, Cell Cell)[] columns)
    {
        DataTable table = new(name) { Locale = CultureInfo.InvariantCulture };
        foreach ((string column, Cell cell) in columns)
        {
            _ = cell switch
            {
                Cell.Text => table.Columns.Add(column, typeof(string)),
                Cell.Number => table.Columns.Add(column, typeof(long)),
                _ => table.Columns.Add(column, typeof(bool)),
            };
        }

        return table;
    }
}
