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

        return [.. WithPrimary(table).Reverse().Select((index, i) => new[]
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
        TableIndex? index;
        if (!schema.TryGetTable(call.Text, out Table? table) || (index = table.Primary) is null)
        {
            index = schema.Tables.SelectMany(WithPrimary).FirstOrDefault(known => known.Name.Equals(call.Text, StringComparison.OrdinalIgnoreCase));
            if (index is null || !schema.TryGetTable(index.TableName, out table))
            {
                return [];
            }
        }

        List<SqlValue[]> rows = [];
        for (int i = 0; i < index.Columns.Count; i++)
        {
            int column = index.Columns[i];
            SqlValue name = column >= 0 ? SqlValue.FromText(table.Columns[column].Name) : SqlValue.Null;
            KeyColumn order = index.Order.Columns[i];
            rows.Add(Row(i, column, name, order.Descending, order.Collation, isKey: true, extended));
        }

        if (extended && table.KeyColumns is not null)
        {
            IEnumerable<int> rest = index.RootPage == table.RootPage
                ? Enumerable.Range(0, table.Columns.Count).Where(column => !index.Columns.Contains(column) && !table.Columns[column].IsVirtual)
                : index.Suffix;
            foreach (int column in rest)
            {
                Collation collation = index.RootPage == table.RootPage ? Collation.Binary : table.Columns[column].Collation;
                rows.Add(Row(rows.Count, column, SqlValue.FromText(table.Columns[column].Name), false, collation, isKey: false, extended));
            }
        }
        else if (extended)
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

    /// <summary>A table's indexes; the primary key of a WITHOUT ROWID table is listed as one, by the name that it would have.</summary>
    private static IEnumerable<TableIndex> WithPrimary(Table table)
    {
        IEnumerable<TableIndex> all = table.Indexes.Concat(table.UnsupportedIndexes);
        if (table.Primary is not { } primary)
        {
            return all;
        }

        TableKeys keys = TableKeys.Of((CreateTableStatement)Parser.ParseStatement(table.Sql));
        TableIndex named = new()
        {
            Name = TableKeys.NameOf(table.Name, keys.ClusteredNumber),
            TableName = table.Name,
            RootPage = primary.RootPage,
            Columns = primary.Columns,
            Order = primary.Order,
            Origin = 'p',
        };
        return all.Take(keys.ClusteredNumber - 1).Append(named).Concat(all.Skip(keys.ClusteredNumber - 1));
    }
}
