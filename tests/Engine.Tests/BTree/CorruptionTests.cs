using Sluice.Engine.BTree;
using Sluice.Engine.Files;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;
using Sluice.Engine.Tests.Files;

namespace Sluice.Engine.Tests.BTree;

/// <summary>No byte of a file, whatever it is, makes reading, checking or writing do anything but work or give an error that names the place.</summary>
public class CorruptionTests
{
    private static readonly KeyOrder Order = new([new KeyColumn(Collation.Binary, false)], unique: false);

    [Fact]
    public void Every_byte_in_turn_may_be_wrong()
    {
        byte[] whole = MakeFile();
        ReadOnlySpan<byte> flips = [0xff, 0x01, 0x80];
        int damaged = 0;
        for (int at = 0; at < whole.Length; at++)
        {
            byte[] bytes = (byte[])whole.Clone();
            bytes[at] ^= flips[at % 3];
            if (Survives(bytes, $"byte {at}"))
            {
                damaged++;
            }
        }

        Assert.InRange(damaged, 500, whole.Length - 1);
    }

    [Fact]
    public void Random_damage_in_many_places_is_no_worse()
    {
        int seed = Random.Shared.Next();
        Random random = new(seed);
        byte[] whole = MakeFile();
        for (int round = 0; round < 3000; round++)
        {
            byte[] bytes = (byte[])whole.Clone();
            for (int i = random.Next(1, 30); i > 0; i--)
            {
                // Mostly headers and cell pointers, where the damage goes deepest.
                int page = random.Next(whole.Length / 512);
                int at = random.Next(3) == 0 ? random.Next(512) : random.Next(40);
                bytes[(page * 512) + (page == 0 ? Math.Min(at + 100, 511) : at)] = (byte)random.Next(random.Next(2) == 0 ? 256 : 16);
            }

            Survives(bytes, $"seed {seed} round {round}");
        }
    }

    [Fact]
    public void The_error_names_file_page_and_cell()
    {
        byte[] bytes = MakeFile();
        (MemoryFileSystem files, uint root) = Load(bytes, "t");
        using Pager pager = Pager.Open(files, "c.db", new PagerOptions());
        using BaseSnapshot snapshot = pager.Pin();
        BTreePage page = BTreePage.Parse(snapshot, root);
        Assert.False(page.IsLeaf);
        byte[] image = (byte[])page.Image.Clone();
        image[page.PointerArray] = 0xff;
        using (EngineFile file = files.Open("c.db", FileAccessMode.ReadWrite))
        {
            file.Write(image, (root - 1) * 512);
        }

        using Pager again = Pager.Open(Copy(files), "c.db", new PagerOptions());
        using BaseSnapshot broken = again.Pin();
        CorruptFileException error = Assert.Throws<CorruptFileException>(() => new TableCursor(broken, root).MoveFirst());
        Assert.Equal($"page {root} cell 0", error.Place);
        Assert.StartsWith($"c.db: page {root} cell 0: begins at offset", error.Message);
        Assert.Equal(ResultCode.Corrupt, error.Code);
    }

