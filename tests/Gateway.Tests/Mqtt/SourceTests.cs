using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Client;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Status;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>A source against another broker that a test plays: what it answers and when, what it remembers, how it stops and comes back.</summary>
public sealed class SourceTests : IDisposable
{
    private readonly ScriptedBroker _other = new();
    private readonly ManualTime _time = new();
    private readonly HealthState _health = new(TimeProvider.System);

    public void Dispose() => _other.Dispose();

    [Fact]
    public async Task PUBCOMP_waits_for_its_commit_and_its_turn_and_reading_does_not()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        await using Running source = new(Start(host.Broker, host), host.Ingress);
        using RawClient peer = await AcceptAsync();
        for (ushort id = 1; id <= 3; id++)
            await peer.PublishAsync("a", $"{id}", qos: 2, identifier: id);
        for (ushort id = 1; id <= 3; id++)
            Assert.Equal(id, (await peer.ReadAckAsync(PacketType.PubRec)).PacketIdentifier);

        host.Ingress.RowsAnswer = null;
        for (ushort id = 1; id <= 3; id++)
            await peer.SendAsync(o => new AckPacket(PacketType.PubRel, id).Write(o, peer.Version));
        await peer.PublishAsync("a", "4", qos: 1, identifier: 4);
        await BrokerHost.UntilAsync(() => host.Ingress.Taken.Count == 4 && host.Ingress.HeldRows.Count == 3, "the fourth message is taken while three PUBRELs wait");

