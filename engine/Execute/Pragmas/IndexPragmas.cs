using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Pragmas;

/// <summary>PRAGMAs about indexes.</summary>
internal static class IndexPragmas
{
    /// <summary>Newest first, as SQLite lists them.</summary>
    public static IReadOnlyList<SqlValue[]> IndexList(PragmaCall call)
    {
        if (!call.Transaction.Schema.TryGetTable(call.Text, out Table? table))
        {
            return [];
        }

        return [.. table.Indexes.Concat(table.UnsupportedIndexes).Reverse().Select((index, i) => new[]
        {
            SqlValue.FromInteger(i),
            SqlValue.FromText(index.Name),
            SqlValue.FromBoolean(index.Unique),
            SqlValue.FromText(index.Origin == 'p' ? "pk" : index.Origin.ToString()),
            SqlValue.FromBoolean(index.Sql is { } sql && Parser.ParseStatement(sql) is CreateIndexStatement { Where: not null }),
        })];
    }

    /// <summary>index_info: the index's columns. index_xinfo: with directions and collations, and the rowid at the end.</summary>
    public static IReadOnlyList<SqlValue[]> IndexInfo(PragmaCall call, bool extended)
    {
        Schema schema = call.Transaction.Schema;
        if (!schema.TryGetIndex(call.Text, out TableIndex? index) || !schema.TryGetTable(index.TableName, out Table? table))
        {
            return [];
        }

        List<SqlValue[]> rows = [];
        for (int i = 0; i < index.Columns.Count; i++)
        {
            int column = index.Columns[i];
            SqlValue name = column >= 0 ? SqlValue.FromText(table.Columns[column].Name) : SqlValue.Null;
            KeyColumn order = index.Order.Columns[i];
            rows.Add(Row(i, column, name, order.Descending, order.Collation, isKey: true, extended));
        }

        if (extended)
        {
            rows.Add(Row(rows.Count, -1, SqlValue.Null, false, Collation.Binary, isKey: false, extended));
        }

        return rows;
    }

    private static SqlValue[] Row(int number, int column, SqlValue name, bool descending, Collation collation, bool isKey, bool extended)
    {
        SqlValue[] row = [SqlValue.FromInteger(number), SqlValue.FromInteger(column), name];
        return extended ? [.. row, SqlValue.FromBoolean(descending), SqlValue.FromText(collation.Name), SqlValue.FromBoolean(isKey)] : row;
    }
}
