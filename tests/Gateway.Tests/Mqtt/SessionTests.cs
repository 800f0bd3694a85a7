using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Tests.Mqtt;

public class SessionTests
{
    [Fact]
    public async Task A_second_client_with_the_same_identifier_takes_over()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient first = await host.ConnectAsync("c");
        using RawClient second = await host.ConnectAsync("c");
        Assert.False(second.ConnAck.SessionPresent);
        await first.ExpectClosedAsync(ReasonCode.SessionTakenOver);
        await second.PingAsync();
        Assert.Equal((1, 1), (host.Broker.Statistics.ClientsConnected, host.Broker.Statistics.Sessions));
    }

    [Theory]
    [InlineData(ProtocolVersion.Mqtt311)]
    [InlineData(ProtocolVersion.Mqtt50)]
    public async Task A_session_outlives_its_connection_and_queues_QoS_1_but_not_0(ProtocolVersion version)
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        PropertySet? properties = version == ProtocolVersion.Mqtt50 ? new PropertySet { SessionExpiryInterval = 100 } : null;
        using RawClient first = await host.ConnectAsync("c", version, clean: false, properties: properties);
        Assert.False(first.ConnAck.SessionPresent);
        await first.SubscribeAsync("a", qos: 1);
        await first.SendAsync([0xE0, 0]);
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.ClientsConnected == 0, "the client is gone");
        using RawClient publisher = await host.ConnectAsync("p");
        await publisher.PublishAsync("a", "lost");
        await publisher.PublishAsync("a", "kept", qos: 1, identifier: 1);
        await publisher.ReadAckAsync(PacketType.PubAck);
        using RawClient second = await host.ConnectAsync("c", version, clean: false, properties: properties);
        Assert.True(second.ConnAck.SessionPresent);
        RawClient.Received received = await second.ReadPublishAsync();
        Assert.Equal(("kept", 1, false), (received.Payload, received.QoS, received.Duplicate));
        second.Dispose();
        using RawClient third = await host.ConnectAsync("c", version, clean: false, properties: properties);
        received = await third.ReadPublishAsync();
        Assert.Equal(("kept", true), (received.Payload, received.Duplicate));
        await third.SendAsync(o => new AckPacket(PacketType.PubAck, received.Identifier).Write(o, version));
        await third.PingAsync();
        Assert.Equal(1, host.Broker.Statistics.Dropped[DropReason.ClientAway]);
    }

    [Fact]
    public async Task A_session_expires()
    {
        var time = new ManualTime();
        await using BrokerHost host = await BrokerHost.StartAsync(time: time);
        using RawClient first = await host.ConnectAsync("c", clean: false, properties: new PropertySet { SessionExpiryInterval = 10 });
        await first.SubscribeAsync("a", qos: 1);
        // Not while its client is there.
        time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal((1, 1), (host.Broker.Statistics.Sessions, host.Broker.Statistics.Subscriptions));
        await first.PingAsync();
        first.Dispose();
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.ClientsConnected == 0, "the client is gone");
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(1, host.Broker.Statistics.Sessions);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal((0, 0), (host.Broker.Statistics.Sessions, host.Broker.Statistics.Subscriptions));
        using RawClient second = await host.ConnectAsync("c", clean: false);
        Assert.False(second.ConnAck.SessionPresent);
    }

    [Fact]
    public async Task Client_identifiers_are_assigned_where_the_version_allows()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient five = await host.ConnectAsync("");
        Assert.StartsWith("auto-", five.ConnAck.Properties!.AssignedClientIdentifier);
        using RawClient three = await host.ConnectAsync("", ProtocolVersion.Mqtt311);
        await three.PingAsync();
        using RawClient refused = await host.OpenAsync(ProtocolVersion.Mqtt311);
        await refused.SendAsync(o => new ConnectPacket { Version = ProtocolVersion.Mqtt311, ClientId = "" }.Write(o));
        Assert.Equal([0, 2], (await refused.ReadAsync(PacketType.ConnAck)).Body);
        Assert.Null(await refused.ReadAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_will_is_published_unless_the_client_says_goodbye(bool goodbye)
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient watcher = await host.ConnectAsync("w");
        await watcher.SubscribeAsync("will", qos: 1);
        var will = new Will("will", "gone"u8.ToArray(), QualityOfService.AtLeastOnce, Retain: true, new PropertySet { ContentType = "t" });
        using RawClient client = await host.ConnectAsync("c", will: will);
        if (goodbye)
            await client.SendAsync([0xE0, 0]);
        else
            client.Dispose();
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.ClientsConnected == 1, "the client is gone");
        if (!goodbye)
        {
            RawClient.Received received = await watcher.ReadPublishAsync();
            Assert.Equal(("gone", 1, "t"), (received.Payload, received.QoS, received.Properties.ContentType));
        }
        await watcher.PingAsync();
        Assert.Equal(goodbye ? 0 : 1, host.Broker.Statistics.Retained);
        Assert.Equal(goodbye ? [] : ["will=gone"], host.Ingress.Taken);
    }

    [Fact]
    public async Task A_delayed_will_waits_and_is_withdrawn_by_a_client_that_comes_back()
    {
        var time = new ManualTime();
        await using BrokerHost host = await BrokerHost.StartAsync(time: time);
        var will = new Will("will", "gone"u8.ToArray(), QualityOfService.AtMostOnce, false, new PropertySet { WillDelayInterval = 5 });
        PropertySet lasting() => new() { SessionExpiryInterval = 60 };
        async Task LoseAsync()
        {
            using RawClient client = await host.ConnectAsync("c", clean: false, will: will, properties: lasting());
            client.Dispose();
            await BrokerHost.UntilAsync(() => host.Broker.Statistics.ClientsConnected == 0, "the client is gone");
        }
        await LoseAsync();
        time.Advance(TimeSpan.FromSeconds(4));
        using (RawClient back = await host.ConnectAsync("c", clean: false, properties: lasting()))
            await back.SendAsync([0xE0, 0]);
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.ClientsConnected == 0, "the client is gone");
        time.Advance(TimeSpan.FromSeconds(30));
        Assert.Empty(host.Ingress.Taken);
        await LoseAsync();
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(["will=gone"], host.Ingress.Taken);
    }

    [Fact]
    public async Task Keep_alive_closes_a_silent_client_after_one_and_a_half_times()
    {
        var time = new ManualTime();
        await using BrokerHost host = await BrokerHost.StartAsync(time: time);
        using RawClient silent = await host.ConnectAsync("silent", keepAlive: 10);
        using RawClient alive = await host.ConnectAsync("alive", keepAlive: 10);
        using RawClient forever = await host.ConnectAsync("forever");
        time.Advance(TimeSpan.FromSeconds(14));
        await silent.PingAsync();
        await alive.PingAsync();
        time.Advance(TimeSpan.FromSeconds(14));
        await alive.PingAsync();
        time.Advance(TimeSpan.FromSeconds(2));
        await silent.ExpectClosedAsync(ReasonCode.KeepAliveTimeout);
        await alive.PingAsync();
        await forever.PingAsync();
    }

    [Fact]
    public async Task Bytes_that_never_make_a_packet_do_not_keep_a_client_alive()
    {
        var time = new ManualTime();
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { MaximumPacketSizeBytes = 64 * 1024 * 1024 }, time);
        using RawClient slow = await host.ConnectAsync("slow", keepAlive: 10);
        time.Advance(TimeSpan.FromSeconds(8));
        // More than sockets hold: when it is sent, the broker has received some of it.
        byte[] packet = slow.Publish("a", new string('x', 40 * 1024 * 1024));
        await slow.SendAsync(packet[..(packet.Length / 2)]);
        time.Advance(TimeSpan.FromSeconds(8));
        while (await slow.ReadAsync() is not null)
        {
            // The DISCONNECT, unless the rest that the broker did not read took it away.
        }
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.ClientsConnected == 0, "it is gone");
        Assert.Empty(host.Ingress.Taken);
    }

    [Fact]
    public async Task A_clean_session_is_new_and_ends_with_its_connection()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using (RawClient first = await host.ConnectAsync("c", ProtocolVersion.Mqtt311, clean: false))
            await first.SubscribeAsync("a", qos: 1);
        using (RawClient second = await host.ConnectAsync("c", ProtocolVersion.Mqtt311, clean: true))
        {
            Assert.False(second.ConnAck.SessionPresent);
            Assert.Equal(0, host.Broker.Statistics.Subscriptions);
            await second.SubscribeAsync("b", qos: 1);
        }
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.Sessions == 0, "its session is over");
        using RawClient third = await host.ConnectAsync("c", ProtocolVersion.Mqtt311, clean: false);
        Assert.False(third.ConnAck.SessionPresent);
        Assert.Equal(0, host.Broker.Statistics.Subscriptions);
    }

    [Fact]
    public async Task Who_has_no_will_leaves_without_one()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient watcher = await host.ConnectAsync("w");
        await watcher.SubscribeAsync("#");
        (await host.ConnectAsync("c", ProtocolVersion.Mqtt311)).Dispose();
        await BrokerHost.UntilAsync(() => host.Broker.Statistics is { ClientsConnected: 1, ConnectionsAccepted: 2 }, "the client is gone");
        await watcher.PingAsync();
        Assert.Empty(host.Ingress.Taken);
    }

    [Fact]
    public async Task A_stop_publishes_the_wills_of_those_who_are_connected()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        var will = new Will("will", "gone"u8.ToArray(), QualityOfService.AtLeastOnce, Retain: true, null);
        using RawClient doomed = await host.ConnectAsync("c", will: will);
        using RawClient polite = await host.ConnectAsync("d", will: will with { Topic = "other" });
        await polite.SendAsync([0xE0, 0]);
        Assert.Null(await polite.ReadAsync());
        await host.Broker.StopAsync(CancellationToken.None);
        Assert.Equal(["will=gone"], host.Ingress.Taken);
    }

    /// <summary>Its row keeps it for the next start.</summary>
    [Fact]
    public async Task A_stop_does_not_wait_for_ever_for_a_will_that_nobody_takes()
    {
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { DrainTimeout = TimeSpan.FromMilliseconds(50) });
        using RawClient doomed = await host.ConnectAsync("c", will: new Will("will", "gone"u8.ToArray(), QualityOfService.AtLeastOnce, Retain: true, null));
        host.Ingress.BecomeFull();
        await host.Broker.StopAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Empty(host.Ingress.Taken);
        host.Ingress.HaveRoom();
    }

    [Fact]
    public async Task A_socket_that_never_connects_is_closed()
    {
        var time = new ManualTime();
        await using BrokerHost host = await BrokerHost.StartAsync(time: time);
        using RawClient slow = await host.OpenAsync();
        await slow.SendAsync([0x10]);
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.ConnectionsAccepted == 1, "it is accepted");
        time.Advance(TimeSpan.FromSeconds(11));
        Assert.Null(await slow.ReadAsync());
    }

    [Fact]
    public async Task Messages_expire_while_they_wait_and_what_is_left_is_passed_on()
    {
        var time = new ManualTime();
        await using BrokerHost host = await BrokerHost.StartAsync(time: time);
        PropertySet lasting() => new() { SessionExpiryInterval = 1000 };
        using (RawClient first = await host.ConnectAsync("c", clean: false, properties: lasting()))
            await first.SubscribeAsync("a", qos: 1);
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.ClientsConnected == 0, "the client is gone");
        using RawClient publisher = await host.ConnectAsync("p");
        await publisher.PublishAsync("a", "short", qos: 1, identifier: 1, properties: new PropertySet { MessageExpiryInterval = 5 });
        await publisher.PublishAsync("a", "long", qos: 1, identifier: 2, properties: new PropertySet { MessageExpiryInterval = 50 });
        await publisher.ReadAckAsync(PacketType.PubAck);
        await publisher.ReadAckAsync(PacketType.PubAck);
        time.Advance(TimeSpan.FromSeconds(10));
        using RawClient second = await host.ConnectAsync("c", clean: false, properties: lasting());
        RawClient.Received received = await second.ReadPublishAsync();
        Assert.Equal(("long", 40u), (received.Payload, received.Properties.MessageExpiryInterval));
        Assert.Equal(1, host.Broker.Statistics.Dropped[DropReason.Expired]);
    }

    [Fact]
    public async Task A_topic_alias_stands_for_its_topic_on_its_connection()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient client = await host.ConnectAsync("c");
        await client.PublishAsync("a", "1", properties: new PropertySet { TopicAlias = 2 });
        await client.PublishAsync("", "2", properties: new PropertySet { TopicAlias = 2 });
        await client.PublishAsync("b", "3", properties: new PropertySet { TopicAlias = 2 });
        await client.PublishAsync("", "4", properties: new PropertySet { TopicAlias = 2 });
        await client.PingAsync();
        Assert.Equal(["a=1", "a=2", "b=3", "b=4"], host.Ingress.Taken);
        await client.PublishAsync("", "5", properties: new PropertySet { TopicAlias = 3 });
        await client.ExpectClosedAsync(ReasonCode.ProtocolError);
        using RawClient next = await host.ConnectAsync("c");
        await next.PublishAsync("", "6", properties: new PropertySet { TopicAlias = 2 });
        await next.ExpectClosedAsync(ReasonCode.ProtocolError);
    }
}
