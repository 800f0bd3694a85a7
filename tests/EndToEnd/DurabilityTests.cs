namespace Sluice.EndToEnd;

/// <summary>Acknowledged means durable: under load, and when the gateway is killed in the middle of it.</summary>
public sealed class DurabilityTests
{
    [Fact]
    public async Task A_hundred_thousand_readings_of_fifty_clients_are_each_there_once()
    {
        await using GatewayProcess gateway = new();
        await gateway.StartAsync();
        Load load = new(gateway, "load");
        (int acked, int errors) = await load.PublishAsync(connections: 50, inflight: 20, count: 100_000);
        Assert.Equal((100_000, 0), (acked, errors));
        await gateway.StopAsync();
        Assert.Equal(
            "100000|100000|50",
            await Tool.Sqlite3Async(gateway.Database, "select count(*), count(distinct device || '/' || value), count(distinct device) from telemetry"));
        Assert.Equal("ok", await Tool.Sqlite3Async(gateway.Database, "PRAGMA integrity_check"));
    }

    [Fact]
    public async Task A_device_keeps_its_order()
    {
        await using GatewayProcess gateway = new();
        await gateway.StartAsync();
        Load load = new(gateway, "order");
        (int acked, _) = await load.PublishAsync(connections: 5, inflight: 100, count: 5_000, protocol: 5);
        Assert.Equal(5_000, acked);
        await gateway.StopAsync();
        string swapped = await Tool.Sqlite3Async(
            gateway.Database,
            "select count(*) from (select value - lag(value) over (partition by device order by id) as step from telemetry) where step <> 1");
        Assert.Equal("0", swapped);
    }

    [Fact]
    public async Task Killed_twenty_times_under_load_nothing_acknowledged_is_lost_or_doubled()
    {
        const int kills = 20;
        await using GatewayProcess gateway = new();
        Random random = new(20);
        HashSet<string> acked = [];
        for (int cycle = 0; cycle < kills; cycle++)
        {
            await gateway.StartAsync();
            await AssertAllThereOnceAsync(gateway, acked);
            Load load = new(gateway, $"kill{cycle}");
            Task<(int Acked, int Errors)> publishing = load.PublishAsync(connections: 10, inflight: 20, count: 1_000_000);
            int atLeast = random.Next(200, 3000);
            await Tool.UntilAsync(
                () => Task.FromResult(CountLines(gateway.Folder, $"kill{cycle}.acked") >= atLeast),
                TimeSpan.FromSeconds(60),
                () => $"{atLeast} acknowledgements in cycle {cycle}:\n{gateway.Log}");
            await gateway.KillAsync();
            (int count, int errors) = await publishing;
            Assert.True(count >= atLeast && errors > 0, $"cycle {cycle}: {count} acknowledged, {errors} connections lost");
            acked.UnionWith(load.Acked());
        }

        await gateway.StartAsync();
        await AssertAllThereOnceAsync(gateway, acked);
        await gateway.StopAsync();
        Assert.Equal("ok", await Tool.Sqlite3Async(gateway.Database, "PRAGMA integrity_check"));
        AssertOnce(await Tool.Sqlite3Async(gateway.Database, "select device, cast(value as integer) from telemetry"), acked);
    }

    /// <summary>After a start recovery is done and checkpointed, so stock sqlite3 sees everything.</summary>
    private static async Task AssertAllThereOnceAsync(GatewayProcess gateway, HashSet<string> acked)
    {
        Assert.Equal("ok", await Tool.Sqlite3Async(gateway.Database, "PRAGMA integrity_check"));
        AssertOnce(await Tool.Sqlite3Async(gateway.Database, "select device, cast(value as integer) from telemetry"), acked);
    }

    private static void AssertOnce(string rows, HashSet<string> acked)
    {
        HashSet<string> stored = [];
        foreach (string row in rows.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Assert.True(stored.Add(row), $"stored twice: {row}");
        }

        string[] lost = acked.Where(reading => !stored.Contains(reading)).Take(5).ToArray();
        Assert.True(lost.Length == 0, $"acknowledged and not stored, for example {string.Join(", ", lost)}");
    }

    private static int CountLines(string folder, string file)
    {
        string path = Path.Combine(folder, file);
        if (!File.Exists(path))
        {
            return 0;
        }

        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using StreamReader reader = new(stream);
        int lines = 0;
        while (reader.ReadLine() is not null)
        {
            lines++;
        }

        return lines;
    }
}
