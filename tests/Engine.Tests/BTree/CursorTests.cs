using Sluice.Engine.BTree;
using Sluice.Engine.Files;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;
using Xunit.Abstractions;

namespace Sluice.Engine.Tests.BTree;

public class CursorTests(ITestOutputHelper output)
{
    private static readonly KeyOrder Order =
        new([new KeyColumn(Collation.Binary, false), new KeyColumn(Collation.Binary, true)], unique: false);

    [Fact]
    public void Seeks_in_a_table_find_what_a_sorted_list_finds()
    {
        Random random = Seeded();
        using Pager pager = OpenEmpty();
        SortedSet<long> rowids = [];
        using PageTransaction transaction = pager.BeginWrite();
        PageTreeWriter writer = new(transaction);
        uint root = writer.CreateTable();
        for (int i = 0; i < 3000; i++)
        {
            long rowid = random.Next(10) == 0 ? random.NextInt64(long.MinValue, long.MaxValue) : random.Next(-5000, 5000);
            rowids.Add(rowid);
            writer.PutRow(root, rowid, RecordWriter.Encode([SqlValue.FromInteger(rowid)]));
        }

        writer.PutRow(root, long.MaxValue, RecordWriter.Encode([SqlValue.FromInteger(long.MaxValue)]));
        writer.PutRow(root, long.MinValue, RecordWriter.Encode([SqlValue.FromInteger(long.MinValue)]));
        rowids.Add(long.MaxValue);
        rowids.Add(long.MinValue);
        long[] sorted = [.. rowids];
        TableCursor cursor = new(transaction, root);
        for (int i = 0; i < 20000; i++)
        {
            long probe = random.Next(3) == 0 ? sorted[random.Next(sorted.Length)] : random.Next(-5100, 5100);
            int at = Array.BinarySearch(sorted, probe);
            bool there = at >= 0;
            int lower = there ? at : ~at;
            (SeekMode mode, int expected) = random.Next(4) switch
            {
                0 => (SeekMode.GreaterOrEqual, lower),
                1 => (SeekMode.Greater, there ? lower + 1 : lower),
                2 => (SeekMode.LessOrEqual, there ? lower : lower - 1),
                _ => (SeekMode.Less, lower - 1),
            };
            AssertStands(sorted, expected, cursor.Seek(probe, mode), cursor);
            if (expected >= 0 && expected < sorted.Length)
            {
                bool forward = random.Next(2) == 0;
                AssertStands(sorted, forward ? expected + 1 : expected - 1, forward ? cursor.MoveNext() : cursor.MovePrevious(), cursor);
            }

            Assert.Equal(there, cursor.SeekExact(probe));
        }

        transaction.Commit();
    }

    [Fact]
    public void Seeks_in_an_index_find_what_a_sorted_list_finds()
    {
        Random random = Seeded();
        using Pager pager = OpenEmpty();
        using PageTransaction transaction = pager.BeginWrite();
        PageTreeWriter writer = new(transaction);
        uint root = writer.CreateIndex();
        SortedSet<(long First, long MinusSecond, long Rowid)> keys = [];
        for (int i = 0; i < 4000; i++)
        {
            (long first, long second, long rowid) = (random.Next(60), random.Next(20), i);
            keys.Add((first, -second, rowid));
            writer.PutKey(root, Order, RecordWriter.Encode([SqlValue.FromInteger(first), SqlValue.FromInteger(second)], rowid));
        }

        (long First, long MinusSecond, long Rowid)[] sorted = [.. keys];
        IndexCursor cursor = new(transaction, root, Order);
        for (int i = 0; i < 5000; i++)
        {
            int columns = random.Next(4);
            long[] probe = [random.Next(-2, 62), random.Next(-2, 22), random.Next(-10, 4010)];
            SqlValue[] values = probe.Take(columns).Select(SqlValue.FromInteger).ToArray();
            int equalFrom = sorted.Count(key => Compare(key, probe, columns) < 0);
            int equalTo = sorted.Count(key => Compare(key, probe, columns) <= 0);
            (SeekMode mode, int expected) = random.Next(4) switch
            {
                0 => (SeekMode.GreaterOrEqual, equalFrom),
                1 => (SeekMode.Greater, equalTo),
                2 => (SeekMode.LessOrEqual, equalTo - 1),
                _ => (SeekMode.Less, equalFrom - 1),
            };
            bool found = cursor.Seek(values, mode);
            for (int step = 0; step < 3; step++)
            {
                Assert.Equal(expected >= 0 && expected < sorted.Length, found);
                if (!found)
                {
                    break;
                }

                Assert.Equal(sorted[expected].Rowid, cursor.Rowid);
                bool forward = random.Next(2) == 0;
                found = forward ? cursor.MoveNext() : cursor.MovePrevious();
                expected += forward ? 1 : -1;
            }
        }
    }

