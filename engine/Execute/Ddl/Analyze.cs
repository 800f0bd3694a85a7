using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>
/// ANALYZE: writes sqlite_stat1 ("SQLite file format", section 2.6.4): for each index its number of entries, then for each of its columns how many
/// entries on average share the values of the columns up to it; for a table without indexes its number of rows.
/// </summary>
internal static class Analyze
{
    private const string StatTable = "sqlite_stat1";

    /// <param name="target">The table or index; null for all of the database.</param>
    /// <param name="transaction">Of the database.</param>
    /// <param name="context">The session.</param>
    public static void Execute(QualifiedName? target, Transaction transaction, IStatementContext context)
    {
        string? name = target?.Name;
        transaction.BecomeExclusive();
        if (name is not null && (name.Equals(Schema.SchemaTableName, StringComparison.OrdinalIgnoreCase) || name.Equals(Schema.SchemaTableAlias, StringComparison.OrdinalIgnoreCase)))
        {
            // SQLite's way to have its planner read the statistics anew; the table for them is made all the same.
            _ = StatRoot(transaction);
            transaction.SchemaChanged();
            return;
        }

        Schema schema = transaction.Schema;
        List<(Table Table, TableIndex? Only)> targets = Targets(name, target, schema);
        uint root = StatRoot(transaction);
        foreach ((Table table, TableIndex? only) in targets)
        {
            Forget(transaction, root, table, only);
            foreach (SqlValue[] row in StatsOf(table, only, transaction, context))
            {
                RowCursor rows = transaction.OpenRows(root);
                transaction.PutRow(root, rows.MoveLast() ? rows.Rowid + 1 : 1, RecordWriter.Encode(row));
            }
        }

        // Statements are compiled anew, with these figures.
        transaction.SchemaChanged();
    }

    private static List<(Table Table, TableIndex? Only)> Targets(string? name, QualifiedName? written, Schema schema)
    {
        if (name is null)
        {
            return [.. schema.Tables.Where(table => table.RootPage > 1 && !Names.IsReserved(table.Name)).OrderBy(table => table.RootPage).Select(table => (table, (TableIndex?)null))];
        }

        if (schema.TryGetTable(name, out Table? found))
        {
            return [(found, null)];
        }

        return schema.TryGetIndex(name, out TableIndex? index) && schema.TryGetTable(index.TableName, out Table? indexed)
            ? [(indexed, index)]
            : throw new SluiceException(ResultCode.Error, $"no such table: {(written!.Schema is null ? "" : written.Schema + ".")}{name}");
    }

    private static uint StatRoot(Transaction transaction)
    {
        if (transaction.Schema.TryGetTable(StatTable, out Table? table))
        {
            return table.RootPage;
        }

        uint root = transaction.Trees.CreateTable();
        SchemaRows.Add(transaction, new SchemaRow("table", StatTable, StatTable, root, "CREATE TABLE sqlite_stat1(tbl,idx,stat)"));
        transaction.SchemaChanged();
        return root;
    }

    private static void Forget(Transaction transaction, uint root, Table table, TableIndex? only)
    {
        List<long> old = [];
        RecordReader reader = default;
        RowCursor rows = transaction.OpenRows(root);
        for (bool any = rows.MoveFirst(); any; any = rows.MoveNext())
        {
            reader.Reset(rows.Record);
            bool isTable = reader.Get(0).DecodeText().Equals(table.Name, StringComparison.OrdinalIgnoreCase);
            if (isTable && (only is null || reader.Get(1).DecodeText().Equals(only.Name, StringComparison.OrdinalIgnoreCase)))
            {
                old.Add(rows.Rowid);
            }
        }

        foreach (long rowid in old)
        {
            transaction.DeleteRow(root, rowid);
        }
    }

    private static IEnumerable<SqlValue[]> StatsOf(Table table, TableIndex? only, Transaction transaction, IStatementContext context)
    {
        if (table.Primary is { } primary && only is null && StatOf(primary, primary.Columns.Count, transaction, context) is { } ofPrimary)
        {
            yield return Row(table, table.Name, ofPrimary);
        }

        bool any = false;
        foreach (TableIndex index in table.Indexes.Reverse())
        {
            if (only is null || index.Name == only.Name)
            {
                any |= index.Where is null;
                if (StatOf(index, index.Columns.Count, transaction, context) is { } stat)
                {
                    yield return Row(table, index.Name, stat);
                }
            }
        }

        if (!any && table.Primary is null && transaction.OpenRows(table.RootPage).Count() is > 0 and var count)
        {
            yield return Row(table, null, count.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    private static SqlValue[] Row(Table table, string? index, string stat) =>
        [SqlValue.FromText(table.Name), index is null ? SqlValue.Null : SqlValue.FromText(index), SqlValue.FromText(stat)];

    /// <summary>The figures of an index; null when it is empty.</summary>
    private static string? StatOf(TableIndex index, int columns, Transaction transaction, IStatementContext context)
    {
        long[] distinct = new long[columns];
        SqlValue[] previous = new SqlValue[columns];
        RecordReader reader = default;
        long count = 0;
        KeyCursor keys = transaction.OpenKeys(index.RootPage, index.Order);
        for (bool any = keys.MoveFirst(); any; any = keys.MoveNext())
        {
            context.CheckCancelled();
            reader.Reset(keys.Key);
            bool differs = count == 0;
            for (int i = 0; i < columns; i++)
            {
                SqlValue value = reader.Get(i);
                differs = differs || ValueOrder.Compare(value, previous[i], index.Order.Columns[i].Collation) != 0;
                distinct[i] += differs ? 1 : 0;
                previous[i] = value;
            }

            count++;
        }

        return count == 0 ? null : string.Join(' ', distinct.Select(groups => Average(count, groups)).Prepend(count));
    }

    /// <summary>Entries a group, rounded up; but little more than one counts as one.</summary>
    private static long Average(long count, long groups)
    {
        long average = (count + groups - 1) / groups;
        return average == 2 && count * 10 <= groups * 11 ? 1 : average;
    }
}
