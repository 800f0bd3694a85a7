using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Sluice.Benchmarks;

/// <summary>
/// QoS 1 acknowledged messages a second: the gateway, which stores each message as a reading and acknowledges it when it is
/// on the disk, beside mosquitto without persistence, which keeps nothing. The same generator process, turn about.
/// </summary>
internal static class BrokerBenchmark
{
    public static Command CreateCommand()
    {
        Option<int> connections = new("--connections") { Description = "Publishing connections.", DefaultValueFactory = _ => 50 };
        Option<int> window = new("--window") { Description = "Unacknowledged PUBLISHes a connection.", DefaultValueFactory = _ => 100 };
        Option<double> seconds = new("--seconds") { Description = "Length of one measurement, in seconds.", DefaultValueFactory = _ => 5 };
        Option<int> rounds = new("--rounds") { Description = "Measurements of each side.", DefaultValueFactory = _ => 3 };
        Command command = new("broker", "QoS 1 acknowledged messages a second, beside mosquitto.") { connections, window, seconds, rounds };
        command.SetAction((parse, _) =>
            RunAsync(parse.GetValue(connections), parse.GetValue(window), parse.GetValue(seconds), parse.GetValue(rounds)));
        return command;
    }

    private static async Task RunAsync(int connections, int window, double seconds, int rounds)
    {
        Console.WriteLine($"QoS 1, {connections} publishers, {window} in flight each, 100-byte JSON, {rounds} x {seconds} s a side");
        List<double> ours = [];
        List<double> theirs = [];
        for (int round = 0; round < rounds; round++)
        {
            ours.Add(await MeasureAsync("Sluice (durable)", StartGateway, connections, window, seconds));
            theirs.Add(await MeasureAsync("mosquitto (no persistence)", StartMosquitto, connections, window, seconds));
        }

        double ourMedian = ours.Order().ElementAt(rounds / 2);
        double theirMedian = theirs.Order().ElementAt(rounds / 2);
        Console.WriteLine($"median acked/s: Sluice {ourMedian:F0}, mosquitto {theirMedian:F0}, ratio {ourMedian / theirMedian:F2}x");
    }

    private static async Task<double> MeasureAsync(string name, Func<string, int, Process> start, int connections, int window, double seconds)
    {
        string folder = Directory.CreateTempSubdirectory("sluice-bench-").FullName;
        int port = FreePort();
        using Process server = start(folder, port);
        server.OutputDataReceived += (_, _) => { };
        server.BeginOutputReadLine();
        try
        {
            await ListeningAsync(port, server);
            TimeSpan cpuBefore = server.TotalProcessorTime;
            Stopwatch watch = Stopwatch.StartNew();
            string line = await GenerateAsync(port, connections, window, seconds);
            server.Refresh();
            double cpu = (server.TotalProcessorTime - cpuBefore).TotalSeconds / watch.Elapsed.TotalSeconds * 100;
            Console.WriteLine($"{name,-28} {line}  server cpu {cpu:F0} %  server memory {server.WorkingSet64 >> 20} MiB");
            return double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Process StartGateway(string folder, int port)
    {
        string program = Path.Combine(Root(), "gateway", "bin", "Release", "net10.0", "sluice");
        if (!File.Exists(program))
        {
            throw new InvalidOperationException($"{program} is not there; build it first: dotnet build -c Release gateway");
        }

        string configuration = Path.Combine(folder, "sluice.yaml");
        File.WriteAllText(configuration, $$"""
            gateway: { id: bench, data: {{folder}}/data }
            http: { listen: 127.0.0.1:{{FreePort()}} }
            mqtt: { listen: [ "tcp://127.0.0.1:{{port}}" ] }
            routes: [ { topic: "sensors/{device}/{metric}" } ]
            sensors: []
            """);
        return Start(program, "run", "--config", configuration);
    }

    private static Process StartMosquitto(string folder, int port)
    {
        string configuration = Path.Combine(folder, "mosquitto.conf");
        File.WriteAllText(configuration, $"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_type error\n");
        return Start(File.Exists("/usr/sbin/mosquitto") ? "/usr/sbin/mosquitto" : "mosquitto", "-c", configuration);
    }

    private static async Task<string> GenerateAsync(int port, int connections, int window, double seconds)
    {
        using Process generator = Start(
            Environment.ProcessPath!, "load", "--port", Text(port), "--connections", Text(connections), "--window", Text(window), "--seconds", Text(seconds));
        string output = await generator.StandardOutput.ReadToEndAsync();
        await generator.WaitForExitAsync();
        return generator.ExitCode == 0 ? output.Trim() : throw new InvalidOperationException($"the load generator failed: {output}");
    }

    private static Process Start(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true };
        Process process = Process.Start(start) ?? throw new InvalidOperationException($"cannot start {program}");
        return process;
    }

    private static async Task ListeningAsync(int port, Process server)
    {
        for (int attempt = 0; attempt < 300; attempt++)
        {
            if (server.HasExited)
            {
                throw new InvalidOperationException($"the server ended with {server.ExitCode}");
            }

            try
            {
                using TcpClient client = new();
                await client.ConnectAsync(IPAddress.Loopback, port);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(100);
            }
        }

        throw new InvalidOperationException($"nothing listens on port {port}");
    }

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

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
}
