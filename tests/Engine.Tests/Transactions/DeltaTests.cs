using Sluice.Engine.Transactions;

namespace Sluice.Engine.Tests.Transactions;

/// <summary>What becomes of the nodes of a delta when their versions are in the pages.</summary>
public sealed class DeltaTests
{
    private const uint Root = 5;

    private readonly Delta _delta = new();

    [Fact]
    public void Whoever_may_stand_on_a_dropped_node_still_finds_the_way_on_and_then_it_leads_nowhere()
    {
        Commit(1, rowid: 1);
        Commit(2, rowid: 2);
        DeltaMap<long, RowidOrder> map = _delta.FindTable(Root)!.Map;
        var (first, second) = (map.First!, map.Find(2)!);
        Move(0, 1);
        Sweep(upTo: 1, oldest: 1, newest: 3);
        Assert.True(first.Removed);
        Assert.Same(second, map.First);
        Sweep(upTo: 1, oldest: 3, newest: 5);
        Assert.Same(second, first.Next);
        Sweep(upTo: 1, oldest: 4, newest: 5);
        Assert.Null(first.Next);
        Assert.Same(second, map.First);
    }

    [Fact]
    public void A_row_that_was_written_again_is_dropped_with_its_last_version()
    {
        Commit(1, rowid: 1);
        Commit(2, rowid: 1);
        Commit(3, rowid: 2);
        DeltaMap<long, RowidOrder> map = _delta.FindTable(Root)!.Map;
        var (first, second) = (map.First!, map.Find(2)!);
        Move(0, 1);
        Sweep(upTo: 1, oldest: 1, newest: 1);
        Assert.False(first.Removed);
        Move(1, 2);
        Sweep(upTo: 2, oldest: 2, newest: 9);
        Assert.True(first.Removed);
        Sweep(upTo: 2, oldest: 9, newest: 9);
        Assert.Same(second, first.Next);
        Sweep(upTo: 2, oldest: 10, newest: 10);
        Assert.Null(first.Next);
    }

    [Fact]
    public void Too_much_is_left_to_the_collector_with_its_links()
    {
        Commit(1, rowid: 1);
        Commit(2, rowid: 2);
        DeltaMap<long, RowidOrder> map = _delta.FindTable(Root)!.Map;
        var (first, second) = (map.First!, map.Find(2)!);
        Move(0, 1);
        Sweep(upTo: 1, oldest: 1, newest: 1, mostBytes: 10);
        Sweep(upTo: 1, oldest: 2, newest: 2);
        Assert.Same(second, first.Next);
    }

    [Fact]
    public void Committed_bytes_wait_until_they_are_moved()
    {
        WriteSet open = Write(rowid: 7);
        Assert.Equal(0, _delta.WaitingBytes);
        long one = Commit(1, rowid: 1);
        long two = Commit(2, rowid: 2);
        Assert.Equal(one + two, _delta.WaitingBytes);
        Move(0, 1);
        Assert.Equal(two, _delta.WaitingBytes);
        Move(1, 2);
        Assert.Equal(0, _delta.WaitingBytes);
        Assert.Equal(one + two + open.Bytes, _delta.Bytes);
        Sweep(upTo: 2, oldest: 1, newest: 1);
        Assert.Equal(open.Bytes, _delta.Bytes);
    }

    private WriteSet Write(long rowid)
    {
        WriteSet writes = new(_delta, snapshot: 100, static _ => { });
        Assert.True(writes.TryPut(Root, rowid, [1, 2, 3]));
        writes.Report();
        return writes;
    }

    private long Commit(long timestamp, long rowid)
    {
        WriteSet writes = Write(rowid);
        writes.Stamp.Assign(timestamp);
        _delta.Committed(writes);
        return writes.Bytes;
    }

    private void Move(long from, long to) => _delta.Moved(_delta.Gather(from, to));

    private void Sweep(long upTo, long oldest, long newest, long mostBytes = long.MaxValue)
    {
        _delta.Sweep(new Needed(upTo, []));
        _delta.CutLinks(new HoldRange(oldest, newest), mostBytes);
    }
}
