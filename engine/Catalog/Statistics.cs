using System.Globalization;
using Sluice.Engine.BTree;
using Sluice.Engine.Format;

namespace Sluice.Engine.Catalog;

/// <summary>
/// What ANALYZE has left in sqlite_stat1 ("SQLite file format", section 2.6.4), for the planner: how many rows a table has, and for an index how many entries on
/// average are equal in its first columns.
/// </summary>
internal static class Statistics
{
    private const string StatTable = "sqlite_stat1";

    /// <summary>Gives the tables and indexes of a schema their figures. What cannot be read is passed over: a query needs no statistics.</summary>
    /// <param name="schema">A schema that nobody else has yet.</param>
    /// <param name="open">A cursor over the table with a root page.</param>
    public static void Load(Schema schema, Func<uint, RowCursor> open)
    {
        if (!schema.TryGetTable(StatTable, out Table? statistics) || statistics.Columns.Count != 3)
        {
            return;
        }

        RecordReader reader = default;
        try
        {
            RowCursor rows = open(statistics.RootPage);
            for (bool any = rows.MoveFirst(); any; any = rows.MoveNext())
            {
                reader.Reset(rows.Record);
                Take(schema, reader.Get(0), reader.Get(1), reader.Get(2));
            }
        }
        catch (SluiceException)
        {
            // A damaged page of statistics is found by integrity_check; it must not keep the database from being opened.
        }
    }

    private static void Take(Schema schema, in SqlValue tableName, in SqlValue indexName, in SqlValue stat)
    {
        if (tableName.Type != SqlType.Text || stat.Type != SqlType.Text || !schema.TryGetTable(tableName.DecodeText(), out Table? table))
        {
            return;
        }

        // Words may follow the numbers.
        List<double> figures = [];
        foreach (string part in stat.DecodeText().Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out long figure))
            {
                break;
            }

            figures.Add(Math.Max(1, figure));
        }

        if (figures.Count == 0)
        {
            return;
        }

        string? name = indexName.Type == SqlType.Text ? indexName.DecodeText() : null;
        TableIndex? index = name is null ? null
            : table.Primary is { } primary && name.Equals(table.Name, StringComparison.OrdinalIgnoreCase) ? primary
            : table.Indexes.FirstOrDefault(one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (index is not null)
        {
            index.EntriesWhereEqual = [.. figures];
        }

        if (index?.Where is null)
        {
            table.AnalyzedRows = figures[0];
        }
    }
}
