using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;

namespace Sluice.EndToEnd;

/// <summary>The gateway as its users run it: the program, a configuration file, a data folder.</summary>
public sealed partial class GatewayProcess : IAsyncDisposable
{
    private readonly Tool.Lines _log = new();
    private readonly string _configuration;
    private Process? _process;

    /// <param name="more">Sections of the configuration.</param>
    /// <param name="mqtt">More of the section mqtt, beginning with a comma.</param>
    public GatewayProcess(string more = "sensors: []\n", string mqtt = "")
    {
        Folder = Directory.CreateTempSubdirectory("sluice-e2e-").FullName;
        MqttPort = Tool.FreePort();
        HttpPort = Tool.FreePort();
        _configuration = Path.Combine(Folder, "sluice.yaml");
        File.WriteAllText(_configuration, $$"""
            gateway: { id: e2e, data: {{Folder}}/data }
            http: { listen: 127.0.0.1:{{HttpPort}} }
            mqtt: { listen: [ "tcp://127.0.0.1:{{MqttPort}}" ]{{mqtt}} }
            routes: [ { topic: "sensors/{device}/{metric}" } ]
            {{more}}
            """);
    }

    public string Folder { get; }

    public int MqttPort { get; }

    public int HttpPort { get; }

    public string Database => Path.Combine(Folder, "data", "gateway.db");

    public string Log => _log.ToString();

    /// <summary>The program beside the sources, of the configuration that the tests were built in.</summary>
    public static string Program { get; } = Path.Combine(
        Tool.Root, "gateway", "bin",
        AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug", "net10.0", "sluice");

    /// <summary>Memory that the program holds.</summary>
    public long ResidentBytes
    {
        get
        {
            _process!.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Starts the program and waits until it is healthy.</summary>
    public async Task StartAsync()
    {
        ProcessStartInfo start = new(Program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Folder,
            ArgumentList = { "run", "--config", _configuration },
        };
        // Those that tell the tests what to do are no keys of a configuration.
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("SLUICE_", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(name);
        }

        Process process = Process.Start(start) ?? throw new InvalidOperationException($"cannot start {Program}");
        process.OutputDataReceived += (_, line) => _log.Add(line.Data);
        process.ErrorDataReceived += (_, line) => _log.Add(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _process = process;
        using HttpClient http = new();
        await Tool.UntilAsync(
            async () =>
            {
                Assert.False(process.HasExited, $"the gateway ended while it started:\n{Log}");
                try
                {
                    using HttpResponseMessage answer = await http.GetAsync($"http://127.0.0.1:{HttpPort}/health");
                    return answer.StatusCode == HttpStatusCode.OK;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            TimeSpan.FromSeconds(30),
            () => $"healthy after start:\n{Log}");
    }

    /// <summary>The power cut as far as a process can have one.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, as systemd stops a service; the program must end by itself with 0.</summary>
    public async Task StopAsync()
    {
        Process process = _process!;
        const int sigterm = 15;
        Assert.Equal(0, SendSignal(process.Id, sigterm));
        using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(60));
        await process.WaitForExitAsync(deadline.Token);
        Assert.True(process.ExitCode == 0, $"exit code {process.ExitCode}:\n{Log}");
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false } process)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        _process?.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
