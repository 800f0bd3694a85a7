using System.Globalization;
using System.Text.Json;

namespace Sluice.EndToEnd;

/// <summary>A load of QoS 1 readings by mqtt.js, and what of it was acknowledged.</summary>
public sealed class Load(GatewayProcess gateway, string run)
{
    private string AckedFile => Path.Combine(gateway.Folder, $"{run}.acked");

    public string Run => run;

    /// <summary>Publishes and returns when all connections are done or lost.</summary>
    public async Task<(int Acked, int Errors)> PublishAsync(int connections, int inflight, int count, int protocol = 4)
    {
        string[] arguments =
        [
            Path.Combine(Tool.Root, "tests/EndToEnd/node/load.mjs"), "--port", Text(gateway.MqttPort), "--connections", Text(connections),
            "--inflight", Text(inflight), "--count", Text(count), "--run", run, "--acked", AckedFile, "--protocol", Text(protocol),
        ];
        ToolResult result = await Tool.RunAsync("node", arguments, timeout: TimeSpan.FromMinutes(3));
        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        using JsonDocument summary = JsonDocument.Parse(result.Output.TrimEnd('\n').Split('\n')[^1]);
        return (summary.RootElement.GetProperty("acked").GetInt32(), summary.RootElement.GetProperty("errors").GetInt32());
    }

    /// <summary>Every acknowledged reading, as "device|value".</summary>
    public IEnumerable<string> Acked() =>
        File.ReadLines(AckedFile).Select(line => line.Split(' ')).Where(parts => parts.Length == 2).Select(parts => $"{run}-{parts[0]}|{parts[1]}");

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
