using Sluice.Engine.Catalog;
using Sluice.Engine.Files;
using Sluice.Engine.Tests.Files;
using Sluice.Engine.Tests.Paging;
using Sluice.Engine.Tests.Transactions;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Tests.Checkpoint;

/// <summary>Stores whose newest pages are not in the file yet: moves, errors, memory.</summary>
public sealed class AheadOfTheFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static StoreOptions Patient => StoreFixture.Quiet with
    {
        PageSize = 512,
        SegmentBytes = 8192,
        CheckpointLogBytes = 1 << 30,
        MoveBytes = 1 << 30,
        MemoryLimitBytes = 1 << 30,
    };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Commits_leave_memory_for_pages_long_before_the_file_gets_them()
    {
        string path = _folder.File("moved.db");
        using Store store = Store.Open(PosixFileSystem.Instance, path, StoreFixture.Quiet with { MoveBytes = 20_000 });
        Table table = store.CreateTable(index: true);
        long checkpoints = store.Statistics.Checkpoints;
        using Transaction reader = store.Begin(TransactionKind.Deferred, StoreFixture.Timeout);
        Assert.Empty(reader.Rows(table));
        for (int i = 0; i < 50; i++)
        {
            Insert(store, table, 100 * i, 100, "");
        }

        reader.Rollback();
        StoreFixture.WaitUntil(() => store.Statistics.DeltaBytes < 60_000, "versions to be dropped");
        Assert.Equal(5000, store.Read(tx => tx.Rows(table)).Count);
        Assert.Equal(5000, store.Read(tx => tx.Keys(table)).Count);
        Assert.Equal(checkpoints, store.Statistics.Checkpoints);
        Assert.Equal("0", Sqlite3.Run(path, "SELECT count(*) FROM t"));
        store.Checkpoint();
        Assert.Equal("ok\n5000", Sqlite3.Run(path, "PRAGMA integrity_check; SELECT count(*) FROM t"));
    }

    [Fact]
    public void A_file_that_could_not_be_restored_is_not_written_again()
    {
        int tried = 0;
        for (bool goesOn = true; goesOn; tried++)
        {
            // The checkpoint fails for good; when the store is closed the disk works again for some operations.
            for (int again = 0; again < 16 && goesOn; again++)
            {
                string path = _folder.File($"{tried}-{again}.db");
                FaultyFileSystem files = new(Fault.FailForGood);
                Store store = Store.Open(files, path, Patient);
                Table table = store.CreateTable();
                Insert(store, table, 0, 100, new string('x', 100));
                store.Checkpoint();
                Insert(store, table, 100, 1000, new string('x', 100));
                files.Remaining = tried;
                bool failed = Record.Exception(store.Checkpoint) is not null;
                goesOn = failed || tried < 2;
                files.Remaining = again;
                Record.Exception(store.Dispose);
                using Store found = Store.Open(PosixFileSystem.Instance, path, StoreFixture.Quiet);
                Assert.Equal(1100, found.Read(tx => tx.Rows(table)).Count);
            }
        }

        Assert.InRange(tried, 20, 200);
    }

    [Fact]
    public void After_an_error_behind_the_commit_the_next_checkpoint_works()
    {
        int behind = 0;
        for (int point = 0; point < 45; point++)
        {
            FaultyFileSystem files = new(Fault.FailOnce);
            Store store = Store.Open(files, _folder.File($"{point}.db"), Patient);
            Table table = store.CreateTable();
            for (int i = 0; i < 60; i++)
            {
                Insert(store, table, i, 1, new string('x', 8000));
            }

            files.Remaining = point;
            bool failed = Record.Exception(store.Checkpoint) is not null;
            files.Remaining = -1;
            if (failed && !store.IsReadOnly)
            {
                store.Checkpoint();
                behind++;
            }

            store.Dispose();
        }

        Assert.InRange(behind, 10, 45);
    }

    [Fact]
    public void Rows_that_were_moved_do_not_stay_in_memory_for_a_reader_that_rests()
    {
        using Store store = Store.Open(
            PosixFileSystem.Instance, _folder.File("memory.db"), new StoreOptions { MemoryLimitBytes = 16 << 20, CacheBytes = 2 << 20 });
        Table table = store.CreateTable();
        Insert(store, table, -1, 1, "x");
        using Transaction reader = store.Begin(TransactionKind.Deferred, StoreFixture.Timeout);
        Assert.Single(reader.Rows(table));
        Thread.Sleep(50);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        string text = new('x', 8000);
        for (int i = 0; i < 120; i++)
        {
            Insert(store, table, 100 * i, 100, text);
        }

        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.Single(reader.Rows(table));
        Assert.True(grown < 40 << 20, $"grown by {grown} bytes, {store.Statistics}");
    }

    private static void Insert(Store store, Table table, int first, int count, string text) => store.Write(tx =>
    {
        for (int i = first; i < first + count; i++)
        {
            tx.Insert(table, i, text);
        }
    });
}