        IAcknowledgement[] held = [.. host.Ingress.HeldRows];
        host.Ingress.HeldRows.Clear();
        held[2].Complete(0, IngressResult.Stored);
        held[0].Complete(0, IngressResult.Stored);
        Assert.Equal(1, (await peer.ReadAckAsync(PacketType.PubComp)).PacketIdentifier);
        held[1].Complete(0, IngressResult.Stored);
        Assert.Equal(2, (await peer.ReadAckAsync(PacketType.PubComp)).PacketIdentifier);
        Assert.Equal(3, (await peer.ReadAckAsync(PacketType.PubComp)).PacketIdentifier);
        Assert.Equal(4, (await peer.ReadAckAsync(PacketType.PubAck)).PacketIdentifier);
    }

    [Fact]
    public async Task A_PUBREL_that_is_not_stored_has_no_PUBCOMP_and_comes_again()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        await using Running source = new(Start(host.Broker, host), host.Ingress);
        using RawClient peer = await AcceptAsync();
        await peer.PublishAsync("a", "1", qos: 2, identifier: 9);
        await peer.ReadAckAsync(PacketType.PubRec);
        host.Ingress.RowsAnswer = IngressResult.Failed;
        await peer.SendAsync(o => new AckPacket(PacketType.PubRel, 9).Write(o, peer.Version));
        Assert.Null(await peer.ReadAsync());

        host.Ingress.RowsAnswer = IngressResult.Stored;
        using RawClient again = await AcceptAfterPauseAsync(sessionPresent: true);
        await ScriptedBroker.GrantAsync(again);
        // The identifier still means the old message.
        await again.PublishAsync("a", "1", qos: 2, identifier: 9, duplicate: true);
        await again.ReadAckAsync(PacketType.PubRec);
        await again.SendAsync(o => new AckPacket(PacketType.PubRel, 9).Write(o, again.Version));
        Assert.Equal(9, (await again.ReadAckAsync(PacketType.PubComp)).PacketIdentifier);
        Assert.Equal(["a=1"], host.Ingress.Taken);
    }

    [Fact]
    public async Task A_message_that_is_not_stored_is_not_acknowledged_and_comes_again()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        host.Ingress.Answer = null;
        await using Running source = new(Start(host.Broker, host), host.Ingress);
        using RawClient peer = await AcceptAsync();
        await peer.PublishAsync("a", "1", qos: 1, identifier: 1);
        await peer.PublishAsync("a", "2", qos: 2, identifier: 2);
        IngressMessage first = await host.Ingress.TakeAsync();
        IngressMessage second = await host.Ingress.TakeAsync();
        second.Complete(IngressResult.Stored);
        first.Complete(IngressResult.Failed);
        Assert.Null(await peer.ReadAsync());

        host.Ingress.Answer = IngressResult.Stored;
        using RawClient again = await AcceptAfterPauseAsync(sessionPresent: true);
        await ScriptedBroker.GrantAsync(again);
        await again.PublishAsync("a", "1", qos: 1, identifier: 1, duplicate: true);
        await again.PublishAsync("a", "2", qos: 2, identifier: 2, duplicate: true);
        await again.ReadAckAsync(PacketType.PubAck);
        await again.ReadAckAsync(PacketType.PubRec);
        Assert.Equal(["a=1", "a=2", "a=1"], host.Ingress.Taken);
    }

    [Fact]
    public async Task What_the_configuration_does_not_name_any_more_is_unsubscribed_after_a_restart()
    {
        await using StoredBroker gateway = await StoredBroker.StartAsync();
        await RunAsync(["a/#", "b/#"], sessionPresent: false, async peer =>
            Assert.Equal(["a/#", "b/#"], await ScriptedBroker.GrantAsync(peer)));
        await gateway.UntilAsync("SELECT filter FROM mqtt_source_filter ORDER BY filter", "a/#", "b/#");

        await gateway.RestartAsync();
        await RunAsync(["b/#", "c"], sessionPresent: true, async peer =>
        {
            Assert.Equal(["a/#"], await ScriptedBroker.EndAsync(peer, ReasonCode.UnspecifiedError));
            Assert.Equal(["b/#", "c"], await ScriptedBroker.GrantAsync(peer));
        });
        // It was refused, so it is tried again.
        await gateway.RestartAsync();
        await RunAsync(["c"], sessionPresent: true, async peer =>
        {
            Assert.Equal(["a/#", "b/#"], (await ScriptedBroker.EndAsync(peer)).Order());
            await ScriptedBroker.GrantAsync(peer);
            await gateway.UntilAsync("SELECT filter FROM mqtt_source_filter", "c");
        });
        await gateway.RestartAsync();
        await RunAsync(["c"], sessionPresent: true, async peer => Assert.Equal(["c"], await ScriptedBroker.GrantAsync(peer)));

        // A new session is subscribed to nothing.
        await gateway.RestartAsync();
        await RunAsync(["d"], sessionPresent: false, async peer => Assert.Equal(["d"], await ScriptedBroker.GrantAsync(peer)));
        await gateway.UntilAsync("SELECT filter FROM mqtt_source_filter", "d");

        async Task RunAsync(string[] topics, bool sessionPresent, Func<RawClient, Task> act)
        {
            await using MqttSource source = Start(gateway.Broker, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, topics: topics);
            using RawClient peer = await _other.AcceptAsync(sessionPresent);
            await act(peer);
        }
    }

    [Fact]
    public async Task What_is_known_of_a_source_that_the_configuration_does_not_name_any_more_is_deleted_at_the_start()
    {
        await using StoredBroker gateway = await StoredBroker.StartAsync();
        await using (Start(gateway.Broker, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, topics: ["a"]))
        {
            using RawClient peer = await _other.AcceptAsync();
            await ScriptedBroker.GrantAsync(peer);
            await peer.PublishAsync("a", "1", qos: 2, identifier: 7);
            await peer.ReadAckAsync(PacketType.PubRec);
        }
        await gateway.RestartAsync();
        string[] keys = await gateway.QueryAsync("SELECT source FROM mqtt_source");
        Assert.Single(keys);
        gateway.Broker.KeepSources(keys);
        await gateway.RestartAsync();
        Assert.Equal(keys, await gateway.QueryAsync("SELECT source FROM mqtt_source"));
        gateway.Broker.KeepSources(["another"]);
        await gateway.UntilAsync("SELECT source FROM mqtt_source UNION ALL SELECT source FROM mqtt_source_filter");
    }

    [Fact]
    public async Task Brokers_that_stand_in_for_each_other_have_identifiers_of_their_own()
    {
        using ScriptedBroker second = new();
        await using BrokerHost host = await BrokerHost.StartAsync();
        await using Running source = new(Start(host.Broker, host, servers: [_other.Server, second.Server]), host.Ingress);
        using (RawClient peer = await AcceptAsync())
        {
            await peer.PublishAsync("a", "of the first", qos: 2, identifier: 7);
            await peer.ReadAckAsync(PacketType.PubRec);
        }
        using (RawClient peer = await AcceptAfterPauseAsync(sessionPresent: true, second))
        {
            await ScriptedBroker.GrantAsync(peer);
            await peer.PublishAsync("a", "of the second", qos: 2, identifier: 7);
            await peer.ReadAckAsync(PacketType.PubRec);
        }
        using RawClient back = await AcceptAfterPauseAsync(sessionPresent: true);
        await ScriptedBroker.GrantAsync(back);
        await back.PublishAsync("a", "of the first", qos: 2, identifier: 7, duplicate: true);
        await back.ReadAckAsync(PacketType.PubRec);
        Assert.Equal(["a=of the first", "a=of the second"], host.Ingress.Taken);
    }

    [Fact]
    public async Task A_broker_that_refuses_is_tried_with_growing_pauses_and_said_to_be_away_once()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        await using Running source = new(Start(host.Broker, host), host.Ingress);
        (await _other.AcceptAsync(reason: ReasonCode.ServerUnavailable)).Dispose();
        for (double least = 0.25; least < 8; least *= 2)
        {
            TimeSpan pause = await PassPauseAsync(_other);
            Assert.True(pause >= TimeSpan.FromSeconds(least), $"{pause} is a pause of {least} s at least");
            (await _other.AcceptAsync(reason: ReasonCode.ServerUnavailable)).Dispose();
        }
        await BrokerHost.UntilAsync(() => _health.Problems.Count == 1, "/health says it");
        Assert.Contains("is away: it refuses us: ServerUnavailable", _health.Problems[0].Reason, StringComparison.Ordinal);
        Assert.Single(host.LogLines, line => line.Contains(" 1301 ", StringComparison.Ordinal));

        // Connected is not yet well: a subscription that is refused would be news each time.
        using (RawClient peer = await AcceptAfterPauseAsync(sessionPresent: false))
        {
            await peer.ReadAsync(PacketType.Subscribe);
            await peer.SendAsync(o => new SubAckPacket(PacketType.SubAck, 2, [ReasonCode.NotAuthorized]).Write(o, peer.Version));
            Assert.Null(await peer.ReadAsync());
        }
        using RawClient last = await AcceptAfterPauseAsync(sessionPresent: false);
        Assert.Single(host.LogLines, line => line.Contains(" 1301 ", StringComparison.Ordinal));
        Assert.DoesNotContain(host.LogLines, line => line.Contains(" 1300 ", StringComparison.Ordinal));
        await ScriptedBroker.GrantAsync(last);
        await BrokerHost.UntilAsync(() => _health.Problems.Count == 0, "/health is clear");
        Assert.Single(host.LogLines, line => line.Contains(" 1300 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_broker_that_repeats_packets_without_end_is_given_up()
    {
        const int most = 65_536;
        await using BrokerHost host = await BrokerHost.StartAsync();
        host.Ingress.Answer = null;
        await using Running source = new(Start(host.Broker, host), host.Ingress);
        using RawClient peer = await AcceptAsync();
        // Its answer is awaited, so those of the PUBRELs are, too.
        await peer.PublishAsync("a", "1", qos: 1, identifier: 1);
        IngressMessage held = await host.Ingress.TakeAsync();
        byte[] release = PacketSamples.Bytes(o => new AckPacket(PacketType.PubRel, 7).Write(o, peer.Version));
        await peer.SendAsync([.. Enumerable.Repeat(release, most - 1).SelectMany(bytes => bytes)]);
        await peer.SendAsync(release);
        Assert.Null(await peer.ReadAsync());
        held.Complete(IngressResult.Stored);
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_a_pause()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        MqttSource source = Start(host.Broker, host);
        (await _other.AcceptAsync(reason: ReasonCode.ServerUnavailable)).Dispose();
        await BrokerHost.UntilAsync(() => _health.Problems.Count == 1, "it pauses");
        await source.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_stop_answers_what_was_taken_and_says_goodbye()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        host.Ingress.Answer = null;
        MqttSource source = Start(host.Broker, host, state: "gateways/g");
        using RawClient peer = await _other.AcceptAsync();
        await ScriptedBroker.GrantAsync(peer);
        Assert.Equal(("gateways/g", "online", 0, true), await StateAsync(peer));
        await peer.PublishAsync("a", "1", qos: 1, identifier: 5);
        IngressMessage message = await host.Ingress.TakeAsync();
        Task stop = source.DisposeAsync().AsTask();
        message.Complete(IngressResult.Stored);
        Assert.Equal(5, (await peer.ReadAckAsync(PacketType.PubAck)).PacketIdentifier);
        Assert.Equal(("gateways/g", "offline", 0, true), await StateAsync(peer));
        await peer.ReadAsync(PacketType.Disconnect);
        Assert.Null(await peer.ReadAsync());
        await stop.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private static async Task<(string, string, int, bool)> StateAsync(RawClient peer)
    {
        RawClient.Received state = await peer.ReadPublishAsync();
        return (state.Topic, state.Payload, state.QoS, state.Retain);
    }

    private MqttSource Start(
        MqttBroker broker, Microsoft.Extensions.Logging.ILogger log, string[]? topics = null, MqttServer[]? servers = null, string? state = null)
    {
        MqttSource source = new(
            new MqttSourceOptions
            {
                Name = "s",
                Client = new MqttClientOptions { Servers = servers ?? [_other.Server], ClientId = "gateway", StateTopic = state, KeepAliveSeconds = 0 },
                Topics = topics ?? ["#"],
                QualityOfService = QualityOfService.ExactlyOnce,
            },
            broker, _health, _time, log);
        source.Start();
        return source;
    }

    private async Task<RawClient> AcceptAsync()
    {
        RawClient peer = await _other.AcceptAsync();
        await ScriptedBroker.GrantAsync(peer);
        return peer;
    }

    private async Task<RawClient> AcceptAfterPauseAsync(bool sessionPresent, ScriptedBroker? broker = null)
    {
        await PassPauseAsync(broker ?? _other);
        return await (broker ?? _other).AcceptAsync(sessionPresent);
    }

    /// <summary>Lets time go on until the source tries again; how long that was, or more.</summary>
    private async Task<TimeSpan> PassPauseAsync(ScriptedBroker broker)
    {
        long begin = _time.GetTimestamp();
        await BrokerHost.UntilAsync(
            () =>
            {
                if (!broker.IsAsked)
                    _time.Advance(TimeSpan.FromMilliseconds(250));
                return broker.IsAsked;
            },
            "it tries again");
        return _time.GetElapsedTime(begin);
    }

    /// <summary>A source that ends also where a test fails while something is held.</summary>
    private sealed class Running(MqttSource source, FakeIngress ingress) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            ingress.LetGo();
            return source.DisposeAsync();
        }
    }
}
