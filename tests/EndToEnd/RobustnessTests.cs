using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Sluice.EndToEnd;

/// <summary>Bad clients of all kinds at once: memory is bounded, and a good client beside them gets its acknowledgements.</summary>
public sealed class RobustnessTests
{
    /// <summary>SLUICE_STORM_SECONDS; tests/run --long asks for a minute.</summary>
    private static readonly TimeSpan s_time =
        int.TryParse(Environment.GetEnvironmentVariable("SLUICE_STORM_SECONDS"), NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) ? TimeSpan.FromSeconds(seconds) : TimeSpan.FromSeconds(4);

    /// <summary>
    /// What the gateway may hold more than before: 50 packets of a megabyte that are not whole, queues of 8 MB for each of 20 subscribers that do not read and of 16 MB for
    /// each of four writers, and what the collector leaves for later.
    /// </summary>
    private const long MostBytes = 600L * 1024 * 1024;

    /// <summary>How long it may take until all kinds of bad clients have done their worst.</summary>
    private static readonly TimeSpan s_mostTime = s_time + TimeSpan.FromSeconds(60);

    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task Bad_clients_of_all_kinds_cost_bounded_memory_and_a_good_one_is_served_beside_them()
    {
        int seed = Random.Shared.Next();
        // No client may take more than its share; a ban would end the storm too soon.
        await using GatewayProcess gateway = new("sensors: []\n", ", ban: { after: 0 }, max_client_messages: 5000");
        await gateway.StartAsync();
        using Socket good = await BadClients.OpenAsync(gateway.MqttPort);
        await good.SendAsync(BadClients.Connect("good", keepAlive: 60));
        await ReceiveAsync(good, 4);
        (int sent, TimeSpan calm) = await PublishAsync(good, 0, TimeSpan.FromSeconds(1));
        long before = gateway.ResidentBytes;

        using CancellationTokenSource stop = new();
        BadClients bad = new(gateway.MqttPort, seed);
        Task storm = bad.RunAsync(stop.Token);
        int among = 0;
        TimeSpan stormy = TimeSpan.Zero;
        for (Stopwatch whole = Stopwatch.StartNew(); whole.Elapsed < s_time || (!IsStorm(bad) && whole.Elapsed < s_mostTime);)
        {
            (int more, TimeSpan longest) = await PublishAsync(good, sent + among, TimeSpan.FromSeconds(1));
            among += more;
            stormy = longest > stormy ? longest : stormy;
        }

        sent += among;
        long most = gateway.ResidentBytes - before;
        await stop.CancelAsync();
        await storm;
        Console.WriteLine(
            $"{among} acknowledgements among them, the slowest after {calm.TotalMilliseconds:F0} ms alone and {stormy.TotalMilliseconds:F0} ms among bad clients: {bad.FloodedBytes / 1_000_000} MB of flood, "
            + $"{bad.Broken} broken packets, {bad.Visits} visits; {most / 1_000_000} MB more in memory (seed {seed})");
        Assert.True(IsStorm(bad), $"the storm was none, seed {seed}");
        Assert.True(stormy < s_longest, $"{stormy} until an acknowledgement, seed {seed}");
        Assert.True(most < MostBytes, $"{most} bytes more in memory, seed {seed}");

        sent += (await PublishAsync(good, sent, TimeSpan.FromSeconds(0.1))).Count;
        await gateway.StopAsync();
        Assert.Equal($"{sent}|{sent}", await Tool.Sqlite3Async(gateway.Database, "select count(*), count(distinct value) from telemetry where device = 'good'"));
    }

    private static bool IsStorm(BadClients bad) => bad.Broken > 20 && bad.Visits > 20 && bad.FloodedBytes > 1_000_000;

    /// <summary>Publishes in QoS 1, each message after the other's acknowledgement, for so long.</summary>
    private static async Task<(int Count, TimeSpan Longest)> PublishAsync(Socket socket, int first, TimeSpan time)
    {
        int count = 0;
        TimeSpan longest = TimeSpan.Zero;
        for (Stopwatch whole = Stopwatch.StartNew(); whole.Elapsed < time; count++)
        {
            Stopwatch one = Stopwatch.StartNew();
            await socket.SendAsync(BadClients.Publish("sensors/good/n", $"{first + count}", qos: 1, identifier: 1));
            await ReceiveAsync(socket, 4);
            longest = one.Elapsed > longest ? one.Elapsed : longest;
        }

        return (count, longest);
    }

    private static async Task ReceiveAsync(Socket socket, int count)
    {
        using CancellationTokenSource deadline = new(s_longest * 2);
        byte[] buffer = new byte[count];
        for (int read = 0; read < count;)
        {
            int more = await socket.ReceiveAsync(buffer.AsMemory(read), deadline.Token);
            Assert.True(more > 0, "the gateway hung up");
            read += more;
        }
    }
}
