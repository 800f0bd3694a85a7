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

    /// <summary>In two of them a crash between would lose the will or publish it twice.</summary>
    [Fact]
    public async Task A_will_and_the_end_of_its_session_are_one_transaction_which_is_tried_again()
    {
        ManualTime time = new();
        await using BrokerHost host = await BrokerHost.StartAsync(time: time);
        using RawClient watcher = await host.ConnectAsync("w");
        await watcher.SubscribeAsync("will", qos: 1);
        host.Ingress.Answer = null;
        (await host.ConnectAsync("c", will: new Will("will", "gone"u8.ToArray(), QualityOfService.AtLeastOnce, Retain: false, null))).Dispose();
        (await NextAsync()).Complete(IngressResult.Failed);
        await BrokerHost.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return host.Ingress.Taken.Count == 2;
            },
            "it is tried again");
        (await NextAsync()).Complete(IngressResult.Stored);
        Assert.Equal("gone", (await watcher.ReadPublishAsync()).Payload);
        for (int i = 0; i < 3; i++)
            time.Advance(TimeSpan.FromSeconds(1));
        await watcher.PingAsync();
        Assert.Equal(2, host.Ingress.Taken.Count);
        Assert.DoesNotContain(host.Ingress.StoredRows, IsDelete);

        async Task<IngressMessage> NextAsync()
        {
            IngressMessage message = await host.Ingress.TakeAsync();
            Assert.Contains(message.Rows?.Statements ?? [], statement => IsDelete(statement.Sql));
            return message;
        }

        static bool IsDelete(string sql) => sql.StartsWith("DELETE FROM mqtt_session", StringComparison.Ordinal);
    }

    /// <summary>Another writer has the will, and the later row must not be overwritten by the earlier one.</summary>
    [Fact]
    public async Task A_client_that_comes_back_is_told_so_when_its_will_of_before_is_stored()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        PropertySet lasting = new() { SessionExpiryInterval = 1000 };
        host.Ingress.Answer = null;
        (await host.ConnectAsync("c", clean: false, will: new Will("will", "gone"u8.ToArray(), QualityOfService.AtLeastOnce, Retain: false, null), properties: lasting)).Dispose();
        IngressMessage will = await host.Ingress.TakeAsync();
        int before = host.Ingress.StoredRows.Count;
        Task<RawClient> back = host.ConnectAsync("c", clean: false, properties: lasting);
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.ClientsConnected == 1, "it has its session");
        Assert.Equal(before, host.Ingress.StoredRows.Count);
        will.Complete(IngressResult.Stored);
        using RawClient client = await back;
        Assert.True(client.ConnAck.SessionPresent);
        Assert.Equal(before + 1, host.Ingress.StoredRows.Count);
    }

    /// <summary>A restart would publish the will that was withdrawn.</summary>
    [Fact]
    public async Task The_row_of_a_client_that_has_left_is_written_later_when_it_could_not_be_at_once()
    {
        ManualTime time = new();
        await using BrokerHost host = await BrokerHost.StartAsync(time: time);
        using RawClient client = await host.ConnectAsync(
            "c", clean: false, will: new Will("will", "gone"u8.ToArray(), QualityOfService.AtLeastOnce, Retain: false, null),
            properties: new PropertySet { SessionExpiryInterval = 1000 });
        host.Ingress.RowsAnswer = IngressResult.Failed;
        await client.SendAsync([0xE0, 0]);
        Assert.Null(await client.ReadAsync());
        Assert.Single(host.Ingress.StoredRows, IsSave);
        host.Ingress.RowsAnswer = IngressResult.Stored;
        await BrokerHost.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return host.Ingress.StoredRows.Count(IsSave) == 2;
            },
            "it is written");
        Assert.Empty(host.Ingress.Taken);

        static bool IsSave(string sql) => sql.StartsWith("INSERT OR REPLACE INTO mqtt_session", StringComparison.Ordinal);
    }
}
