using System.Diagnostics;
using System.Net.Sockets;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>A Mosquitto on a free port, with what a test adds to its configuration.</summary>
internal sealed class StockBroker : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-mosquitto-").FullName;
    private readonly Process _process;

    private StockBroker(string[] lines)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        Port = ((System.Net.IPEndPoint)socket.LocalEndPoint!).Port;
        socket.Close();
        string configuration = Path.Combine(_folder, "mosquitto.conf");
        // As whoever runs the test, who alone can read the files.
        File.WriteAllLines(configuration, ["user root", $"listener {Port} 127.0.0.1", .. lines]);
        _process = Process.Start(new ProcessStartInfo("/usr/sbin/mosquitto", ["-c", configuration]) { RedirectStandardError = true })!;
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
    }

    public int Port { get; }

    /// <summary>Starts it and waits until it takes connections.</summary>
    public static async Task<StockBroker> StartAsync(params string[] lines)
    {
        StockBroker broker = new(lines);
        await Programs.UntilAsync(broker.Listens, "mosquitto listens");
        return broker;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private bool Listens()
    {
        Assert.False(_process.HasExited, "mosquitto has ended");
        try
        {
            using TcpClient client = new("127.0.0.1", Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
