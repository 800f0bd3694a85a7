using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Engine;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Tests.Mqtt;

public class BrokerErrorTests
{
    [Fact]
    public async Task Messages_of_a_read_that_ends_with_the_connection_are_counted()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient client = await host.ConnectAsync("c");
        byte[] messages = [.. Enumerable.Range(1, 20).SelectMany(i => client.Publish("a", "x", qos: 1, identifier: (ushort)i))];
        long before = host.Broker.Statistics.BytesIn;
        await client.SendAsync([.. messages, 0, 0]);
        Assert.Equal(ReasonCode.MalformedPacket, await DisconnectAsync(client));
        Assert.Equal(20, host.Broker.Statistics.MessagesIn);
        Assert.InRange(host.Broker.Statistics.BytesIn - before, messages.Length, messages.Length + 2);
    }

    [Fact]
    public async Task A_payload_that_is_not_the_text_that_it_says_goes_nowhere_at_QoS_0_either()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient client = await host.ConnectAsync("c");
        await client.SubscribeAsync("a");
        // PUBLISH of QoS 0 to "a", Payload Format Indicator 1, payload FF; then the same with payload "x".
        await client.SendAsync([0x30, 7, 0, 1, (byte)'a', 2, 1, 1, 0xFF, 0x30, 7, 0, 1, (byte)'a', 2, 1, 1, (byte)'x']);
        Assert.Equal("x", (await client.ReadPublishAsync()).Payload);
        Assert.Equal(1, host.Broker.Statistics.Dropped[DropReason.PayloadFormatInvalid]);
        Assert.Equal(["a=x"], host.Ingress.Taken);
    }

    [Fact]
    public async Task A_malformed_packet_closes_its_connection_with_the_reason_and_no_other()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient good = await host.ConnectAsync("good");
        using RawClient bad = await host.ConnectAsync("bad");
        await bad.SendAsync([0x82, 0x02, 0, 1, 0xFF, 0xFF, 0xFF]);
        await bad.ExpectClosedAsync(ReasonCode.MalformedPacket);
        await good.PingAsync();
        Assert.Equal(1, host.Broker.Statistics.ProtocolErrors);
        string line = Assert.Single(host.LogLines, l => l.Contains("1103"));
        Assert.Contains("'bad' at ", line);
        Assert.Contains("127.0.0.1", line);
        Assert.Contains("(MalformedPacket)", line);
    }

    [Fact]
    public async Task What_came_before_the_malformed_packet_is_stored()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient bad = await host.ConnectAsync("bad", ProtocolVersion.Mqtt311);
        await bad.SendAsync([.. bad.Publish("a", "x", 1, 1), 0xF0, 0]);
        await bad.ReadAckAsync(PacketType.PubAck);
        await bad.ExpectClosedAsync(ReasonCode.MalformedPacket);
        Assert.Equal(["a=x"], host.Ingress.Taken);
    }

    [Theory]
    [InlineData("10 0D 0004 4D515454 06 02 0000 0001 61", "00 84 00")]
    [InlineData("10 0D 0004 4D515454 02 02 0000 0001 61", "00 01")]
    [InlineData("10 0D 0004 4D515454 82 02 0000 0001 61", "00 01")]
    [InlineData("10 18 0004 4D515454 05 02 0000 0B 150001 78 16 0001 79 1700 00 0001 61", "00 81 00")]
    [InlineData("10 16 0004 4D515454 05 02 0000 08 15 0003 736372 1700 0001 61", "00 8C 00")]
    [InlineData("10 0D 0004 4D515454 04 03 0000 0001 61", null)]
    [InlineData("10 0D 0004 4D515455 04 02 0000 0001 61", null)]
    [InlineData("C0 00", null)]
    public async Task A_connect_is_refused_in_the_clients_own_version(string sent, string? connAck)
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient client = await host.OpenAsync();
        await client.SendAsync(Convert.FromHexString(sent.Replace(" ", "")));
        if (connAck is not null)
            Assert.Equal(connAck.Replace(" ", ""), Convert.ToHexString((await client.ReadAsync(PacketType.ConnAck)).Body));
        Assert.Null(await client.ReadAsync());
        Assert.Equal(0, host.Broker.Statistics.ClientsConnected);
    }

    [Fact]
    public async Task A_packet_past_the_limit_is_refused_before_it_is_received()
    {
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { MaximumPacketSizeBytes = 1000 });
        using RawClient client = await host.ConnectAsync("c");
        Assert.Equal(1000u, client.ConnAck.Properties!.MaximumPacketSize);
        await client.SendAsync([0x30, 0x80, 0x80, 0x01]);
        await client.ExpectClosedAsync(ReasonCode.PacketTooLarge);
    }

    [Fact]
    public async Task Bytes_that_dribble_in_one_by_one_make_the_same_session()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient client = await host.OpenAsync();
        byte[] all =
        [
            .. PacketSamples.Bytes(o => new ConnectPacket { Version = ProtocolVersion.Mqtt50, ClientId = "c" }.Write(o)),
            .. client.Publish("a/b", "payload", 1, 3),
            0xC0, 0,
        ];
        foreach (byte b in all)
            await client.SendAsync([b]);
        await client.ReadAsync(PacketType.ConnAck);
        PacketType[] answers = [(await client.ReadAsync())!.Value.Header.Type, (await client.ReadAsync())!.Value.Header.Type];
        Assert.Equal([PacketType.PubAck, PacketType.PingResp], answers.Order());
        Assert.Equal(["a/b=payload"], host.Ingress.Taken);
    }

    [Fact]
    public async Task A_packet_larger_than_the_pipes_segments_arrives_whole()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient client = await host.ConnectAsync("c");
        string payload = string.Concat(Enumerable.Range(0, 50_000).Select(i => $"{i},"));
        await client.PublishAsync("a", payload, qos: 1, identifier: 1);
        await client.ReadAckAsync(PacketType.PubAck);
        Assert.Equal($"a={payload}", Assert.Single(host.Ingress.Taken));
    }

    [Fact]
    public async Task Random_bytes_on_many_connections_harm_nobody()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient good = await host.ConnectAsync("good");
        (string Name, ProtocolVersion Version, byte[] Bytes)[] samples = [.. PacketSamples.All()];
        for (int round = 0; round < 200; round++)
        {
            using RawClient bad = await host.ConnectAsync($"bad{round % 7}", (ProtocolVersion)random.Next(4, 6));
            byte[] bytes = (byte[])samples[random.Next(samples.Length)].Bytes.Clone();
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            await bad.SendAsync(bytes);
        }
        await good.PingAsync();
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.ClientsConnected == 1, "the others are gone");
        Assert.True(!host.LogLines.Any(line => line.Contains(" 1105 ")), $"seed {seed}: {string.Join('\n', host.LogLines.Where(l => l.Contains(" 1105 ")))}");
    }

    [Fact]
    public async Task Connections_past_the_limit_are_refused()
    {
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { MaximumConnections = 1 });
        using RawClient first = await host.ConnectAsync("c");
        using RawClient second = await host.OpenAsync();
        Assert.Equal(ReasonCode.QuotaExceeded, (await second.ConnectAsync("d")).Reason);
        Assert.Null(await second.ReadAsync());
        await first.PingAsync();
        Assert.Contains(host.LogLines, line => line.Contains("1003"));
    }

    [Fact]
    public async Task A_port_in_use_is_one_clear_error()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        string endpoint = $"tcp://127.0.0.1:{((IPEndPoint)taken.LocalEndPoint!).Port}";
        SluiceException thrown = await Assert.ThrowsAsync<SluiceException>(() => StartAsync("tcp://127.0.0.1:0", endpoint));
        Assert.StartsWith($"mqtt: cannot listen on {endpoint}: address already in use", thrown.Message);
    }

    [Theory]
    [InlineData("127.0.0.1:1883", "tcp://")]
    [InlineData("quic://127.0.0.1:8883", "'quic' is not supported")]
    [InlineData("tcp://127.0.0.1", "no port")]
    [InlineData("tcp://127.0.0.1:99999", "'99999' is no port")]
    [InlineData("tcp://::1:1883", "brackets")]
    public async Task A_wrong_endpoint_is_named(string endpoint, string reason)
    {
        SluiceException thrown = await Assert.ThrowsAsync<SluiceException>(() => StartAsync(endpoint));
        Assert.Contains($"'{endpoint}'", thrown.Message);
        Assert.Contains(reason, thrown.Message);
    }

    [Fact]
    public async Task An_option_out_of_range_is_named()
    {
        await using var broker = new MqttBroker(new FakeIngress(), NullLogger<MqttBroker>.Instance, TimeProvider.System);
        SluiceException thrown = await Assert.ThrowsAsync<SluiceException>(
            () => broker.StartAsync(new MqttOptions { ReceiveMaximum = 70_000 }, store: null, CancellationToken.None));
        Assert.Equal("mqtt: ReceiveMaximum must be 1 to 65,535", thrown.Message);
    }

    [Theory]
    [InlineData("tcp://[::1]:0")]
    [InlineData("tcp://*:0")]
    [InlineData("tcp://localhost:0")]
    public async Task It_listens_on_what_it_is_told(string endpoint)
    {
        await using var broker = new MqttBroker(new FakeIngress(), NullLogger<MqttBroker>.Instance, TimeProvider.System);
        await broker.StartAsync(new MqttOptions { Listen = [endpoint] }, store: null, CancellationToken.None);
        IPEndPoint listening = IPEndPoint.Parse(broker.ListeningOn[0]["tcp://".Length..]);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listening.Address.Equals(IPAddress.IPv6Any) ? IPAddress.Loopback : listening.Address, listening.Port);
        await BrokerHost.UntilAsync(() => broker.Statistics.ConnectionsAccepted == 1, "it is accepted");
    }

    private static async Task StartAsync(params string[] endpoints)
    {
        await using var broker = new MqttBroker(new FakeIngress(), NullLogger<MqttBroker>.Instance, TimeProvider.System);
        await broker.StartAsync(new MqttOptions { Listen = endpoints }, store: null, CancellationToken.None);
    }

    private static async Task<ReasonCode> DisconnectAsync(RawClient client)
    {
        while (await client.ReadAsync() is { } packet)
        {
            if (packet.Header.Type == PacketType.Disconnect)
                return DisconnectPacket.Parse(packet.Body, client.Version).Reason;
        }
        throw new EndOfStreamException("hung up without a word");
    }
}
