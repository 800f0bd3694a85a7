using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>What becomes of a share's messages when the session that they were for ends (MQTT 5.0 section 4.8.2).</summary>
public class SessionLegacyTests
{
    private const string Filter = "$share/g/a";

    [Theory]
    [InlineData("expiry")]
    [InlineData("clean start")]
    [InlineData("disconnect")]
    [InlineData("take-over")]
    public async Task What_was_not_acknowledged_in_QoS_1_and_what_was_not_sent_goes_to_another_of_the_share(string ending)
    {
        var time = new ManualTime();
        await using BrokerHost host = await BrokerHost.StartAsync(time: time);
        using RawClient one = await host.ConnectAsync("1", clean: false, properties: new PropertySet { SessionExpiryInterval = 1000, ReceiveMaximum = 2 });
        await one.SubscribeAsync(Filter, qos: 2);
        using RawClient publisher = await host.ConnectAsync("p");
        for (ushort id = 1; id <= 4; id++)
        {
            bool once = id is 2 or 3;
            await publisher.PublishAsync("a", $"m{id}", qos: once ? 2 : 1, identifier: id);
            await publisher.ReadAckAsync(once ? PacketType.PubRec : PacketType.PubAck);
        }
        Assert.Equal(("m1", "m2"), ((await one.ReadPublishAsync()).Payload, (await one.ReadPublishAsync()).Payload));
        using RawClient two = await host.ConnectAsync("2");
        await two.SubscribeAsync(Filter, qos: 1);
        if (ending is "expiry" or "clean start")
        {
            one.Dispose();
            await BrokerHost.UntilAsync(() => host.Broker.Statistics.ClientsConnected == 2, "it is away");
        }
        if (ending == "expiry")
            time.Advance(TimeSpan.FromSeconds(1001));
        else if (ending == "disconnect")
            await one.SendAsync(o => new DisconnectPacket(ReasonCode.Success, new PropertySet { SessionExpiryInterval = 0 }).Write(o, one.Version));
        else
            (await host.ConnectAsync("1")).Dispose();

        foreach (string payload in (string[])["m1", "m3", "m4"])
        {
            RawClient.Received received = await two.ReadPublishAsync();
            Assert.Equal((payload, 1, false), (received.Payload, received.QoS, received.Duplicate));
        }
        await two.PingAsync();
        Assert.Equal(1, host.Broker.Statistics.Dropped[DropReason.SessionEnded]);
    }

    [Fact]
    public async Task What_nobody_else_of_the_share_can_take_is_counted()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient one = await host.ConnectAsync("1");
        await one.SubscribeAsync(Filter, qos: 1);
        using RawClient publisher = await host.ConnectAsync("p");
        await publisher.PublishAsync("a", "x", qos: 1, identifier: 1);
        await one.ReadPublishAsync();
        one.Dispose();
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.Dropped[DropReason.SessionEnded] == 1, "it is counted");
        Assert.Equal(0, host.Broker.Statistics.QueuedBytes);
    }

    [Fact]
    public async Task What_is_becoming_durable_when_the_session_ends_goes_to_another_then()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        RawClient one = await host.ConnectAsync("1");
        await one.SubscribeAsync(Filter, qos: 1);
        using RawClient publisher = await host.ConnectAsync("p");
        host.Ingress.Answer = null;
        await publisher.PublishAsync("a", "x", qos: 1, identifier: 1);
        IngressMessage message = await host.Ingress.TakeAsync();
        using RawClient two = await host.ConnectAsync("2");
        await two.SubscribeAsync(Filter, qos: 1);
        one.Dispose();
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.Sessions == 2, "its session is over");
        await two.PingAsync();
        message.Complete(IngressResult.Stored);
        Assert.Equal("x", (await two.ReadPublishAsync()).Payload);
        Assert.Equal(0, host.Broker.Statistics.Dropped[DropReason.SessionEnded]);
    }

    [Fact]
    public async Task What_is_handed_on_is_there_after_a_crash()
    {
        await using StoredBroker host = await StoredBroker.StartAsync();
        using (RawClient one = await host.ConnectAsync("1", expiry: 10))
            await one.SubscribeAsync(Filter, qos: 1);
        await host.ClientsAsync(0);
        using (RawClient publisher = await host.ConnectAsync("p", expiry: 0, clean: true))
        {
            await publisher.PublishAsync("a", "x", qos: 1, identifier: 1);
            await publisher.ReadAckAsync(PacketType.PubAck);
        }
        using (RawClient two = await host.ConnectAsync("2"))
            await two.SubscribeAsync(Filter, qos: 1);
        await host.ClientsAsync(0);
        const string places = "SELECT client_id || CAST(payload AS TEXT) FROM mqtt_queue LEFT JOIN mqtt_session ON mqtt_session.id = session";
        Assert.Equal(["1x"], await host.QueryAsync(places));
        host.Time.Advance(TimeSpan.FromSeconds(11));
        await host.UntilAsync(places, "2x");
        await host.RestartAsync();
        using RawClient back = await host.ConnectAsync("2");
        Assert.Equal("x", (await back.ReadPublishAsync()).Payload);
        Assert.Equal(1, host.Broker.Statistics.Sessions);
    }

    /// <summary>Those that the disk alone holds, after a restart or in a long queue, go to a member whose session is there, too.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_only_the_disk_holds_is_handed_on(bool isRestarted)
    {
        const int count = 50;
        await using StoredBroker host = await StoredBroker.StartAsync(new MqttOptions { MaximumLoadedBytes = isRestarted ? 1_000_000 : 1_000 });
        using (RawClient one = await host.ConnectAsync("1", expiry: 10, receiveMaximum: 2))
        {
            await one.SubscribeAsync(Filter, qos: 1);
            using RawClient publisher = await host.ConnectAsync("p", expiry: 0, clean: true);
            for (ushort id = 1; id <= count; id++)
            {
                await publisher.PublishAsync("a", $"{id}", qos: 1, identifier: id);
                await publisher.ReadAckAsync(PacketType.PubAck);
            }
        }
        await host.ClientsAsync(0);
        if (isRestarted)
            await host.RestartAsync();
        using (RawClient two = await host.ConnectAsync("2", expiry: 1000))
            await two.SubscribeAsync(new SubscriptionRequest(Filter, QualityOfService.ExactlyOnce), identifier: 7);
        await host.ClientsAsync(0);
        // It has no rows, and so cannot take them.
        using RawClient? three = isRestarted ? await host.ConnectAsync("3", expiry: 0, clean: true) : null;
        if (three is not null)
            await three.SubscribeAsync(Filter, qos: 1);
        host.Time.Advance(TimeSpan.FromSeconds(11));
        await host.UntilAsync("SELECT client_id FROM mqtt_session", "2");
        Assert.Equal(0, host.Broker.Statistics.Dropped.Values.Sum());
        await host.RestartAsync();
        using RawClient back = await host.ConnectAsync("2");
        for (int i = 1; i <= count; i++)
        {
            RawClient.Received received = await back.ReadPublishAsync();
            Assert.Equal(($"{i}", 1), (received.Payload, received.QoS));
            Assert.Equal([7u], received.Properties.SubscriptionIdentifiers);
            await back.AcknowledgeAsync(PacketType.PubAck, received.Identifier);
        }
        await host.UntilAsync("SELECT topic FROM mqtt_queue");
    }
}
