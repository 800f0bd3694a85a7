using System.Globalization;

namespace Sluice.EndToEnd;

/// <summary>A device's QoS 2 reading lands once, whatever happens to its connection and to the gateway.</summary>
public sealed class ExactlyOnceTests
{
    private const int Devices = 8;

    /// <summary>SLUICE_KILLS; tests/run --long asks for 50.</summary>
    private static readonly int s_kills =
        int.TryParse(Environment.GetEnvironmentVariable("SLUICE_KILLS"), NumberStyles.None, CultureInfo.InvariantCulture, out int kills) ? kills : 4;

    [Fact]
    public async Task Killed_again_and_again_while_publishers_lose_their_connections_each_reading_is_there_once()
    {
        int seed = Random.Shared.Next();
        await using GatewayProcess gateway = new();
        Random random = new(seed);
        using CancellationTokenSource stop = new();
        using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(60 + (15 * s_kills)));
        ExactlyOncePublisher[] publishers = [.. Enumerable.Range(0, Devices).Select(i => new ExactlyOncePublisher($"once-{i}", gateway.MqttPort, seed + i))];
        await gateway.StartAsync();
        Task<int>[] running = [.. publishers.Select(publisher => Task.Run(() => publisher.RunAsync(stop.Token, deadline.Token)))];
        for (int kill = 0; kill < s_kills; kill++)
        {
            int atLeast = publishers.Sum(publisher => publisher.Completed) + random.Next(20, 400);
            await Tool.UntilAsync(
                () => Task.FromResult(publishers.Sum(publisher => publisher.Completed) >= atLeast || running.Any(task => task.IsFaulted)),
                TimeSpan.FromSeconds(60),
                () => $"{atLeast} exchanges, seed {seed}:\n{gateway.Log}");
            await gateway.KillAsync();
            await gateway.StartAsync();
        }

        await stop.CancelAsync();
        int[] sent = await Task.WhenAll(running);
        await gateway.StopAsync();
        Assert.Equal("ok", await Tool.Sqlite3Async(gateway.Database, "PRAGMA integrity_check"));
        // Of each device as many rows as readings, all different, from 0 on.
        Assert.Equal(
            string.Join('\n', sent.Select((count, i) => $"once-{i}|{count}|{count}|0|{count - 1}")),
            await Tool.Sqlite3Async(
                gateway.Database,
                "select device, count(*), count(distinct value), min(value), max(value) from telemetry group by device order by device"));
        Assert.Equal("0", await Tool.Sqlite3Async(gateway.Database, "select count(*) from mqtt_qos2"));
        Assert.All(publishers, publisher => Assert.True(publisher.Lost > s_kills / 2, $"it lost {publisher.Lost} connections, seed {seed}"));
    }
}
