using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Sluice.Benchmarks.Broker;

/// <summary>What is measured.</summary>
internal enum BrokerKind
{
    /// <summary>The gateway as it is by default: every message is a reading, acknowledged when it is on the disk.</summary>
    Sluice,

    /// <summary>mosquitto that keeps nothing.</summary>
    Mosquitto,

    /// <summary>
    /// mosquitto that writes its database after every change, with a session that is away and is to get every message: without one it has nothing to
    /// keep. Its bound of 1000 messages for one client is taken away, past which it would drop what it acknowledges.
    /// </summary>
    MosquittoSaving,
}

/// <summary>A broker as a process of its own, in a folder of its own.</summary>
internal sealed partial class BrokerProcess : IAsyncDisposable
{
    // asm-generic/signal.h.
    private const int Continue = 18;
    private const int Stop = 19;

    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-bench-").FullName;
    private readonly Process _process;

    private BrokerProcess(BrokerKind kind)
    {
        Kind = kind;
        Port = FreePort();
        _process = kind == BrokerKind.Sluice ? StartGateway() : StartMosquitto(saves: kind == BrokerKind.MosquittoSaving);
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        // mosquitto warns of root.
        _process.ErrorDataReceived += (_, line) => Errors += line.Data;
        _process.BeginErrorReadLine();
    }

    public BrokerKind Kind { get; }

    public int Port { get; }

    /// <summary>What it wrote to standard error.</summary>
    private string Errors { get; set; } = "";

    /// <summary>Processor time used so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public long MemoryBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    public static string NameOf(BrokerKind kind) => kind switch
    {
        BrokerKind.Sluice => "Sluice, each durable",
        BrokerKind.Mosquitto => "mosquitto, no persistence",
        _ => "mosquitto, autosave_on_changes",
    };

    public static async Task<BrokerProcess> StartAsync(BrokerKind kind)
    {
        BrokerProcess broker = new(kind);
        try
        {
            await broker.ListeningAsync();
            if (kind == BrokerKind.MosquittoSaving)
            {
                await broker.LeaveSessionAsync();
            }

            return broker;
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes the processor away from it, so that its work of later does not disturb the measurement of another.</summary>
    public void Pause() => Signal(Stop);

    /// <summary>Lets it go on.</summary>
    public void Resume() => Signal(Continue);

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private Process StartGateway()
    {
        string program = Path.Combine(Root(), "gateway", "bin", "Release", "net10.0", "sluice");
        if (!File.Exists(program))
        {
            throw new InvalidOperationException($"{program} is not there; build it first: dotnet build -c Release gateway");
        }

        string configuration = Path.Combine(_folder, "sluice.yaml");
        File.WriteAllText(configuration, $$"""
            gateway: { id: bench, data: {{_folder}}/data }
            http: { listen: 127.0.0.1:{{FreePort()}} }
            mqtt: { listen: [ "tcp://127.0.0.1:{{Port}}" ], max_connections: 20000 }
            routes: [ { topic: "sensors/{device}/{metric}" } ]
            sensors: []
            """);
        return Start(program, "run", "--config", configuration);
    }

    private Process StartMosquitto(bool saves)
    {
        string configuration = Path.Combine(_folder, "mosquitto.conf");
        string persistence = saves
            ? $"persistence true\npersistence_location {_folder}/\nautosave_interval 1\nautosave_on_changes true\nmax_queued_messages 0\n"
            : "persistence false\n";
        // As the same user, so that it may write there.
        File.WriteAllText(configuration, $"listener {Port} 127.0.0.1\nallow_anonymous true\nlog_type error\nuser {Environment.UserName}\n{persistence}");
        return Start(File.Exists("/usr/sbin/mosquitto") ? "/usr/sbin/mosquitto" : "mosquitto", "-c", configuration);
    }

    private void Signal(int signal)
    {
        if (kill(_process.Id, signal) != 0)
        {
            throw new InvalidOperationException($"kill failed with error {Marshal.GetLastPInvokeError()}");
        }
    }

    private async Task LeaveSessionAsync()
    {
        using Process subscriber = Start(
            "mosquitto_sub", "-p", $"{Port}", "-i", "away", "-c", "-q", "1", "-t", "sensors/#", "-E");
        await subscriber.WaitForExitAsync();
        if (subscriber.ExitCode != 0)
        {
            throw new InvalidOperationException($"mosquitto_sub ended with {subscriber.ExitCode}");
        }
    }

    private async Task ListeningAsync()
    {
        for (int attempt = 0; attempt < 300; attempt++)
        {
            if (_process.HasExited)
            {
                throw new InvalidOperationException($"the broker ended with {_process.ExitCode}: {Errors}");
            }

            try
            {
                using TcpClient client = new();
                await client.ConnectAsync(IPAddress.Loopback, Port);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(100);
            }
        }

        throw new InvalidOperationException($"nothing listens on port {Port}");
    }

    private static Process Start(string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })
        ?? throw new InvalidOperationException($"cannot start {program}");

    private static int FreePort()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static string Root()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Gateway.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("run the benchmarks from the repository");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int process, int signal);
}
