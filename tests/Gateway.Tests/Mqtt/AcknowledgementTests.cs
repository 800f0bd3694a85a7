using System.Text;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>PUBACK and PUBREC mean that the ingress said durable, come in order, and hold the client back when they do not come.</summary>
public class AcknowledgementTests
{
    [Fact]
    public async Task No_acknowledgement_before_the_message_is_durable()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        host.Ingress.Answer = null;
        using RawClient client = await host.ConnectAsync("c");
        await client.PublishAsync("a/b", "21.5", qos: 1, identifier: 7);
        IngressMessage message = await host.Ingress.TakeAsync();
        Assert.Equal("a/b", message.Topic.Text);
        Assert.Equal("21.5", Encoding.UTF8.GetString(message.Payload.Span));
        Assert.Equal("c", message.ClientId);
        Assert.Equal(1, message.QualityOfService);
        // The answer to a ping overtakes an acknowledgement that is not ready, and nothing else comes before it.
        await client.PingAsync();
        message.Complete(IngressResult.Stored);
        AckPacket ack = await client.ReadAckAsync(PacketType.PubAck);
        Assert.Equal((7, ReasonCode.Success), (ack.PacketIdentifier, ack.Reason));
    }

    [Theory]
    [InlineData(ProtocolVersion.Mqtt311)]
    [InlineData(ProtocolVersion.Mqtt50)]
    public async Task Acknowledgements_keep_the_order_of_arrival_whatever_the_order_of_completion(ProtocolVersion version)
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        host.Ingress.Answer = null;
        using RawClient client = await host.ConnectAsync("c", version);
        var messages = new List<IngressMessage>();
        for (ushort id = 1; id <= 50; id++)
        {
            await client.PublishAsync("a/b", "x", qos: id % 3 == 0 ? 2 : 1, identifier: id);
            messages.Add(await host.Ingress.TakeAsync());
        }
        foreach (IngressMessage message in messages.Skip(1).Reverse())
            message.Complete(IngressResult.Stored);
        await client.PingAsync();
        messages[0].Complete(IngressResult.Stored);
        for (int id = 1; id <= 50; id++)
        {
            AckPacket ack = await client.ReadAckAsync(id % 3 == 0 ? PacketType.PubRec : PacketType.PubAck);
            Assert.Equal(id, ack.PacketIdentifier);
        }
    }

    [Fact]
    public async Task Acknowledgements_that_are_ready_together_leave_together()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        host.Ingress.Answer = null;
        using RawClient client = await host.ConnectAsync("c");
        await client.SendAsync([.. Enumerable.Range(1, 1000).SelectMany(id => client.Publish("a/b", "x", 1, (ushort)id))]);
        var messages = new List<IngressMessage>();
        for (int i = 0; i < 1000; i++)
            messages.Add(await host.Ingress.TakeAsync());
        int reads = client.Reads;
        // The first message is last to complete: until then none may go out, then all may.
        foreach (IngressMessage message in messages.Skip(1).Append(messages[0]))
            message.Complete(IngressResult.Stored);
        for (int id = 1; id <= 1000; id++)
            Assert.Equal(id, (await client.ReadAckAsync(PacketType.PubAck)).PacketIdentifier);
        Assert.Equal(1, client.Reads - reads);
    }

    [Theory]
    [InlineData(IngressResult.Failed, ReasonCode.UnspecifiedError)]
    [InlineData(IngressResult.NotAuthorized, ReasonCode.NotAuthorized)]
    [InlineData(IngressResult.QuotaExceeded, ReasonCode.QuotaExceeded)]
    [InlineData(IngressResult.NotRouted, ReasonCode.NoMatchingSubscribers)]
    public async Task A_5_0_client_is_told_what_became_of_its_message(IngressResult result, ReasonCode reason)
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        host.Ingress.Answer = result;
        using RawClient client = await host.ConnectAsync("c");
        await client.PublishAsync("a", "x", qos: 1, identifier: 1);
        Assert.Equal(reason, (await client.ReadAckAsync(PacketType.PubAck)).Reason);
        await client.PublishAsync("a", "x", qos: 2, identifier: 2);
        Assert.Equal(reason, (await client.ReadAckAsync(PacketType.PubRec)).Reason);
        await client.PingAsync();
    }

    [Fact]
    public async Task A_3_1_1_client_is_disconnected_without_the_acknowledgement_of_a_failed_message()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        host.Ingress.Answer = null;
        using RawClient client = await host.ConnectAsync("c", ProtocolVersion.Mqtt311);
        await client.PublishAsync("a", "1", qos: 1, identifier: 1);
        await client.PublishAsync("a", "2", qos: 1, identifier: 2);
        IngressMessage first = await host.Ingress.TakeAsync();
        IngressMessage second = await host.Ingress.TakeAsync();
        second.Complete(IngressResult.Failed);
        first.Complete(IngressResult.Stored);
        Assert.Equal(1, (await client.ReadAckAsync(PacketType.PubAck)).PacketIdentifier);
        await client.ExpectClosedAsync(ReasonCode.UnspecifiedError);
        Assert.Contains(host.LogLines, line => line.Contains("1200") && line.Contains("'c'"));
        Assert.Equal(1, host.Broker.Statistics.Dropped[DropReason.IngressFailed]);
    }

    [Fact]
    public async Task A_full_ingress_holds_the_socket_and_loses_nothing()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient client = await host.ConnectAsync("c", ProtocolVersion.Mqtt311);
        using RawClient other = await host.ConnectAsync("other");
        host.Ingress.BecomeFull();
        string big = new('x', 60_000);
        byte[] packets = [.. Enumerable.Range(1, 1000).SelectMany(id => client.Publish("a/b", big, 1, (ushort)id))];
        int sent = client.SendWhatFits(packets);
        Assert.InRange(sent, 1, packets.Length - 1);
        await other.PingAsync();
        host.Ingress.HaveRoom();
        await client.SendAsync(packets[sent..]);
        for (int id = 1; id <= 1000; id++)
            Assert.Equal(id, (await client.ReadAckAsync(PacketType.PubAck)).PacketIdentifier);
        Assert.Equal(1000, host.Ingress.Taken.Count);
    }

    [Fact]
    public async Task A_3_1_1_client_past_the_bound_of_unacknowledged_messages_is_held()
    {
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { ReceiveMaximum = 10 });
        host.Ingress.Answer = null;
        using RawClient client = await host.ConnectAsync("c", ProtocolVersion.Mqtt311);
        await client.SendAsync([.. Enumerable.Range(1, 30).SelectMany(id => client.Publish("a", $"{id}", 1, (ushort)id))]);
        var messages = new List<IngressMessage>();
        for (int i = 0; i < 10; i++)
            messages.Add(await host.Ingress.TakeAsync());
        using RawClient other = await host.ConnectAsync("other");
        await other.PingAsync();
        Assert.Equal(10, host.Ingress.Taken.Count);
        for (int i = 0; i < 30; i++)
        {
            if (i >= messages.Count)
                messages.Add(await host.Ingress.TakeAsync());
            messages[i].Complete(IngressResult.Stored);
            Assert.Equal(i + 1, (await client.ReadAckAsync(PacketType.PubAck)).PacketIdentifier);
        }
    }

    [Fact]
    public async Task A_5_0_client_that_ignores_receive_maximum_is_disconnected()
    {
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { ReceiveMaximum = 10 });
        host.Ingress.Answer = null;
        using RawClient client = await host.ConnectAsync("c");
        Assert.Equal(10, (int)client.ConnAck.Properties!.ReceiveMaximum!);
        await client.SendAsync([.. Enumerable.Range(1, 10).SelectMany(id => client.Publish("a", "x", id % 2 + 1, (ushort)id))]);
        await client.PingAsync();
        await client.PublishAsync("a", "x", qos: 1, identifier: 11);
        await client.ExpectClosedAsync(ReasonCode.ReceiveMaximumExceeded);
    }

    [Fact]
    public async Task Stopping_waits_for_what_is_owed_and_says_why()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        host.Ingress.Answer = null;
        using RawClient client = await host.ConnectAsync("c");
        await client.PublishAsync("a", "x", qos: 1, identifier: 9);
        IngressMessage message = await host.Ingress.TakeAsync();
        Task stop = host.Broker.StopAsync(CancellationToken.None);
        message.Complete(IngressResult.Stored);
        Assert.Equal(9, (await client.ReadAckAsync(PacketType.PubAck)).PacketIdentifier);
        await client.ExpectClosedAsync(ReasonCode.ServerShuttingDown);
        await stop;
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_ever()
    {
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { DrainTimeout = TimeSpan.FromMilliseconds(50) });
        host.Ingress.Answer = null;
        using RawClient client = await host.ConnectAsync("c");
        await client.PublishAsync("a", "x", qos: 1, identifier: 9);
        await host.Ingress.TakeAsync();
        await host.Broker.StopAsync(CancellationToken.None);
        Assert.Contains(host.LogLines, line => line.Contains("1004"));
    }
}
