namespace Sluice.EndToEnd;

/// <summary>The gateway as a client of other brokers: what it takes from them, and what it sends to them.</summary>
public sealed class BridgeTests
{
    [Theory]
    [InlineData("mosquitto", "2")]
    [InlineData("mosquitto", "1")]
    [InlineData("nats-server", "1")]
    public async Task What_another_broker_has_is_stored_here_also_when_the_gateway_was_killed_meanwhile(string kind, string qos)
    {
        await using OtherBroker other = await OtherBroker.StartAsync(kind);
        int nobody = Tool.FreePort();
        await using GatewayProcess gateway = new("sensors: []\n", $$"""
            , subscribe: [ { name: plant, servers: [ "mqtt://127.0.0.1:{{nobody}}", "mqtt://127.0.0.1:{{other.Port}}" ], topics: [ "sensors/#" ], qos: {{qos}}, state: gateways/e2e } ]
            """);
        await gateway.StartAsync();
        await StateAsync(other, "online");
        await SendAsync(other, 0, 10, qos);
        await CountAsync(gateway, 10);

        await gateway.KillAsync();
        await StateAsync(other, "offline");
        await SendAsync(other, 10, 20, qos);
        await gateway.StartAsync();
        await CountAsync(gateway, 20);
        await StateAsync(other, "online");
        await gateway.StopAsync();
        await StateAsync(other, "offline");
        Assert.Equal(
            "20|20|0|19", await Tool.Sqlite3Async(gateway.Database, "select count(*), count(distinct value), min(value), max(value) from telemetry where device = 'd'"));
        Assert.Equal("0", await Tool.Sqlite3Async(gateway.Database, "select count(*) from mqtt_source"));
    }

    [Theory]
    [InlineData("mosquitto")]
    [InlineData("nats-server")]
    public async Task Messages_of_QoS_0_are_stored_while_the_source_is_connected(string kind)
    {
        await using OtherBroker other = await OtherBroker.StartAsync(kind);
        await using GatewayProcess gateway = new("sensors: []\n", $$"""
            , subscribe: [ { name: plant, servers: [ "mqtt://127.0.0.1:{{other.Port}}" ], topics: [ "sensors/#" ], qos: 0, state: gateways/e2e } ]
            """);
        await gateway.StartAsync();
        await StateAsync(other, "online");
        await SendAsync(other, 0, 10, "0");
        await CountAsync(gateway, 10);
    }

    [Fact]
    public async Task Of_two_brokers_the_second_is_the_source_when_the_first_has_died()
    {
        await using OtherBroker first = await OtherBroker.StartAsync("mosquitto");
        await using OtherBroker second = await OtherBroker.StartAsync("mosquitto");
        await using GatewayProcess gateway = new("sensors: []\n", $$"""
            , subscribe: [ { name: plant, servers: [ "mqtt://127.0.0.1:{{first.Port}}", "mqtt://127.0.0.1:{{second.Port}}" ], topics: [ "sensors/#" ], qos: 2, state: gateways/e2e } ]
            """);
        await gateway.StartAsync();
        await StateAsync(first, "online");
        await SendAsync(first, 0, 5, "2");
        await CountAsync(gateway, 5);
        await first.KillAsync();
        await StateAsync(second, "online");
        await SendAsync(second, 5, 10, "2");
        await CountAsync(gateway, 10);
        await gateway.StopAsync();
        await StateAsync(second, "offline");
        Assert.Equal("10|10", await Tool.Sqlite3Async(gateway.Database, "select count(*), count(distinct value) from telemetry where device = 'd'"));
    }

    [Theory]
    [InlineData("mosquitto")]
    [InlineData("nats-server")]
    public async Task Readings_go_to_another_broker_once_and_in_order_across_a_kill(string kind)
    {
        await using OtherBroker other = await OtherBroker.StartAsync(kind);
        await using GatewayProcess gateway = new($$"""
            sensors: []
            sync: [ { name: cloud, mqtt: { servers: [ "mqtt://127.0.0.1:{{other.Port}}" ], topic: up, state: gateways/e2e } } ]
            """);
        await gateway.StartAsync();
        await StateAsync(other, "online");
        await other.SubscribeAsync("reader", "up/d/n");
        for (int i = 0; i < 5; i++)
        {
            await PublishAsync(gateway, i);
        }

        await Tool.UntilAsync(async () => (await other.ReadAsync("up/cursor", 1)).EndsWith(" 5", StringComparison.Ordinal), TimeSpan.FromSeconds(30), () => $"the cursor is 5:\n{gateway.Log}");
        await gateway.KillAsync();
        await StateAsync(other, "offline");
        await gateway.StartAsync();
        await StateAsync(other, "online");
        for (int i = 5; i < 10; i++)
        {
            await PublishAsync(gateway, i);
        }

        string[] lines = (await other.ReadSessionAsync("reader", "up/d/n", 10)).Split('\n');
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"\"value\":{i}}}"), lines.Select(line => line[line.IndexOf("\"value\"", StringComparison.Ordinal)..]));
        Assert.Equal(Enumerable.Range(1, 10).Select(i => $"up/d/n {{\"id\":{i},\"device\":\"d\",\"metric\":\"n\","), lines.Select(line => line[..(line.IndexOf("\"n\",", StringComparison.Ordinal) + 4)]));
        await gateway.StopAsync();
        await StateAsync(other, "offline");
    }

    private static async Task SendAsync(OtherBroker other, int from, int to, string qos)
    {
        for (int i = from; i < to; i++)
        {
            await other.PublishAsync("sensors/d/n", $"{i}", qos);
        }
    }

    private static Task PublishAsync(GatewayProcess gateway, int value) =>
        Tool.OutputAsync("mosquitto_pub", "-h", "127.0.0.1", "-p", $"{gateway.MqttPort}", "-q", "1", "-t", "sensors/d/n", "-m", $"{value}");

    private static Task StateAsync(OtherBroker other, string state) => Tool.UntilAsync(
        async () => await other.ReadAsync("gateways/e2e", 1) == $"gateways/e2e {state}", TimeSpan.FromSeconds(60), () => $"the state is {state}:\n{other.Log}");

    private static Task CountAsync(GatewayProcess gateway, int count) => Tool.UntilAsync(
        async () => await Tool.OutputAsync(GatewayProcess.Program, "sql", gateway.Database, "select count(*) from readings") == $"{count}",
        TimeSpan.FromSeconds(60),
        () => $"{count} readings:\n{gateway.Log}");
}
