namespace Sluice.EndToEnd;

/// <summary>Stock clients, with the gateway killed while they are away.</summary>
public sealed class SessionTests
{
    [Fact]
    public async Task What_mqtt_js_left_is_there_after_a_kill_at_every_QoS()
    {
        await using GatewayProcess gateway = new();
        await gateway.StartAsync();
        foreach (string protocol in (string[])["4", "5"])
        {
            foreach (string qos in (string[])["0", "1", "2"])
            {
                Assert.Equal("ok", await NodeAsync(gateway, protocol, qos, "leave"));
            }
        }

        await gateway.KillAsync();
        await gateway.StartAsync();
        foreach (string protocol in (string[])["4", "5"])
        {
            foreach (string qos in (string[])["0", "1", "2"])
            {
                Assert.Equal("ok", await NodeAsync(gateway, protocol, qos, "return"));
            }
        }
    }

    [Theory]
    [InlineData("mqttv311", "1")]
    [InlineData("mqttv5", "2")]
    public async Task What_waits_for_mosquitto_sub_is_there_after_a_kill(string version, string qos)
    {
        await using GatewayProcess gateway = new();
        await gateway.StartAsync();
        // In version 5 -c asks for a session that never expires, too.
        string[] subscriber = ["-V", version, "-i", "sub", "-c", "-q", qos, "-t", "a/#"];
        // -E ends as soon as it has subscribed.
        await MosquittoAsync(gateway, "mosquitto_sub", [.. subscriber, "-E"]);
        await MosquittoAsync(gateway, "mosquitto_pub", ["-V", version, "-q", qos, "-t", "a/state", "-m", "retained", "-r"]);
        for (int i = 1; i <= 3; i++)
        {
            await MosquittoAsync(gateway, "mosquitto_pub", ["-V", version, "-q", qos, "-t", "a/x", "-m", $"m{i}"]);
        }

        await gateway.KillAsync();
        await gateway.StartAsync();
        Assert.Equal("a/state retained\na/x m1\na/x m2\na/x m3", await MosquittoAsync(gateway, "mosquitto_sub", [.. subscriber, "-v", "-C", "4"]));
        Assert.Equal("a/state retained 1", await MosquittoAsync(gateway, "mosquitto_sub", ["-V", version, "-t", "a/state", "-C", "1", "-F", "%t %p %r"]));
    }

    private static Task<string> NodeAsync(GatewayProcess gateway, string protocol, string qos, string part) => Tool.OutputAsync(
        "node", Path.Combine(Tool.Root, "tests/EndToEnd/node/sessions.mjs"), "--port", $"{gateway.MqttPort}", "--qos", qos, "--protocol", protocol, "--part", part);

    private static Task<string> MosquittoAsync(GatewayProcess gateway, string program, string[] arguments) =>
        Tool.OutputAsync(program, ["-h", "127.0.0.1", "-p", $"{gateway.MqttPort}", .. arguments]);
}
