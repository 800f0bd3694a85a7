using System.Text;
using Sluice.Engine.BTree;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Catalog;

/// <summary>
/// Reads sqlite_schema ("SQLite file format", section 2.6): one row a table, index, view or trigger, with the text that made it. Automatic
/// indexes have no text; they are matched to their constraint by the number in their name.
/// </summary>
public static class SchemaLoader
{
    private const int ColumnCount = 5;

    private sealed record Row(long Rowid, string Type, string Name, string TableName, uint RootPage, string? Sql);

    /// <param name="schemaRows">A cursor over the table whose root is page 1.</param>
    /// <param name="cookie">The schema cookie that goes with those rows.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="schemaFormat">The header's schema format: below 4, DESC in an index has no effect.</param>
    /// <param name="openRows">Gives a cursor over another table, for statistics; without it there are none.</param>
    /// <exception cref="CorruptFileException">A row that cannot be what SQLite writes.</exception>
    public static Schema Load(RowCursor schemaRows, uint cookie, string path, uint schemaFormat = DatabaseHeader.NewestSchemaFormat, Func<uint, RowCursor>? openRows = null)
    {
        bool descendingIndexes = schemaFormat >= DatabaseHeader.NewestSchemaFormat;
        List<Row> rows = ReadRows(schemaRows, path);
        var tables = new Dictionary<string, TableBuilder>(StringComparer.OrdinalIgnoreCase);
        var views = new Dictionary<string, View>(StringComparer.OrdinalIgnoreCase);
        var triggers = new Dictionary<string, Trigger>(StringComparer.OrdinalIgnoreCase);
        var indexes = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (Row row in rows)
        {
            try
            {
                AddTableOrView(row, tables, views, descendingIndexes);
            }
            catch (SluiceException e)
            {
                throw Malformed(path, row, e);
            }
        }

        foreach (Row row in rows)
        {
            try
            {
                AddIndexOrTrigger(row, tables, views, triggers, indexes);
            }
            catch (SluiceException e)
            {
                throw Malformed(path, row, e);
            }
        }

        Schema schema = new(cookie, tables.Values.Select(table => table.Build()).Prepend(TableBuilder.SchemaTable()), views.Values, triggers.Values);
        if (openRows is not null)
        {
            Statistics.Load(schema, openRows);
        }

        return schema;
    }

    private static CorruptFileException Malformed(string path, Row row, SluiceException reason) =>
        new(path, $"sqlite_schema row {row.Rowid}", $"malformed database schema ({row.Name}) - {reason.Message}");

    private static SluiceException Wrong(string reason) => new(ResultCode.Corrupt, reason);

    private static void AddTableOrView(Row row, Dictionary<string, TableBuilder> tables, Dictionary<string, View> views, bool descendingIndexes)
    {
        if (row.Type is "index" or "trigger")
        {
            return;
        }

        if (row.Type is not ("table" or "view"))
        {
            throw Wrong($"unknown type {row.Type}");
        }

        string sql = row.Sql ?? throw Wrong("no CREATE text");
        bool isNew;
        switch (ParseText(sql))
        {
            case CreateTableStatement { AsSelect: null } create when row.Type == "table":
                DemandRootPage(row);
                isNew = !views.ContainsKey(row.Name) && tables.TryAdd(row.Name, new TableBuilder(create, row.Name, row.RootPage, sql, descendingIndexes));
                break;
            case CreateVirtualTableStatement create when row.Type == "table":
                isNew = !views.ContainsKey(row.Name) && tables.TryAdd(row.Name, new TableBuilder(create, row.Name, sql));
                break;
            case CreateViewStatement create when row.Type == "view":
                isNew = !tables.ContainsKey(row.Name) && views.TryAdd(row.Name, new View(row.Name, create, sql));
                break;
            default:
                throw Wrong($"the text does not make a {row.Type}");
        }

        if (!isNew)
        {
            throw Wrong($"there is another table or view named {row.Name}");
        }
    }

