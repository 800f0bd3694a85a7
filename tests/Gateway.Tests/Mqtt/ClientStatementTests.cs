using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Client;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Status;
using Sluice.Gateway.Sync;
using Sluice.Gateway.Sync.Sinks.Mqtt;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>What the specification asks of a client, of ours: the test is the broker.</summary>
public sealed class ClientStatementTests : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ManualTime _time = new();

    public ClientStatementTests()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
    }

    private MqttClientOptions Options => new()
    {
        Servers = [new MqttServer("127.0.0.1", ((IPEndPoint)_listener.LocalEndPoint!).Port, IsEncrypted: false)],
        ClientId = "client",
        KeepAliveSeconds = 30,
    };

    [Theory]
    [InlineData(null, 15)]
    [InlineData((ushort)10, 5)]
    public async Task A_client_pings_when_it_has_nothing_to_say_and_takes_the_brokers_keep_alive(ushort? serverKeepAlive, int afterSeconds)
    {
        Task<MqttClientConnection> connecting = MqttClientConnection.ConnectAsync(Options.Servers[0], Options, _time, CancellationToken.None);
        using RawClient broker = await AcceptAsync(new PropertySet { ServerKeepAlive = serverKeepAlive });
        await using MqttClientConnection connection = await connecting;
        // Long before it is due, whoever's keep alive counts.
        _time.Advance(TimeSpan.FromSeconds(afterSeconds));
        await broker.ReadAsync(PacketType.PingReq);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_keeps_to_what_the_broker_takes(bool isQoS)
    {
        // What it may not publish with QoS 1, or not retain, it does not publish.
        await using BrokerHost host = await BrokerHost.StartAsync();
        MqttSource source = Source(host, Options with { StateTopic = "state" });
        using (RawClient broker = await AcceptAsync(isQoS ? new PropertySet { MaximumQoS = 0 } : new PropertySet { RetainAvailable = 0 }))
        {
            await ScriptedBroker.GrantAsync(broker);
            Task stopping = source.DisposeAsync().AsTask();
            await broker.ReadAsync(PacketType.Disconnect);
            await stopping;
        }

        // What is too large it does not send.
        await using var sink = new MqttSink(Options, "up", _time);
        Task<long> connecting = sink.ConnectAsync("i", CancellationToken.None);
        using RawClient upstream = await AcceptAsync(new PropertySet { MaximumPacketSize = 90 });
        await AnswerCursorAsync(upstream);
        await connecting;
        UpstreamException thrown = await Assert.ThrowsAsync<UpstreamException>(() => sink.SendAsync(Batch(1, new string('m', 50)), CancellationToken.None));
        Assert.Contains("it takes 90", thrown.Message);
        Assert.Null(await upstream.ReadAsync());
    }

    [Fact]
    public async Task A_client_sends_no_more_than_receive_maximum_and_goes_on_pinging()
    {
        await using var sink = new MqttSink(Options, "up", _time);
        Task<long> connecting = sink.ConnectAsync("i", CancellationToken.None);
        using RawClient broker = await AcceptAsync(new PropertySet { ReceiveMaximum = 3, TopicAliasMaximum = 5 });
        await AnswerCursorAsync(broker);
        await connecting;
        Task sending = sink.SendAsync(Batch(5, "m"), CancellationToken.None);
        // The cursor comes last; a place of the window is left for it.
        foreach (int window in (int[])[2, 2, 1, 1])
        {
            HashSet<ushort> open = [];
            for (int i = 0; i < window; i++)
            {
                RawClient.Received message = await broker.ReadPublishAsync();
                Assert.True(message.Identifier != 0 && open.Add(message.Identifier), $"identifier {message.Identifier}");
                Assert.Null(message.Properties.TopicAlias);
            }
            // Nothing more without an answer, but for what does not count.
            Task pinged = broker.ReadAsync(PacketType.PingReq);
            for (int second = 0; second < 40 && !pinged.IsCompleted; second++)
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                await Task.WhenAny(pinged, Task.Delay(20));
            }
            await pinged;
            foreach (ushort identifier in open)
                await broker.AcknowledgeAsync(PacketType.PubAck, identifier);
        }
        await sending;
    }

    [Fact]
    public async Task A_source_forgets_its_identifiers_with_the_session_and_keeps_them_else()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        await using MqttSource source = Source(host, Options);
        foreach ((bool isPresent, string payload) in ((bool, string)[])[(false, "one"), (true, "one"), (false, "another")])
        {
            using RawClient broker = await AcceptAsync(sessionPresent: isPresent);
            await ScriptedBroker.GrantAsync(broker);
            await broker.PublishAsync("t", payload, qos: 2, identifier: 7, duplicate: isPresent);
            Assert.Equal(7, (await broker.ReadAckAsync(PacketType.PubRec)).PacketIdentifier);
        }
        Assert.Equal(["t=one", "t=another"], host.Ingress.Taken);
    }

    [Fact]
    public async Task A_source_acknowledges_everything_in_order_also_what_it_does_not_keep()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        host.Ingress.Answer = null;
        await using MqttSource source = Source(host, Options);
        using RawClient broker = await AcceptAsync();
        await ScriptedBroker.GrantAsync(broker);
        List<IngressMessage> messages = [];
        for (ushort id = 1; id <= 9; id++)
        {
            await broker.PublishAsync("t", $"{id}", qos: id % 3, identifier: id);
            IngressMessage message = await host.Ingress.TakeAsync();
            if (id % 3 > 0)
                messages.Add(message);
        }
        messages.Reverse();
        foreach (IngressMessage message in messages)
            message.Complete(IngressResult.NotRouted);
        for (int id = 1; id <= 9; id++)
        {
            if (id % 3 > 0)
                Assert.Equal(id, (await broker.ReadAckAsync(id % 3 == 1 ? PacketType.PubAck : PacketType.PubRec)).PacketIdentifier);
        }
    }

    [Fact]
    public async Task A_source_that_stops_says_goodbye_closes_and_sends_nothing_more()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        MqttSource source = Source(host, Options with { StateTopic = "state" });
        using RawClient broker = await AcceptAsync();
        await ScriptedBroker.GrantAsync(broker);
        Assert.Equal("online", (await broker.ReadPublishAsync()).Payload);
        Task stopping = source.DisposeAsync().AsTask();
        Assert.Equal("offline", (await broker.ReadPublishAsync()).Payload);
        await broker.ReadAsync(PacketType.Disconnect);
        Assert.Null(await broker.ReadAsync());
        await stopping;
    }

    public void Dispose() => _listener.Dispose();

    private static OutboxBatch Batch(int rows, string metric) => new(
        0, rows, [.. Enumerable.Range(1, rows).Select(id => new OutboxRow(id, "d", metric, null, DateTime.UnixEpoch, id, null))]);

    private MqttSource Source(BrokerHost host, MqttClientOptions options)
    {
        var source = new MqttSource(
            new MqttSourceOptions { Name = "s", Client = options, Topics = ["#"], QualityOfService = QualityOfService.ExactlyOnce },
            host.Broker, new HealthState(_time), _time, NullLogger.Instance);
        source.Start();
        return source;
    }

    /// <summary>The next client, with its CONNECT answered. The clock goes on while it does not come: it pauses before it connects again.</summary>
    private async Task<RawClient> AcceptAsync(PropertySet? properties = null, bool sessionPresent = false)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        Task<Socket> accepting = _listener.AcceptAsync(deadline.Token).AsTask();
        while (await Task.WhenAny(accepting, Task.Delay(50)) != accepting)
            _time.Advance(TimeSpan.FromSeconds(1));
        var broker = new RawClient(new NetworkStream(await accepting, ownsSocket: true), ProtocolVersion.Mqtt50);
        (PacketHeader header, byte[] body) = await broker.ReadAsync(PacketType.Connect);
        Assert.Equal("client", ConnectPacket.Parse(body, header.Flags).ClientId);
        await broker.SendAsync(o => new ConnAckPacket(sessionPresent, ReasonCode.Success, properties).Write(o, broker.Version));
        return broker;
    }

    /// <summary>A sink subscribes to its cursor, publishes a question there, and when that comes back without a cursor before it, there is none.</summary>
    private static async Task AnswerCursorAsync(RawClient broker)
    {
        (PacketHeader _, byte[] body) = await broker.ReadAsync(PacketType.Subscribe);
        await broker.SendAsync(o => new SubAckPacket(PacketType.SubAck, SubscribePacket.Parse(body, broker.Version).PacketIdentifier, [ReasonCode.Success]).Write(o, broker.Version));
        RawClient.Received question = await broker.ReadPublishAsync();
        await broker.PublishAsync(question.Topic, question.Payload);
        (_, body) = await broker.ReadAsync(PacketType.Unsubscribe);
        await broker.SendAsync(
            o => new SubAckPacket(PacketType.UnsubAck, UnsubscribePacket.Parse(body, broker.Version).PacketIdentifier, [ReasonCode.Success]).Write(o, broker.Version));
    }
}
