using System.Diagnostics;
using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Transactions;
using Xunit.Abstractions;

namespace Sluice.Engine.Tests.Transactions;

/// <summary>Nodes of the delta that serve again: nobody may stand on one that becomes another row's.</summary>
public sealed class SpareNodesTests(ITestOutputHelper output)
{
    private const uint Root = 2;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public void A_dropped_node_serves_again_when_all_have_left_who_may_stand_on_it()
    {
        Arrivals arrivals = new();
        Delta delta = new(arrivals);
        Hold reader = Arrive(arrivals);
        DeltaNode first = Put(delta, rowid: 1);
        Drop(delta, upTo: 1);
        Assert.Null(delta.FindTable(Root)!.Map.Find(1));

        DeltaNode second = Put(delta, rowid: 2);
        Assert.NotSame(first, second);
        Assert.Equal(1, TableDelta.KeyOf(first));

        Hold later = Arrive(arrivals);
        Leave(arrivals, oldest: later);
        Assert.True(reader.Number < later.Number);
        DeltaNode third = Put(delta, rowid: 3);
        Assert.Same(first, third);
        Assert.Equal(3, TableDelta.KeyOf(third));
        Assert.Equal([2, 3], Rowids(delta));
    }

    [Fact]
    public void A_node_that_a_rollback_took_away_does_not_serve_again()
    {
        Arrivals arrivals = new();
        Delta delta = new(arrivals);
        WriteSet writes = new(delta, 0, static _ => { });
        Assert.True(writes.TryPut(Root, 1, Record(1)));
        DeltaNode first = delta.FindTable(Root)!.Map.Find(1)!;
        writes.RollbackTo(0);
        Put(delta, rowid: 5);
        Drop(delta, upTo: 5);
        Assert.NotSame(first, Put(delta, rowid: 6));
        Assert.NotSame(first, Put(delta, rowid: 7));
    }

    [Fact]
    public async Task Readers_see_whole_snapshots_while_nodes_serve_again()
    {
        const int enough = 30;
        int seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        using Store store = StoreFixture.OpenMemory();
        Table table = store.CreateTable(index: true);
        Stopwatch watch = Stopwatch.StartNew();
        long readings = 0;
        Task Repeat(Action work) => Task.Factory.StartNew(
            () =>
            {
                while ((Volatile.Read(ref readings) < enough || store.Statistics.Checkpoints < enough) && watch.Elapsed < s_deadline)
                {
                    work();
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

        await Task.WhenAll(
            Repeat(Writer(store, table, new Random(seed))),
            Repeat(Writer(store, table, new Random(seed + 1))),
            Repeat(store.Checkpoint),
            Repeat(() =>
            {
                Check(store, table);
                Interlocked.Increment(ref readings);
            }));
        output.WriteLine($"{readings} readings, {store.Statistics.Commits} commits, {store.Statistics.Checkpoints} checkpoints in {watch.Elapsed.TotalSeconds:0.0} s");
        Assert.True(readings >= enough && store.Statistics.Checkpoints >= enough, "too slow");
    }

    /// <summary>Inserts rows of which a is three times the rowid, and removes them again.</summary>
    private static Action Writer(Store store, Table table, Random random)
    {
        Queue<long> own = new();
        return () => store.Write(transaction =>
        {
            for (int i = random.Next(1, 40); i > 0; i--)
            {
                long rowid = transaction.AllocateRowid(table.RootPage);
                own.Enqueue(transaction.Insert(table, SqlValue.FromInteger(rowid * 3), SqlValue.FromInteger(rowid), rowid));
            }

            while (own.Count > 200)
            {
                transaction.Delete(table, own.Dequeue());
            }
        });
    }

    private static void Check(Store store, Table table)
    {
        using Transaction reader = store.Begin(TransactionKind.Deferred, StoreFixture.Timeout);
        IReadOnlyList<(long Rowid, long A)> rows = [.. reader.Rows(table)];
        for (int i = 0; i < rows.Count; i++)
        {
            Assert.Equal(rows[i].Rowid * 3, rows[i].A);
            Assert.True(i == 0 || rows[i - 1].Rowid < rows[i].Rowid, "rows are out of order");
        }

        Assert.Equal(rows.Select(row => (row.A, row.Rowid)), reader.Keys(table));
        Assert.Equal(rows, reader.Rows(table));
    }

    private static Hold Arrive(Arrivals arrivals)
    {
        lock (arrivals.Gate)
        {
            return new Hold(null!, 0, 0, arrivals.Arrive());
        }
    }

    private static void Leave(Arrivals arrivals, Hold? oldest)
    {
        lock (arrivals.Gate)
        {
            arrivals.Leave(oldest);
        }
    }

    /// <summary>Commits one row, with its rowid for the timestamp.</summary>
    private static DeltaNode Put(Delta delta, long rowid)
    {
        WriteSet writes = new(delta, rowid - 1, static _ => { });
        Assert.True(writes.TryPut(Root, rowid, Record(rowid)));
        writes.Report();
        writes.Stamp.Assign(rowid);
        delta.Committed(writes);
        return delta.FindTable(Root)!.Map.Find(rowid)!;
    }

    private static void Drop(Delta delta, long upTo)
    {
        delta.Moved(delta.Gather(0, upTo));
        delta.Sweep(new Needed(upTo, []));
    }

    private static byte[] Record(long value) => RecordWriter.Encode([SqlValue.FromInteger(value)]);

    private static List<long> Rowids(Delta delta)
    {
        List<long> found = [];
        for (var node = delta.FindTable(Root)!.Map.First; node is not null; node = node.Next)
        {
            found.Add(node.Key);
        }

        return found;
    }
}
