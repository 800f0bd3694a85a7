using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>MQTT 5.0 section 4.8.2.</summary>
public sealed class SharedSubscriptionTests
{
    [Theory]
    [InlineData(ProtocolVersion.Mqtt50)]
    [InlineData(ProtocolVersion.Mqtt311)]
    public async Task Each_message_goes_to_one_of_a_share_in_turn_and_to_everybody_else(ProtocolVersion version)
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient a = await host.ConnectAsync("a", version);
        using RawClient b = await host.ConnectAsync("b", version);
        using RawClient other = await host.ConnectAsync("other", version);
        using RawClient alone = await host.ConnectAsync("alone", version);
        Assert.Equal(ReasonCode.GrantedQoS1, await a.SubscribeAsync("$share/g/s/+", qos: 1));
        Assert.Equal(ReasonCode.GrantedQoS1, await b.SubscribeAsync("$share/g/s/+", qos: 1));
        Assert.Equal(ReasonCode.GrantedQoS1, await other.SubscribeAsync("$share/h/s/#", qos: 1));
        Assert.Equal(ReasonCode.GrantedQoS1, await alone.SubscribeAsync("s/1", qos: 1));
        using RawClient publisher = await host.ConnectAsync("p", version);
        for (ushort i = 1; i <= 4; i++)
            await publisher.PublishAsync("s/1", $"{i}", qos: 1, identifier: i);

        string[] atA = [(await a.ReadPublishAsync()).Payload, (await a.ReadPublishAsync()).Payload];
        string[] atB = [(await b.ReadPublishAsync()).Payload, (await b.ReadPublishAsync()).Payload];
        Assert.Equal(["1", "2", "3", "4"], atA.Concat(atB).Order());
        Assert.True(atA is ["1", "3"] or ["2", "4"], string.Join(' ', atA));
        foreach (RawClient one in (RawClient[])[other, alone])
        {
            for (int i = 1; i <= 4; i++)
                Assert.Equal($"{i}", (await one.ReadPublishAsync()).Payload);
        }
    }

    [Fact]
    public async Task Who_has_as_many_as_it_takes_at_a_time_is_passed_over_while_another_takes_more()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient slow = await host.ConnectAsync("slow", properties: new PropertySet { ReceiveMaximum = 2 });
        using RawClient fast = await host.ConnectAsync("fast");
        await slow.SubscribeAsync("$share/g/s", qos: 1);
        await fast.SubscribeAsync("$share/g/s", qos: 1);
        using RawClient publisher = await host.ConnectAsync("p");
        for (ushort i = 1; i <= 12; i++)
        {
            await publisher.PublishAsync("s", $"{i}", qos: 1, identifier: i);
            await publisher.ReadAckAsync(PacketType.PubAck);
        }
        HashSet<string> got = [];
        for (int i = 0; i < 2; i++)
            got.Add((await slow.ReadPublishAsync()).Payload);
        for (int i = 0; i < 10; i++)
            got.Add((await fast.ReadPublishAsync()).Payload);
        Assert.Equal(12, got.Count);
    }

    [Fact]
    public async Task Who_is_away_gets_nothing_while_another_is_there()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using (RawClient away = await host.ConnectAsync("away", ProtocolVersion.Mqtt311, clean: false))
            await away.SubscribeAsync("$share/g/s", qos: 1);
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.ClientsConnected == 0, "it has left");
        using RawClient publisher = await host.ConnectAsync("p");
        await publisher.PublishAsync("s", "nobody is there", qos: 1, identifier: 1);
        await publisher.ReadAckAsync(PacketType.PubAck);
        using RawClient there = await host.ConnectAsync("there");
        await there.SubscribeAsync("$share/g/s", qos: 1);
        for (ushort i = 2; i < 6; i++)
        {
            await publisher.PublishAsync("s", $"{i}", qos: 1, identifier: i);
            Assert.Equal($"{i}", (await there.ReadPublishAsync()).Payload);
        }

        using RawClient back = await host.ConnectAsync("away", ProtocolVersion.Mqtt311, clean: false);
        Assert.Equal("nobody is there", (await back.ReadPublishAsync()).Payload);
        await back.PingAsync();
    }

    [Fact]
    public async Task Retained_messages_are_not_sent_to_a_share_and_unsubscribing_ends_it()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient client = await host.ConnectAsync("c");
        await client.PublishAsync("s", "kept", retain: true);
        await client.SubscribeAsync("$share/g/s");
        await client.PingAsync();
        await client.SendAsync(o => new UnsubscribePacket(9, ["$share/g/s", "$share/g/s"]).Write(o, ProtocolVersion.Mqtt50));
        (PacketHeader _, byte[] body) = await client.ReadAsync(PacketType.UnsubAck);
        Assert.Equal([ReasonCode.Success, ReasonCode.NoSubscriptionExisted], SubAckPacket.Parse(body, PacketType.UnsubAck, ProtocolVersion.Mqtt50).Reasons);
        Assert.Equal(0, host.Broker.Statistics.Subscriptions);
    }

    [Fact]
    public async Task A_share_respects_the_QoS_that_its_member_was_granted()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient low = await host.ConnectAsync("low");
        using RawClient high = await host.ConnectAsync("high");
        await low.SubscribeAsync("$share/g/s", qos: 0);
        await high.SubscribeAsync("$share/g/s", qos: 2);
        using RawClient publisher = await host.ConnectAsync("p");
        await publisher.PublishAsync("s", "1", qos: 1, identifier: 1);
        await publisher.PublishAsync("s", "2", qos: 1, identifier: 2);
        Assert.Equal((0, 1), ((await low.ReadPublishAsync()).QoS, (await high.ReadPublishAsync()).QoS));
    }

    [Fact]
    public async Task No_local_on_a_share_is_an_error()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient client = await host.ConnectAsync("c");
        await client.SendAsync(o => new SubscribePacket(1, [new SubscriptionRequest("$share/g/s", QualityOfService.AtMostOnce, NoLocal: true)]).Write(o, ProtocolVersion.Mqtt50));
        await client.ExpectClosedAsync(ReasonCode.ProtocolError);
    }
}
