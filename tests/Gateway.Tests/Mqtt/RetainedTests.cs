using System.Text;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>Retained messages (MQTT 5.0 section 3.3.1.3), also when they cannot be stored.</summary>
public class RetainedTests
{
    [Fact]
    public async Task A_message_that_is_not_retained_leaves_the_retained_one()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient publisher = await host.ConnectAsync("p", ProtocolVersion.Mqtt311);
        await publisher.PublishAsync("a", "kept", qos: 1, identifier: 1, retain: true);
        await publisher.PublishAsync("a", "live", qos: 1, identifier: 2);
        await publisher.PublishAsync("a", "");
        Assert.Equal("kept", await RetainedAsync(host, publisher));
        // In QoS 0, too, the new one takes the place of the old.
        await publisher.PublishAsync("a", "new", retain: true);
        Assert.Equal("new", await RetainedAsync(host, publisher));
    }

    [Fact]
    public async Task A_message_that_could_not_be_stored_is_not_retained_and_the_one_before_stays()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient publisher = await host.ConnectAsync("p");
        host.Ingress.Answer = IngressResult.Failed;
        await publisher.PublishAsync("a", "lost", qos: 1, identifier: 1, retain: true);
        Assert.Equal(ReasonCode.UnspecifiedError, (await publisher.ReadAckAsync(PacketType.PubAck)).Reason);
        Assert.Equal(0, host.Broker.Statistics.Retained);
        host.Ingress.Answer = IngressResult.Stored;
        await publisher.PublishAsync("a", "kept", qos: 1, identifier: 2, retain: true);
        Assert.Equal(ReasonCode.Success, (await publisher.ReadAckAsync(PacketType.PubAck)).Reason);
        host.Ingress.Answer = IngressResult.Failed;
        await publisher.PublishAsync("a", "lost", retain: true);
        Assert.Equal("kept", await RetainedAsync(host, publisher));
        await publisher.PublishAsync("a", "", retain: true);
        Assert.Equal("kept", await RetainedAsync(host, publisher));
        Assert.Equal(1, host.Broker.Statistics.Retained);
    }

    /// <summary>A subscriber that comes while the topic's new message, or the removal of its old one, is on its way to the disk.</summary>
    [Theory]
    [InlineData("new", true)]
    [InlineData("new", false)]
    [InlineData("", true)]
    [InlineData("", false)]
    public async Task A_new_subscriber_gets_what_is_durable(string payload, bool isStored)
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient publisher = await host.ConnectAsync("p");
        await publisher.PublishAsync("a", "old", qos: 1, identifier: 1, retain: true);
        await publisher.ReadAckAsync(PacketType.PubAck);
        host.Ingress.Answer = null;
        await publisher.PublishAsync("a", payload, qos: 1, identifier: 2, retain: true);
        IngressMessage held = await host.Ingress.TakeAsync();

        using RawClient subscriber = await host.ConnectAsync("s");
        await subscriber.SubscribeAsync("#", qos: 0);
        await publisher.PingAsync();
        Assert.Equal(0, host.Broker.Statistics.MessagesOut);
        host.Ingress.Answer = IngressResult.Stored;
        held.Complete(isStored ? IngressResult.Stored : IngressResult.Failed);
        string expected = isStored ? payload : "old";
        if (expected.Length > 0)
        {
            RawClient.Received received = await subscriber.ReadPublishAsync();
            Assert.Equal((expected, true), (received.Payload, received.Retain));
        }
        await subscriber.PingAsync();
    }

    /// <summary>More than its queue has room for; and what is published while they wait is not lost either.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_new_subscriber_gets_all_retained_messages_however_many_they_are(int qos)
    {
        const int count = 1800;
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { MaximumQueuedMessages = 20, MaximumQueuedBytes = 10_000 });
        using RawClient publisher = await host.ConnectAsync("p");
        await RetainAsync(publisher, 0, count / 2);
        await RetainAsync(publisher, count / 2, count / 2);
        using RawClient subscriber = await host.ConnectAsync("s", properties: new PropertySet { SessionExpiryInterval = 1000, ReceiveMaximum = 2 });
        await subscriber.SubscribeAsync("r/#", qos);
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.MessagesOut > 0, "they have their places");
        // What comes later comes after them, and has the queue's room for itself.
        for (int i = 0; i < 10; i++)
            await publisher.PublishAsync("r/live", $"{i}", qos: 1, identifier: (ushort)(i + 1));
        for (int i = 0; i < 10; i++)
            await publisher.ReadAckAsync(PacketType.PubAck);
        HashSet<string> topics = [];
        for (int i = 0; i < count + 10; i++)
        {
            RawClient.Received received = await subscriber.ReadPublishAsync();
            Assert.Equal(i < count ? ("kept", true) : ($"{i - count}", false), (received.Payload, received.Retain));
            topics.Add(received.Topic);
            if (qos == 1)
                await subscriber.AcknowledgeAsync(PacketType.PubAck, received.Identifier);
        }
        Assert.Equal(count + 1, topics.Count);
        Assert.Equal(0, host.Broker.Statistics.Dropped[DropReason.QueueFull]);
    }

    /// <summary>It may not be had again and again without being read.</summary>
    [Fact]
    public async Task Retained_messages_for_one_that_does_not_read_are_bounded_and_counted()
    {
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { MaximumQueuedMessages = 20 });
        using RawClient publisher = await host.ConnectAsync("p");
        await RetainAsync(publisher, 0, 30);
        using RawClient subscriber = await host.ConnectAsync("s", properties: new PropertySet { ReceiveMaximum = 1 });
        await subscriber.SubscribeAsync("r/#", qos: 1);
        await subscriber.ReadPublishAsync();
        await RetainAsync(publisher, 0, 30);
        await subscriber.SendAsync(o => new SubscribePacket(9, [new("r/+", QualityOfService.AtLeastOnce)]).Write(o, subscriber.Version));
        await subscriber.ReadAsync(PacketType.SubAck);
        await subscriber.PingAsync();
        // Thirty that are retained wait but for one, twenty others, and nothing for the second subscription.
        Assert.Equal(10 + 30, host.Broker.Statistics.Dropped[DropReason.QueueFull]);
    }

    /// <summary>Three changes of a topic, a message or its removal each, that are stored or not, settled in any order: what is left is the last one that was stored.</summary>
    [Fact]
    public void What_was_stored_last_is_left_whatever_the_order_in_which_changes_are_settled()
    {
        int[][] orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        foreach (int[] order in orders)
        {
            for (int pattern = 0; pattern < 64; pattern++)
            {
                bool isStored(int i) => (pattern & (1 << i)) != 0;
                string payload(int i) => (pattern & (8 << i)) != 0 ? $"{i}" : "";
                var store = new RetainedStore(new MqttOptions());
                store.Recover(Message("old"), version: 1);
                RetainedChange[] changes = [.. Enumerable.Range(0, 3).Select(i => store.Keep(Message(payload(i))))];
                foreach (int i in order)
                    store.Settle(changes[i], isStored(i));
                int last = Enumerable.Range(0, 3).LastOrDefault(isStored, -1);
                string expected = last < 0 ? "old" : payload(last);
                string found = string.Concat(store.Match("a", nowMs: 0).Select(change => Encoding.UTF8.GetString(change.Message!.Payload)));
                Assert.True(expected == found, $"order {string.Join(' ', order)}, pattern {pattern}: '{found}' instead of '{expected}'");
                Assert.Equal(expected.Length > 0 ? 1 : 0, store.Count);
            }
        }
    }

    private static async Task RetainAsync(RawClient publisher, int first, int count)
    {
        await publisher.SendAsync([.. Enumerable.Range(first, count).SelectMany(i => publisher.Publish($"r/{i}", "kept", qos: 1, identifier: (ushort)(i + 1), retain: true))]);
        for (int i = 0; i < count; i++)
            await publisher.ReadAckAsync(PacketType.PubAck);
    }

    private static PublishedMessage Message(string payload) =>
        new(new TopicName("a"), Encoding.UTF8.GetBytes(payload), QualityOfService.AtLeastOnce, Retain: true, [], PublishedMessage.NeverExpires, Publisher: null);

    /// <summary>The payload of the topic's retained message as a new subscriber gets it, once all is dealt with that the publisher has sent.</summary>
    private static async Task<string> RetainedAsync(BrokerHost host, RawClient publisher)
    {
        await publisher.SendAsync([0xC0, 0]);
        while ((await publisher.ReadAsync())!.Value.Header.Type != PacketType.PingResp)
        {
            // Acknowledgements.
        }
        using RawClient subscriber = await host.ConnectAsync("s");
        await subscriber.SubscribeAsync("a", qos: 1);
        return (await subscriber.ReadPublishAsync()).Payload;
    }
}
