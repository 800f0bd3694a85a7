using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>QoS 2 both ways (MQTT 5.0 section 4.3.3).</summary>
public class ExactlyOnceTests
{
    private static readonly PropertySet LongSession = new() { SessionExpiryInterval = 1000 };

    [Fact]
    public async Task A_publish_repeated_before_PUBREL_is_stored_once_across_connections()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        host.Ingress.Answer = null;
        using RawClient subscriber = await host.ConnectAsync("s");
        await subscriber.SubscribeAsync("#");
        using RawClient first = await host.ConnectAsync("c", clean: false, properties: LongSession);
        await first.PublishAsync("a", "once", qos: 2, identifier: 5);
        IngressMessage message = await host.Ingress.TakeAsync();

        using RawClient second = await host.ConnectAsync("c", clean: false, properties: LongSession);
        Assert.True(second.ConnAck.SessionPresent);
        await second.PublishAsync("a", "once", qos: 2, identifier: 5, duplicate: true);
        await second.PingAsync();
        await subscriber.PingAsync();
        message.Complete(IngressResult.Stored);
        Assert.Equal(5, (await second.ReadAckAsync(PacketType.PubRec)).PacketIdentifier);
        await second.PublishAsync("a", "once", qos: 2, identifier: 5, duplicate: true);
        Assert.Equal(5, (await second.ReadAckAsync(PacketType.PubRec)).PacketIdentifier);
        await second.SendAsync(o => new AckPacket(PacketType.PubRel, 5).Write(o, second.Version));
        Assert.Equal(ReasonCode.Success, (await second.ReadAckAsync(PacketType.PubComp)).Reason);
        Assert.Single(host.Ingress.Taken);
        Assert.Equal("once", (await subscriber.ReadPublishAsync()).Payload);
        await subscriber.PingAsync();

        // After PUBREL the identifier stands for another message.
        await second.PublishAsync("a", "twice", qos: 2, identifier: 5);
        (await host.Ingress.TakeAsync()).Complete(IngressResult.Stored);
        await second.ReadAckAsync(PacketType.PubRec);
        Assert.Equal(2, host.Ingress.Taken.Count);
    }

    [Fact]
    public async Task An_unknown_release_is_answered_with_identifier_not_found()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient client = await host.ConnectAsync("c");
        await client.SendAsync(o => new AckPacket(PacketType.PubRel, 5).Write(o, client.Version));
        Assert.Equal(ReasonCode.PacketIdentifierNotFound, (await client.ReadAckAsync(PacketType.PubComp)).Reason);
        await client.SendAsync(o => new AckPacket(PacketType.PubRec, 5).Write(o, client.Version));
        Assert.Equal(ReasonCode.PacketIdentifierNotFound, (await client.ReadAckAsync(PacketType.PubRel)).Reason);
    }

    [Fact]
    public async Task Outbound_exchanges_go_on_where_the_lost_connection_left_them()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient first = await host.ConnectAsync("s", clean: false, properties: LongSession);
        await first.SubscribeAsync("#", qos: 2);
        using RawClient publisher = await host.ConnectAsync("p");
        for (ushort id = 1; id <= 3; id++)
        {
            await publisher.PublishAsync("a", $"{id}", qos: 2, identifier: id);
            await publisher.ReadAckAsync(PacketType.PubRec);
        }
        RawClient.Received one = await first.ReadPublishAsync();
        await first.ReadPublishAsync();
        await first.ReadPublishAsync();
        await first.SendAsync(o => new AckPacket(PacketType.PubRec, one.Identifier).Write(o, first.Version));
        await first.ReadAckAsync(PacketType.PubRel);
        first.Dispose();

        using RawClient second = await host.ConnectAsync("s", clean: false, properties: LongSession);
        Assert.Equal(one.Identifier, (await second.ReadAckAsync(PacketType.PubRel)).PacketIdentifier);
        RawClient.Received two = await second.ReadPublishAsync();
        RawClient.Received three = await second.ReadPublishAsync();
        Assert.Equal(("2", true), (two.Payload, two.Duplicate));
        Assert.Equal(("3", true), (three.Payload, three.Duplicate));
        foreach (RawClient.Received open in (RawClient.Received[])[two, three])
        {
            await second.SendAsync(o => new AckPacket(PacketType.PubRec, open.Identifier).Write(o, second.Version));
            await second.ReadAckAsync(PacketType.PubRel);
        }
        foreach (RawClient.Received open in (RawClient.Received[])[one, two, three])
            await second.SendAsync(o => new AckPacket(PacketType.PubComp, open.Identifier).Write(o, second.Version));
        await second.PingAsync();
        second.Dispose();
        using RawClient third = await host.ConnectAsync("s", clean: false, properties: LongSession);
        await third.PingAsync();
    }
}
