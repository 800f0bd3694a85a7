namespace Sluice.EndToEnd;

/// <summary>The packet vectors that are kept beside the repository: 751 packets of MQTT 3.1, 3.1.1 and 5.0 with the answers that a broker owes.</summary>
public sealed class VectorTests
{
    private static readonly string s_script = Path.Combine(Tool.Root, "../shared/suites/mqtt-vectors/vectors.py");

    /// <summary>
    /// Version 5.0 CONNECTs whose user name or password is malformed, with what they break. The vectors want the connection closed without a word. It is closed
    /// (MQTT-3.1.4-1), after a CONNACK with 0x81, which the same section and 4.13.1 allow, and which the vectors themselves want for other CONNECTs, such as [MQTT-3.1.2-16].
    /// </summary>
    private static readonly Dictionary<string, string> s_answeredWithAWord = new()
    {
        ["[MQTT-3.1.2-17]"] = "MQTT-3.1.2-17",
        ["[MQTT-3.1.2-19]"] = "MQTT-3.1.2-19",
        ["Username with 0x0000"] = "MQTT-1.5.4-2",
        ["Username with 0xD800"] = "MQTT-1.5.4-1",
        ["Username with 0x0001"] = "1.5.4: a code point that a receiver may take for malformed",
        ["Username with 0x001F"] = "1.5.4: likewise",
        ["Username with 0x007F"] = "1.5.4: likewise",
        ["Username with 0x009F"] = "1.5.4: likewise",
        ["Username with 0xFFFF"] = "1.5.4: likewise",
    };

    [VectorFact]
    public async Task Each_packet_gets_the_answer_that_it_is_owed()
    {
        await using GatewayProcess gateway = new("sensors: []\n", ", ban: { after: 0 }");
        await gateway.StartAsync();
        string results = Path.Combine(gateway.Folder, "vectors.tsv");
        ToolResult run = await Tool.RunAsync("python3", [s_script, "--port", $"{gateway.MqttPort}", "--results", results], timeout: TimeSpan.FromMinutes(3));
        string[][] lines = [.. (await File.ReadAllLinesAsync(results)).Select(line => line.Split('\t'))];
        Assert.True(lines.Length == 751, run.Output + run.Error);
        Assert.Equal(
            s_answeredWithAWord.Keys.Select(name => $"CONNECT: v5.0   CONNECT: 10 {name}").Order(StringComparer.Ordinal),
            lines.Where(line => line[1] != "pass").Select(line => line[0]).Order(StringComparer.Ordinal));
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class VectorFactAttribute : FactAttribute
    {
        public VectorFactAttribute()
        {
            if (!File.Exists(s_script))
            {
                Skip = $"{s_script} is not there";
            }
        }
    }
}
