using System.Net;
using System.Net.Sockets;

namespace Sluice.EndToEnd;

/// <summary>Bad input gives one clear error that says what and where, and nobody else suffers.</summary>
public sealed class BadInputTests
{
    [Fact]
    public async Task A_malformed_packet_closes_its_connection_and_no_other()
    {
        await using GatewayProcess gateway = new();
        await gateway.StartAsync();
        using Socket good = await ConnectAsync(gateway, "good");
        using Socket bad = await ConnectAsync(gateway, "bad");

        // A PUBLISH whose QoS is 3: malformed (MQTT 5.0, 3.3.1.2). The answer is DISCONNECT with reason 0x81.
        await bad.SendAsync(new byte[] { 0x36, 0x05, 0x00, 0x01, (byte)'t', 0x00, 0x01 });
        byte[] answer = new byte[64];
        int length = await ReceiveAsync(bad, answer);
        Assert.True(length >= 3, $"{length} bytes");
        Assert.Equal(0xE0, answer[0]);
        Assert.Equal(0x81, answer[2]);
        Assert.Equal(0, await ReceiveAsync(bad, answer));

        await good.SendAsync(new byte[] { 0xC0, 0x00 });
        Assert.Equal(2, await ReceiveAsync(good, answer));
        Assert.Equal(new byte[] { 0xD0, 0x00 }, answer[..2]);
        Assert.Contains("bad", gateway.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_in_use_is_named()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await AssertRefusedAsync($"mqtt: {{ listen: [ \"tcp://127.0.0.1:{port}\" ] }}\nhttp: {{ listen: 127.0.0.1:{Tool.FreePort()} }}\n", $"{port}", "in use");
        await AssertRefusedAsync($"mqtt: {{ listen: [ \"tcp://127.0.0.1:{Tool.FreePort()}\" ] }}\nhttp: {{ listen: 127.0.0.1:{port} }}\n", $"{port}", "in use");
    }

    [Fact]
    public async Task A_wrong_key_is_named_with_file_and_line() =>
        await AssertRefusedAsync("mqtt:\n  lissten: [ \"tcp://127.0.0.1:1\" ]\n", "sluice.yaml", "lissten", "listen", ":3");

    [Fact]
    public async Task A_data_folder_that_cannot_be_written_is_named() =>
        await AssertRefusedAsync($"mqtt: {{ listen: [ \"tcp://127.0.0.1:{Tool.FreePort()}\" ] }}\nhttp: {{ listen: 127.0.0.1:{Tool.FreePort()} }}\n", folder => "/proc/nowhere", "/proc/nowhere");

    [Fact]
    public async Task A_corrupt_page_is_named()
    {
        await using GatewayProcess gateway = new();
        await gateway.StartAsync();
        await gateway.StopAsync();
        await using (FileStream file = new(gateway.Database, FileMode.Open))
        {
            // The schema's own B-tree page header, right after the 100-byte file header.
            file.Position = 100;
            file.WriteByte(0x77);
        }

        ToolResult result = await Tool.RunAsync(GatewayProcess.Program, ["sql", gateway.Database, "select * from series"]);
        AssertOneClearError(result, "gateway.db", "page 1");
        string configuration = Path.Combine(gateway.Folder, "sluice.yaml");
        AssertOneClearError(await Tool.RunAsync(GatewayProcess.Program, ["run", "--config", configuration]), "gateway.db", "page 1");
    }

    [Fact]
    public async Task A_corrupt_log_record_is_named()
    {
        await using GatewayProcess gateway = new();
        await gateway.StartAsync();
        (int acked, _) = await new Load(gateway, "log").PublishAsync(connections: 5, inflight: 20, count: 2_000);
        Assert.Equal(2_000, acked);
        await gateway.KillAsync();
        string log = Directory.GetFiles(Path.GetDirectoryName(gateway.Database)!, "gateway.db-log.*").Order(StringComparer.Ordinal).First();
        byte[] bytes = await File.ReadAllBytesAsync(log);
        int end = Array.FindLastIndex(bytes, value => value != 0);
        Assert.True(end > 4096, $"the log holds {end} bytes");
        // More than the padding of a batch has, which carries nothing and may be anything.
        bytes.AsSpan(end / 2, 16).Fill(0xa5);
        await File.WriteAllBytesAsync(log, bytes);
        string configuration = Path.Combine(gateway.Folder, "sluice.yaml");
        AssertOneClearError(await Tool.RunAsync(GatewayProcess.Program, ["run", "--config", configuration]), "gateway.db-log.", "offset");
    }

    private static Task AssertRefusedAsync(string yaml, params string[] words) => AssertRefusedAsync(yaml, folder => $"{folder}/data", words);

    private static async Task AssertRefusedAsync(string yaml, Func<string, string> data, params string[] words)
    {
        string folder = Directory.CreateTempSubdirectory("sluice-bad-").FullName;
        try
        {
            string configuration = Path.Combine(folder, "sluice.yaml");
            await File.WriteAllTextAsync(configuration, $"gateway: {{ id: bad, data: {data(folder)} }}\n{yaml}");
            AssertOneClearError(await Tool.RunAsync(GatewayProcess.Program, ["run", "--config", configuration]), words);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void AssertOneClearError(ToolResult result, params string[] words)
    {
        Assert.NotEqual(0, result.ExitCode);
        Assert.DoesNotContain("   at ", result.Output + result.Error, StringComparison.Ordinal);
        foreach (string word in words)
        {
            Assert.Contains(word, result.Error, StringComparison.Ordinal);
        }
    }

    /// <summary>A raw MQTT 5.0 connection: CONNECT sent, CONNACK with success received.</summary>
    private static async Task<Socket> ConnectAsync(GatewayProcess gateway, string clientId)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, gateway.MqttPort);
        byte[] id = System.Text.Encoding.UTF8.GetBytes(clientId);
        byte[] connect = [0x10, (byte)(13 + id.Length), 0, 4, (byte)'M', (byte)'Q', (byte)'T', (byte)'T', 5, 2, 0, 60, 0, 0, (byte)id.Length, .. id];
        await socket.SendAsync(connect);
        byte[] answer = new byte[256];
        int length = await ReceiveAsync(socket, answer);
        Assert.True(length > 3 && answer[0] == 0x20 && answer[3] == 0, Convert.ToHexString(answer[..length]));
        return socket;
    }

    private static async Task<int> ReceiveAsync(Socket socket, byte[] buffer)
    {
        using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(20));
        return await socket.ReceiveAsync(buffer, SocketFlags.None, deadline.Token);
    }
}
