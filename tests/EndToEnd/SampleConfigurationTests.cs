using System.Diagnostics;

namespace Sluice.EndToEnd;

/// <summary>The samples for other programs in <c>configs/</c>, as they are but for the ports.</summary>
public sealed class SampleConfigurationTests
{
    [Theory]
    [InlineData("mqttv311", false)]
    [InlineData("mqttv50", false)]
    [InlineData("mqttv311", true)]
    [InlineData("mqttv50", true)]
    public async Task A_Mosquitto_bridge_and_a_dashboard_over_WebSocket_work_with_the_samples(string version, bool withMosquittosDefaults)
    {
        await using GatewayProcess gateway = new();
        await gateway.StartAsync();
        string samples = Path.Combine(Tool.Root, "configs");
        string dashboardFile = Path.Combine(gateway.Folder, "dashboard.mjs");
        File.Copy(Path.Combine(samples, "dashboard.mjs"), dashboardFile);
        Directory.CreateSymbolicLink(Path.Combine(gateway.Folder, "node_modules"), Path.Combine(Tool.Root, "tests/EndToEnd/node/node_modules"));
        int port = Tool.FreePort();
        string bridgeFile = Path.Combine(gateway.Folder, "bridge.conf");
        string bridge = (await File.ReadAllTextAsync(Path.Combine(samples, "mosquitto-bridge.conf"))).Replace("mqttv311", version, StringComparison.Ordinal);
        if (withMosquittosDefaults)
        {
            bridge = bridge.Replace("notifications false", "", StringComparison.Ordinal);
        }

        await File.WriteAllTextAsync(
            bridgeFile,
            bridge.Replace("listener 1884", $"listener {port}", StringComparison.Ordinal).Replace("127.0.0.1:1883", $"127.0.0.1:{gateway.MqttPort}", StringComparison.Ordinal));

        Tool.Lines shown = new();
        Tool.Lines bridged = new();
        using Process dashboard = Start("node", shown, dashboardFile, $"ws://127.0.0.1:{gateway.HttpPort}/mqtt", "sensors/#");
        using Process mosquitto = Start("/usr/sbin/mosquitto", bridged, "-v", "-c", bridgeFile);
        try
        {
            await SeesAsync(gateway, shown, "connected to ws://");
            await SeesAsync(gateway, bridged, "Received SUBACK");
            // The dashboard says that it is connected before it has subscribed.
            await Tool.UntilAsync(
                async () => await Tool.OutputAsync(
                    GatewayProcess.Program, "sql", gateway.Database,
                    "select filter from mqtt_subscription join mqtt_session on mqtt_session.id = session where client_id = 'dashboard'") == "sensors/#",
                TimeSpan.FromSeconds(30),
                () => $"the dashboard subscribes:\n{shown}\n{gateway.Log}");
            await MosquittoAsync("mosquitto_pub", port, "-q", "2", "-t", "sensors/pump-1/temp", "-m", "21.5");
            await SeesAsync(gateway, shown, "sensors/pump-1/temp 21.5");
            Task<string> command = MosquittoAsync("mosquitto_sub", port, "-t", "commands/#", "-C", "1", "-W", "30", "-v");
            await Tool.UntilAsync(
                async () =>
                {
                    // Again and again: when it has subscribed nobody says.
                    await MosquittoAsync("mosquitto_pub", gateway.MqttPort, "-q", "1", "-t", "commands/pump-1", "-m", "stop");
                    return command.IsCompleted;
                },
                TimeSpan.FromSeconds(30),
                () => $"the command arrives:\n{gateway.Log}");
            Assert.Equal("commands/pump-1 stop", await command);
            await gateway.StopAsync();
            Assert.Equal("pump-1|temp|21.5", await Tool.Sqlite3Async(gateway.Database, "select device, metric, value from telemetry"));
        }
        finally
        {
            foreach (Process process in (Process[])[dashboard, mosquitto])
            {
                process.Kill();
                await process.WaitForExitAsync();
            }
        }
    }

    private static Task SeesAsync(GatewayProcess gateway, Tool.Lines shown, string text) => Tool.UntilAsync(
        () => Task.FromResult(shown.ToString().Contains(text, StringComparison.Ordinal)), TimeSpan.FromSeconds(30), () => $"'{text}' in\n{shown}\n{gateway.Log}");

    private static Process Start(string program, Tool.Lines lines, params string[] arguments)
    {
        ProcessStartInfo start = new(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        Process process = Process.Start(start) ?? throw new InvalidOperationException($"cannot start {program}");
        process.OutputDataReceived += (_, line) => lines.Add(line.Data);
        process.ErrorDataReceived += (_, line) => lines.Add(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static Task<string> MosquittoAsync(string program, int port, params string[] arguments) =>
        Tool.OutputAsync(program, ["-h", "127.0.0.1", "-p", $"{port}", .. arguments]);
}
