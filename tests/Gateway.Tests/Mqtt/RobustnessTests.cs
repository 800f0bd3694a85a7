using System.Net;
using System.Net.Sockets;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.Transport;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>Clients that are slow, half there, or many, and the others beside them.</summary>
public class RobustnessTests
{
    [Fact]
    public async Task Clients_that_never_end_their_CONNECT_are_thrown_out_and_no_other()
    {
        var time = new ManualTime();
        await using BrokerHost host = await BrokerHost.StartAsync(time: time);
        using RawClient good = await host.ConnectAsync("good");
        byte[] connect = PacketSamples.All().First(sample => sample.Name == "connect full" && sample.Version == ProtocolVersion.Mqtt50).Bytes;
        List<RawClient> slow = [];
        for (int i = 0; i < 200; i++)
        {
            slow.Add(await host.OpenAsync());
            await slow[i].SendAsync(connect[..(i % connect.Length)]);
        }
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.ConnectionsAccepted == 201, "all are accepted");
        await good.PingAsync();
        time.Advance(TimeSpan.FromSeconds(11));
        foreach (RawClient client in slow)
        {
            Assert.Null(await client.ReadAsync());
            client.Dispose();
        }
        await good.PingAsync();
        Assert.Equal(1, host.Broker.Statistics.ClientsConnected);
        Assert.Equal(200, host.Broker.Statistics.Closed[CloseReason.ConnectTimeout]);
        Assert.Equal(5, host.LogLines.Count(line => line.Contains("was not a client's after 10 s")));
    }

    /// <summary>A network that was away for a while: thousands of lines would hide all others.</summary>
    [Fact]
    public async Task Clients_that_are_silent_all_at_once_do_not_fill_the_log()
    {
        var time = new ManualTime();
        await using BrokerHost host = await BrokerHost.StartAsync(time: time);
        List<RawClient> clients = [];
        for (int i = 0; i < 60; i++)
            clients.Add(await host.ConnectAsync($"{i}", keepAlive: 10));
        time.Advance(TimeSpan.FromSeconds(16));
        foreach (RawClient client in clients)
        {
            await client.ExpectClosedAsync(ReasonCode.KeepAliveTimeout);
            client.Dispose();
        }
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.ClientsConnected == 0, "all are gone");
        Assert.Equal(60, host.Broker.Statistics.Closed[CloseReason.KeepAlive]);
        Assert.Equal(20, host.LogLines.Count(line => line.Contains(" 1104 ")));
    }

    /// <summary>A PROXY header that does not come whole: it is no MQTT yet.</summary>
    [Fact]
    public async Task A_connection_that_never_becomes_one_of_MQTT_is_counted_too()
    {
        var time = new ManualTime();
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { Listen = ["tcp://127.0.0.1:0?proxy"] }, time);
        using RawClient slow = await host.OpenAsync();
        await slow.SendAsync("PROXY TC"u8.ToArray());
        // Its deadline begins when it is accepted.
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (host.Broker.Statistics.Closed[CloseReason.ConnectTimeout] == 0)
        {
            Assert.False(deadline.IsCancellationRequested, "it was not counted");
            time.Advance(TimeSpan.FromSeconds(11));
            await Task.Delay(5);
        }
        Assert.Null(await slow.ReadAsync());
        Assert.Single(host.LogLines, line => line.Contains("was not a client's after 10 s"));
    }

    [Fact]
    public async Task Packets_that_do_not_come_whole_share_a_bounded_memory()
    {
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { MaximumUnfinishedBytes = 1_500_000 });
        using RawClient good = await host.ConnectAsync("good");
        byte[] packet = good.Publish("a", new string('x', 400_000), qos: 1, identifier: 1);
        List<RawClient> half = [];
        for (int i = 0; i < 5; i++)
        {
            half.Add(await host.ConnectAsync($"half-{i}"));
            await half[i].SendAsync(packet[..390_000]);
        }
        // There is room for three of them.
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.ClientsConnected == 4, "two are gone");
        Assert.Equal(2, host.Broker.Statistics.Closed[CloseReason.UnfinishedBytes]);
        Assert.Equal(0, host.Broker.Statistics.ProtocolErrors);
        // Small packets need none of it.
        await good.PublishAsync("a", "x", qos: 1, identifier: 1);
        await good.ReadAckAsync(PacketType.PubAck);
        // Who was let in goes on, and gives its share back.
        int told = 0;
        foreach (RawClient client in half)
        {
            if (host.Broker.Statistics.ClientsConnected < 4)
                break;
            await client.SendAsync(packet[390_000..]);
            (PacketHeader Header, byte[] Body) answer = (await client.ReadAsync())!.Value;
            if (answer.Header.Type == PacketType.Disconnect)
                told += DisconnectPacket.Parse(answer.Body, client.Version).Reason == ReasonCode.QuotaExceeded ? 1 : 0;
            else
                Assert.Equal(PacketType.PubAck, answer.Header.Type);
        }
        Assert.Equal(2, told);
        await good.SendAsync(packet);
        await good.ReadAckAsync(PacketType.PubAck);
        half.ForEach(client => client.Dispose());
    }

    /// <summary>Without a keep alive a client would keep the memory of its packet for ever, also one that sends a byte now and then.</summary>
    [Fact]
    public async Task A_packet_that_does_not_come_whole_in_time_ends_its_connection()
    {
        var time = new ManualTime();
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { PacketTimeout = TimeSpan.FromMinutes(2) }, time);
        using RawClient slow = await host.ConnectAsync("slow");
        using RawClient steady = await host.ConnectAsync("steady");
        using RawClient idle = await host.ConnectAsync("idle");
        byte[] packet = slow.Publish("a", new string('x', 1000), qos: 1, identifier: 1);
        await slow.SendAsync(packet[..100]);
        await steady.SendAsync(packet[..100]);
        for (int i = 1; i <= 4; i++)
        {
            // Each packet comes whole in time, and the begin of another one with it: the time begins anew.
            time.Advance(TimeSpan.FromSeconds(50));
            await steady.SendAsync([.. packet[100..], .. packet[..100]]);
            await steady.ReadAckAsync(PacketType.PubAck);
            if (i <= 2)
                await slow.SendAsync(packet[(i * 100)..((i + 1) * 100)]);
        }
        await slow.ExpectClosedAsync(ReasonCode.QuotaExceeded);
        await steady.SendAsync(packet[100..]);
        await steady.ReadAckAsync(PacketType.PubAck);
        time.Advance(TimeSpan.FromMinutes(5));
        await idle.PingAsync();
        Assert.Equal(1, host.Broker.Statistics.Closed[CloseReason.PacketTimeout]);
        Assert.Contains(host.LogLines, line => line.Contains("has not come whole in time"));
    }

    /// <summary>What has come meanwhile is read before anybody is thrown out for being silent.</summary>
    [Fact]
    public async Task A_machine_that_stood_still_gives_its_clients_another_moment()
    {
        var time = new ManualTime();
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { PacketTimeout = TimeSpan.FromMinutes(2) }, time);
        using RawClient half = await host.ConnectAsync("half");
        using RawClient quiet = await host.ConnectAsync("quiet", keepAlive: 10);
        byte[] packet = half.Publish("a", new string('x', 1000), qos: 1, identifier: 1);
        await half.SendAsync(packet[..100]);
        time.Advance(TimeSpan.FromSeconds(1));
        time.Jump(TimeSpan.FromMinutes(3));
        time.Advance(TimeSpan.FromMilliseconds(250));
        await half.SendAsync(packet[100..]);
        await half.ReadAckAsync(PacketType.PubAck);
        await quiet.PingAsync();
        // One that stays silent is thrown out at the next tick all the same.
        time.Jump(TimeSpan.FromMinutes(3));
        time.Advance(TimeSpan.FromMilliseconds(500));
        await quiet.ExpectClosedAsync(ReasonCode.KeepAliveTimeout);
        Assert.Equal(0, host.Broker.Statistics.Closed[CloseReason.PacketTimeout]);
    }

    [Fact]
    public async Task Strangers_fill_only_the_memory_that_is_for_strangers()
    {
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { MaximumUnfinishedConnectBytes = 100_000 });
        byte[] connect = PacketSamples.Bytes(o => new ConnectPacket
        {
            Version = ProtocolVersion.Mqtt50, ClientId = "c", CleanStart = true, Will = new Will("w", new byte[60_000], QualityOfService.AtMostOnce, Retain: false, null),
        }.Write(o));
        List<RawClient> strangers = [];
        for (int i = 0; i < 3; i++)
        {
            strangers.Add(await host.OpenAsync());
            await strangers[i].SendAsync(connect[..55_000]);
        }
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.Closed[CloseReason.UnfinishedBytes] == 2, "there is room for one of them");
        Assert.Equal((0, 0), (host.Broker.Statistics.Refused, host.Broker.Statistics.ProtocolErrors));
        using RawClient good = await host.ConnectAsync("good");
        await good.PublishAsync("a", new string('x', 400_000), qos: 1, identifier: 1);
        await good.ReadAckAsync(PacketType.PubAck);
        strangers.ForEach(client => client.Dispose());
    }

    /// <summary>Whether a peer without a keep alive is still there is asked by TCP.</summary>
    [Fact]
    public async Task A_connection_whose_peer_has_vanished_is_found_out()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.LocalEndPoint!);
        Socket socket = await listener.AcceptAsync();
        await using ClientTransport transport = await new TransportOpener(null, []).OpenAsync(ListenAddress.Parse("tcp://127.0.0.1:0"), socket, CancellationToken.None);
        Assert.Equal(1, (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive)!);
        int after = (int)socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime)!;
        int interval = (int)socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval)!;
        int probes = (int)socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount)!;
        Assert.InRange(after + (interval * probes), 1, 120);
    }

    [Fact]
    public async Task A_CONNECT_may_hold_the_largest_will_and_not_fill_memory()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient large = await host.ConnectAsync("c", will: new Will("w", new byte[ushort.MaxValue], QualityOfService.AtMostOnce, Retain: false, null));
        await large.PingAsync();
        using RawClient greedy = await host.OpenAsync();
        // The header of one with 200,000 bytes is enough.
        await greedy.SendAsync([0x10, 0xC0, 0x9A, 0x0C]);
        Assert.Null(await greedy.ReadAsync());
        // Who is connected may send so much.
        await large.PublishAsync("a", new string('x', 200_000), qos: 1, identifier: 1);
        await large.ReadAckAsync(PacketType.PubAck);
    }

    [Fact]
    public async Task A_subscriber_that_does_not_read_is_thrown_out_in_the_end()
    {
        var time = new ManualTime();
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { MaximumQueuedMessages = 20 }, time);
        using RawClient stuck = await host.ConnectAsync("stuck");
        using RawClient publisher = await host.ConnectAsync("p");
        await FillAsync(host, stuck, publisher);
        Assert.InRange(host.Broker.Statistics.QueuedBytes, 1, 20 * 101_000);
        time.Advance(TimeSpan.FromSeconds(61));
        await BrokerHost.UntilAsync(() => host.Broker.Statistics is { ClientsConnected: 1, QueuedBytes: 0 }, "it is gone with its queue");
        Assert.Single(host.LogLines, line => line.Contains("'stuck'") && line.Contains("does not read"));
        Assert.Equal(1, host.Broker.Statistics.Closed[CloseReason.NotReading]);
        await publisher.PingAsync();
    }

    [Fact]
    public async Task A_client_that_reads_late_is_told_why_it_is_thrown_out()
    {
        var time = new ManualTime();
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { MaximumQueuedMessages = 20 }, time);
        using RawClient late = await host.ConnectAsync("late");
        using RawClient publisher = await host.ConnectAsync("p");
        await FillAsync(host, late, publisher);
        // Type 0 is no packet's.
        await late.SendAsync([0x00, 0x00]);
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.ClientsConnected == 1, "it has no session any more");
        time.Advance(TimeSpan.FromSeconds(5));
        (PacketHeader Header, byte[] Body)? last = null;
        while (await late.ReadAsync() is { } packet)
            last = packet;
        Assert.Equal(PacketType.Disconnect, last?.Header.Type);
    }

    /// <summary>Publishes to a subscriber that does not read until its socket and its queue are full.</summary>
    private static async Task FillAsync(BrokerHost host, RawClient subscriber, RawClient publisher)
    {
        await subscriber.SubscribeAsync("a");
        for (int sent = 0; host.Broker.Statistics.Dropped[DropReason.QueueFull] == 0; sent++)
        {
            Assert.True(sent < 2000, "nothing was dropped");
            await publisher.PublishAsync("a", new string('x', 100_000));
            await publisher.PingAsync();
        }
    }

    [Fact]
    public async Task Who_closes_only_its_own_side_has_left_and_its_will_is_published()
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, host.Port);
        var client = new RawClient(new NetworkStream(socket), ProtocolVersion.Mqtt50);
        await client.ConnectAsync("half", will: new Will("w", "gone"u8.ToArray(), QualityOfService.AtLeastOnce, Retain: false, null));
        socket.Shutdown(SocketShutdown.Send);
        Assert.Null(await client.ReadAsync());
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.ClientsConnected == 0, "it is gone");
        Assert.Equal(["w=gone"], host.Ingress.Taken);
    }

    [Fact]
    public async Task Connections_that_come_and_go_take_no_places_with_them()
    {
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { MaximumConnections = 20 });
        for (int i = 0; i < 100; i++)
        {
            using RawClient visitor = await host.OpenAsync();
            await visitor.SendAsync(i % 3 == 0 ? [0x10] : i % 3 == 1 ? [0xFF, 0xFF] : []);
        }
        List<RawClient> good = [];
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (good.Count < 20)
        {
            Assert.False(deadline.IsCancellationRequested, $"{good.Count} of 20 places are there");
            RawClient client = await host.OpenAsync();
            await client.SendAsync(o => new ConnectPacket { Version = client.Version, ClientId = $"{good.Count}" }.Write(o));
            // Refused while a visitor has not gone yet.
            if (await client.ReadAsync() is { } answer && ConnAckPacket.Parse(answer.Body, client.Version).Reason == ReasonCode.Success)
                good.Add(client);
            else
                client.Dispose();
        }
        good.ForEach(client => client.Dispose());
    }

    [Theory]
    [InlineData(ProtocolVersion.Mqtt311)]
    [InlineData(ProtocolVersion.Mqtt50)]
    public async Task A_whole_session_that_comes_byte_by_byte_is_the_same_session(ProtocolVersion version)
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient client = await host.OpenAsync(version);
        byte[] begin =
        [
            .. PacketSamples.Bytes(o => new ConnectPacket { Version = version, ClientId = "c", CleanStart = true }.Write(o)),
            .. PacketSamples.Bytes(o => new SubscribePacket(1, [new("a/+", QualityOfService.AtMostOnce)]).Write(o, version)),
            .. client.Publish("a/0", "zero"),
            .. client.Publish("a/1", "one", qos: 1, identifier: 1),
            .. client.Publish("a/2", "two", qos: 2, identifier: 2),
            .. PacketSamples.Bytes(o => new AckPacket(PacketType.PubRel, 2).Write(o, version)),
        ];
        byte[] end = [.. PacketSamples.Bytes(o => new UnsubscribePacket(3, ["a/+"]).Write(o, version)), 0xC0, 0, 0xE0, 0];
        Assert.Equal(["ConnAck", "PubAck", "PubComp", "PubRec", "SubAck", "one", "two", "zero"], await AnswersAsync(begin, 8));
        Assert.Equal(["PingResp", "UnsubAck"], await AnswersAsync(end, 2));
        Assert.Null(await client.ReadAsync());
        Assert.Equal(["a/0=zero", "a/1=one", "a/2=two"], host.Ingress.Taken);

        // In the order of their names: what is to be durable may come later than what is not.
        async Task<IEnumerable<string>> AnswersAsync(byte[] bytes, int count)
        {
            foreach (byte one in bytes)
                await client.SendAsync([one]);
            List<string> answers = [];
            while (answers.Count < count && await client.ReadAsync() is var (header, body))
                answers.Add(header.Type == PacketType.Publish ? client.Parse(header, body).Payload : header.Type.ToString());
            return answers.Order(StringComparer.Ordinal);
        }
    }
}
