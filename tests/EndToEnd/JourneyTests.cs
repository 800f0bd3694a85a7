namespace Sluice.EndToEnd;

/// <summary>A reading's way from a stock publisher to stock readers of the file.</summary>
public sealed class JourneyTests
{
    [Fact]
    public async Task A_published_reading_is_in_the_file_for_sluice_and_for_sqlite3()
    {
        await using GatewayProcess gateway = new();
        await gateway.StartAsync();
        await PublishAsync(gateway, "sensors/pump-1/temp", "21.5");

        const string query = "select device,metric,value from telemetry where device='pump-1'";
        ToolResult whileRunning = await Tool.RunAsync(GatewayProcess.Program, ["sql", gateway.Database, query]);
        Assert.True(whileRunning.ExitCode == 0, whileRunning.Error);
        Assert.Equal("pump-1|temp|21.5\n", whileRunning.Output);
        Assert.Contains("working through it", whileRunning.Error, StringComparison.Ordinal);

        await gateway.StopAsync();
        ToolResult afterStop = await Tool.RunAsync(GatewayProcess.Program, ["sql", gateway.Database, query]);
        Assert.Equal("pump-1|temp|21.5\n", afterStop.Output);
        Assert.Equal("", afterStop.Error);
        Assert.Equal("pump-1|temp|21.5", await Tool.Sqlite3Async(gateway.Database, query));
        Assert.Equal("ok", await Tool.Sqlite3Async(gateway.Database, "PRAGMA integrity_check"));
    }

    [Fact]
    public async Task The_shell_writes_while_the_gateway_runs()
    {
        await using GatewayProcess gateway = new();
        await gateway.StartAsync();
        ToolResult write = await Tool.RunAsync(
            GatewayProcess.Program, ["sql", gateway.Database, "CREATE TABLE notes(id INTEGER PRIMARY KEY, note); INSERT INTO notes(note) VALUES('valve changed')"]);
        Assert.True(write.ExitCode == 0, write.Error);
        await PublishAsync(gateway, "sensors/pump-1/temp", "21.5");
        await gateway.StopAsync();
        Assert.False(File.Exists(gateway.Database + "-sock"));
        Assert.Equal("valve changed", await Tool.Sqlite3Async(gateway.Database, "select note from notes"));
        Assert.Equal("21.5", await Tool.Sqlite3Async(gateway.Database, "select value from telemetry"));
    }

    [Fact]
    public async Task Stock_sqlite3_reads_the_file_while_the_gateway_runs_and_cannot_write_it()
    {
        await using GatewayProcess gateway = new();
        await gateway.StartAsync();
        Assert.Equal("ok", await Tool.Sqlite3Async(gateway.Database, "PRAGMA integrity_check"));
        ToolResult write = await Tool.RunAsync("sqlite3", [gateway.Database, "INSERT INTO series(device, metric) VALUES('x', 'y')"]);
        Assert.NotEqual(0, write.ExitCode);
        Assert.Contains("locked", write.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_payload_that_cannot_be_decoded_is_kept_with_its_reason()
    {
        await using GatewayProcess gateway = new();
        await gateway.StartAsync();
        await PublishAsync(gateway, "sensors/pump-1/temp", "not a number {");
        await PublishAsync(gateway, "sensors/pump-1/temp", "22");
        await gateway.StopAsync();
        string dead = await Tool.Sqlite3Async(gateway.Database, "select topic, payload, length(reason) > 0 from dead_letters");
        Assert.Equal("sensors/pump-1/temp|not a number {|1", dead);
        Assert.Equal("22", await Tool.Sqlite3Async(gateway.Database, "select value from telemetry"));
    }

    [Fact]
    public async Task Subscribers_get_what_is_published_and_retained()
    {
        await using GatewayProcess gateway = new();
        await gateway.StartAsync();
        await Tool.OutputAsync("mosquitto_pub", "-p", $"{gateway.MqttPort}", "-V", "5", "-q", "1", "-r", "-t", "state/door", "-m", "open");
        string got = await Tool.OutputAsync("mosquitto_sub", "-p", $"{gateway.MqttPort}", "-q", "1", "-t", "state/#", "-C", "1", "-W", "20", "-v");
        Assert.Equal("state/door open", got);
    }

    private static Task<string> PublishAsync(GatewayProcess gateway, string topic, string payload) =>
        Tool.OutputAsync("mosquitto_pub", "-p", $"{gateway.MqttPort}", "-q", "1", "-t", topic, "-m", payload);
}
