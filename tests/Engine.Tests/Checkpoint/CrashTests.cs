using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Files;
using Sluice.Engine.Format;
using Sluice.Engine.Log;
using Sluice.Engine.Tests.Files;
using Sluice.Engine.Tests.Paging;
using Sluice.Engine.Tests.Transactions;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Tests.Checkpoint;

public sealed class CrashTests
{
    private const string Name = "crash.db";
    private const int Commits = 24;

    /// <summary>What the workload had achieved when the power went.</summary>
    private sealed class Progress
    {
        public bool HasTable;
        public int Begun;
        public int Acknowledged;
        public int Checkpointed;
    }

    private static StoreOptions Options(int seed) => new()
    {
        PageSize = 512,
        SegmentBytes = 8192,
        CheckpointInterval = TimeSpan.FromDays(1),
        Random = new Random(seed),
    };

    [Fact]
    public void Whatever_step_the_power_goes_at_every_acknowledged_commit_is_there_and_none_in_part()
    {
        var whole = new SimulatedFileSystem();
        Run(whole, new Progress(), seed: 1);
        long steps = whole.Steps;
        Assert.True(steps > 150, $"only {steps} steps");
        for (long step = 1; step <= steps; step++)
        {
            CrashAndCheck(step, seed: (int)step, recoveryStep: null);
        }
    }

    [Theory]
    [InlineData(Synchronous.Normal)]
    [InlineData(Synchronous.Off)]
    public void Commits_that_did_not_ask_for_a_sync_may_go_but_only_the_last_ones(Synchronous synchronous)
    {
        var random = new Random(20260102);
        int lost = 0;
        for (int i = 0; i < 150; i++)
        {
            lost += CrashAndCheck(random.Next(20, 200), seed: i, random.Next(2) == 0 ? null : random.Next(1, 40), synchronous);
        }

        Assert.True(lost > 0, "the crashes never took anything that was not synced");
    }

