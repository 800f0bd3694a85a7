using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.Security;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>What a refusal says beyond its code (MQTT 5.0 section 2.2.2, Reason String).</summary>
public class ReasonStringTests
{
    private static readonly MqttOptions s_options = new() { Security = new SecurityOptions { Access = [new AccessRule { Publish = ["ok/#"], Subscribe = ["ok/#"] }] } };

    [Theory]
    [InlineData(null, null, true)]
    [InlineData((byte)1, 1000u, true)]
    [InlineData((byte)0, null, false)]
    [InlineData(null, 24u, false)]
    public async Task A_refusal_says_why_to_who_wants_to_know_and_takes_a_packet_of_that_size(byte? wants, uint? maximumPacketSize, bool says)
    {
        await using BrokerHost host = await BrokerHost.StartAsync(s_options);
        using RawClient client = await host.ConnectAsync("c", properties: new PropertySet { RequestProblemInformation = wants, MaximumPacketSize = maximumPacketSize });
        SubscriptionRequest[] requests = [new("ok/a", QualityOfService.AtMostOnce), new("no/b", QualityOfService.AtMostOnce)];
        await client.SendAsync(o => new SubscribePacket(7, requests).Write(o, client.Version));
        SubAckPacket subscribed = SubAckPacket.Parse((await client.ReadAsync(PacketType.SubAck)).Body, PacketType.SubAck, client.Version);
        Assert.Equal([ReasonCode.Success, ReasonCode.NotAuthorized], subscribed.Reasons);
        Assert.Equal(says ? "it may not subscribe to 'no/b'" : null, subscribed.Properties?.ReasonString);

        await client.PublishAsync("no/c", "x", qos: 1, identifier: 1);
        await client.PublishAsync("no/c", "x", qos: 2, identifier: 2);
        await client.PublishAsync("ok/c", "x", qos: 1, identifier: 3);
        foreach (PacketType type in (PacketType[])[PacketType.PubAck, PacketType.PubRec])
        {
            AckPacket refused = await client.ReadAckAsync(type);
            Assert.Equal((ReasonCode.NotAuthorized, says ? "it may not publish to this topic" : null), (refused.Reason, refused.Properties?.ReasonString));
        }
        Assert.Null((await client.ReadAckAsync(PacketType.PubAck)).Properties);

        await client.SendAsync(o => new ConnectPacket { Version = client.Version, ClientId = "c" }.Write(o));
        DisconnectPacket closed = DisconnectPacket.Parse((await client.ReadAsync(PacketType.Disconnect)).Body, client.Version);
        Assert.Equal((ReasonCode.ProtocolError, says ? "a second CONNECT (section 3.1)" : null), (closed.Reason, closed.Properties?.ReasonString));
    }

    [Theory]
    [InlineData("x", null, "authentication method 'x' is not supported (section 4.12)")]
    [InlineData("x", 40u, null)]
    public async Task A_refused_CONNECT_is_told_why(string method, uint? maximumPacketSize, string? expected)
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient client = await host.OpenAsync();
        var properties = new PropertySet { AuthenticationMethod = method, MaximumPacketSize = maximumPacketSize };
        await client.SendAsync(o => new ConnectPacket { Version = client.Version, ClientId = "c", Properties = properties }.Write(o));
        ConnAckPacket refused = ConnAckPacket.Parse((await client.ReadAsync(PacketType.ConnAck)).Body, client.Version);
        Assert.Equal((ReasonCode.BadAuthenticationMethod, expected), (refused.Reason, refused.Properties?.ReasonString));
    }

    /// <summary>A topic may be longer than what a string of a packet may hold around it.</summary>
    [Fact]
    public void A_long_reason_is_cut_between_characters()
    {
        var client = new ClientLimits(ProtocolVersion.Mqtt50, 1, long.MaxValue, WantsReasons: true);
        string cut = client.Explain(new string('a', 199) + string.Concat(Enumerable.Repeat("\U0001F600", 100_000)), 0)!.ReasonString!;
        Assert.Equal(new string('a', 199), cut);
    }
}
