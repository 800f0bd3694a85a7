using Sluice.Gateway.Configuration;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>What the broker remembers is rows of the engine, and there after a restart (MQTT 5.0 section 4.1).</summary>
public class StoredStateTests
{
    [Theory]
    [InlineData(ProtocolVersion.Mqtt311)]
    [InlineData(ProtocolVersion.Mqtt50)]
    public async Task Subscriptions_and_the_messages_of_an_absent_client_survive_a_restart(ProtocolVersion version)
    {
        await using StoredBroker host = await StoredBroker.StartAsync();
        using (RawClient first = await host.ConnectAsync("s", version: version))
        {
            Assert.False(first.ConnAck.SessionPresent);
            await first.SubscribeAsync("a/#", qos: 2);
        }
        await host.ClientsAsync(0);
        using (RawClient publisher = await host.ConnectAsync("p", expiry: 0, clean: true))
        {
            await publisher.PublishAsync("a/1", "zero");
            for (ushort id = 1; id <= 3; id++)
            {
                await publisher.PublishAsync($"a/{id}", $"m{id}", qos: 1 + (id % 2), identifier: id);
                AckPacket ack = await publisher.ReadAckAsync(id % 2 == 0 ? PacketType.PubAck : PacketType.PubRec);
                Assert.Equal(ReasonCode.Success, ack.Reason);
            }
        }
        // Acknowledged, so there.
        Assert.Equal(["m1", "m2", "m3"], await host.QueryAsync("SELECT CAST(payload AS TEXT) FROM mqtt_queue ORDER BY id"));

        await host.RestartAsync();
        using RawClient second = await host.ConnectAsync("s", version: version);
        Assert.True(second.ConnAck.SessionPresent);
        for (int i = 1; i <= 3; i++)
        {
            RawClient.Received received = await second.ReadPublishAsync();
            Assert.Equal(($"m{i}", 1 + (i % 2), false), (received.Payload, received.QoS, received.Duplicate));
        }
        using RawClient other = await host.ConnectAsync("p", expiry: 0, clean: true);
        await other.PublishAsync("a/4", "m4", qos: 1, identifier: 1);
        await other.ReadAckAsync(PacketType.PubAck);
        Assert.Equal("m4", (await second.ReadPublishAsync()).Payload);
    }

    [Fact]
    public async Task Messages_in_flight_are_sent_again_in_order_with_DUP_and_their_identifiers_and_later_ones_without()
    {
        await using StoredBroker host = await StoredBroker.StartAsync();
        List<RawClient.Received> before = [];
        using (RawClient first = await host.ConnectAsync("s", receiveMaximum: 2))
        {
            await first.SubscribeAsync("a", qos: 2);
            using RawClient publisher = await host.ConnectAsync("p", expiry: 0, clean: true);
            for (ushort id = 1; id <= 4; id++)
            {
                await publisher.PublishAsync("a", $"m{id}", qos: 2, identifier: id);
                await publisher.ReadAckAsync(PacketType.PubRec);
            }
            before.Add(await first.ReadPublishAsync());
            before.Add(await first.ReadPublishAsync());
            await first.SendAsync(o => new AckPacket(PacketType.PubRec, before[0].Identifier).Write(o, first.Version));
            // PUBREL says that the receipt is durable.
            Assert.Equal(before[0].Identifier, (await first.ReadAckAsync(PacketType.PubRel)).PacketIdentifier);
            Assert.Equal(["1", "0", "0", "0"], await host.QueryAsync("SELECT CAST(released AS TEXT) FROM mqtt_queue ORDER BY id"));
        }
        await host.ClientsAsync(0);
        await host.UntilAsync("SELECT CAST(sent AS TEXT) FROM mqtt_session", "2");

        await host.RestartAsync();
        using RawClient second = await host.ConnectAsync("s", receiveMaximum: 2);
        Assert.Equal(before[0].Identifier, (await second.ReadAckAsync(PacketType.PubRel)).PacketIdentifier);
        RawClient.Received again = await second.ReadPublishAsync();
        Assert.Equal(("m2", true, before[1].Identifier), (again.Payload, again.Duplicate, again.Identifier));
        RawClient.Received fresh = await second.ReadPublishAsync();
        Assert.Equal(("m3", false), (fresh.Payload, fresh.Duplicate));
        // Two are outstanding, as many as the client takes.
        await second.PingAsync();
        await second.SendAsync(o => new AckPacket(PacketType.PubComp, before[0].Identifier).Write(o, second.Version));
        await second.SendAsync(o => new AckPacket(PacketType.PubRec, again.Identifier).Write(o, second.Version));
        await second.ReadAckAsync(PacketType.PubRel);
        await second.SendAsync(o => new AckPacket(PacketType.PubComp, again.Identifier).Write(o, second.Version));
        Assert.Equal("m4", (await second.ReadPublishAsync()).Payload);
        await host.UntilAsync("SELECT CAST(payload AS TEXT) FROM mqtt_queue ORDER BY id", "m3", "m4");
    }

