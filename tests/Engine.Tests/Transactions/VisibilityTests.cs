using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Tests.Transactions;

public sealed class VisibilityTests
{
    [Fact]
    public void A_commit_is_seen_by_those_who_begin_after_it_only()
    {
        using Store store = StoreFixture.OpenMemory();
        Table t = store.CreateTable();
        using Transaction before = store.Begin(TransactionKind.Deferred, StoreFixture.Timeout);
        using Transaction writer = store.Begin(TransactionKind.Concurrent, StoreFixture.Timeout);
        long id = writer.Insert(t, 7);
        Assert.Equal(7, writer.ReadA(t, id));
        Assert.Null(before.ReadA(t, id));
        writer.Commit();
        Assert.Null(before.ReadA(t, id));
        Assert.Equal(7, store.Read(tx => tx.ReadA(t, id)));
    }

    [Fact]
    public void What_is_rolled_back_was_never_there()
    {
        using Store store = StoreFixture.OpenMemory();
        Table t = store.CreateTable(index: true);
        store.Write(tx => tx.Insert(t, 1));
        using (Transaction tx = store.Begin(TransactionKind.Concurrent, StoreFixture.Timeout))
        {
            tx.Update(t, 1, 2);
            tx.Insert(t, 3);
            tx.Rollback();
        }

        Assert.Equal([(1, 1)], store.Read(tx => tx.Rows(t)));
        Assert.Equal([(1, 1)], store.Read(tx => tx.Keys(t)));
        store.Write(tx => tx.Update(t, 1, 5));
        Assert.Equal([(5, 1)], store.Read(tx => tx.Keys(t)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Rolling_back_to_a_mark_takes_back_what_came_after(bool exclusive)
    {
        using Store store = StoreFixture.OpenMemory();
        Table t = store.CreateTable(index: true);
        store.Write(tx => { tx.Insert(t, 1); tx.Insert(t, 2); });
        using Transaction tx = store.Begin(TransactionKind.Immediate, StoreFixture.Timeout);
        tx.Update(t, 1, 10);
        int first = tx.Mark();
        tx.Delete(t, 2);
        int second = tx.Mark();
        tx.Update(t, 1, 100);
        if (exclusive)
        {
            tx.BecomeExclusive();
        }

        tx.RollbackTo(second);
        Assert.Equal([(1, 10)], tx.Rows(t));
        tx.Insert(t, 3);
        tx.RollbackTo(first);
        tx.Release(first);
        Assert.Equal([(1, 10), (2, 2)], tx.Rows(t));
        Assert.Equal([(2, 2), (10, 1)], tx.Keys(t));
        tx.Commit();
        Assert.Equal([(2, 2), (10, 1)], store.Read(reader => reader.Keys(t)));
    }

    [Fact]
    public void A_reader_keeps_its_snapshot_through_checkpoints()
    {
        using Store store = StoreFixture.OpenMemory();
        Table t = store.CreateTable(index: true);
        store.Write(tx => { tx.Insert(t, 1); tx.Insert(t, 2); tx.Insert(t, 3); });
        using Transaction old = store.Begin(TransactionKind.Deferred, StoreFixture.Timeout);
        store.Write(tx => { tx.Update(t, 2, 20); tx.Delete(t, 3); });
        using Transaction middle = store.Begin(TransactionKind.Deferred, StoreFixture.Timeout);
        store.Checkpoint();
        store.Write(tx => { tx.Update(t, 2, 200); tx.Insert(t, 4); });
        store.Checkpoint();
        Assert.Equal([(1, 1), (2, 2), (3, 3)], old.Rows(t));
        Assert.Equal([(1, 1), (2, 2), (3, 3)], old.Keys(t));
        Assert.Equal([(1, 1), (2, 20)], middle.Rows(t));
        Assert.Equal([(1, 1), (20, 2)], middle.Keys(t));
        Assert.Equal([(1, 1), (2, 200), (3, 4)], store.Read(tx => tx.Rows(t)));
        Assert.True(store.Statistics.DeltaBytes > 0);
        old.Rollback();
        middle.Rollback();
        store.Checkpoint();
        Assert.Equal(0, store.Statistics.DeltaBytes);
        Assert.Equal([(1, 1), (2, 200), (3, 4)], store.Read(tx => tx.Rows(t)));
    }

    [Fact]
    public void Cursors_go_both_ways_over_pages_and_delta()
    {
        using Store store = StoreFixture.OpenMemory();
        Table t = store.CreateTable(index: true);
        store.Write(tx =>
        {
            for (int i = 1; i <= 20; i++)
            {
                tx.Insert(t, i * 10);
            }
        });
        store.Checkpoint();
        store.Write(tx =>
        {
            tx.Delete(t, 5);
            tx.Update(t, 7, 75);
            tx.Delete(t, 20);
            tx.Insert(t, 15);
            tx.Delete(t, 1);
        });
        using Transaction tx = store.Begin(TransactionKind.Deferred, StoreFixture.Timeout);
        List<(long, long)> forward = tx.Rows(t);
        List<(long, long)> backward = [];
        RowCursor rows = tx.OpenRows(t.RootPage);
        for (bool any = rows.MoveLast(); any; any = rows.MovePrevious())
        {
            backward.Add((rows.Rowid, StoreFixture.DecodeA(rows.Record)));
        }

        backward.Reverse();
        Assert.Equal(forward, backward);
        Assert.Equal(18, forward.Count);
        Assert.Equal(18, rows.Count());
        List<(long, long)> keys = tx.Keys(t);
        Assert.Equal(forward.Select(row => (row.Item2, row.Item1)).Order(), keys);
        List<(long, long)> keysBackward = [];
        KeyCursor cursor = tx.OpenKeys(t.Indexes[0].RootPage, t.Indexes[0].Order);
        for (bool any = cursor.MoveLast(); any; any = cursor.MovePrevious())
        {
            keysBackward.Add((StoreFixture.DecodeA(cursor.Key), cursor.Rowid));
        }

        keysBackward.Reverse();
        Assert.Equal(keys, keysBackward);
    }

    [Fact]
    public void A_transaction_sees_its_own_writes_with_a_cursor_that_was_open_before()
    {
        using Store store = StoreFixture.OpenMemory();
        Table t = store.CreateTable();
        store.Write(tx => { tx.Insert(t, 1); tx.Insert(t, 2); tx.Insert(t, 3); });
        store.Checkpoint();
        using Transaction tx = store.Begin(TransactionKind.Concurrent, StoreFixture.Timeout);
        RowCursor rows = tx.OpenRows(t.RootPage);
        Assert.True(rows.MoveFirst());
        tx.Delete(t, 2);
        tx.Insert(t, 4);
        Assert.True(rows.MoveNext());
        Assert.Equal(3, rows.Rowid);
        Assert.True(rows.MoveNext());
        Assert.Equal(4, rows.Rowid);
        Assert.True(rows.MovePrevious());
        Assert.True(rows.MovePrevious());
        Assert.Equal(1, rows.Rowid);
        Assert.True(rows.SeekExact(4));
        Assert.False(rows.SeekExact(2));
    }
}
