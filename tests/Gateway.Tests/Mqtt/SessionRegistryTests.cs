using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>What becomes of a session's rows when the disk refuses them.</summary>
public class SessionRegistryTests
{
    [Fact]
    public async Task The_rows_of_a_session_that_a_clean_start_ended_are_deleted_later_when_they_could_not_be_at_once()
    {
        ManualTime time = new();
        await using BrokerHost host = await BrokerHost.StartAsync(time: time);
        PropertySet lasting = new() { SessionExpiryInterval = 1000 };
        (await host.ConnectAsync("s", clean: false, properties: lasting)).Dispose();
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.ClientsConnected == 0, "it has left");

        host.Ingress.RowsAnswer = IngressResult.Failed;
        using (RawClient heir = await host.OpenAsync())
            Assert.Equal(ReasonCode.ServerUnavailable, (await heir.ConnectAsync("s")).Reason);
        Assert.DoesNotContain(host.Ingress.StoredRows, sql => sql.StartsWith("DELETE FROM mqtt_session", StringComparison.Ordinal));

        host.Ingress.RowsAnswer = IngressResult.Stored;
        await BrokerHost.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return host.Ingress.StoredRows.Any(sql => sql.StartsWith("DELETE FROM mqtt_session", StringComparison.Ordinal));
            },
            "its row is deleted");
        using RawClient last = await host.ConnectAsync("s", clean: false);
        Assert.False(last.ConnAck.SessionPresent);
    }
}