    [Fact]
    public async Task A_QoS_2_publish_and_its_reading_are_one_transaction_and_a_repeated_one_is_stored_once()
    {
        await using StoredBroker host = await StoredBroker.StartAsync();
        using (RawClient first = await host.ConnectAsync("d"))
        {
            await first.PublishAsync("sensors/d/t", "21.5", qos: 2, identifier: 7);
            await first.ReadAckAsync(PacketType.PubRec);
            Assert.Equal(["7"], await host.QueryAsync("SELECT CAST(packet_id AS TEXT) FROM mqtt_qos2"));
        }

        await host.RestartAsync();
        using RawClient second = await host.ConnectAsync("d");
        await second.PublishAsync("sensors/d/t", "21.5", qos: 2, identifier: 7, duplicate: true);
        Assert.Equal(7, (await second.ReadAckAsync(PacketType.PubRec)).PacketIdentifier);
        await second.SendAsync(o => new AckPacket(PacketType.PubRel, 7).Write(o, second.Version));
        Assert.Equal(ReasonCode.Success, (await second.ReadAckAsync(PacketType.PubComp)).Reason);
        // PUBCOMP says that the identifier is free, whatever happens.
        Assert.Empty(await host.QueryAsync("SELECT CAST(packet_id AS TEXT) FROM mqtt_qos2"));
        await second.PublishAsync("sensors/d/t", "22", qos: 2, identifier: 7);
        await second.ReadAckAsync(PacketType.PubRec);
        Assert.Equal(["21.5", "22"], await host.QueryAsync("SELECT CAST(value AS TEXT) FROM readings ORDER BY id"));
    }

    [Fact]
    public async Task A_PUBREL_that_does_not_wait_for_PUBREC_leaves_no_row()
    {
        await using StoredBroker host = await StoredBroker.StartAsync();
        using RawClient client = await host.ConnectAsync("d");
        byte[] release = PacketSamples.Bytes(o => new AckPacket(PacketType.PubRel, 7).Write(o, client.Version));
        await client.SendAsync([.. client.Publish("sensors/d/t", "1", qos: 2, identifier: 7), .. release]);
        await client.ReadAckAsync(PacketType.PubRec);
        await client.ReadAckAsync(PacketType.PubComp);
        Assert.Empty(await host.QueryAsync("SELECT CAST(packet_id AS TEXT) FROM mqtt_qos2"));
    }

