using System.Diagnostics;
using System.Net.Sockets;

namespace Sluice.EndToEnd;

/// <summary>A stock MQTT broker: mosquitto, or nats-server, which speaks MQTT 3.1.1.</summary>
internal sealed class OtherBroker : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-other-").FullName;
    private readonly Process _process;

    private OtherBroker(string kind)
    {
        Port = Tool.FreePort();
        string configuration = Path.Combine(_folder, "broker.conf");
        bool isNats = kind == "nats-server";
        File.WriteAllText(configuration, isNats
            ? $$"""
              server_name: test
              listen: 127.0.0.1:{{Tool.FreePort()}}
              jetstream { store_dir: "{{_folder}}/js" }
              mqtt { listen: 127.0.0.1:{{Port}}, ack_wait: "5s" }
              """
            : $"listener {Port} 127.0.0.1\nallow_anonymous true\n");
        string program = File.Exists($"/usr/sbin/{kind}") ? $"/usr/sbin/{kind}" : kind;
        ProcessStartInfo start = new(program) { RedirectStandardOutput = true, RedirectStandardError = true, ArgumentList = { "-c", configuration } };
        _process = Process.Start(start) ?? throw new InvalidOperationException($"cannot start {program}");
        _process.OutputDataReceived += (_, line) => Log.Add(line.Data);
        _process.ErrorDataReceived += (_, line) => Log.Add(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Port { get; }

    public Tool.Lines Log { get; } = new();

    /// <summary>Starts it and waits until it takes connections.</summary>
    public static async Task<OtherBroker> StartAsync(string kind)
    {
        OtherBroker broker = new(kind);
        await Tool.UntilAsync(
            async () =>
            {
                try
                {
                    using TcpClient client = new();
                    await client.ConnectAsync("127.0.0.1", broker.Port);
                    return true;
                }
                catch (SocketException)
                {
                    return false;
                }
            },
            TimeSpan.FromSeconds(20),
            () => $"{kind} listens:\n{broker.Log}");
        return broker;
    }

    public Task<string> PublishAsync(string topic, string payload, string qos = "1") =>
        Tool.OutputAsync("mosquitto_pub", "-h", "127.0.0.1", "-p", $"{Port}", "-V", "mqttv311", "-q", qos, "-t", topic, "-m", payload);

    /// <summary>The next messages, as "topic payload".</summary>
    public Task<string> ReadAsync(string filter, int count) =>
        Tool.OutputAsync("mosquitto_sub", "-h", "127.0.0.1", "-p", $"{Port}", "-V", "mqttv311", "-q", "1", "-t", filter, "-C", $"{count}", "-W", "30", "-v");

    /// <summary>Begins a session that keeps what is published from now on.</summary>
    public Task SubscribeAsync(string clientId, string filter) =>
        Tool.OutputAsync("mosquitto_sub", "-h", "127.0.0.1", "-p", $"{Port}", "-V", "mqttv311", "-q", "1", "-t", filter, "-i", clientId, "-c", "-E");

    /// <summary>The messages of a session of <see cref="SubscribeAsync"/>, as "topic payload".</summary>
    public Task<string> ReadSessionAsync(string clientId, string filter, int count) =>
        Tool.OutputAsync("mosquitto_sub", "-h", "127.0.0.1", "-p", $"{Port}", "-V", "mqttv311", "-q", "1", "-t", filter, "-i", clientId, "-c", "-C", $"{count}", "-W", "30", "-v");

    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
