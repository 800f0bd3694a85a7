using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>Wills that could not be published when they were due.</summary>
public class WillTests
{
    [Theory]
    [InlineData(IngressResult.NotAuthorized, DropReason.NotAuthorized)]
    [InlineData(IngressResult.PayloadFormatInvalid, DropReason.PayloadFormatInvalid)]
    public async Task A_will_that_can_never_be_stored_is_dropped_counted_and_forgotten_for_good(IngressResult result, DropReason reason)
    {
        ManualTime time = new();
        await using BrokerHost host = await BrokerHost.StartAsync(time: time);
        host.Ingress.Answer = result;
        (await host.ConnectAsync("c", will: Will("gone"))).Dispose();
        await BrokerHost.UntilAsync(() => host.Ingress.StoredRows.Any(sql => sql.StartsWith("DELETE FROM mqtt_session", StringComparison.Ordinal)), "its row is deleted");
        for (int i = 0; i < 3; i++)
            time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["w=gone"], host.Ingress.Taken);
        Assert.Equal(1, host.Broker.Statistics.Dropped[reason]);
        Assert.Single(host.LogLines, line => line.StartsWith("Warning 1203 ", StringComparison.Ordinal) && line.Contains($"{result}", StringComparison.Ordinal));
    }

    /// <summary>The row of the client that is back takes the place of the one that has the will.</summary>
    [Fact]
    public async Task A_will_that_could_not_be_stored_is_published_once_though_its_client_is_back_and_the_gateway_crashes()
    {
        await using StoredBroker host = await StoredBroker.StartAsync();
        using (RawClient watcher = await host.ConnectAsync("watcher"))
            await watcher.SubscribeAsync("w", qos: 1);
        await host.UntilAsync("SELECT client_id FROM mqtt_session WHERE expires_ts IS NOT NULL", "watcher");
        using (await host.ConnectAsync("c", expiry: 0, clean: true, will: Will("first")))
            await host.RefuseAsync();
        await BrokerHost.UntilAsync(() => host.Refused > 0, "its will is refused");
        await host.StoreAgainAsync();
        using (await BackAsync(host))
            await host.RestartAsync();
        host.Time.Advance(TimeSpan.FromSeconds(1));
        using (RawClient watcher = await host.ConnectAsync("watcher"))
        {
            foreach (string payload in (string[])["first", "second"])
            {
                RawClient.Received received = await watcher.ReadPublishAsync();
                Assert.Equal(payload, received.Payload);
                await watcher.AcknowledgeAsync(PacketType.PubAck, received.Identifier);
            }
            await host.UntilAsync("SELECT CAST(payload AS TEXT) FROM mqtt_queue");
        }
        await host.RestartAsync();
        host.Time.Advance(TimeSpan.FromSeconds(1));
        using RawClient last = await host.ConnectAsync("watcher");
        await last.PingAsync();
    }

    // While the will is on its way to its refusal its client is refused, too.
    private static async Task<RawClient> BackAsync(StoredBroker host)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (true)
        {
            RawClient client = await RawClient.OpenAsync(new Uri(host.Broker.ListeningOn[0]).Port, ProtocolVersion.Mqtt50);
            if ((await client.ConnectAsync("c", will: Will("second"))).Reason == ReasonCode.Success)
                return client;
            client.Dispose();
            Assert.False(deadline.IsCancellationRequested, "the client is not let in again");
        }
    }

    private static Will Will(string payload) => new("w", System.Text.Encoding.UTF8.GetBytes(payload), QualityOfService.AtLeastOnce, Retain: false, null);
}
