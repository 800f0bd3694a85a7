namespace Sluice.EndToEnd;

/// <summary>Each reading reaches PostgreSQL once, however often either side dies.</summary>
public sealed class SyncTests
{
    [Fact]
    public async Task PostgreSQL_has_every_reading_once_though_both_sides_go_away()
    {
        await using PostgresServer postgres = await PostgresServer.CreateAsync();
        await using GatewayProcess gateway = new($"""
            sensors: [ ]
            sync: [ {"{"} name: cloud, postgres: "{postgres.ConnectionString}" {"}"} ]

            """);
        await gateway.StartAsync();
        int acked = 0;
        for (int round = 0; round < 3; round++)
        {
            acked += await PublishAsync(gateway, $"up{round}");
            await postgres.StopAsync();
            acked += await PublishAsync(gateway, $"down{round}");
            if (round == 1)
            {
                await gateway.KillAsync();
                await gateway.StartAsync();
            }

            await postgres.StartAsync();
        }

        await Tool.UntilAsync(
            async () => (await postgres.QueryAsync("select count(*) from sluice_readings"))[0] == $"{acked}",
            TimeSpan.FromSeconds(90),
            () => $"{acked} readings upstream:\n{gateway.Log}");
        await gateway.StopAsync();
        string[] local = (await Tool.Sqlite3Async(gateway.Database, "select id, device, metric, cast(value as integer) from telemetry order by id")).Split('\n');
        Assert.Equal(acked, local.Length);
        Assert.Equal(local, await postgres.QueryAsync("select id, device, metric, value::bigint from sluice_readings order by id"));
    }

    private static async Task<int> PublishAsync(GatewayProcess gateway, string run)
    {
        (int acked, int errors) = await new Load(gateway, run).PublishAsync(connections: 5, inflight: 20, count: 2_000);
        Assert.Equal((2_000, 0), (acked, errors));
        return acked;
    }
}
