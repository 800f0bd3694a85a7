using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.Transport;

namespace Sluice.Gateway.Tests.Mqtt;

public sealed class WebSocketTests
{
    [Fact]
    public async Task Packets_may_lie_anyhow_in_binary_messages()
    {
        await using BrokerHost host = await StartAsync();
        using ClientWebSocket socket = await ConnectAsync(host, "mqtt");
        Assert.Equal("mqtt", socket.SubProtocol);
        using RawClient client = new(new WebSocketByteStream(socket), ProtocolVersion.Mqtt50);
        await client.ConnectAsync("c");
        byte[] packets = [.. client.Publish("a", "1", qos: 1, identifier: 1), .. client.Publish("a", "2", qos: 1, identifier: 2)];
        foreach (byte one in packets)
            await client.SendAsync([one]);
        await client.ReadAckAsync(PacketType.PubAck);
        await client.ReadAckAsync(PacketType.PubAck);
        await client.SendAsync([]);
        await client.PingAsync();
        Assert.Equal(["a=1", "a=2"], host.Ingress.Taken);
    }

    /// <summary>Its reader waits for bytes meanwhile, and must stop without ending the connection.</summary>
    [Fact]
    public async Task A_client_that_is_told_to_go_learns_why()
    {
        await using BrokerHost host = await StartAsync();
        for (int i = 0; i < 10; i++)
        {
            using ClientWebSocket socket = await ConnectAsync(host, "mqtt");
            using RawClient first = new(new WebSocketByteStream(socket), ProtocolVersion.Mqtt50);
            await first.ConnectAsync("c");
            await first.PingAsync();
            using ClientWebSocket other = await ConnectAsync(host, "mqtt");
            using RawClient second = new(new WebSocketByteStream(other), ProtocolVersion.Mqtt50);
            await second.ConnectAsync("c");
            await first.ExpectClosedAsync(ReasonCode.SessionTakenOver);
        }
    }

    [Fact]
    public async Task A_text_message_ends_the_connection()
    {
        await using BrokerHost host = await StartAsync();
        using ClientWebSocket socket = await ConnectAsync(host, "mqtt");
        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, CancellationToken.None);
        WebSocketByteStream stream = new(socket);
        Assert.Equal(0, await stream.ReadAsync(new byte[10]));
    }

    [Theory]
    [InlineData("GET /other HTTP/1.1", null, "mqtt", "404", "MQTT over WebSocket is at /mqtt")]
    [InlineData("POST /mqtt HTTP/1.1", null, "mqtt", "405", "only GET")]
    [InlineData("GET /mqtt HTTP/1.1", null, "chat", "400", "the subprotocol mqtt is not among those asked for")]
    [InlineData("GET /mqtt HTTP/1.1", "https://evil.example", "mqtt", "403", "pages of https://evil.example may not connect")]
    [InlineData("GET /mqtt HTTP/1.1", "null", "mqtt", "403", "pages of null may not connect")]
    public async Task Another_request_gets_an_error_that_says_why(string request, string? origin, string subprotocol, string code, string reason)
    {
        await using BrokerHost host = await StartAsync();
        string answer = await AskAsync(host, Request(request, origin, subprotocol));
        Assert.StartsWith($"HTTP/1.1 {code} ", answer, StringComparison.Ordinal);
        Assert.Contains(reason, answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no HTTP at all\r\n\r\n")]
    [InlineData("GET /mqtt HTTP/1.1\r\nno colon\r\n\r\n")]
    public async Task What_is_no_request_ends_the_connection(string text)
    {
        await using BrokerHost host = await StartAsync();
        Assert.Equal("", await AskAsync(host, text));
        await BrokerHost.UntilAsync(() => host.LogLines.Any(line => line.Contains("did not come about", StringComparison.Ordinal)), "the log says it");
    }

    [Theory]
    [InlineData(null, "gateway:8080", true)]
    [InlineData("http://gateway:8080", "gateway:8080", true)]
    [InlineData("http://gateway", "gateway", true)]
    [InlineData("http://gateway", "gateway:80", true)]
    [InlineData("http://gateway:8081", "gateway:8080", false)]
    [InlineData("https://dash.example", "gateway:8080", true)]
    [InlineData("https://dash.example.evil", "gateway:8080", false)]
    [InlineData("null", "gateway:8080", false)]
    public void A_page_may_connect_to_where_it_comes_from_and_as_configured(string? origin, string host, bool allowed) =>
        Assert.Equal(allowed, WebSocketHandshake.IsOriginAllowed(origin, host, ["https://dash.example/"]));

    /// <summary>A WebSocket over a stream, asked for as a client does.</summary>
    internal static async Task<WebSocketByteStream> UpgradeAsync(Stream stream, string path)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(Request($"GET {path} HTTP/1.1", null, "mqtt")));
        StringBuilder answer = new();
        byte[] one = new byte[1];
        while (!answer.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one) == 1)
            answer.Append((char)one[0]);
        // The key and its answer are the example of RFC 6455 section 1.3.
        Assert.Contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", answer.ToString(), StringComparison.Ordinal);
        return new WebSocketByteStream(WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { SubProtocol = "mqtt" }));
    }

    private static string Request(string line, string? origin, string subprotocol) =>
        $"{line}\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        + $"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {subprotocol}\r\n{(origin is null ? "" : $"Origin: {origin}\r\n")}\r\n";

    private static Task<BrokerHost> StartAsync() => BrokerHost.StartAsync(new MqttOptions { Listen = ["ws://127.0.0.1:0"] });

    private static async Task<ClientWebSocket> ConnectAsync(BrokerHost host, string subprotocol)
    {
        ClientWebSocket socket = new();
        socket.Options.AddSubProtocol(subprotocol);
        await socket.ConnectAsync(new Uri(host.Broker.ListeningOn[0]), CancellationToken.None);
        return socket;
    }

    private static async Task<string> AskAsync(BrokerHost host, string request)
    {
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(host.Broker.ListeningOn[0]).Port);
        await using NetworkStream stream = new(socket);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        using StreamReader reader = new(stream);
        return await reader.ReadToEndAsync();
    }
}