    [Fact]
    public async Task Retained_messages_survive_a_restart_and_are_taken_away_for_good()
    {
        await using StoredBroker host = await StoredBroker.StartAsync();
        using (RawClient publisher = await host.ConnectAsync("p", expiry: 0, clean: true))
        {
            await publisher.PublishAsync("r/0", "zero", retain: true, properties: new PropertySet { ContentType = "text" });
            await publisher.PublishAsync("r/1", "old", qos: 1, identifier: 1, retain: true);
            await publisher.PublishAsync("r/1", "one", qos: 1, identifier: 2, retain: true);
            await publisher.PublishAsync("r/2", "two", qos: 1, identifier: 3, retain: true);
            await publisher.PublishAsync("r/2", "", qos: 1, identifier: 4, retain: true);
            await publisher.PublishAsync("r/3", "short", qos: 1, identifier: 5, retain: true, properties: new PropertySet { MessageExpiryInterval = 10 });
            for (int i = 1; i <= 5; i++)
                await publisher.ReadAckAsync(PacketType.PubAck);
            // In QoS 0 nobody is told.
            await host.UntilAsync("SELECT topic FROM mqtt_retained WHERE payload IS NOT NULL ORDER BY topic", "r/0", "r/1", "r/3");
        }

        Assert.Equal(["r/2"], await host.QueryAsync("SELECT topic FROM mqtt_retained WHERE payload IS NULL"));
        await host.RestartAsync();
        host.Time.Advance(TimeSpan.FromSeconds(4));
        using RawClient reader = await host.ConnectAsync("s", expiry: 0, clean: true);
        await reader.SubscribeAsync("r/#", qos: 1);
        Dictionary<string, RawClient.Received> found = [];
        for (int i = 0; i < 3; i++)
        {
            RawClient.Received received = await reader.ReadPublishAsync();
            Assert.True(received.Retain);
            found.Add(received.Topic, received);
        }
        await reader.PingAsync();
        Assert.Equal(("zero", "text"), (found["r/0"].Payload, found["r/0"].Properties.ContentType));
        Assert.Equal(("one", 1), (found["r/1"].Payload, found["r/1"].QoS));
        Assert.Equal(6u, found["r/3"].Properties.MessageExpiryInterval);
        // What is gone goes from the table, too, some minutes later.
        using RawClient other = await host.ConnectAsync("o", expiry: 0, clean: true);
        await other.PublishAsync("r/1", "", qos: 1, identifier: 1, retain: true);
        await other.ReadAckAsync(PacketType.PubAck);
        host.Time.Advance(TimeSpan.FromMinutes(3));
        await host.UntilAsync("SELECT topic FROM mqtt_retained", "r/0");
    }

    [Fact]
    public async Task Sessions_and_messages_expire_across_a_restart()
    {
        await using StoredBroker host = await StoredBroker.StartAsync();
        using (RawClient brief = await host.ConnectAsync("brief", expiry: 10))
        using (RawClient lasting = await host.ConnectAsync("lasting", expiry: 1000))
        {
            await brief.SubscribeAsync("a", qos: 1);
            await lasting.SubscribeAsync("a", qos: 1);
        }
        await host.ClientsAsync(0);
        using (RawClient publisher = await host.ConnectAsync("p", expiry: 0, clean: true))
        {
            await publisher.PublishAsync("a", "short", qos: 1, identifier: 1, properties: new PropertySet { MessageExpiryInterval = 5 });
            await publisher.PublishAsync("a", "long", qos: 1, identifier: 2, properties: new PropertySet { MessageExpiryInterval = 50 });
            await publisher.ReadAckAsync(PacketType.PubAck);
            await publisher.ReadAckAsync(PacketType.PubAck);
        }
        host.Time.Advance(TimeSpan.FromSeconds(6));
        await host.RestartAsync();
        Assert.Equal(2, host.Broker.Statistics.Sessions);
        host.Time.Advance(TimeSpan.FromSeconds(6));
        await host.UntilAsync("SELECT client_id FROM mqtt_session", "lasting");
        await host.UntilAsync("SELECT CAST(session AS TEXT) FROM mqtt_queue GROUP BY session", "2");
        using RawClient back = await host.ConnectAsync("lasting");
        RawClient.Received received = await back.ReadPublishAsync();
        Assert.Equal(("long", 38u), (received.Payload, received.Properties.MessageExpiryInterval));
        Assert.Equal(1, host.Broker.Statistics.Dropped[DropReason.Expired]);
        using RawClient gone = await host.ConnectAsync("brief");
        Assert.False(gone.ConnAck.SessionPresent);
    }