    private static void AddIndexOrTrigger(
        Row row,
        Dictionary<string, TableBuilder> tables,
        Dictionary<string, View> views,
        Dictionary<string, Trigger> triggers,
        HashSet<string> indexes)
    {
        if (row.Type == "trigger")
        {
            if (row.Sql is null || ParseText(row.Sql) is not CreateTriggerStatement create)
            {
                throw Wrong("the text does not make a trigger");
            }

            // A temporary trigger may be on a table of another database, which its text then names.
            if (create.Table.Schema is null && !tables.ContainsKey(row.TableName) && !views.ContainsKey(row.TableName))
            {
                throw Wrong($"no such table: {row.TableName}");
            }

            if (!triggers.TryAdd(row.Name, new Trigger(row.Name, row.TableName, create, row.Sql)))
            {
                throw Wrong($"there is another trigger named {row.Name}");
            }
        }
        else if (row.Type == "index")
        {
            AddIndex(row, tables);
            if (!indexes.Add(row.Name))
            {
                throw Wrong($"there is another index named {row.Name}");
            }
        }
    }

    private static void AddIndex(Row row, Dictionary<string, TableBuilder> tables)
    {
        DemandRootPage(row);
        if (!tables.TryGetValue(row.TableName, out TableBuilder? table))
        {
            throw Wrong($"no such table: {row.TableName}");
        }

        if (string.IsNullOrEmpty(row.Sql))
        {
            if (!table.TryAddAutomaticIndex(row.Name, row.RootPage))
            {
                throw Wrong("orphan index");
            }
        }
        else if (ParseText(row.Sql) is CreateIndexStatement create)
        {
            table.AddIndex(create, row.Name, row.RootPage, row.Sql);
        }
        else
        {
            throw Wrong("the text does not make an index");
        }
    }

    private static StatementNode ParseText(string sql)
    {
        byte[] text = Encoding.UTF8.GetBytes(sql);
        StatementNode statement = Parser.Parse(text, 0, out int next) ?? throw Wrong("no CREATE text");
        return next >= text.Length || Parser.Parse(text, next, out _) is null ? statement : throw Wrong("more than one statement");
    }

    /// <summary>Page 1 is the schema's own root; no other tree can have it.</summary>
    private static void DemandRootPage(Row row)
    {
        if (row.RootPage < 2)
        {
            throw Wrong("invalid rootpage");
        }
    }

    private static List<Row> ReadRows(RowCursor cursor, string path)
    {
        var rows = new List<Row>();
        var roots = new HashSet<uint>();
        for (bool any = cursor.MoveFirst(); any; any = cursor.MoveNext())
        {
            Row row;
            try
            {
                row = ReadRow(cursor);
            }
            catch (CorruptRecordException e)
            {
                throw e.At(path, $"sqlite_schema row {cursor.Rowid}");
            }

            if (row.RootPage != 0 && !roots.Add(row.RootPage))
            {
                throw Malformed(path, row, Wrong("invalid rootpage"));
            }

            rows.Add(row);
        }

        return rows;
    }

    private static Row ReadRow(RowCursor cursor)
    {
        var reader = default(RecordReader);
        reader.Reset(cursor.Record);
        if (reader.ColumnCount < ColumnCount || !IsRow(ref reader))
        {
            throw new CorruptRecordException("not a row of sqlite_schema");
        }

        SqlValue root = reader.Get(3);
        SqlValue sql = reader.Get(4);
        return new Row(
            cursor.Rowid,
            reader.Get(0).DecodeText(),
            reader.Get(1).DecodeText(),
            reader.Get(2).DecodeText(),
            root.Type == SqlType.Integer && root.Integer is >= 0 and <= uint.MaxValue ? (uint)root.Integer : 0,
            sql.IsNull ? null : sql.DecodeText());
    }

    private static bool IsRow(ref RecordReader reader) =>
        reader.Get(0).Type == SqlType.Text && reader.Get(1).Type == SqlType.Text && reader.Get(2).Type == SqlType.Text
        && reader.Get(3).Type is SqlType.Integer or SqlType.Null && reader.Get(4).Type is SqlType.Text or SqlType.Null;
}