    [Fact]
    public void A_child_pointer_to_an_ancestor_ends_in_an_error()
    {
        byte[] bytes = MakeFile();
        (_, uint root) = Load(bytes, "t");
        int offset = (int)(root - 1) * 512;
        bytes[offset + 8] = bytes[offset + 9] = bytes[offset + 10] = 0;
        bytes[offset + 11] = (byte)root;
        (MemoryFileSystem files, _) = Load(bytes, "t");
        using Pager pager = Pager.Open(files, "c.db", new PagerOptions());
        using BaseSnapshot snapshot = pager.Pin();
        TableCursor cursor = new(snapshot, root);
        CorruptFileException error = Assert.Throws<CorruptFileException>(() =>
        {
            for (bool any = cursor.MoveFirst(); any; any = cursor.MoveNext())
            {
            }
        });
        Assert.Contains($"the tree of root {root}", error.Message);
        Assert.Contains(SchemaRoots.Check(snapshot), line => line.Contains($"2nd reference to page {root}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(36, 1, "Freelist: size is")]
    [InlineData(35, 250, "Freelist: invalid page number 250")]
    public void A_damaged_freelist_is_found_by_the_check(int offset, byte value, string message)
    {
        byte[] bytes = MakeFile();
        bytes[offset] = value;
        (MemoryFileSystem files, _) = Load(bytes, "t");
        using Pager pager = Pager.Open(files, "c.db", new PagerOptions());
        using BaseSnapshot snapshot = pager.Pin();
        Assert.Contains(SchemaRoots.Check(snapshot), line => line.StartsWith(message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_page_that_nothing_refers_to_is_found_by_the_check()
    {
        using Pager pager = Pager.Open(new MemoryFileSystem(), "u.db", new PagerOptions());
        using PageTransaction transaction = pager.BeginWrite();
        uint table = new PageTreeWriter(transaction).CreateTable();
        uint lost = transaction.Allocate();
        Assert.Equal([$"Page {lost}: never used"], IntegrityCheck.Run(transaction, [new TreeRoot(table, null)]));
    }

    /// <summary>Reads, checks and changes a file; true if any of that gave an error.</summary>
    private static bool Survives(byte[] bytes, string what)
    {
        MemoryFileSystem files = new();
        using (EngineFile file = files.Open("c.db", FileAccessMode.CreateNew))
        {
            file.Write(bytes, 0);
        }

        bool failed = false;
        try
        {
            using Pager pager = Pager.Open(files, "c.db", new PagerOptions { Random = new Random(1) });
            using (BaseSnapshot snapshot = pager.Pin())
            {
                failed |= Fails(() => ReadAll(snapshot));
                failed |= Fails(() => Assert.NotNull(SchemaRoots.Check(snapshot)));
            }

            failed |= Fails(() => Change(pager));
        }
        catch (SluiceException)
        {
            failed = true;
        }
        catch (Exception error)
        {
            Assert.Fail($"{what}: {error}");
        }

        return failed;
    }

    private static bool Fails(Action action)
    {
        try
        {
            action();
            return false;
        }
        catch (SluiceException error)
        {
            Assert.NotEqual(ResultCode.Internal, error.PrimaryCode);
            return true;
        }
    }

    private static void ReadAll(IPageSource source)
    {
        RecordReader reader = default;
        foreach ((string name, uint root) in SchemaRoots.Of(source))
        {
            if (name == "by_v")
            {
                IndexCursor keys = new(source, root, Order);
                for (bool any = keys.MoveFirst(); any; any = keys.MoveNext())
                {
                    _ = keys.Rowid;
                }

                for (bool any = keys.MoveLast(); any; any = keys.MovePrevious())
                {
                    _ = keys.Key;
                }

                continue;
            }

            TableCursor rows = new(source, root);
            for (bool any = rows.MoveFirst(); any; any = rows.MoveNext())
            {
                reader.Reset(rows.Record);
                for (int i = reader.ColumnCount - 1; i >= 0; i--)
                {
                    _ = reader.Get(i).ByteLength;
                }
            }

            rows.Count();
        }
    }

    private static void Change(Pager pager)
    {
        using PageTransaction transaction = pager.BeginWrite();
        PageTreeWriter writer = new(transaction);
        Dictionary<string, uint> roots = SchemaRoots.Of(transaction);
        for (int i = 0; i < 40; i++)
        {
            long rowid = i * 17 % 60;
            string value = new('z', i % 9 == 0 ? 900 : 5);
            if (i % 3 != 0 && roots.TryGetValue("t", out uint table))
            {
                writer.PutRow(table, rowid, RecordWriter.Encode([SqlValue.Null, SqlValue.FromText(value)]));
            }
            else if (roots.TryGetValue("t", out table))
            {
                writer.DeleteRow(table, rowid);
            }

            if (roots.TryGetValue("by_v", out uint index))
            {
                writer.PutKey(index, Order, RecordWriter.Encode([SqlValue.FromText(value)], rowid));
                writer.DeleteKey(index, Order, RecordWriter.Encode([SqlValue.FromText(value)], (rowid + 3) % 60));
            }
        }

        foreach (uint root in roots.Values)
        {
            writer.Clear(root);
        }

        transaction.Commit();
    }

    /// <summary>Interior pages, overflow chains, freeblocks and a freelist in pages of 512 bytes.</summary>
    private static byte[] MakeFile()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("c.db");
        Sqlite3.Run(
            path,
            "PRAGMA page_size=512; CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); CREATE INDEX by_v ON t(v);"
            + "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<60)"
            + "INSERT INTO t SELECT i, printf('%d', i*7919%61) || CASE WHEN i%20=0 THEN hex(zeroblob(400)) ELSE 'text' END FROM n;"
            + "DELETE FROM t WHERE id%5=1 OR id=40;");
        return File.ReadAllBytes(path);
    }

    private static (MemoryFileSystem Files, uint Root) Load(byte[] bytes, string table)
    {
        MemoryFileSystem files = new();
        using (EngineFile file = files.Open("c.db", FileAccessMode.CreateNew))
        {
            file.Write(bytes, 0);
        }

        using Pager pager = Pager.Open(files, "c.db", new PagerOptions());
        using BaseSnapshot snapshot = pager.Pin();
        return (files, SchemaRoots.Of(snapshot)[table]);
    }

    private static MemoryFileSystem Copy(MemoryFileSystem files)
    {
        using EngineFile file = files.Open("c.db", FileAccessMode.ReadOnly);
        byte[] bytes = new byte[file.Length];
        file.Read(bytes, 0);
        MemoryFileSystem copy = new();
        using EngineFile target = copy.Open("c.db", FileAccessMode.CreateNew);
        target.Write(bytes, 0);
        return copy;
    }
}