    [Fact]
    public async Task A_clean_start_ends_what_was_stored_before_the_client_is_told()
    {
        await using StoredBroker host = await StoredBroker.StartAsync();
        using (RawClient first = await host.ConnectAsync("s"))
            await first.SubscribeAsync("a", qos: 1);
        using (RawClient second = await host.ConnectAsync("s", clean: true))
            Assert.False(second.ConnAck.SessionPresent);
        await host.RestartAsync();
        Assert.Equal((1, 0), (host.Broker.Statistics.Sessions, host.Broker.Statistics.Subscriptions));
        Assert.Empty(await host.QueryAsync("SELECT filter FROM mqtt_subscription"));
    }

    [Fact]
    public async Task A_delayed_will_survives_and_is_published_once()
    {
        await using StoredBroker host = await StoredBroker.StartAsync();
        var will = new Will("w", "gone"u8.ToArray(), QualityOfService.AtLeastOnce, Retain: true, new PropertySet { WillDelayInterval = 5, ContentType = "t" });
        (await host.ConnectAsync("c", will: will)).Dispose();
        await host.ClientsAsync(0);
        await host.UntilAsync("SELECT will_topic FROM mqtt_session WHERE expires_ts IS NOT NULL", "w");
        await host.RestartAsync();
        using RawClient watcher = await host.ConnectAsync("s", expiry: 0, clean: true);
        await watcher.SubscribeAsync("w", qos: 1);
        host.Time.Advance(TimeSpan.FromSeconds(6));
        RawClient.Received received = await watcher.ReadPublishAsync();
        Assert.Equal(("gone", "t"), (received.Payload, received.Properties.ContentType));
        await host.UntilAsync("SELECT coalesce(will_topic, 'none') FROM mqtt_session", "none");
        await host.RestartAsync();
        host.Time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(1, host.Broker.Statistics.Retained);
    }

    [Theory]
    [InlineData(ProtocolVersion.Mqtt311)]
    [InlineData(ProtocolVersion.Mqtt50)]
    public async Task A_will_of_a_session_without_expiry_is_published_after_a_crash(ProtocolVersion version)
    {
        await using StoredBroker host = await StoredBroker.StartAsync();
        var will = new Will("w", "gone"u8.ToArray(), QualityOfService.AtLeastOnce, Retain: false, null);
        using (RawClient watcher = await host.ConnectAsync("watcher"))
            await watcher.SubscribeAsync("w", qos: 1);
        using (RawClient polite = await host.ConnectAsync("polite", expiry: 0, clean: true, version, will))
        {
            Assert.Equal(["polite"], await host.QueryAsync("SELECT client_id FROM mqtt_session WHERE will_topic = 'w'"));
            await polite.SendAsync([0xE0, 0]);
            await host.UntilAsync("SELECT client_id FROM mqtt_session", "watcher");
        }
        using RawClient client = await host.ConnectAsync("c", expiry: 0, clean: true, version, will);

        await host.RestartAsync();
        host.Time.Advance(TimeSpan.FromSeconds(1));
        using (RawClient watcher = await host.ConnectAsync("watcher"))
        {
            RawClient.Received received = await watcher.ReadPublishAsync();
            Assert.Equal(("w", "gone", false), (received.Topic, received.Payload, received.Retain));
            await watcher.AcknowledgeAsync(PacketType.PubAck, received.Identifier);
        }
        Assert.Equal(0, host.Broker.Statistics.Retained);
        await host.UntilAsync("SELECT client_id FROM mqtt_session", "watcher");
        await host.UntilAsync("SELECT topic FROM mqtt_queue");

        // Once.
        await host.RestartAsync();
        host.Time.Advance(TimeSpan.FromSeconds(1));
        using RawClient last = await host.ConnectAsync("watcher");
        await last.PingAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_delayed_will_of_a_client_that_is_connected_outlives_a_stop_and_a_crash(bool isStop)
    {
        await using StoredBroker host = await StoredBroker.StartAsync();
        var will = new Will("w", "gone"u8.ToArray(), QualityOfService.AtLeastOnce, Retain: true, new PropertySet { WillDelayInterval = 5 });
        using RawClient client = await host.ConnectAsync("c", will: will);
        Task restart = host.RestartAsync(isStop);
        while (await client.ReadAsync() is not null)
        {
            // The DISCONNECT of a stop, which waits for its client to close.
        }
        client.Dispose();
        await restart;
        host.Time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(0, host.Broker.Statistics.Retained);
        host.Time.Advance(TimeSpan.FromSeconds(2));
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.Retained == 1, "the will is published");
    }

