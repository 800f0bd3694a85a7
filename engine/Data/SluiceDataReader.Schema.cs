using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Sluice.Engine.Plan;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Data;

/// <content>What the present result's columns are.</content>
public sealed partial class SluiceDataReader
{
    /// <summary>
    /// The columns of a table: name, whether NULL may be in it, whether it is of the primary key, and whether a unique index has just it; then the
    /// table's definition.
    /// </summary>
    private const string KeysOf = """
        SELECT c.name, c."notnull" = 0, c.pk > 0, coalesce(c.name IN (
            SELECT min(x.name) FROM pragma_index_list(@table) AS i JOIN pragma_index_info(i.name) AS x
            WHERE i."unique" AND NOT i.partial GROUP BY i.name HAVING count(*) = 1), 0),
          (SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = @table COLLATE NOCASE)
        FROM pragma_table_xinfo(@table) AS c
        """;

    /// <summary>
    /// A row for each column: ColumnName, ColumnOrdinal, DataType, DataTypeName, BaseTableName, BaseColumnName and so on. AllowDBNull, IsKey, IsUnique
    /// and IsAutoIncrement are told with <see cref="CommandBehavior.KeyInfo"/> and NULL without: a <see cref="DataTable"/> makes constraints of them,
    /// which the rows of a join need not keep.
    /// </summary>
    [UnconditionalSuppressMessage("Trimming", "IL2111", Justification = "The column holds types; no member of them is looked up by the table.")]
    public override DataTable? GetSchemaTable()
    {
        if (FieldCount == 0)
        {
            return null;
        }

        DataTable table = new("SchemaTable");
        DataColumn name = table.Columns.Add(SchemaTableColumn.ColumnName, typeof(string));
        DataColumn ordinal = table.Columns.Add(SchemaTableColumn.ColumnOrdinal, typeof(int));
        DataColumn size = table.Columns.Add(SchemaTableColumn.ColumnSize, typeof(int));
        table.Columns.Add(SchemaTableColumn.NumericPrecision, typeof(short));
        table.Columns.Add(SchemaTableColumn.NumericScale, typeof(short));
        DataColumn isUnique = table.Columns.Add(SchemaTableColumn.IsUnique, typeof(bool));
        DataColumn isKey = table.Columns.Add(SchemaTableColumn.IsKey, typeof(bool));
        table.Columns.Add(SchemaTableOptionalColumn.BaseServerName, typeof(string));
        table.Columns.Add(SchemaTableOptionalColumn.BaseCatalogName, typeof(string));
        DataColumn baseColumn = table.Columns.Add(SchemaTableColumn.BaseColumnName, typeof(string));
        table.Columns.Add(SchemaTableColumn.BaseSchemaName, typeof(string));
        DataColumn baseTable = table.Columns.Add(SchemaTableColumn.BaseTableName, typeof(string));
        DataColumn type = table.Columns.Add(SchemaTableColumn.DataType, typeof(Type));
        DataColumn typeName = table.Columns.Add("DataTypeName", typeof(string));
        DataColumn allowsNull = table.Columns.Add(SchemaTableColumn.AllowDBNull, typeof(bool));
        DataColumn isAliased = table.Columns.Add(SchemaTableColumn.IsAliased, typeof(bool));
        DataColumn isExpression = table.Columns.Add(SchemaTableColumn.IsExpression, typeof(bool));
        DataColumn isAutoIncrement = table.Columns.Add(SchemaTableOptionalColumn.IsAutoIncrement, typeof(bool));
        DataColumn isLong = table.Columns.Add(SchemaTableColumn.IsLong, typeof(bool));
        Dictionary<(string Table, string Column), ColumnKeys> keys = _behavior.HasFlag(CommandBehavior.KeyInfo) ? Keys() : [];
        for (int i = 0; i < FieldCount; i++)
        {
            ResultColumnDescription column = Column(i).Columns[i];
            DataRow row = table.NewRow();
            row[name] = column.Name;
            row[ordinal] = i;
            row[size] = -1;
            row[baseTable] = column.Table;
            row[baseColumn] = column.OriginColumn;
            row[type] = GetFieldType(i);
            row[typeName] = GetDataTypeName(i);
            row[isAliased] = column.Name != column.OriginColumn;
            row[isExpression] = column.OriginColumn is null;
            row[isLong] = false;
            if (column is { Table: { } ofTable, OriginColumn: { } origin } && keys.TryGetValue((ofTable, origin), out ColumnKeys known))
            {
                row[allowsNull] = known.AllowsNull;
                row[isKey] = known.IsKey;
                row[isUnique] = known.IsUnique;
                row[isAutoIncrement] = known.IsAutoIncrement;
            }

            table.Rows.Add(row);
        }

        return table;
    }

    /// <summary>What is known of the columns of the tables that the result is from.</summary>
    private Dictionary<(string Table, string Column), ColumnKeys> Keys()
    {
        Dictionary<(string Table, string Column), ColumnKeys> keys = [];
        using SluiceCommand command = _connection.CreateCommand(KeysOf);
        SluiceParameter parameter = command.Parameters.AddWithValue("@table", null);
        foreach (string table in _statement!.Columns.Select(column => column.Table).OfType<string>().Distinct())
        {
            parameter.Value = table;
            using SluiceDataReader reader = command.ExecuteReader();
            bool? counts = null;
            while (reader.Read())
            {
                counts ??= !reader.IsDBNull(4) && CountsUp(reader.GetString(4));
                bool isKey = reader.GetBoolean(2);
                keys[(table, reader.GetString(0))] = new ColumnKeys(reader.GetBoolean(1), isKey, reader.GetBoolean(3), isKey && counts.Value);
            }
        }

        return keys;
    }

    /// <summary>Whether a table's definition has AUTOINCREMENT.</summary>
    private static bool CountsUp(string definition) =>
        Parser.ParseStatement(definition) is CreateTableStatement table
        && (table.Columns.Any(column => column.Constraints.Any(constraint => constraint is PrimaryKeyColumn { Autoincrement: true }))
            || table.Constraints.Any(constraint => constraint is PrimaryKeyTable { Autoincrement: true }));

    /// <summary>What a table says of its column.</summary>
    private readonly record struct ColumnKeys(bool AllowsNull, bool IsKey, bool IsUnique, bool IsAutoIncrement);
}
