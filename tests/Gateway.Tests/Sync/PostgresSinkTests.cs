using Sluice.Gateway.Sync;
using Sluice.Gateway.Sync.Sinks.Postgres;

namespace Sluice.Gateway.Tests.Sync;

/// <summary>The sink against a real server. Each test is a gateway of its own.</summary>
public sealed class PostgresSinkTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    private static readonly DateTime Ts = new DateTime(2026, 5, 1, 10, 0, 0, DateTimeKind.Utc).AddMicroseconds(123456);

    private readonly string _gateway = Guid.NewGuid().ToString("N");

    [Fact]
    public async Task Rows_arrive_with_their_types()
    {
        await using PostgresSink sink = Sink();
        Assert.Equal(0, await sink.ConnectAsync("i", default));
        await sink.SendAsync(
            new OutboxBatch(0, 4,
            [
                new OutboxRow(1, "p", "temp", "°C", Ts, 21.5, null),
                new OutboxRow(3, "p", "state", null, Ts, null, "on\0off"),
                new OutboxRow(4, "p", "big", null, Ts, 9.2e18, "9200000000000000001"),
            ]),
            default);
        Assert.Equal(
            ["1|p|temp|°C|2026-05-01 10:00:00.123456|21.5|", "3|p|state||2026-05-01 10:00:00.123456||on\uFFFDoff", "4|p|big||2026-05-01 10:00:00.123456|9.2E+18|9200000000000000001"],
            await QueryAsync("id, device, metric, unit, to_char(ts AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), value, value_text"));
    }

    [Fact]
    public async Task The_first_and_the_last_moment_are_no_infinities()
    {
        await using PostgresSink sink = Sink();
        await sink.ConnectAsync("i", default);
        await sink.SendAsync(
            new OutboxBatch(0, 2,
            [
                new OutboxRow(1, "p", "t", null, DateTime.SpecifyKind(DateTime.MinValue, DateTimeKind.Utc), 1, null),
                new OutboxRow(2, "p", "t", null, DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc), 2, null),
            ]),
            default);
        Assert.Equal(
            ["1|0001-01-01 00:00:00.000000", "2|9999-12-31 23:59:59.999999"],
            await QueryAsync("id, to_char(ts AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"));
    }

    [Fact]
    public async Task The_cursor_is_what_the_server_says()
    {
        await using (PostgresSink first = Sink())
        {
            await first.ConnectAsync("i", default);
            await first.SendAsync(Batch(0, 1, 2), default);
            await first.SendAsync(Batch(2, 5), default);
        }

        await using PostgresSink second = Sink();
        Assert.Equal(5, await second.ConnectAsync("i", default));
        await second.SendAsync(Batch(5, 6), default);
        Assert.Equal(["1", "2", "5", "6"], await QueryAsync("id"));
    }

    [Fact]
    public async Task A_sender_that_lost_the_cursor_sends_nothing()
    {
        await using PostgresSink first = Sink();
        await using PostgresSink second = Sink();
        await first.ConnectAsync("i", default);
        await second.ConnectAsync("i", default);
        await first.SendAsync(Batch(0, 1), default);
        UpstreamException e = await Assert.ThrowsAsync<UpstreamException>(() => second.SendAsync(Batch(0, 1, 2), default));
        Assert.Contains("the cursor is at 1 and not at 0", e.Message, StringComparison.Ordinal);
        Assert.Equal(["1"], await QueryAsync("id"));
        Assert.Equal(1, await second.ConnectAsync("i", default));
        await second.SendAsync(Batch(1, 2), default);
        Assert.Equal(["1", "2"], await QueryAsync("id"));
    }

    [Fact]
    public async Task Another_database_under_the_same_id_is_refused()
    {
        await using PostgresSink first = Sink();
        await first.ConnectAsync("old", default);
        await using PostgresSink second = Sink();
        UpstreamException e = await Assert.ThrowsAsync<UpstreamException>(() => second.ConnectAsync("new", default));
        Assert.Contains("give this one another gateway.id", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_sinks_of_a_gateway_share_the_rows_and_not_the_cursor()
    {
        await using PostgresSink a = Sink("a");
        await using PostgresSink b = Sink("b");
        await a.ConnectAsync("i", default);
        await b.ConnectAsync("i", default);
        await a.SendAsync(Batch(0, 1, 2), default);
        await b.SendAsync(Batch(0, 1, 2, 3), default);
        Assert.Equal(["1", "2", "3"], await QueryAsync("id"));
    }

    [Fact]
    public async Task Five_thousand_rows_go_in_one_transaction()
    {
        await using PostgresSink sink = Sink();
        await sink.ConnectAsync("i", default);
        await sink.SendAsync(Batch(0, [.. Enumerable.Range(1, 5000).Select(id => (long)id)]), default);
        Assert.Equal(["5000|1"], await QueryAsync("count(*), count(DISTINCT xmin::text)"));
    }

    [Fact]
    public async Task Who_is_away_is_named_with_the_reason()
    {
        await using PostgresSink sink = new(_gateway, "s", "Host=127.0.0.1;Port=1;Username=nobody;Password=secret;Timeout=5");
        UpstreamException e = await Assert.ThrowsAsync<UpstreamException>(() => sink.ConnectAsync("i", default));
        Assert.Contains("Connection refused", e.Message, StringComparison.Ordinal);
        Assert.Equal("127.0.0.1:1/nobody", sink.Upstream);
        await using PostgresSink wrong = new(_gateway, "s", server.ConnectionString + ";Database=nowhere");
        UpstreamException missing = await Assert.ThrowsAsync<UpstreamException>(() => wrong.ConnectAsync("i", default));
        Assert.Equal("database \"nowhere\" does not exist (SQLSTATE 3D000)", missing.Message);
    }

    private PostgresSink Sink(string name = "s") => new(_gateway, name, server.ConnectionString);

    private static OutboxBatch Batch(long after, params long[] ids) =>
        new(after, ids[^1], [.. ids.Select(id => new OutboxRow(id, "d", "m", null, Ts, id, null))]);

    private Task<string[]> QueryAsync(string columns) =>
        server.QueryAsync($"SELECT {columns} FROM sluice_readings WHERE gateway = '{_gateway}' {(columns.Contains("count", StringComparison.Ordinal) ? "" : "ORDER BY id")}");
}
