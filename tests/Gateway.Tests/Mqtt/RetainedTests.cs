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
                string found = string.Concat(store.Match("a", nowMs: 0).Select(message => Encoding.UTF8.GetString(message.Payload)));
                Assert.True(expected == found, $"order {string.Join(' ', order)}, pattern {pattern}: '{found}' instead of '{expected}'");
                Assert.Equal(expected.Length > 0 ? 1 : 0, store.Count);
            }
        }
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
