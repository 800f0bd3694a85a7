using System.Buffers.Binary;
using System.Diagnostics;
using Sluice.Engine.BTree;
using Sluice.Engine.Files;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;
using Sluice.Engine.Tests.BTree;
using Sluice.Engine.Tests.Files;
using static Sluice.Engine.Tests.Paging.PagedTable;

namespace Sluice.Engine.Tests.Paging;

/// <summary>A pager as the owner of a file, beside stock sqlite3 and other pagers.</summary>
public sealed class PagerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _path;

    public PagerTests()
    {
        _path = _folder.File("p.db");
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    [InlineData(65536)]
    public void A_new_file_is_a_database_from_its_first_commit(int pageSize)
    {
        using (Pager pager = Open(new PagerOptions { PageSize = pageSize }))
        {
            using (BaseSnapshot empty = pager.Pin())
            {
                Assert.Equal(1u, empty.PageCount);
                Assert.Equal(0, new TableCursor(empty, 1).Count());
            }

            Assert.Equal(0, new FileInfo(_path).Length);
            using PageTransaction transaction = pager.BeginWrite();
            AddTable(transaction, "t", 3);
            transaction.UserVersion = -3;
            transaction.ApplicationId = 77;
            transaction.SchemaCookie = 5;
            Assert.Equal(1u, transaction.NextChangeCounter);
            transaction.Commit();
        }

        Assert.Equal("ok\n1\n2\n3\n-3\n77\n5", Sqlite3.Run(_path, "PRAGMA integrity_check; SELECT a FROM t; PRAGMA user_version; PRAGMA application_id; PRAGMA schema_version"));
        byte[] header = File.ReadAllBytes(_path)[..100];
        Assert.Equal(1u, BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(24)));
        Assert.Equal(1u, BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(92)));
        Assert.Equal(DatabaseHeader.ChecksummedVersion, BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(96)));
        Assert.False(File.Exists(_path + "-journal"));
    }

    [Fact]
    public void While_it_is_open_sqlite3_reads_and_nobody_else_writes()
    {
        using Pager pager = OpenWithTable(rows: 3);
        Assert.Equal("1\n2\n3", Sqlite3.Run(_path, "SELECT a FROM t"));
        (int exit, _, string errors) = Sqlite3.TryRun(_path, "INSERT INTO t(a) VALUES(9)");
        Assert.NotEqual(0, exit);
        Assert.Contains("database is locked", errors);
        SluiceException busy = Assert.Throws<SluiceException>(() => Open());
        Assert.Equal(ResultCode.Busy, busy.Code);
        Assert.Contains(_path, busy.Message);
        AddRows(pager, 4, 5);
        Assert.Equal("5", Sqlite3.Run(_path, "SELECT max(a) FROM t"));
        pager.Dispose();
        Assert.Equal("", Sqlite3.Run(_path, "INSERT INTO t(a) VALUES(9)"));
    }

    [Fact]
    public async Task A_commit_waits_for_a_foreign_reader_and_can_be_tried_again()
    {
        using Pager pager = OpenWithTable(rows: 3);
        using Process reader = Sqlite3.Start(_path);
        await reader.StandardInput.WriteLineAsync("BEGIN; SELECT count(*) FROM t;");
        await reader.StandardInput.FlushAsync();
        Assert.Equal("3", await reader.StandardOutput.ReadLineAsync());
        using PageTransaction transaction = pager.BeginWrite();
        PutRow(transaction, 4);
        SluiceException busy = Assert.Throws<SluiceException>(() => transaction.Commit(TimeSpan.FromMilliseconds(20), CancellationToken.None));
        Assert.Equal(ResultCode.Busy, busy.Code);
        using CancellationTokenSource cancelled = new();
        await cancelled.CancelAsync();
        Assert.Throws<SluiceException>(() => transaction.Commit(Timeout.InfiniteTimeSpan, cancelled.Token));

        // Having given up, it lets new readers in.
        Assert.Equal("3", Sqlite3.Run(_path, "SELECT count(*) FROM t"));
        PutRow(transaction, 5);
        Task commit = Task.Factory.StartNew(transaction.Commit, TaskCreationOptions.LongRunning);
        Assert.True(SpinWait.SpinUntil(() => pager.WaitsForReaders, TimeSpan.FromSeconds(20)));
        Assert.False(commit.IsCompleted);
        reader.StandardInput.Close();
        await commit;
        Assert.False(pager.WaitsForReaders);
        Assert.Equal("5", Sqlite3.Run(_path, "SELECT count(*) FROM t"));
    }

    [Fact]
    public void A_snapshot_stays_what_it_was_through_commits()
    {
        using Pager pager = OpenWithTable(rows: 50, new PagerOptions { PageSize = 512, CacheBytes = 1 });
        List<(BaseSnapshot Snapshot, int Rows)> pinned = [];
        for (int i = 51; i <= 300; i++)
        {
            if (i % 40 == 0)
            {
                pinned.Add((pager.Pin(), i - 1));
            }

            AddRows(pager, i, i);
        }

        foreach ((BaseSnapshot snapshot, int rows) in pinned)
        {
            Assert.Equal(rows, Values(snapshot).Count);
            Assert.Equal(Enumerable.Range(1, rows).Select(i => (long)i), Values(snapshot));
        }

        Assert.True(pager.OldImageBytes > 0);
        foreach ((BaseSnapshot snapshot, _) in pinned.OrderBy(pin => pin.Rows % 7))
        {
            snapshot.Dispose();
        }

        Assert.Equal(0, pager.OldImageBytes);
    }

    [Fact]
    public void A_snapshot_reads_pages_that_were_freed_after_it_and_are_used_again()
    {
        using Pager pager = OpenWithTable(rows: 200, new PagerOptions { PageSize = 512, CacheBytes = 1 });
        using BaseSnapshot snapshot = pager.Pin();
        using (PageTransaction transaction = pager.BeginWrite())
        {
            new PageTreeWriter(transaction).Clear(SchemaRoots.Of(transaction)["t"]);
            transaction.Commit();
        }

        uint pages = snapshot.PageCount;
        AddRows(pager, 1001, 1150);
        Assert.Equal(Enumerable.Range(1, 200).Select(i => (long)i), Values(snapshot));
        using BaseSnapshot now = pager.Pin();
        Assert.Equal(Enumerable.Range(1001, 150).Select(i => (long)i), Values(now));
        Assert.Equal(pages, now.PageCount);
    }

    [Fact]
    public void A_long_snapshot_keeps_one_old_image_a_page_not_one_a_commit()
    {
        using Pager pager = OpenWithTable(rows: 3);
        using BaseSnapshot snapshot = pager.Pin();
        for (int i = 0; i < 100; i++)
        {
            AddRows(pager, 4, 4);
        }

        Assert.Equal(2 * 4096, pager.OldImageBytes);
        Assert.Equal([1, 2, 3], Values(snapshot));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Pages_and_old_images_that_do_not_fit_in_memory_are_put_aside(int seed)
    {
        using Pager pager = OpenWithTable(rows: 1, new PagerOptions { PageSize = 512, CacheBytes = 1, DirtyBytes = 1, OldImageBytes = 1 });
        var random = new Random(seed);
        Dictionary<long, int> now = new() { [1] = 0 };
        List<(BaseSnapshot Snapshot, long[] Rows)> pinned = [];
        for (int round = 0; round < 8; round++)
        {
            pinned.Add((pager.Pin(), [.. now.Keys.Order()]));
            using PageTransaction transaction = pager.BeginWrite();
            uint root = SchemaRoots.Of(transaction)["t"];
            PageTreeWriter writer = new(transaction);
            List<Dictionary<long, int>> marks = [];
            Dictionary<long, int> changed = new(now);
            for (int i = 0; i < 600; i++)
            {
                long rowid = random.Next(1, 2000);
                switch (random.Next(40))
                {
                    case 0:
                        Assert.Equal(marks.Count, transaction.Mark());
                        marks.Add(new(changed));
                        break;
                    case 1 when marks.Count > 0:
                        int back = random.Next(marks.Count);
                        transaction.RollbackTo(back);
                        changed = new(marks[back]);
                        marks.RemoveRange(back + 1, marks.Count - back - 1);
                        break;
                    case 2 when marks.Count > 0:
                        int released = random.Next(marks.Count);
                        transaction.Release(released);
                        marks.RemoveRange(released, marks.Count - released);
                        break;
                    case < 12:
                        Assert.Equal(changed.Remove(rowid), writer.DeleteRow(root, rowid));
                        break;
                    default:
                        writer.PutRow(root, rowid, RecordWriter.Encode([SqlValue.FromInteger(rowid), SqlValue.FromText(new string('x', random.Next(200)))]));
                        changed[rowid] = i;
                        break;
                }
            }

            Assert.True(transaction.ChangedPages > 64);
            Assert.InRange(transaction.MemoryBytes, 0, 65 * (512 + 120) + (transaction.ChangedPages * 3 * 120L));
            if (round % 3 < 2)
            {
                transaction.Commit();
                now = changed;
            }
        }

        foreach ((BaseSnapshot snapshot, long[] rows) in pinned)
        {
            Assert.Equal(rows, Values(snapshot));
            snapshot.Dispose();
        }

        Assert.Equal(0, pager.OldImageBytes);
        pager.Dispose();
        Assert.Equal($"ok\n{now.Count}", Sqlite3.Run(_path, "PRAGMA integrity_check; SELECT count(*) FROM t"));
    }

    [Fact]
    public async Task Readers_never_see_half_of_a_commit_while_it_is_written()
    {
        using Pager pager = OpenWithTable(rows: 200, new PagerOptions { PageSize = 512, CacheBytes = 1 });
        using CancellationTokenSource stop = new();
        Task<int>[] readers = new Task<int>[3];
        for (int i = 0; i < readers.Length; i++)
        {
            readers[i] = Task.Factory.StartNew(() => ReadUntil(pager, stop.Token), TaskCreationOptions.LongRunning);
        }

        for (int round = 1; round <= 150; round++)
        {
            using PageTransaction transaction = pager.BeginWrite();
            uint root = SchemaRoots.Of(transaction)["t"];
            PageTreeWriter writer = new(transaction);
            for (int i = 1; i <= 200; i++)
            {
                writer.PutRow(root, i, RecordWriter.Encode([SqlValue.FromInteger(round), SqlValue.FromText(new string('x', (round * i) % 90))]));
            }

            transaction.Commit();
        }

        await stop.CancelAsync();
        int read = 0;
        foreach (Task<int> reader in readers)
        {
            read += await reader;
        }

        Assert.True(read > 0);
        Assert.Equal(0, pager.OldImageBytes);
    }

    [Fact]
    public void A_read_only_opener_follows_the_owner_and_holds_no_lock_between_snapshots()
    {
        using Pager owner = OpenWithTable(rows: 3);
        using Pager reader = Open(new PagerOptions { ReadOnly = true });
        using (BaseSnapshot before = reader.Pin())
        {
            Assert.Equal([1, 2, 3], Values(before));
            using PageTransaction transaction = owner.BeginWrite();
            PutRow(transaction, 4);
            Assert.Equal(ResultCode.Busy, Assert.Throws<SluiceException>(() => transaction.Commit(TimeSpan.Zero, CancellationToken.None)).Code);
        }

        AddRows(owner, 4, 4);
        using (BaseSnapshot after = reader.Pin())
        {
            Assert.Equal([1, 2, 3, 4], Values(after));
        }

        SluiceException refused = Assert.Throws<SluiceException>(reader.BeginWrite);
        Assert.Equal(ResultCode.ReadOnly, refused.Code);
        Assert.Equal("attempt to write a readonly database", refused.Message);
    }

    [Fact]
    public void Marks_nest_and_released_marks_cost_nothing()
    {
        using Pager pager = OpenWithTable(rows: 3);
        using PageTransaction transaction = pager.BeginWrite();
        PutRow(transaction, 4);
        int outer = transaction.Mark();
        uint page = 0;
        for (int i = 5; i < 2000; i++)
        {
            int statement = transaction.Mark();
            PutRow(transaction, i);
            page = Math.Max(page, transaction.PageCount);
            transaction.Release(statement);
        }

        int inner = transaction.Mark();
        PutRow(transaction, 3000);
        transaction.RollbackTo(inner);
        Assert.Equal(1999, Values(transaction).Count);
        Assert.Equal(page, transaction.PageCount);
        transaction.RollbackTo(outer);
        Assert.Equal([1, 2, 3, 4], Values(transaction));
        Assert.Equal(2u, transaction.PageCount);
        PutRow(transaction, 10);
        transaction.RollbackTo(outer);
        PutRow(transaction, 11);
        transaction.Commit();
        Assert.Equal("1,2,3,4,11\nok", Sqlite3.Run(_path, "SELECT group_concat(a) FROM t; PRAGMA integrity_check"));
    }

    [Fact]
    public void A_transaction_rolled_back_or_disposed_leaves_no_trace()
    {
        using Pager pager = OpenWithTable(rows: 3);
        byte[] before = File.ReadAllBytes(_path);
        using (PageTransaction transaction = pager.BeginWrite())
        {
            PutRow(transaction, 4);
            Assert.Throws<InvalidOperationException>(pager.BeginWrite);
        }

        using (PageTransaction transaction = pager.BeginWrite())
        {
            transaction.Commit();
        }

        Assert.Equal(before, File.ReadAllBytes(_path));
    }

    [Fact]
    public void The_page_of_the_lock_bytes_is_never_used()
    {
        Sqlite3.Run(_path, "PRAGMA page_size=65536; CREATE TABLE t(a INTEGER PRIMARY KEY, b);");
        using (FileStream file = new(_path, FileMode.Open))
        {
            // A sparse file of 1 GiB whose header says so; the pages in between are all zero.
            byte[] count = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(count, 16384);
            file.SetLength(16384L * 65536);
            file.Position = 28;
            file.Write(count);
        }

        using Pager pager = Open();
        using PageTransaction transaction = pager.BeginWrite();
        Assert.Equal(16386u, transaction.Allocate());
        Assert.Throws<CorruptFileException>(() => transaction.Free(16385));
        transaction.Commit();
        Assert.Equal(16386L * 65536, new FileInfo(_path).Length);
        using BaseSnapshot snapshot = pager.Pin();
        Assert.DoesNotContain(IntegrityCheck.Run(snapshot, [], int.MaxValue), line => line.Contains("16385", StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_that_is_no_database_or_was_cut_short_is_named()
    {
        File.WriteAllText(_path, "This is a text, and a long one at that: longer than a hundred bytes, so that it might have been a header of a database.");
        SluiceException error = Assert.Throws<SluiceException>(() => Open());
        Assert.Equal(ResultCode.NotADatabase, error.Code);
        Assert.Equal($"{_path}: file is not a database", error.Message);
        File.Delete(_path);
        Sqlite3.Run(_path, "CREATE TABLE t(a); CREATE TABLE u(a);");
        using (FileStream file = new(_path, FileMode.Open))
        {
            file.SetLength(8000);
            file.SetLength(4096);
        }

        error = Assert.Throws<CorruptFileException>(() => Open());
        Assert.Contains("the file was cut short", error.Message);
        error = Assert.Throws<SluiceException>(() => Pager.Open(PosixFileSystem.Instance, Path.Combine(_folder.File("none"), "x.db"), new PagerOptions()));
        Assert.Contains("no such folder", error.Message);
    }

    [Fact]
    public void The_page_count_of_a_foreign_writer_that_does_not_keep_it_is_not_believed()
    {
        Sqlite3.Run(_path, "CREATE TABLE t(a); INSERT INTO t VALUES(1);");
        using (FileStream file = new(_path, FileMode.Open))
        {
            // Version-valid-for no longer equals the change counter, and the count is too large.
            file.Position = 31;
            file.WriteByte(99);
            file.Position = 95;
            file.WriteByte(200);
        }

        using (Pager pager = Open())
        {
            AddRows(pager, 5, 5);
        }

        Assert.Equal("ok\n2\n2", Sqlite3.Run(_path, "PRAGMA integrity_check; PRAGMA page_count; SELECT count(*) FROM t"));
    }

    private Pager Open(PagerOptions? options = null) => Pager.Open(PosixFileSystem.Instance, _path, options ?? new PagerOptions());

    private Pager OpenWithTable(int rows, PagerOptions? options = null)
    {
        Pager pager = Open(options);
        using PageTransaction transaction = pager.BeginWrite();
        AddTable(transaction, "t", rows);
        transaction.Commit();
        return pager;
    }

    private static void AddRows(Pager pager, int first, int last)
    {
        using PageTransaction transaction = pager.BeginWrite();
        for (int i = first; i <= last; i++)
        {
            PutRow(transaction, i);
        }

        transaction.Commit();
    }

    /// <summary>In each commit all rows have the same value; the first state has them all different.</summary>
    private static int ReadUntil(Pager pager, CancellationToken stop)
    {
        int rounds = 0;
        long newest = 0;
        for (; !stop.IsCancellationRequested; rounds++)
        {
            using BaseSnapshot snapshot = pager.Pin();
            List<long> values = Values(snapshot);
            Assert.Equal(200, values.Count);
            if (values[0] != 1 || values[1] != 2)
            {
                Assert.All(values, value => Assert.Equal(values[0], value));
                Assert.True(values[0] >= newest, "a later snapshot is older");
                newest = values[0];
            }
        }

        return rounds;
    }
}
