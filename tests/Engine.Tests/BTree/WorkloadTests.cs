using System.Text;
using Sluice.Engine.BTree;
using Sluice.Engine.Files;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;
using Sluice.Engine.Tests.Files;
using Xunit.Abstractions;

namespace Sluice.Engine.Tests.BTree;

/// <summary>
/// Random changes through the writer, held against a model in memory, our integrity check and stock sqlite3, which also compares each index with its
/// table.
/// </summary>
public class WorkloadTests(ITestOutputHelper output)
{
    private static readonly KeyOrder ByValue = new([new KeyColumn(Collation.Binary, false)], unique: false);
    private static readonly KeyOrder ByNoCase = new([new KeyColumn(Collation.NoCase, true)], unique: false);
    private static readonly Dictionary<string, KeyOrder> Orders = new() { ["by_v"] = ByValue, ["by_n"] = ByNoCase };

    [Theory]
    [InlineData(512, 0, 2500)]
    [InlineData(512, 32, 1500)]
    [InlineData(1024, 0, 2500)]
    [InlineData(4096, 0, 4000)]
    [InlineData(4096, 40, 1500)]
    [InlineData(32768, 0, 1500)]
    [InlineData(65536, 0, 1500)]
    public void The_trees_are_what_the_model_is(int pageSize, int reserved, int operations)
    {
        int seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        using TemporaryFolder folder = new();
        string path = folder.File("w.db");
        Make(path, pageSize, reserved);
        SortedDictionary<long, string> model = [];
        using (Pager pager = Pager.Open(PosixFileSystem.Instance, path, new PagerOptions { CacheBytes = 40 * pageSize }))
        {
            for (int done = 0; done < operations;)
            {
                int batch = random.Next(1, 600);
                RunTransaction(pager, random, model, batch, growing: done < operations / 2);
                done += batch;
                using BaseSnapshot snapshot = pager.Pin();
                AssertIs(model, snapshot);
                Assert.Empty(SchemaRoots.Check(snapshot, Orders));
            }
        }

        Assert.Equal("ok", Sqlite3.Run(path, "PRAGMA integrity_check"));
        StringBuilder expected = new();
        foreach ((long rowid, string value) in model)
        {
            expected.Append(rowid).Append('|').Append(value).Append('\n');
        }

        Assert.Equal(expected.ToString().TrimEnd(), Sqlite3.Run(path, "SELECT id, v FROM t ORDER BY id"));
        Assert.Equal(model.Count.ToString(), Sqlite3.Run(path, "SELECT count(*) FROM t INDEXED BY by_v WHERE v >= ''"));
    }

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    public void Rows_in_order_fill_their_pages(int pageSize)
    {
        using TemporaryFolder folder = new();
        string path = folder.File("a.db");
        Make(path, pageSize, 0);
        const int Rows = 20000;
        using (Pager pager = Pager.Open(PosixFileSystem.Instance, path, new PagerOptions()))
        {
            using PageTransaction transaction = pager.BeginWrite();
            PageTreeWriter writer = new(transaction);
            Dictionary<string, uint> roots = SchemaRoots.Of(transaction);
            for (int i = 1; i <= Rows; i++)
            {
                string value = $"value {i:D8}";
                writer.PutRow(roots["t"], i, RecordWriter.Encode([SqlValue.Null, SqlValue.FromText(value)]));
                writer.PutKey(roots["by_v"], ByValue, RecordWriter.Encode([SqlValue.FromText(value)], i));
                writer.PutKey(roots["by_n"], ByNoCase, RecordWriter.Encode([SqlValue.FromText(value)], i));
            }

            transaction.Commit();
        }

        Assert.Equal("ok", Sqlite3.Run(path, "PRAGMA integrity_check"));
        string fill = Sqlite3.Run(path, "SELECT min(f) FROM (SELECT 100*sum(pgsize-unused)/sum(pgsize) f FROM dbstat WHERE name IN ('t','by_v') GROUP BY name)");
        Assert.True(int.Parse(fill) >= 90, $"{fill} % filled");
    }

    [Fact]
    public void Dropping_and_clearing_trees_frees_every_page()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("d.db");
        Make(path, 1024, 0);
        Sqlite3.Run(path, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<3000) INSERT INTO t SELECT i, hex(zeroblob(i % 900)) FROM n");
        using (Pager pager = Pager.Open(PosixFileSystem.Instance, path, new PagerOptions()))
        {
            using PageTransaction transaction = pager.BeginWrite();
            PageTreeWriter writer = new(transaction);
            Dictionary<string, uint> roots = SchemaRoots.Of(transaction);
            uint before = transaction.PageCount;
            writer.Clear(roots["t"]);
            writer.Clear(roots["by_v"]);
            writer.Clear(roots["by_n"]);
            Assert.Equal(0, new TableCursor(transaction, roots["t"]).Count());
            uint table = writer.CreateTable();
            uint index = writer.CreateIndex();
            writer.PutRow(table, 1, new byte[5000]);
            writer.PutKey(index, ByValue, RecordWriter.Encode([SqlValue.FromBlob(new byte[4000])], 1));
            writer.Drop(table);
            writer.Drop(index);
            Assert.Equal(before, transaction.PageCount);
            transaction.Commit();
        }

