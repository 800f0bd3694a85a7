using Sluice.Engine.BTree;
using Sluice.Engine.Files;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;
using Sluice.Engine.Tests.BTree;
using Sluice.Engine.Tests.Files;
using static Sluice.Engine.Tests.Paging.PagedTable;

namespace Sluice.Engine.Tests.Paging;

/// <summary>States that readers have before they are in the file.</summary>
public sealed class AheadTests : IDisposable
{
    private static readonly PagerOptions s_small = new() { PageSize = 512, CacheBytes = 1 };

    private readonly TemporaryFolder _folder = new();
    private readonly string _path;

    public AheadTests()
    {
        _path = _folder.File("p.db");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_published_is_read_at_once_and_is_in_the_file_after_the_commit()
    {
        using Pager pager = OpenWithTable(rows: 10);
        using BaseSnapshot before = pager.Pin();
        using PageTransaction ahead = pager.BeginWrite();
        PutRows(ahead, 11, 400);
        Publish(ahead);
        using BaseSnapshot first = pager.Pin();
        PutRows(ahead, 401, 800);
        using BaseSnapshot stillFirst = pager.Pin();
        Publish(ahead);
        using BaseSnapshot second = pager.Pin();
        byte[] file = File.ReadAllBytes(_path);
        AssertRows(10, before);
        AssertRows(400, first);
        AssertRows(400, stillFirst);
        AssertRows(800, second);
        Assert.Equal("ok\n10", Sqlite3.Run(_path, "PRAGMA integrity_check; SELECT count(*) FROM t"));
        Assert.Equal(file, File.ReadAllBytes(_path));
        ahead.Commit();
        Assert.Equal("ok\n800", Sqlite3.Run(_path, "PRAGMA integrity_check; SELECT count(*) FROM t"));
        AssertRows(10, before);
        AssertRows(400, first);
        AssertRows(800, second);
        using BaseSnapshot after = pager.Pin();
        AssertRows(800, after);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Every_snapshot_stays_what_it_was(int seed)
    {
        var random = new Random(seed);
        using Pager pager = OpenWithTable(rows: 1, s_small with { OldImageBytes = 1 });
        SortedDictionary<long, int> now = new() { [1] = 0 };
        string inFile = "1";
        List<(BaseSnapshot Snapshot, long[] Rows)> pinned = [];
        for (int flush = 0; flush < 12; flush++)
        {
            using PageTransaction ahead = pager.BeginWrite();
            for (int portion = random.Next(1, 6); portion > 0; portion--)
            {
                int mark = ahead.Mark();
                SortedDictionary<long, int> changed = new(now);
                Change(ahead, random, changed);
                if (random.Next(4) == 0)
                {
                    ahead.RollbackTo(mark);
                    ahead.Release(mark);
                    continue;
                }

                Publish(ahead);
                ahead.Release(mark);
                now = changed;
                pinned.Add((pager.Pin(), [.. now.Keys]));
                foreach ((BaseSnapshot snapshot, long[] rows) in pinned)
                {
                    Assert.Equal(rows, Values(snapshot));
                }

                if (pinned.Count > 4)
                {
                    pinned[0].Snapshot.Dispose();
                    pinned.RemoveAt(0);
                }
            }

            Assert.Equal($"ok\n{inFile}", Sqlite3.Run(_path, "PRAGMA integrity_check; SELECT count(*) FROM t"));
            ahead.Commit();
            inFile = $"{now.Count}";
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
    public void What_does_not_fit_in_memory_is_not_published()
    {
        using Pager pager = OpenWithTable(rows: 10, s_small with { DirtyBytes = 1 });
        using PageTransaction ahead = pager.BeginWrite();
        PutRows(ahead, 11, 20);
        Publish(ahead);
        int mark = ahead.Mark();
        PutRows(ahead, 21, 5000);
        Assert.False(ahead.TryPublish(out _));
        ahead.RollbackTo(mark);
        using BaseSnapshot newest = pager.Pin();
        AssertRows(20, newest);
        ahead.Commit();
        Assert.Equal("ok\n20", Sqlite3.Run(_path, "PRAGMA integrity_check; SELECT count(*) FROM t"));
    }

    [Theory]
    [InlineData(Fault.FailOnce)]
    [InlineData(Fault.FailForGood)]
    [InlineData(Fault.Crash)]
    public void Whatever_goes_wrong_in_the_commit_readers_go_on_and_the_file_is_whole(Fault fault)
    {
        int point = 0;
        for (bool failed = true; failed; point++)
        {
            File.Delete(_path);
            File.Delete(_path + "-journal");
            FaultyFileSystem files = new(fault);
            Pager pager = Pager.Open(files, _path, s_small);
            AddTable(pager, rows: 10);
            PageTransaction ahead = pager.BeginWrite();
            PutRows(ahead, 11, 400);
            Publish(ahead);
            BaseSnapshot published = pager.Pin();
            files.Remaining = point;
            failed = Record.Exception(ahead.Commit) is not null;
            if (failed && pager.Failure is null && fault != Fault.Crash)
            {
                AssertRows(400, published);
                PutRows(ahead, 401, 402);
                Publish(ahead);
                AssertRows(400, published);
                using BaseSnapshot newest = pager.Pin();
                AssertRows(402, newest);
                if (fault == Fault.FailOnce)
                {
                    ahead.Commit();
                }
            }

            string expected = !failed ? "400" : fault == Fault.FailOnce && pager.Failure is null ? "402" : "10";
            Record.Exception(pager.Dispose);
            using (Pager again = Pager.Open(PosixFileSystem.Instance, _path, s_small))
            {
                using BaseSnapshot found = again.Pin();
                string rows = $"{Values(found).Count}";

                // Behind the removal of the journal it is the new state, known or not.
                Assert.True(rows == expected || (failed && rows == "400"), $"{rows} rows after a fault at operation {point}");
            }

            Assert.Equal("ok", Sqlite3.Run(_path, "PRAGMA integrity_check"));
        }

        Assert.InRange(point, 6, 500);
    }

    private static void Change(PageTransaction ahead, Random random, SortedDictionary<long, int> rows)
    {
        uint root = SchemaRoots.Of(ahead)["t"];
        PageTreeWriter writer = new(ahead);
        int first = random.Next(1500);
        bool deletes = random.Next(3) == 0;
        for (int i = random.Next(1, 120); i > 0; i--)
        {
            // Whole leafs go and come back: pages are freed and used again.
            long rowid = 1 + first + i;
            if (deletes)
            {
                Assert.Equal(rows.Remove(rowid), writer.DeleteRow(root, rowid));
            }
            else
            {
                writer.PutRow(root, rowid, RecordWriter.Encode([SqlValue.FromInteger(rowid), SqlValue.FromText(new string('x', random.Next(200)))]));
                rows[rowid] = i;
            }
        }
    }

    private static void Publish(PageTransaction ahead)
    {
        Assert.True(ahead.TryPublish(out int changed));
        Assert.InRange(changed, 0, ahead.ChangedPages);
    }

    private static void PutRows(PageTransaction transaction, int first, int last)
    {
        for (int i = first; i <= last; i++)
        {
            PutRow(transaction, i);
        }
    }

    private static void AssertRows(int count, BaseSnapshot snapshot) => Assert.Equal(Enumerable.Range(1, count).Select(i => (long)i), Values(snapshot));

    private static void AddTable(Pager pager, int rows)
    {
        using PageTransaction transaction = pager.BeginWrite();
        PagedTable.AddTable(transaction, "t", rows);
        transaction.Commit();
    }

    private Pager OpenWithTable(int rows, PagerOptions? options = null)
    {
        Pager pager = Pager.Open(PosixFileSystem.Instance, _path, options ?? new PagerOptions());
        AddTable(pager, rows);
        return pager;
    }
}
