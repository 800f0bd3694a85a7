using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>What becomes of a delivery that has begun (MQTT 5.0 sections 3.10.4, 4.3, 4.4 and 4.8.2).</summary>
public class DeliveryRuleTests
{
    private static readonly PropertySet LongSession = new() { SessionExpiryInterval = 1000 };

    [Fact]
    public async Task A_delivery_that_has_begun_is_completed_after_an_unsubscribe()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using (RawClient first = await host.ConnectAsync("s", clean: false, properties: LongSession))
        {
            await first.SubscribeAsync("a", qos: 1);
            await PublishAsync(host, "a", qos: 1);
            await first.ReadPublishAsync();
            await first.SendAsync(o => new UnsubscribePacket(9, ["a"]).Write(o, first.Version));
            await first.ReadAsync(PacketType.UnsubAck);
        }
        await GoneAsync(host);
        await PublishAsync(host, "a", qos: 1);
        using RawClient second = await host.ConnectAsync("s", clean: false, properties: LongSession);
        Assert.True((await second.ReadPublishAsync()).Duplicate);
        await second.PingAsync();
    }

    [Fact]
    public async Task An_identifier_is_free_again_after_PUBACK_whatever_DUP_says()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient subscriber = await host.ConnectAsync("s");
        await subscriber.SubscribeAsync("a", qos: 1);
        using RawClient client = await host.ConnectAsync("c");
        for (int i = 0; i < 2; i++)
        {
            await client.PublishAsync("a", "x", qos: 1, identifier: 5, duplicate: i == 1);
            await client.ReadAckAsync(PacketType.PubAck);
            Assert.False((await subscriber.ReadPublishAsync()).Duplicate);
        }
        Assert.Equal(["a=x", "a=x"], host.Ingress.Taken);
    }

    [Fact]
    public async Task An_identifier_is_free_again_after_a_refusal()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient client = await host.ConnectAsync("c");
        host.Ingress.Answer = IngressResult.QuotaExceeded;
        await client.PublishAsync("a", "refused", qos: 2, identifier: 5);
        Assert.Equal(ReasonCode.QuotaExceeded, (await client.ReadAckAsync(PacketType.PubRec)).Reason);
        host.Ingress.Answer = IngressResult.Stored;
        await client.PublishAsync("a", "another", qos: 2, identifier: 5);
        Assert.Equal(ReasonCode.Success, (await client.ReadAckAsync(PacketType.PubRec)).Reason);
        Assert.Equal(["a=refused", "a=another"], host.Ingress.Taken);
    }

    [Fact]
    public async Task PUBREL_comes_in_the_order_of_PUBREC()
    {
        await using StoredBroker host = await StoredBroker.StartAsync();
        using RawClient subscriber = await host.ConnectAsync("s");
        await subscriber.SubscribeAsync("a", qos: 2);
        using RawClient publisher = await host.ConnectAsync("p", expiry: 0, clean: true);
        List<ushort> identifiers = [];
        for (ushort id = 1; id <= 20; id++)
        {
            await publisher.PublishAsync("a", "x", qos: 2, identifier: id);
            identifiers.Add((await subscriber.ReadPublishAsync()).Identifier);
        }
        Assert.Equal(20, identifiers.Where(identifier => identifier != 0).Distinct().Count());
        identifiers.Reverse();
        await subscriber.SendAsync([.. identifiers.SelectMany(id => PacketSamples.Bytes(o => new AckPacket(PacketType.PubRec, id).Write(o, subscriber.Version)))]);
        foreach (ushort identifier in identifiers)
            Assert.Equal(identifier, (await subscriber.ReadAckAsync(PacketType.PubRel)).PacketIdentifier);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Many_messages_of_a_publisher_come_in_order_at_every_QoS(int qos)
    {
        const int count = 1000;
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient subscriber = await host.ConnectAsync("s");
        await subscriber.SubscribeAsync("a", qos: 2);
        using RawClient publisher = await host.ConnectAsync("p");
        await publisher.SendAsync([.. Enumerable.Range(1, count).SelectMany(i => publisher.Publish("a", $"{i}", qos, (ushort)(qos == 0 ? 0 : i)))]);
        List<string> received = [];
        for (int owed = count; owed > 0;)
        {
            (PacketHeader header, byte[] body) = await subscriber.ReadAsync() ?? throw new EndOfStreamException();
            if (header.Type == PacketType.PubRel)
            {
                await subscriber.AcknowledgeAsync(PacketType.PubComp, AckPacket.Parse(body, header.Type, subscriber.Version).PacketIdentifier);
                owed--;
                continue;
            }
            RawClient.Received message = subscriber.Parse(header, body);
            received.Add(message.Payload);
            if (qos > 0)
                await subscriber.AcknowledgeAsync(qos == 1 ? PacketType.PubAck : PacketType.PubRec, message.Identifier);
            if (qos < 2)
                owed--;
        }
        Assert.Equal(Enumerable.Range(1, count).Select(i => $"{i}"), received);
    }

    [Fact]
    public async Task Nothing_is_lost_while_a_subscription_is_replaced()
    {
        const int messages = 200;
        const int replacements = 20;
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient subscriber = await host.ConnectAsync("s");
        await subscriber.SubscribeAsync("a", qos: 1);
        using RawClient publisher = await host.ConnectAsync("p");
        Task publishing = Task.Run(async () =>
        {
            for (ushort id = 1; id <= messages; id++)
            {
                await publisher.PublishAsync("a", $"{id}", qos: 1, identifier: id);
                await publisher.ReadAckAsync(PacketType.PubAck);
            }
        });
        List<string> received = [];
        int replaced = 0;
        while (received.Count < messages || replaced < replacements)
        {
            if (replaced < replacements && received.Count > replaced * messages / replacements)
            {
                var request = new SubscriptionRequest("a", QualityOfService.AtLeastOnce, RetainHandling: RetainHandling.DoNotSend);
                await subscriber.SendAsync(o => new SubscribePacket((ushort)++replaced, [request]).Write(o, subscriber.Version));
            }
            (PacketHeader header, byte[] body) = await subscriber.ReadAsync() ?? throw new EndOfStreamException();
            if (header.Type == PacketType.SubAck)
                continue;
            RawClient.Received message = subscriber.Parse(header, body);
            received.Add(message.Payload);
            await subscriber.AcknowledgeAsync(PacketType.PubAck, message.Identifier);
        }
        await publishing;
        Assert.Equal(Enumerable.Range(1, messages).Select(i => $"{i}"), received);
    }

    [Fact]
    public async Task The_longest_topic_is_taken()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient client = await host.ConnectAsync("c");
        string topic = new('t', ushort.MaxValue);
        await client.SubscribeAsync(topic);
        await client.PublishAsync(topic, "x");
        Assert.Equal(topic, (await client.ReadPublishAsync()).Topic);
    }

    [Fact]
    public async Task A_message_that_was_sent_does_not_expire_and_its_exchange_goes_on()
    {
        var time = new ManualTime();
        await using BrokerHost host = await BrokerHost.StartAsync(time: time);
        using (RawClient first = await host.ConnectAsync("s", clean: false, properties: LongSession))
        {
            await first.SubscribeAsync("a", qos: 2);
            await PublishAsync(host, "a", qos: 2, new PropertySet { MessageExpiryInterval = 5 });
            await first.ReadPublishAsync();
        }
        await GoneAsync(host);
        time.Advance(TimeSpan.FromSeconds(10));
        using RawClient second = await host.ConnectAsync("s", clean: false, properties: LongSession);
        RawClient.Received again = await second.ReadPublishAsync();
        Assert.Equal((true, 0u), (again.Duplicate, again.Properties.MessageExpiryInterval));
        await second.SendAsync(o => new AckPacket(PacketType.PubRec, again.Identifier).Write(o, second.Version));
        Assert.Equal(ReasonCode.Success, (await second.ReadAckAsync(PacketType.PubRel)).Reason);
    }

    [Theory]
    [InlineData(1, PacketType.PubAck)]
    [InlineData(2, PacketType.PubRec)]
    public async Task A_message_that_its_subscriber_refuses_is_done_and_goes_to_no_other_of_a_share(int qos, PacketType answer)
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient one = await host.ConnectAsync("1", clean: false, properties: LongSession);
        using RawClient two = await host.ConnectAsync("2", clean: false, properties: LongSession);
        await one.SubscribeAsync("$share/g/a", qos);
        await two.SubscribeAsync("$share/g/a", qos);
        await PublishAsync(host, "a", qos);
        await PublishAsync(host, "a", qos);
        RawClient.Received received = await one.ReadPublishAsync();
        await two.ReadPublishAsync();
        await one.SendAsync(o => new AckPacket(answer, received.Identifier, ReasonCode.UnspecifiedError).Write(o, one.Version));
        await one.PingAsync();
        await two.PingAsync();
        one.Dispose();
        await GoneAsync(host, left: 1);
        using RawClient back = await host.ConnectAsync("1", clean: false, properties: LongSession);
        await back.PingAsync();
        await two.PingAsync();
    }

    [Fact]
    public async Task A_shared_message_stays_with_whom_it_was_sent_to_also_when_that_session_ends()
    {
        var time = new ManualTime();
        await using BrokerHost host = await BrokerHost.StartAsync(time: time);
        RawClient one = await host.ConnectAsync("1", clean: false, properties: LongSession);
        await one.SubscribeAsync("$share/g/a", qos: 2);
        await PublishAsync(host, "a", qos: 2);
        await one.ReadPublishAsync();
        using RawClient two = await host.ConnectAsync("2");
        await two.SubscribeAsync("$share/g/a", qos: 2);
        one.Dispose();
        await GoneAsync(host, left: 1);
        one = await host.ConnectAsync("1", clean: false, properties: LongSession);
        Assert.True((await one.ReadPublishAsync()).Duplicate);
        one.Dispose();
        await GoneAsync(host, left: 1);
        time.Advance(TimeSpan.FromSeconds(1001));
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.Sessions == 1, "the session is over");
        await two.PingAsync();
        Assert.Equal(1, host.Broker.Statistics.Dropped[DropReason.SessionEnded]);
    }

    [Fact]
    public async Task User_properties_of_a_will_keep_their_order()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient watcher = await host.ConnectAsync("w");
        await watcher.SubscribeAsync("will");
        var properties = new PropertySet();
        foreach (string name in (string[])["z", "a", "z"])
            properties.UserProperties.Add(new(name, $"{properties.UserProperties.Count}"));
        (await host.ConnectAsync("c", will: new Will("will", [], QualityOfService.AtMostOnce, Retain: false, properties))).Dispose();
        Assert.Equal(properties.UserProperties, (await watcher.ReadPublishAsync()).Properties.UserProperties);
    }

    private static async Task PublishAsync(BrokerHost host, string topic, int qos, PropertySet? properties = null)
    {
        using RawClient publisher = await host.ConnectAsync("p");
        await publisher.PublishAsync(topic, "x", qos, identifier: 1, properties: properties);
        await publisher.ReadAckAsync(qos == 1 ? PacketType.PubAck : PacketType.PubRec);
        await publisher.SendAsync([0xE0, 0]);
        Assert.Null(await publisher.ReadAsync());
    }

    private static Task GoneAsync(BrokerHost host, int left = 0) =>
        BrokerHost.UntilAsync(() => host.Broker.Statistics.ClientsConnected == left, "the client is gone");
}
