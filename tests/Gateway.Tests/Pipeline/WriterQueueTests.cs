using Sluice.Engine.Format;
using Sluice.Gateway.Configuration;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Pipeline;
using Sluice.Gateway.Writers;

namespace Sluice.Gateway.Tests.Pipeline;

public sealed class WriterQueueTests
{
    private readonly RoutedTopic _route = new RouteTable(
        [new TopicRoute { Topic = "s/{device}/{metric}", Origin = default }], new DeviceCatalog(), 1).Route(new TopicName("s/d/m"));

    [Fact]
    public async Task Messages_come_out_in_order_up_to_the_batch_size()
    {
        WriterQueue queue = new(10, 1000);
        for (int i = 0; i < 5; i++)
        {
            await queue.EnqueueAsync(Message(i), default);
        }

        Assert.True(await queue.WaitToTakeAsync());
        Assert.Equal([0, 1, 2], Take(queue, 3));
        Assert.Equal([3, 4], Take(queue, 3));
    }

    [Fact]
    public async Task Who_finds_it_full_waits_and_enters_in_order()
    {
        WriterQueue queue = new(2, 1000);
        await queue.EnqueueAsync(Message(0), default);
        await queue.EnqueueAsync(Message(1), default);
        Task third = queue.EnqueueAsync(Message(2), default).AsTask();
        Task fourth = queue.EnqueueAsync(Message(3), default).AsTask();
        Assert.False(third.IsCompleted || fourth.IsCompleted);
        Assert.Equal([0], Take(queue, 1));
        await third;
        Assert.False(fourth.IsCompleted);
        Assert.Equal([1, 2], Take(queue, 9));
        await fourth;
        Assert.Equal([3], Take(queue, 9));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Bytes_are_bounded_but_one_large_message_passes(bool inRows)
    {
        // A value of a row counts eight bytes beside its own.
        WriterQueue queue = new(100, inRows ? 18 : 10);
        await queue.EnqueueAsync(Message(0, 50, inRows), default);
        Task second = queue.EnqueueAsync(Message(1, 6, inRows), default).AsTask();
        Task third = queue.EnqueueAsync(Message(2, 6, inRows), default).AsTask();
        Assert.Equal([0], Take(queue, 9));
        await second;
        Assert.False(third.IsCompleted);
        Assert.Equal([1], Take(queue, 9));
        await third;
    }

    [Fact]
    public async Task A_sender_that_gives_up_is_not_taken()
    {
        WriterQueue queue = new(1, 1000);
        await queue.EnqueueAsync(Message(0), default);
        using CancellationTokenSource cancel = new();
        Task second = queue.EnqueueAsync(Message(1), cancel.Token).AsTask();
        Task third = queue.EnqueueAsync(Message(2), default).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.Equal([0], Take(queue, 1));
        await third;
        Assert.Equal([2], Take(queue, 1));
    }

    [Fact]
    public async Task Who_waits_for_more_goes_on_when_enough_are_there()
    {
        WriterQueue queue = new(10, 1000);
        await queue.EnqueueAsync(Message(0), default);
        Task<int> wait = queue.WaitForAsync(3, TimeSpan.FromMinutes(1)).AsTask();
        await queue.EnqueueAsync(Message(1), default);
        Assert.False(wait.IsCompleted);
        await queue.EnqueueAsync(Message(2), default);
        Assert.Equal(3, await wait);
        Assert.Equal(3, await queue.WaitForAsync(2, TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public async Task Who_waits_for_more_goes_on_without_when_the_time_is_over_and_is_woken_by_one_message_then()
    {
        WriterQueue queue = new(10, 1000);
        await queue.EnqueueAsync(Message(0), default);
        Assert.Equal(1, await queue.WaitForAsync(3, TimeSpan.FromMilliseconds(1)));
        Assert.Equal([0], Take(queue, 9));
        ValueTask<bool> wait = queue.WaitToTakeAsync();
        Assert.False(wait.IsCompleted);
        await queue.EnqueueAsync(Message(1), default);
        Assert.True(await wait);
    }

    [Fact]
    public async Task Nobody_waits_for_more_in_a_queue_that_is_full_or_closed()
    {
        WriterQueue queue = new(2, 1000);
        await queue.EnqueueAsync(Message(0), default);
        Task<int> wait = queue.WaitForAsync(5, TimeSpan.FromMinutes(1)).AsTask();
        await queue.EnqueueAsync(Message(1), default);
        Assert.False(wait.IsCompleted);
        Task third = queue.EnqueueAsync(Message(2), default).AsTask();
        Assert.Equal(2, await wait);
        Assert.Equal(2, await queue.WaitForAsync(5, TimeSpan.FromMinutes(1)));
        Assert.Equal([0, 1], Take(queue, 9));
        await third;
        wait = queue.WaitForAsync(5, TimeSpan.FromMinutes(1)).AsTask();
        queue.Close();
        Assert.Equal(1, await wait);
        Assert.Equal(1, await queue.WaitForAsync(5, TimeSpan.FromMinutes(1)));
    }

    /// <summary>One of two has left: more than one message does not come.</summary>
    [Fact]
    public async Task Who_waits_for_others_in_vain_hardly_waits_any_more()
    {
        WriterQueue queue = new(10, 1000);
        Gathering gathering = new(batchSize: 500, TimeSpan.FromMilliseconds(1));
        int waits = 0;
        for (int i = 0; i < 500; i++)
        {
            await queue.EnqueueAsync(Message(i), default);
            ValueTask wait = gathering.WaitAsync(queue, likely: 2);
            waits += wait.IsCompleted ? 0 : 1;
            await wait;
            Assert.Equal([i], Take(queue, 9));
        }

        Assert.InRange(waits, 1, 10);
    }

    [Fact]
    public async Task Publishers_that_were_let_go_are_awaited_and_a_full_batch_awaits_nobody()
    {
        WriterQueue queue = new(1000, 100_000);
        Gathering gathering = new(batchSize: 500, TimeSpan.FromMinutes(1));
        await queue.EnqueueAsync(Message(0), default);
        // A lone publisher waits for nobody.
        Assert.True(gathering.WaitAsync(queue, likely: 1).IsCompleted);
        Task wait = gathering.WaitAsync(queue, likely: 3).AsTask();
        await queue.EnqueueAsync(Message(1), default);
        Assert.False(wait.IsCompleted);
        await queue.EnqueueAsync(Message(2), default);
        await wait;
        for (int i = 3; i < 100; i++)
        {
            await queue.EnqueueAsync(Message(i), default);
        }

        Assert.True(gathering.WaitAsync(queue, likely: 200).IsCompleted);
    }

    [Fact]
    public async Task Closing_lets_out_what_is_inside_and_nothing_in()
    {
        WriterQueue queue = new(1, 1000);
        await queue.EnqueueAsync(Message(0), default);
        Task waiting = queue.EnqueueAsync(Message(1), default).AsTask();
        queue.Close();
        await Assert.ThrowsAsync<InvalidOperationException>(() => waiting);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await queue.EnqueueAsync(Message(2), default));
        Assert.True(await queue.WaitToTakeAsync());
        Assert.Equal([0], Take(queue, 9));
        Assert.False(await queue.WaitToTakeAsync());
    }

    [Fact]
    public async Task A_sleeping_reader_wakes_for_a_message_and_for_the_end()
    {
        WriterQueue queue = new(1, 1000);
        Task<bool> first = queue.WaitToTakeAsync().AsTask();
        Assert.False(first.IsCompleted);
        await queue.EnqueueAsync(Message(0), default);
        Assert.True(await first);
        Take(queue, 9);
        Task<bool> second = queue.WaitToTakeAsync().AsTask();
        queue.Close();
        Assert.False(await second);
    }

    private QueuedMessage Message(long token, int bytes = 1, bool inRows = false)
    {
        IngressMessage message = new() { Topic = new TopicName("s/d/m"), ClientId = "c", Token = token };
        if (!inRows)
        {
            return new(message with { Payload = new byte[bytes] }, _route);
        }

        RowChanges rows = new();
        rows.Add("INSERT INTO t VALUES(?1)", SqlValue.FromBlob(new byte[bytes]));
        return new(message with { Rows = rows }, null);
    }

    private static long[] Take(WriterQueue queue, int maximum)
    {
        List<QueuedMessage> batch = [];
        queue.Take(batch, maximum);
        return [.. batch.Select(item => item.Message.Token)];
    }
}
