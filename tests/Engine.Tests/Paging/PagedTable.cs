using Sluice.Engine.BTree;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;
using Sluice.Engine.Tests.BTree;

namespace Sluice.Engine.Tests.Paging;

/// <summary>A table t(a, b) on pages, whose column a is the rowid.</summary>
internal static class PagedTable
{
    public static void AddTable(PageTransaction transaction, string name, int rows)
    {
        PageTreeWriter writer = new(transaction);
        uint root = writer.CreateTable();
        writer.PutRow(1, 1, RecordWriter.Encode(
            [SqlValue.FromText("table"), SqlValue.FromText(name), SqlValue.FromText(name), SqlValue.FromInteger(root), SqlValue.FromText($"CREATE TABLE {name}(a, b)")]));
        for (int i = 1; i <= rows; i++)
        {
            PutRow(transaction, i);
        }
    }

    public static void PutRow(PageTransaction transaction, long rowid) =>
        new PageTreeWriter(transaction).PutRow(SchemaRoots.Of(transaction)["t"], rowid, RecordWriter.Encode([SqlValue.FromInteger(rowid), SqlValue.FromText("")]));

    public static List<long> Values(IPageSource source)
    {
        List<long> values = [];
        TableCursor cursor = new(source, SchemaRoots.Of(source)["t"]);
        RecordReader reader = default;
        for (bool any = cursor.MoveFirst(); any; any = cursor.MoveNext())
        {
            reader.Reset(cursor.Record);
            values.Add(reader.Get(0).Integer);
        }

        return values;
    }
}
