using Sluice.Engine.BTree;
using Sluice.Engine.Format;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>One row of sqlite_schema ("SQLite file format", section 2.6).</summary>
internal readonly record struct SchemaRow(string Type, string Name, string TableName, uint RootPage, string? Sql);

/// <summary>Reads and writes the rows of sqlite_schema, the table whose root is page 1.</summary>
internal static class SchemaRows
{
    private const uint Root = 1;

    /// <summary>Adds a row after the last one.</summary>
    public static void Add(Transaction transaction, in SchemaRow row)
    {
        RowCursor rows = transaction.OpenRows(Root);
        long rowid = rows.MoveLast() ? rows.Rowid + 1 : 1;
        transaction.PutRow(Root, rowid, Encode(row));
    }

    /// <summary>All rows in their order; a copy, so that they may be changed meanwhile.</summary>
    public static List<(long Rowid, SchemaRow Row)> All(Transaction transaction)
    {
        List<(long, SchemaRow)> all = [];
        RowCursor rows = transaction.OpenRows(Root);
        RecordReader reader = default;
        for (bool any = rows.MoveFirst(); any; any = rows.MoveNext())
        {
            reader.Reset(rows.Record);
            SqlValue root = reader.Get(3);
            SqlValue sql = reader.Get(4);
            all.Add((rows.Rowid, new SchemaRow(
                reader.Get(0).DecodeText(),
                reader.Get(1).DecodeText(),
                reader.Get(2).DecodeText(),
                root.Type == SqlType.Integer ? (uint)root.Integer : 0,
                sql.IsNull ? null : sql.DecodeText())));
        }

        return all;
    }

    public static void Replace(Transaction transaction, long rowid, in SchemaRow row) => transaction.PutRow(Root, rowid, Encode(row));

    public static void Remove(Transaction transaction, long rowid) => transaction.DeleteRow(Root, rowid);

    private static byte[] Encode(in SchemaRow row) => RecordWriter.Encode(
    [
        SqlValue.FromText(row.Type),
        SqlValue.FromText(row.Name),
        SqlValue.FromText(row.TableName),
        SqlValue.FromInteger(row.RootPage),
        row.Sql is null ? SqlValue.Null : SqlValue.FromText(row.Sql),
    ]);
}