    [Fact]
    public void Power_that_goes_during_recovery_changes_nothing()
    {
        var random = new Random(20260101);
        for (int i = 0; i < 150; i++)
        {
            CrashAndCheck(random.Next(20, 260), seed: i, recoveryStep: random.Next(1, 40));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Many_writers_lose_nothing_that_was_acknowledged(int seed)
    {
        var files = new SimulatedFileSystem();
        var random = new Random(seed);
        StoreOptions options = Options(seed) with { CheckpointLogBytes = 4096 };
        Store store = Store.Open(files, Name, options);
        Table t = store.CreateTable(unique: true);
        files.CrashAfter(random.Next(100, 1500));
        var acknowledged = new List<long>[8];
        Thread[] threads = [.. Enumerable.Range(0, acknowledged.Length).Select(n => new Thread(() => InsertPairs(store, t, n, acknowledged[n] = [])))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Close(store);

        SimulatedFileSystem after = files.AfterCrash(random);
        using Store recovered = Store.Open(after, Name, Options(seed));
        CheckSound(recovered);
        HashSet<long> found = recovered.Read(tx => tx.Rows(t).Select(row => row.A).ToHashSet());
        foreach (long pair in acknowledged.SelectMany(list => list))
        {
            Assert.True(found.Contains(pair) && found.Contains(-pair), $"seed {seed}: acknowledged pair {pair} is gone");
        }

        Assert.All(found, value => Assert.True(found.Contains(-value), $"seed {seed}: half of pair {value} is there"));
        Assert.Equal(found.Count, recovered.Read(tx => tx.Keys(t)).Count);
    }

    [Theory]
    [InlineData(1ul)]
    [InlineData(2ul)]
    public void A_lost_or_damaged_segment_is_named_and_no_other_program_is_blamed(ulong number)
    {
        var files = new SimulatedFileSystem();
        using Store store = Store.Open(files, Name, Options(1));
        Table t = store.CreateTable();
        for (int i = 0; i < 100; i++)
        {
            store.Write(tx => tx.Insert(t, i, new string('x', 100)));
        }

        SimulatedFileSystem damaged = files.Copy();
        Dictionary<ulong, string> segments = Segments(damaged);
        Assert.True(segments.ContainsKey(3), "too few segments");
        FlipHeader(damaged, segments[number]);
        CorruptFileException e = Assert.Throws<CorruptFileException>(() => Store.Open(damaged, Name, Options(1)));
        Assert.StartsWith($"{segments[number]}: offset 0, segment header: the header is damaged", e.Message, StringComparison.Ordinal);

        SimulatedFileSystem lost = files.Copy();
        lost.Delete(segments[number]);
        e = Assert.Throws<CorruptFileException>(() => Store.Open(lost, Name, Options(1)));
        Assert.Contains($"segment {number} of the redo log", e.Message, StringComparison.Ordinal);
        Assert.Contains("is missing or its header is damaged", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_header_costs_nothing_that_was_acknowledged_without_an_error()
    {
        int errors = 0;
        for (int step = 20; step < 260; step += 3)
        {
            var files = new SimulatedFileSystem();
            files.CrashAfter(step);
            var progress = new Progress();
            Run(files, progress, seed: 1);
            SimulatedFileSystem after = files.AfterCrash(new Random(step));
            foreach (string path in after.WithPrefix($"{Name}-log."))
            {
                SimulatedFileSystem damaged = after.Copy();
                FlipHeader(damaged, path);
                try
                {
                    using Store store = Store.Open(damaged, Name, Options(step));
                    int state = store.Read(tx => tx.Schema.TryGetTable("t", out Table? t) ? (int)(tx.ReadA(t, 1) ?? 0) : 0);
                    Assert.True(state >= progress.Acknowledged, $"step {step}, {path}: {progress.Acknowledged} commits were acknowledged, {state} are there");
                }
                catch (CorruptFileException e)
                {
                    Assert.Contains("segment header", e.Place, StringComparison.Ordinal);
                    errors++;
                }
            }
        }

        Assert.True(errors > 20, $"only {errors} damaged headers mattered");
    }

    [Fact]
    public void A_damaged_header_before_the_last_batch_is_seen_though_nothing_follows_it()
    {
        var files = new SimulatedFileSystem();
        using Store store = Store.Open(files, Name, Options(1));
        Table t = store.CreateTable();
        ulong last = 0;
        int begun = 0;
        for (int i = 0; i < 200; i++)
        {
            store.Write(tx => tx.Insert(t, i, new string('x', 100)));
            SimulatedFileSystem damaged = files.CopyOfDisk();
            KeyValuePair<ulong, string> newest = Segments(damaged).MaxBy(segment => segment.Key);
            begun += newest.Key > last ? 1 : 0;
            last = newest.Key;
            FlipHeader(damaged, newest.Value);
            CorruptFileException e = Assert.Throws<CorruptFileException>(() => Store.Open(damaged, Name, Options(1)));
            Assert.StartsWith($"{newest.Value}: offset 0, segment header: the header is damaged", e.Message, StringComparison.Ordinal);
        }

        Assert.True(begun > 3, $"only {begun} segments were begun");
    }

    [Fact]
    public void A_segment_that_cannot_be_made_whole_is_removed()
    {
        using TemporaryFolder folder = new();
        string path = folder.File(Name);
        var files = new FaultyFileSystem(Fault.FailOnce);
        using Store store = Store.Open(files, path, Options(1));
        Table t = store.CreateTable();
        files.Remaining = 0;
        Assert.Equal(ResultCode.Full, StoreFixture.CodeOf(() => store.Write(tx => tx.Insert(t, 1))));
        Assert.False(File.Exists(path + "-log.1"));
    }

    /// <summary>The files of the log that are in use, by the number of their segment.</summary>
    private static Dictionary<ulong, string> Segments(SimulatedFileSystem files)
    {
        Dictionary<ulong, string> found = [];
        byte[] bytes = new byte[LogFormat.SegmentHeaderSize];
        foreach (string path in files.WithPrefix($"{Name}-log."))
        {
            using EngineFile file = files.Open(path, FileAccessMode.ReadOnly);
            int read = file.Read(bytes, 0);
            if (LogFormat.TryReadSegmentHeader(bytes.AsSpan(0, read), path, out SegmentHeader header) && header.Number > 0)
            {
                found.Add(header.Number, path);
            }
        }

        return found;
    }

    private static void FlipHeader(SimulatedFileSystem files, string path)
    {
        using EngineFile file = files.Open(path, FileAccessMode.ReadWrite);
        byte[] one = new byte[1];
        _ = file.Read(one, 9);
        one[0] ^= 0xff;
        file.Write(one, 9);
    }

    private static void InsertPairs(Store store, Table t, int thread, List<long> acknowledged)
    {
        try
        {
            for (int i = 0; i < 400; i++)
            {
                long pair = (thread * 1000) + i + 1;
                store.Write(tx => { tx.Insert(t, pair); tx.Insert(t, -pair); });
                acknowledged.Add(pair);
            }
        }
        catch (SluiceException)
        {
            // The power is gone.
        }
    }

    /// <summary>Returns how many acknowledged commits are gone.</summary>
    private static int CrashAndCheck(long step, int seed, long? recoveryStep, Synchronous synchronous = Synchronous.Full)
    {
        var files = new SimulatedFileSystem();
        files.CrashAfter(step);
        var progress = new Progress();
        Run(files, progress, seed: 1, synchronous);
        var random = new Random(seed);
        SimulatedFileSystem after = files.AfterCrash(random);
        if (recoveryStep is { } second)
        {
            after.CrashAfter(second);
            try
            {
                Close(Store.Open(after, Name, Options(seed)));
            }
            catch (SluiceException)
            {
                // The power went again.
            }

            after = after.AfterCrash(random);
        }

        string context = $"step {step}, seed {seed}, recovery step {recoveryStep}";
        using Store store = Store.Open(after, Name, Options(seed));
        CheckSound(store);
        using Transaction tx = store.Begin(TransactionKind.Deferred, StoreFixture.Timeout);
        if (!tx.Schema.TryGetTable("t", out Table? t))
        {
            Assert.False(progress.HasTable, $"{context}: the table is gone");
            return 0;
        }

        List<(long Rowid, long A)> rows = tx.Rows(t);
        int state = rows.Count == 0 ? 0 : (int)rows[0].A;
        int least = synchronous == Synchronous.Full ? progress.Acknowledged : progress.Checkpointed;
        Assert.True(state >= least && state <= progress.Begun, $"{context}: {progress.Acknowledged} of {progress.Begun} commits were acknowledged, {state} are there");
        Assert.Equal(StateAfter(state), rows);
        Assert.Equal(rows.Select(row => (row.A, row.Rowid)).Order(), tx.Keys(t));
        return Math.Max(0, progress.Acknowledged - state);
    }

    /// <summary>Commit n: row 1 is n, rows 10n to 10n+2 come, row 10(n-3) goes.</summary>
    private static void Run(SimulatedFileSystem files, Progress progress, int seed, Synchronous synchronous = Synchronous.Full)
    {
        Store? store = null;
        try
        {
            store = Store.Open(files, Name, Options(seed));
            Table t = store.CreateTable(unique: true);
            progress.HasTable = true;
            for (int n = 1; n <= Commits; n++)
            {
                progress.Begun = n;
                int commit = n;
                store.Write(tx =>
                {
                    tx.Synchronous = synchronous;
                    Change(tx, t, commit);
                });
                progress.Acknowledged = n;
                if (n % 7 == 0)
                {
                    store.Checkpoint();
                    progress.Checkpointed = n;
                }

                if (n == 10)
                {
                    store.CreateTable("other", index: true);
                }
            }
        }
        catch (SluiceException)
        {
            Assert.True(files.Crashed);
        }
        finally
        {
            if (store is not null)
            {
                Close(store);
            }
        }
    }

    private static void Change(Transaction tx, Table t, int n)
    {
        if (n > 1)
        {
            tx.Delete(t, 1);
        }

        tx.Insert(t, SqlValue.FromInteger(n), SqlValue.FromText("head"), 1);
        for (int i = 0; i < 3; i++)
        {
            tx.Insert(t, SqlValue.FromInteger((n * 1000) + i), SqlValue.FromText(new string('x', 40 * i)), (n * 10) + i);
        }

        if (n > 3)
        {
            tx.Delete(t, (n - 3) * 10);
        }
    }

    private static List<(long Rowid, long A)> StateAfter(int state)
    {
        List<(long, long)> rows = [];
        if (state > 0)
        {
            rows.Add((1, state));
        }

        for (int n = 1; n <= state; n++)
        {
            for (int i = 0; i < 3; i++)
            {
                if (i > 0 || n > state - 3)
                {
                    rows.Add(((n * 10) + i, (n * 1000) + i));
                }
            }
        }

        return rows;
    }

    private static void CheckSound(Store store)
    {
        store.Checkpoint();
        using Transaction tx = store.Begin(TransactionKind.Deferred, StoreFixture.Timeout);
        IEnumerable<TreeRoot> roots = tx.Schema.Tables.Where(table => table.RootPage > 1).Select(table => new TreeRoot(table.RootPage, null))
            .Concat(tx.Schema.Indexes.Select(index => new TreeRoot(index.RootPage, index.Order)));
        Assert.Empty(IntegrityCheck.Run(tx.Pages, roots));
    }

    private static void Close(Store store)
    {
        try
        {
            store.Dispose();
        }
        catch (SluiceException)
        {
            // The power is gone.
        }
    }
}