    [Fact]
    public void A_cursor_goes_on_from_its_row_while_the_tree_changes_under_it()
    {
        Random random = Seeded();
        using Pager pager = OpenEmpty();
        using PageTransaction transaction = pager.BeginWrite();
        PageTreeWriter writer = new(transaction);
        uint table = writer.CreateTable();
        uint index = writer.CreateIndex();
        for (int i = 0; i < 2000; i++)
        {
            Put(writer, table, index, i * 10, new string('x', random.Next(i % 50 == 0 ? 3000 : 60)));
        }

        TableCursor rows = new(transaction, table);
        IndexCursor keys = new(transaction, index, Order);
        long before = -10;
        int seen = 0;
        bool any = rows.MoveFirst() & keys.MoveFirst();
        while (any)
        {
            long rowid = rows.Rowid;
            Assert.Equal(before + 10, rowid);
            Assert.Equal(rowid, keys.Rowid);
            Assert.True(rows.Record.Length > 0);
            before = rowid;
            seen++;

            // Rows before and at the cursor change; a row's key keeps its place.
            for (int i = random.Next(4); i > 0; i--)
            {
                long other = random.NextInt64(rowid + 1) / 10 * 10;
                writer.DeleteRow(table, other);
                writer.DeleteKey(index, Order, KeyOf(other));
                if (random.Next(2) == 0)
                {
                    Put(writer, table, index, other, new string('y', random.Next(400)));
                }
            }

            any = rows.MoveNext();
            Assert.Equal(any, keys.MoveNext());
        }

        Assert.Equal(2000, seen);
        transaction.Commit();
        using BaseSnapshot snapshot = pager.Pin();
        Assert.Empty(IntegrityCheck.Run(snapshot, [new TreeRoot(table, null), new TreeRoot(index, Order)]));
    }

    [Fact]
    public void A_record_taken_from_a_cursor_stays_what_it_was_after_writes()
    {
        using Pager pager = OpenEmpty();
        using PageTransaction transaction = pager.BeginWrite();
        PageTreeWriter writer = new(transaction);
        uint table = writer.CreateTable();
        writer.PutRow(table, 1, RecordWriter.Encode([SqlValue.FromText("before")]));
        TableCursor cursor = new(transaction, table);
        Assert.True(cursor.MoveFirst());
        Payload record = cursor.Record;
        writer.PutRow(table, 1, RecordWriter.Encode([SqlValue.FromText("afterw")]));
        writer.DeleteRow(table, 1);
        RecordReader reader = default;
        reader.Reset(record);
        Assert.Equal("before", reader.Get(0).DecodeText());
        Assert.Equal(ResultCode.Abort, Assert.Throws<SluiceException>(() => cursor.Record).Code);
        Assert.False(cursor.MoveNext());
    }

    [Fact]
    public void An_empty_tree_has_no_rows_and_no_keys()
    {
        using Pager pager = OpenEmpty();
        using BaseSnapshot snapshot = pager.Pin();
        TableCursor cursor = new(snapshot, 1);
        Assert.False(cursor.MoveFirst());
        Assert.False(cursor.MoveLast());
        Assert.False(cursor.MoveNext());
        Assert.False(cursor.Seek(5, SeekMode.LessOrEqual));
        Assert.False(cursor.SeekExact(5));
        Assert.Equal(0, cursor.Count());
    }

    private Random Seeded()
    {
        int seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        return new Random(seed);
    }

    private static Pager OpenEmpty() =>
        Pager.Open(new MemoryFileSystem(), "m.db", new PagerOptions { PageSize = 512, CacheBytes = 1 << 16 });

    private static void Put(PageTreeWriter writer, uint table, uint index, long rowid, string value)
    {
        writer.PutRow(table, rowid, RecordWriter.Encode([SqlValue.FromText(value)]));
        writer.PutKey(index, Order, KeyOf(rowid));
    }

    private static byte[] KeyOf(long rowid) =>
        RecordWriter.Encode([SqlValue.FromInteger(rowid), SqlValue.FromText(new string('k', rowid % 500 == 0 ? 700 : 10))], rowid);

    private static int Compare((long First, long MinusSecond, long Rowid) key, long[] probe, int columns)
    {
        int order = columns > 0 ? key.First.CompareTo(probe[0]) : 0;
        order = order == 0 && columns > 1 ? key.MinusSecond.CompareTo(-probe[1]) : order;
        return order == 0 && columns > 2 ? key.Rowid.CompareTo(probe[2]) : order;
    }

    private static void AssertStands(long[] sorted, int expected, bool found, TableCursor cursor)
    {
        Assert.Equal(expected >= 0 && expected < sorted.Length, found);
        if (found)
        {
            Assert.Equal(sorted[expected], cursor.Rowid);
        }
    }
}
