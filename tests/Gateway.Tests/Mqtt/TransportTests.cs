using System.Net.Sockets;
using Sluice.Engine;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.Security;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>Unix sockets, the PROXY protocol, and how many and how fast clients may be.</summary>
public sealed class TransportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-transport-").FullName;

    private string SocketPath => Path.Combine(_folder, "mqtt.sock");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_client_comes_in_over_a_Unix_socket_whose_file_goes_with_the_broker()
    {
        await using (BrokerHost host = await StartUnixAsync())
        {
            Assert.Equal([$"unix://{SocketPath}"], host.Broker.ListeningOn);
            Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(SocketPath) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite));
            using RawClient client = await OpenUnixAsync();
            Assert.Equal(ReasonCode.Success, (await client.ConnectAsync("c")).Reason);
        }

        Assert.False(Path.Exists(SocketPath));
    }

    [Fact]
    public async Task A_socket_left_over_is_replaced_and_one_in_use_or_another_file_is_not()
    {
        using (Socket dead = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(SocketPath));
            dead.Listen();
            // Closing it the .NET way would remove the file.
            File.Move(SocketPath, SocketPath + ".kept");
        }

        File.Move(SocketPath + ".kept", SocketPath);
        await using BrokerHost host = await StartUnixAsync();
        SluiceException inUse = await Assert.ThrowsAsync<SluiceException>(StartUnixAsync);
        Assert.Contains("address already in use", inUse.Message, StringComparison.Ordinal);
        using RawClient client = await OpenUnixAsync();
        Assert.Equal(ReasonCode.Success, (await client.ConnectAsync("c")).Reason);

        string file = Path.Combine(_folder, "notes.txt");
        await File.WriteAllTextAsync(file, "important");
        await Assert.ThrowsAsync<SluiceException>(() => BrokerHost.StartAsync(new MqttOptions { Listen = [$"unix://{file}"] }));
        Assert.Equal("important", await File.ReadAllTextAsync(file));
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_named()
    {
        SluiceException e = await Assert.ThrowsAsync<SluiceException>(() => BrokerHost.StartAsync(new MqttOptions { Listen = [$"unix://{_folder}/none/x.sock"] }));
        Assert.Equal($"mqtt: cannot listen on unix://{_folder}/none/x.sock: there is no folder {_folder}/none; make it, or choose another path in mqtt.listen", e.Message);
    }

    [Fact]
    public async Task What_it_says_of_where_it_listens_tells_of_a_proxy()
    {
        string unix = $"unix://{SocketPath}?proxy";
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { Listen = ["tcp://127.0.0.1:0?proxy", unix] });
        Assert.Matches("^tcp://127.0.0.1:[0-9]+[?]proxy$", host.Broker.ListeningOn[0]);
        Assert.Equal(unix, host.Broker.ListeningOn[1]);
    }

    [Theory]
    [InlineData("tcp://h:1/x", "tcp:// has no path")]
    [InlineData("ws://h", "there is no port")]
    [InlineData("tcp://h:1?secure", "only ?proxy may stand at its end")]
    [InlineData("unix://relative", "a full path")]
    public async Task What_is_wrong_with_an_endpoint_is_said(string endpoint, string reason)
    {
        SluiceException thrown = await Assert.ThrowsAsync<SluiceException>(() => BrokerHost.StartAsync(new MqttOptions { Listen = [endpoint] }));
        Assert.Contains(reason, thrown.Message, StringComparison.Ordinal);
    }

    // The binary ones: signature, version 2 and command, family, length, addresses and ports.
    [Theory]
    [InlineData("PROXY TCP4 203.0.113.9 198.51.100.1 40000 1883\r\n", "203.0.113.9:40000")]
    [InlineData("PROXY TCP6 2001:db8::9 2001:db8::1 40000 1883\r\n", "[2001:db8::9]:40000")]
    [InlineData("PROXY UNKNOWN\r\n", "127.0.0.1:")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C\xCB\0\x71\x09\xC6\x33\x64\x01\x9C\x40\x07\x5B", "203.0.113.9:40000")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", "127.0.0.1:")]
    public async Task The_address_that_a_proxy_names_is_the_clients(string header, string address)
    {
        await using BrokerHost host = await StartProxiedAsync();
        using RawClient client = await host.OpenAsync();
        await client.SendAsync(System.Text.Encoding.Latin1.GetBytes(header));
        await client.ConnectAsync("c");
        Assert.Contains(host.LogLines, line => line.Contains($"client 'c' at {address}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("\x10\x0D\0\x04MQTT\x04\x02\0\0\0\x01xx")]
    [InlineData("PROXY TCP4 203.0.113.9\r\n")]
    [InlineData("PROXY TCP4 not.an.address 198.51.100.1 40000 1883\r\n")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\x21\x11\xFF\xFF")]
    public async Task Without_a_right_header_nobody_comes_in_through_a_proxy(string header)
    {
        await using BrokerHost host = await StartProxiedAsync();
        using RawClient client = await host.OpenAsync();
        await client.SendAsync(System.Text.Encoding.Latin1.GetBytes(header));
        Assert.Null(await client.ReadAsync());
        await BrokerHost.UntilAsync(() => host.LogLines.Any(line => line.Contains("did not come about", StringComparison.Ordinal)), "the log says it");
    }

    [Fact]
    public async Task An_address_has_so_many_connections_at_once()
    {
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { MaximumConnectionsPerAddress = 2 });
        using RawClient first = await host.ConnectAsync("1");
        using (RawClient second = await host.ConnectAsync("2"))
        {
            using RawClient third = await host.OpenAsync();
            Assert.Equal(ReasonCode.QuotaExceeded, (await third.ConnectAsync("3")).Reason);
            Assert.Null(await third.ReadAsync());
            Assert.Equal(1, host.Broker.Statistics.Refused);
        }

        await BrokerHost.UntilAsync(() => host.Broker.Statistics.ClientsConnected == 1, "the second one has left");
        using RawClient fourth = await ConnectWhenThereIsRoomAsync(host);
        await fourth.PingAsync();
    }

    [Fact]
    public async Task Who_is_one_too_many_is_told_so_and_counted_as_long_as_that_is_cheap()
    {
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { MaximumConnections = 1 });
        using RawClient only = await host.ConnectAsync("1");
        using (RawClient old = await host.OpenAsync(ProtocolVersion.Mqtt311))
        {
            await old.SendAsync(o => new ConnectPacket { Version = ProtocolVersion.Mqtt311, ClientId = "2", CleanStart = true }.Write(o));
            Assert.Equal([0x20, 2, 0, 3], await old.ReadRestAsync());
        }

        // Those who say nothing hold the places of those who are told; whoever comes then is closed at once.
        List<RawClient> silent = [];
        for (int i = 0; i < 70; i++)
            silent.Add(await host.OpenAsync());
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.Refused == 71, "all are counted");
        using RawClient late = await host.OpenAsync();
        Assert.Null(await late.ReadAsync());
        silent.ForEach(client => client.Dispose());
        await only.PingAsync();
        Assert.Equal(1, host.Broker.Statistics.ConnectionsAccepted);
        Assert.Equal(0, host.Broker.Statistics.ProtocolErrors);
    }

    [Theory]
    [InlineData("PROXY UNKNOWN\r\n")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0")]
    public async Task Whom_a_proxy_does_not_name_is_not_on_this_machine(string header)
    {
        await using BrokerHost host = await StartProxiedAsync(AnonymousAccess.Local);
        using RawClient client = await host.OpenAsync();
        await client.SendAsync(System.Text.Encoding.Latin1.GetBytes(header));
        Assert.Equal(ReasonCode.NotAuthorized, (await client.ConnectAsync("c")).Reason);
    }

    [Fact]
    public async Task Who_sends_faster_than_allowed_is_held_back_and_loses_nothing()
    {
        ManualTime time = new();
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { MaximumMessagesPerSecond = 10 }, time);
        using RawClient client = await host.ConnectAsync("c");
        // Read at once: a second's worth, and two seconds' more, which are owed.
        await client.SendAsync([.. Enumerable.Range(0, 30).SelectMany(i => client.Publish("a", $"{i}"))]);
        await BrokerHost.UntilAsync(() => host.Ingress.Taken.Count == 30, "they came through");
        await client.PublishAsync("a", "30");
        time.Advance(TimeSpan.FromSeconds(1.9));
        await Task.Delay(100);
        Assert.Equal(30, host.Ingress.Taken.Count);
        time.Advance(TimeSpan.FromSeconds(0.2));
        await BrokerHost.UntilAsync(() => host.Ingress.Taken.Count == 31, "the time is made up for");
        await client.PingAsync();
    }

    [Fact]
    public async Task Who_is_held_back_does_not_hold_up_the_end()
    {
        ManualTime time = new();
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { MaximumMessagesPerSecond = 10 }, time);
        RawClient client = await host.ConnectAsync("c");
        await client.SendAsync([.. Enumerable.Range(0, 300).SelectMany(i => client.Publish("a", $"{i}"))]);
        await BrokerHost.UntilAsync(() => host.Ingress.Taken.Count == 300, "they came through");

        // No time passes any more: neither its pause nor the patience of the end would be over.
        client.Dispose();
        await host.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
    }

    private static Task<BrokerHost> StartProxiedAsync(AnonymousAccess anonymous = AnonymousAccess.Yes) => BrokerHost.StartAsync(new MqttOptions
    {
        Listen = ["tcp://127.0.0.1:0?proxy"],
        Security = new SecurityOptions { Anonymous = anonymous },
    });

    // The place of a connection is free a moment after its client has left.
    private static async Task<RawClient> ConnectWhenThereIsRoomAsync(BrokerHost host)
    {
        for (int i = 0; ; i++)
        {
            RawClient client = await host.OpenAsync();
            try
            {
                if ((await client.ConnectAsync("4")).Reason == ReasonCode.Success)
                    return client;
            }
            catch (Exception e) when (e is EndOfStreamException or IOException)
            {
                // Closed without a word.
            }
            client.Dispose();
            Assert.True(i < 100, "there is no room");
            await Task.Delay(20);
        }
    }

    private Task<BrokerHost> StartUnixAsync() => BrokerHost.StartAsync(new MqttOptions { Listen = [$"unix://{SocketPath}"] });

    private async Task<RawClient> OpenUnixAsync()
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath));
        return new RawClient(new NetworkStream(socket, ownsSocket: true), ProtocolVersion.Mqtt50);
    }
}
