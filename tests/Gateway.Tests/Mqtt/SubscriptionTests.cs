using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Tests.Mqtt;

public class SubscriptionTests
{
    [Fact]
    public async Task A_message_comes_once_with_the_highest_QoS_and_every_identifier()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient subscriber = await host.ConnectAsync("s");
        await subscriber.SubscribeAsync(new SubscriptionRequest("a/+", QualityOfService.AtMostOnce), identifier: 3);
        await subscriber.SubscribeAsync(new SubscriptionRequest("a/#", QualityOfService.AtLeastOnce), identifier: 4);
        using RawClient publisher = await host.ConnectAsync("p");
        var properties = new PropertySet { ContentType = "text", ResponseTopic = "r", CorrelationData = [7] };
        properties.UserProperties.Add(new("k", "v"));
        await publisher.PublishAsync("a/b", "x", qos: 2, identifier: 1, properties: properties);
        RawClient.Received received = await subscriber.ReadPublishAsync();
        Assert.Equal(("a/b", "x", 1, false), (received.Topic, received.Payload, received.QoS, received.Retain));
        Assert.Equal([3u, 4u], received.Properties.SubscriptionIdentifiers.Order());
        Assert.Equal(("text", "r"), (received.Properties.ContentType, received.Properties.ResponseTopic));
        Assert.Equal([7], received.Properties.CorrelationData!);
        Assert.Equal(new KeyValuePair<string, string>("k", "v"), Assert.Single(received.Properties.UserProperties));
        await subscriber.PingAsync();
    }

    [Fact]
    public async Task A_client_that_takes_topic_aliases_gets_the_topic_once()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        for (int connection = 0; connection < 2; connection++)
        {
            using RawClient client = await host.ConnectAsync("c", properties: new PropertySet { TopicAliasMaximum = 1 });
            await client.SubscribeAsync("#", qos: 1);
            foreach ((string topic, string sent, ushort? alias) in ((string, string, ushort?)[])[("a", "a", 1), ("a", "", 1), ("b", "b", null), ("a", "", 1)])
            {
                await client.PublishAsync(topic, "x");
                RawClient.Received received = await client.ReadPublishAsync();
                Assert.Equal((sent, alias), (received.Topic, received.Properties.TopicAlias));
            }
        }
    }

    [Fact]
    public async Task No_local_keeps_a_clients_own_messages_from_it()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient client = await host.ConnectAsync("c");
        await client.SubscribeAsync(new SubscriptionRequest("a", QualityOfService.AtMostOnce, NoLocal: true));
        await client.PublishAsync("a", "own");
        await client.PingAsync();
        using RawClient other = await host.ConnectAsync("o");
        await other.PublishAsync("a", "others");
        Assert.Equal("others", (await client.ReadPublishAsync()).Payload);
    }

    [Theory]
    [InlineData(RetainHandling.Send, true, true)]
    [InlineData(RetainHandling.SendIfNew, true, false)]
    [InlineData(RetainHandling.DoNotSend, false, false)]
    public async Task Retained_messages_come_as_retain_handling_says(RetainHandling handling, bool atFirst, bool again)
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient client = await host.ConnectAsync("c");
        await client.PublishAsync("a/b", "kept", retain: true);
        foreach (bool expected in (bool[])[atFirst, again])
        {
            await client.SubscribeAsync(new SubscriptionRequest("a/+", QualityOfService.AtLeastOnce, RetainHandling: handling));
            if (expected)
            {
                RawClient.Received received = await client.ReadPublishAsync();
                Assert.Equal(("kept", true, 0), (received.Payload, received.Retain, received.QoS));
            }
            await client.PingAsync();
        }
    }

    [Fact]
    public async Task Retain_as_published_keeps_the_flag_and_an_empty_message_takes_the_retained_one_away()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient plain = await host.ConnectAsync("plain");
        await plain.SubscribeAsync("a");
        using RawClient asIs = await host.ConnectAsync("asis");
        await asIs.SubscribeAsync(new SubscriptionRequest("a", QualityOfService.AtMostOnce, RetainAsPublished: true));
        using RawClient publisher = await host.ConnectAsync("p");
        await publisher.PublishAsync("a", "kept", retain: true);
        Assert.False((await plain.ReadPublishAsync()).Retain);
        Assert.True((await asIs.ReadPublishAsync()).Retain);
        Assert.Equal(1, host.Broker.Statistics.Retained);
        await publisher.PublishAsync("a", "", retain: true);
        Assert.Equal("", (await plain.ReadPublishAsync()).Payload);
        Assert.Equal(0, host.Broker.Statistics.Retained);
        using RawClient late = await host.ConnectAsync("late");
        await late.SubscribeAsync("a");
        await late.PingAsync();
    }

    [Fact]
    public async Task Unsubscribe_ends_it_and_says_whether_there_was_one()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient client = await host.ConnectAsync("c");
        await client.SubscribeAsync("a");
        await client.SendAsync(o => new UnsubscribePacket(7, ["a", "b"]).Write(o, client.Version));
        (PacketHeader _, byte[] body) = await client.ReadAsync(PacketType.UnsubAck);
        Assert.Equal(
            [ReasonCode.Success, ReasonCode.NoSubscriptionExisted],
            SubAckPacket.Parse(body, PacketType.UnsubAck, client.Version).Reasons);
        await client.PublishAsync("a", "x");
        await client.PingAsync();
        Assert.Equal(0, host.Broker.Statistics.Subscriptions);
    }

    [Fact]
    public async Task What_is_not_served_is_refused_by_name()
    {
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { MaximumSubscriptionsPerSession = 1 });
        using RawClient client = await host.ConnectAsync("c");
        Assert.Equal(ReasonCode.TopicFilterInvalid, await client.SubscribeAsync(new string('/', 200)));
        Assert.Equal(ReasonCode.GrantedQoS1, await client.SubscribeAsync("a", qos: 1));
        Assert.Equal(ReasonCode.QuotaExceeded, await client.SubscribeAsync("b"));
        Assert.Equal(ReasonCode.GrantedQoS2, await client.SubscribeAsync("a", qos: 2));
    }

    [Fact]
    public async Task Receive_maximum_and_maximum_packet_size_of_the_client_are_kept()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient slow = await host.ConnectAsync("s", properties: new PropertySet { ReceiveMaximum = 2, MaximumPacketSize = 60 });
        await slow.SubscribeAsync("a", qos: 1);
        using RawClient publisher = await host.ConnectAsync("p");
        await publisher.PublishAsync("a", new string('x', 100), qos: 1, identifier: 1);
        for (ushort id = 2; id <= 5; id++)
            await publisher.PublishAsync("a", $"{id}", qos: 1, identifier: id);
        RawClient.Received two = await slow.ReadPublishAsync();
        RawClient.Received three = await slow.ReadPublishAsync();
        Assert.Equal(("2", "3"), (two.Payload, three.Payload));
        for (int id = 1; id <= 5; id++)
            await publisher.ReadAckAsync(PacketType.PubAck);
        await slow.PingAsync();
        await slow.SendAsync(o => new AckPacket(PacketType.PubAck, three.Identifier).Write(o, slow.Version));
        Assert.Equal("4", (await slow.ReadPublishAsync()).Payload);
        await slow.PingAsync();
        Assert.Equal(1, host.Broker.Statistics.Dropped[DropReason.TooLargeForClient]);
    }

    [Fact]
    public async Task A_subscriber_that_does_not_read_loses_messages_that_are_counted_and_nobody_else_does()
    {
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { MaximumQueuedMessages = 20 });
        using RawClient stuck = await host.ConnectAsync("stuck");
        await stuck.SubscribeAsync("a");
        using RawClient good = await host.ConnectAsync("good");
        await good.SubscribeAsync("a");
        using RawClient publisher = await host.ConnectAsync("p");
        string big = new('x', 100_000);
        int sent = 0;
        while (host.Broker.Statistics.Dropped[DropReason.QueueFull] < 10)
        {
            Assert.True(++sent < 2000, "nothing was dropped");
            await publisher.PublishAsync("a", big);
            Assert.Equal(big.Length, (await good.ReadPublishAsync()).Payload.Length);
        }
        await publisher.PingAsync();
    }

    [Fact]
    public async Task Messages_from_inside_reach_subscribers()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient client = await host.ConnectAsync("c", ProtocolVersion.Mqtt311);
        await client.SubscribeAsync("inside/#", qos: 1);
        await host.Broker.PublishAsync("inside/a", "x"u8.ToArray(), QualityOfService.AtLeastOnce, retain: true);
        RawClient.Received received = await client.ReadPublishAsync();
        Assert.Equal(("inside/a", "x", 1), (received.Topic, received.Payload, received.QoS));
        Assert.Equal(1, host.Broker.Statistics.Retained);
        await Assert.ThrowsAsync<MqttProtocolException>(async () => await host.Broker.PublishAsync("a/#", default));
    }

    [Fact]
    public async Task Retained_messages_are_bounded()
    {
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { MaximumRetainedMessages = 2 });
        using RawClient client = await host.ConnectAsync("c");
        foreach (string topic in (string[])["a", "b", "c", "b"])
            await client.PublishAsync(topic, "x", retain: true);
        await client.PingAsync();
        Assert.Equal(2, host.Broker.Statistics.Retained);
        Assert.Equal(1, host.Broker.Statistics.Dropped[DropReason.RetainedFull]);
    }

    /// <summary>The highest bit of the protocol level, as a Mosquitto bridge sets it in 3.1.1.</summary>
    [Fact]
    public async Task A_bridge_does_not_get_back_what_it_sent_and_sees_what_is_retained()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient bridge = await host.OpenAsync(ProtocolVersion.Mqtt311);
        await bridge.SendAsync(o => new ConnectPacket { Version = ProtocolVersion.Mqtt311, IsBridge = true, ClientId = "bridge", CleanStart = true }.Write(o));
        Assert.Equal(ReasonCode.Success, ConnAckPacket.Parse((await bridge.ReadAsync(PacketType.ConnAck)).Body, bridge.Version).Reason);
        await bridge.SubscribeAsync("#", qos: 1);
        await bridge.PublishAsync("a", "mine", qos: 1, identifier: 1);
        await bridge.ReadAckAsync(PacketType.PubAck);
        using RawClient other = await host.ConnectAsync("other");
        await other.PublishAsync("a", "live", qos: 1, identifier: 1, retain: true);
        Assert.Equal(("live", true), await bridge.ReadPublishAsync() is var received ? (received.Payload, received.Retain) : default);
    }

    [Fact]
    public async Task The_brokers_figures_are_topics_that_only_it_publishes_to()
    {
        var time = new ManualTime();
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { SystemInterval = TimeSpan.FromSeconds(10) }, time);
        using RawClient client = await host.ConnectAsync("c");
        await client.SubscribeAsync("$SYS/broker/clients/#", qos: 1);
        Dictionary<string, string> figures = [];
        for (int i = 0; i < 3; i++)
        {
            RawClient.Received received = await client.ReadPublishAsync();
            Assert.True(received.Retain);
            figures.Add(received.Topic, received.Payload);
        }
        Assert.Equal("1", figures["$SYS/broker/clients/connected"]);
        Assert.Equal("0", figures["$SYS/broker/clients/disconnected"]);
        using RawClient other = await host.ConnectAsync("d");
        // Wildcards at the root do not match them (section 4.7.2).
        await other.SubscribeAsync("#", qos: 1);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(("$SYS/broker/clients/connected", "2"), await client.ReadPublishAsync() is var update ? (update.Topic, update.Payload) : default);
        string[] refused =
        [
            "$SYS/broker/version", "$SYS/broker/connection/b", "$SYS/broker/connection/state", "$SYS/broker/connection//states", "$SYS/broker/connection/a/b/state",
            "$SYS/broker/connection/b/state/x",
        ];
        foreach (string topic in refused)
        {
            await other.PublishAsync(topic, "mine", qos: 1, identifier: 1);
            Assert.Equal(ReasonCode.NotAuthorized, (await other.ReadAckAsync(PacketType.PubAck)).Reason);
        }
        await other.PingAsync();
        using RawClient will = await host.OpenAsync();
        Assert.Equal(ReasonCode.NotAuthorized, (await will.ConnectAsync("e", will: new Will("$SYS/broker/version", [1], QualityOfService.AtMostOnce, true, null))).Reason);
        Assert.Empty(host.Ingress.Taken);
        // Where a Mosquitto bridge tells whether it is there.
        using RawClient bridge = await host.OpenAsync();
        Assert.Equal(ReasonCode.Success, (await bridge.ConnectAsync("b", will: new Will("$SYS/broker/connection/b/state", [1], QualityOfService.AtMostOnce, true, null))).Reason);
    }
}