    /// <summary>Also where the session never ends, so that its row says nothing of when its client left.</summary>
    [Theory]
    [InlineData(1000)]
    [InlineData(uint.MaxValue)]
    public async Task The_delay_of_a_will_goes_on_across_a_restart(uint expiry)
    {
        await using StoredBroker host = await StoredBroker.StartAsync(new MqttOptions { MaximumSessionExpiry = TimeSpan.FromSeconds(uint.MaxValue) });
        var will = new Will("w", "gone"u8.ToArray(), QualityOfService.AtLeastOnce, Retain: true, new PropertySet { WillDelayInterval = 50 });
        (await host.ConnectAsync("c", expiry, will: will)).Dispose();
        await host.UntilAsync("SELECT client_id FROM mqtt_session WHERE will_due_ts IS NOT NULL", "c");
        host.Time.Advance(TimeSpan.FromSeconds(20));
        await host.RestartAsync(whileDown: TimeSpan.FromSeconds(20));
        host.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(0, host.Broker.Statistics.Retained);
        host.Time.Advance(TimeSpan.FromSeconds(6));
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.Retained == 1, "the will is published");
    }

    [Fact]
    public async Task The_will_of_a_session_that_expires_while_the_gateway_is_down_is_published()
    {
        await using StoredBroker host = await StoredBroker.StartAsync();
        var will = new Will("w", "gone"u8.ToArray(), QualityOfService.AtLeastOnce, Retain: true, new PropertySet { WillDelayInterval = 50 });
        (await host.ConnectAsync("c", expiry: 10, will: will)).Dispose();
        await host.UntilAsync("SELECT client_id FROM mqtt_session WHERE expires_ts IS NOT NULL", "c");
        await host.RestartAsync(whileDown: TimeSpan.FromSeconds(20));
        host.Time.Advance(TimeSpan.FromSeconds(1));
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.Retained == 1, "the will is published");
        await host.UntilAsync("SELECT client_id FROM mqtt_session");
    }

    [Fact]
    public async Task A_long_queue_is_on_the_disk_and_comes_from_there_in_order()
    {
        const int count = 2000;
        await using StoredBroker host = await StoredBroker.StartAsync(new MqttOptions { MaximumLoadedBytes = 10_000, MaximumLoadedMessages = 100, ReceiveMaximum = 65535 });
        using (RawClient first = await host.ConnectAsync("s"))
            await first.SubscribeAsync("sensors/#", qos: 1);
        await host.ClientsAsync(0);
        using (RawClient publisher = await host.ConnectAsync("p", expiry: 0, clean: true))
        {
            await publisher.SendAsync([.. Enumerable.Range(1, count).SelectMany(id => publisher.Publish($"sensors/d{id % 7}/t", $"{id}", 1, (ushort)id))]);
            for (int i = 0; i < count; i++)
                await publisher.ReadAckAsync(PacketType.PubAck);
        }
        using (RawClient second = await host.ConnectAsync("s"))
        {
            await ReadAsync(second, 1, count / 2);
            await host.UntilAsync("SELECT CAST(count(*) AS TEXT) FROM mqtt_queue", $"{count / 2}");
        }
        await host.RestartAsync();
        Assert.Equal(1000, (await host.QueryAsync("SELECT topic FROM mqtt_queue")).Length);
        using RawClient third = await host.ConnectAsync("s");
        await ReadAsync(third, (count / 2) + 1, count);
        await host.UntilAsync("SELECT CAST(count(*) AS TEXT) FROM mqtt_queue", "0");
        Assert.Equal(0, host.Broker.Statistics.QueuedBytes);
        Assert.Equal(0, host.Broker.Statistics.Dropped.Values.Sum());

        static async Task ReadAsync(RawClient client, int first, int last)
        {
            for (int i = first; i <= last; i++)
            {
                RawClient.Received received = await client.ReadPublishAsync();
                Assert.Equal($"{i}", received.Payload);
                await client.SendAsync(o => new AckPacket(PacketType.PubAck, received.Identifier).Write(o, client.Version));
            }
        }
    }

    [Fact]
    public async Task Queues_are_bounded_one_by_one_and_together_and_what_is_dropped_is_counted()
    {
        await using StoredBroker host = await StoredBroker.StartAsync(new MqttOptions { MaximumQueuedMessages = 3, MaximumQueuedBytesInAll = 900 });
        using (RawClient one = await host.ConnectAsync("one"))
        using (RawClient other = await host.ConnectAsync("other"))
        {
            await one.SubscribeAsync("a", qos: 1);
            await other.SubscribeAsync("b", qos: 1);
        }
        await host.ClientsAsync(0);
        using RawClient publisher = await host.ConnectAsync("p", expiry: 0, clean: true);
        for (ushort id = 1; id <= 10; id++)
        {
            await publisher.PublishAsync(id <= 5 ? "a" : "b", "x", qos: 1, identifier: id);
            await publisher.ReadAckAsync(PacketType.PubAck);
        }
        // Three of five fit the first queue; a message counts for 130 bytes, so six fit all of them.
        Assert.Equal(["a", "a", "a", "b", "b", "b"], await host.QueryAsync("SELECT topic FROM mqtt_queue ORDER BY topic"));
        Assert.Equal(4, host.Broker.Statistics.Dropped[DropReason.QueueFull]);
    }

    [Fact]
    public async Task A_route_says_whether_a_topic_is_stored_or_forwarded_or_both()
    {
        await using StoredBroker host = await StoredBroker.StartAsync(
            null, StoredBroker.Route("quiet/{device}/{metric}", TopicUse.Store), StoredBroker.Route("live/#", TopicUse.Forward), StoredBroker.Route("{any}/{device}/{metric}"));
        using RawClient reader = await host.ConnectAsync("s", expiry: 0, clean: true);
        await reader.SubscribeAsync("#", qos: 1);
        using RawClient publisher = await host.ConnectAsync("p", expiry: 0, clean: true);
        ushort id = 0;
        foreach (string topic in (string[])["quiet/d/1", "live/d/2", "other/d/3"])
        {
            await publisher.PublishAsync(topic, "5", qos: 1, identifier: ++id, retain: true);
            await publisher.ReadAckAsync(PacketType.PubAck);
        }
        Assert.Equal("live/d/2", (await reader.ReadPublishAsync()).Topic);
        Assert.Equal("other/d/3", (await reader.ReadPublishAsync()).Topic);
        await reader.PingAsync();
        Assert.Equal(["1", "3"], await host.QueryAsync("SELECT metric FROM telemetry ORDER BY id"));
        Assert.Equal(["live/d/2", "other/d/3"], await host.QueryAsync("SELECT topic FROM mqtt_retained ORDER BY topic"));
    }
}