        Assert.Equal("ok\n0", Sqlite3.Run(path, "PRAGMA integrity_check; SELECT count(*) FROM t"));
        string[] pages = Sqlite3.Run(path, "PRAGMA page_count; PRAGMA freelist_count").Split('\n');
        Assert.Equal(4, int.Parse(pages[0]) - int.Parse(pages[1]));
    }

    private static void Make(string path, int pageSize, int reserved) => Sqlite3.Run(
        path,
        $".filectrl reserve_bytes {reserved}\nPRAGMA page_size={pageSize}; VACUUM; CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);"
        + "CREATE INDEX by_v ON t(v); CREATE INDEX by_n ON t(v COLLATE NOCASE DESC);");

    private static void RunTransaction(Pager pager, Random random, SortedDictionary<long, string> model, int operations, bool growing)
    {
        using PageTransaction transaction = pager.BeginWrite();
        PageTreeWriter writer = new(transaction);
        Dictionary<string, uint> roots = SchemaRoots.Of(transaction);
        Dictionary<long, string> saved = [];
        int mark = -1;
        for (int i = 0; i < operations; i++)
        {
            switch (random.Next(60))
            {
                case 0 when mark < 0:
                    mark = transaction.Mark();
                    saved = new Dictionary<long, string>(model);
                    break;
                case 1 when mark >= 0:
                    transaction.RollbackTo(mark);
                    model.Clear();
                    foreach ((long rowid, string value) in saved)
                    {
                        model.Add(rowid, value);
                    }

                    break;
                case 2 when mark >= 0:
                    transaction.Release(mark);
                    mark = -1;
                    break;
                default:
                    Change(writer, roots, random, model, transaction.PageSize, growing);
                    break;
            }
        }

        if (random.Next(8) == 0 && mark >= 0)
        {
            transaction.RollbackTo(mark);
            model.Clear();
            foreach ((long rowid, string value) in saved)
            {
                model.Add(rowid, value);
            }
        }

        AssertIs(model, transaction);
        transaction.Commit();
    }

    private static void Change(PageTreeWriter writer, Dictionary<string, uint> roots, Random random, SortedDictionary<long, string> model, int pageSize, bool growing)
    {
        long rowid = random.Next(3) switch
        {
            0 => model.Count == 0 ? 1 : model.Keys.Last() + 1,
            1 => random.Next(1, 4000),
            _ => model.Count == 0 ? 1 : model.Keys.ElementAt(random.Next(model.Count)),
        };
        if (model.Remove(rowid, out string? old))
        {
            Assert.True(writer.DeleteKey(roots["by_v"], ByValue, Key(old, rowid)));
            Assert.True(writer.DeleteKey(roots["by_n"], ByNoCase, Key(old, rowid)));
            if (random.Next(growing ? 4 : 2) != 0)
            {
                Assert.True(writer.DeleteRow(roots["t"], rowid));
                return;
            }
        }
        else if (random.Next(20) == 0)
        {
            Assert.False(writer.DeleteRow(roots["t"], rowid));
            Assert.False(writer.DeleteKey(roots["by_v"], ByValue, Key("nothing", rowid)));
            return;
        }

        string value = Value(random, pageSize);
        model.Add(rowid, value);
        writer.PutRow(roots["t"], rowid, RecordWriter.Encode([SqlValue.Null, SqlValue.FromText(value)]));
        writer.PutKey(roots["by_v"], ByValue, Key(value, rowid));
        writer.PutKey(roots["by_n"], ByNoCase, Key(value, rowid));
    }

    private static byte[] Key(string value, long rowid) => RecordWriter.Encode([SqlValue.FromText(value)], rowid);

    /// <summary>Mostly short, now and then a few pages long; many are equal, or equal but for the case.</summary>
    private static string Value(Random random, int pageSize)
    {
        int length = random.Next(40) switch
        {
            0 => random.Next(Math.Min(pageSize * 3, 20000)),
            < 8 => random.Next(Math.Min(pageSize / 3, 2000)),
            _ => random.Next(30),
        };
        StringBuilder text = new(length);
        for (int i = 0; i < length; i++)
        {
            text.Append((random.Next(2) == 0 ? "abc" : "ABC")[random.Next(3)]);
        }

        return text.ToString();
    }

    private static void AssertIs(SortedDictionary<long, string> model, IPageSource source)
    {
        Dictionary<string, uint> roots = SchemaRoots.Of(source);
        TableCursor cursor = new(source, roots["t"]);
        RecordReader reader = default;
        bool any = cursor.MoveFirst();
        foreach ((long rowid, string value) in model)
        {
            Assert.True(any);
            Assert.Equal(rowid, cursor.Rowid);
            reader.Reset(cursor.Record);
            Assert.Equal(value, reader.Get(1).DecodeText());
            any = cursor.MoveNext();
        }

        Assert.False(any);
        Assert.Equal(model.Count, cursor.Count());
    }
}
