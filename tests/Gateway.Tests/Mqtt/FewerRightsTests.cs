using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.Security;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>A session outlives the rules that its subscriptions were made under (MQTT 5.0 section 5.4.2).</summary>
public class FewerRightsTests
{
    [Theory]
    [InlineData(ProtocolVersion.Mqtt311)]
    [InlineData(ProtocolVersion.Mqtt50)]
    public async Task A_client_that_comes_back_with_fewer_rights_gets_what_it_may_still_read(ProtocolVersion version)
    {
        await using StoredBroker host = await StoredBroker.StartAsync(new MqttOptions { Security = Rules("a", "b") });
        using (RawClient first = await host.ConnectAsync("s", version: version))
        {
            await first.SubscribeAsync("a", qos: 1);
            await first.SubscribeAsync("b", qos: 1);
            await first.SubscribeAsync("$share/all/a", qos: 1);
        }
        await host.ClientsAsync(0);
        await PublishAsync(host, "a", "b");

        await host.RestartAsync(security: Rules("b"));
        await PublishAsync(host, "a", "b");
        using RawClient second = await host.ConnectAsync("s", version: version);
        Assert.True(second.ConnAck.SessionPresent);
        Assert.Equal("b", (await second.ReadPublishAsync()).Topic);
        Assert.Equal("b", (await second.ReadPublishAsync()).Topic);
        await PublishAsync(host, "a", "b");
        Assert.Equal("b", (await second.ReadPublishAsync()).Topic);
        await second.PingAsync();
        Assert.Equal(["b"], await host.QueryAsync("SELECT filter FROM mqtt_subscription"));
        // Twice what waited, as the subscription and as the share.
        Assert.Equal(4, host.Broker.Statistics.Dropped[DropReason.NotAuthorized]);
    }

    private static SecurityOptions Rules(params string[] mayRead) => new() { Access = [new AccessRule { Publish = ["#"], Subscribe = mayRead }] };

    private static async Task PublishAsync(StoredBroker host, params string[] topics)
    {
        using RawClient publisher = await host.ConnectAsync("p", expiry: 0, clean: true);
        foreach (string topic in topics)
        {
            await publisher.PublishAsync(topic, "x", qos: 1, identifier: 1);
            await publisher.ReadAckAsync(PacketType.PubAck);
        }
    }
}
