using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Engine.Data;
using Sluice.Gateway.Configuration;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Pipeline;
using Sluice.Gateway.Status;
using Sluice.Gateway.Writers;

namespace Sluice.Gateway.Tests.Pipeline;

/// <summary>From message to disk, with the real engine.</summary>
public sealed class WriterPoolTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-writers-").FullName;
    private readonly GatewayCounters _counters = new();
    private readonly HealthState _health = new(TimeProvider.System);
    private readonly Receipts _receipts = new();
    private TelemetryDatabase _database = null!;
    private WriterPool _pool = null!;

    private string Path => System.IO.Path.Combine(_folder, "gateway.db");

    public Task InitializeAsync() => StartAsync();

    public async Task DisposeAsync()
    {
        await _pool.DisposeAsync();
        await _database.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_message_is_acknowledged_when_its_reading_is_stored()
    {
        await SendAsync("sensors/pump-1/temp", "21.5");
        Assert.Equal(IngressResult.Stored, await _receipts.OfAsync(1));
        Assert.Equal(["pump-1|temp||1700000000000001|21.5"], await QueryAsync("SELECT device, metric, unit, ts, value FROM telemetry"));
    }

    [Fact]
    public async Task What_cannot_be_decoded_is_a_dead_letter_and_does_not_stop_the_others()
    {
        await SendAsync("sensors/pump-1/temp", "1");
        await SendAsync("sensors/pump-1/temp", "nonsense {");
        await SendAsync("sensors/pump-1/temp", [0xff, 0x00]);
        await SendAsync("sensors/pump-1/temp", "2");
        Assert.Equal(Enumerable.Repeat(IngressResult.Stored, 4), await _receipts.AllAsync(4));
        Assert.Equal(["1", "2"], await QueryAsync("SELECT value FROM readings ORDER BY id"));
        Assert.Equal(
            ["sensors/pump-1/temp|nonsense {|text", "sensors/pump-1/temp|FF00|blob"],
            await QueryAsync("SELECT topic, CASE typeof(payload) WHEN 'blob' THEN hex(payload) ELSE payload END, typeof(payload) FROM dead_letters ORDER BY id"));
        Assert.Equal(2, _counters.DeadLetters.Value);
    }

    [Fact]
    public async Task A_topic_without_a_route_is_acknowledged_as_such_and_stored_nowhere()
    {
        await SendAsync("weather/rain", "1");
        Assert.Equal(IngressResult.NotRouted, await _receipts.OfAsync(1));
        Assert.Equal(["0"], await QueryAsync("SELECT count(*) FROM readings"));
        Assert.Equal(1, _counters.NotRouted.Value);
    }

    [Fact]
    public async Task Removing_a_retained_message_is_no_reading()
    {
        await _pool.EnqueueAsync(Message("sensors/a/b", [], retain: true), default);
        Assert.Equal(IngressResult.NotRouted, await _receipts.OfAsync(1));
    }

    [Fact]
    public async Task Many_senders_keep_the_order_of_each_device()
    {
        const int devices = 20;
        const int each = 200;
        await Task.WhenAll(Enumerable.Range(0, devices).Select(device => Task.Run(async () =>
        {
            for (int i = 0; i < each; i++)
            {
                await SendAsync($"sensors/d{device}/n", $"{i}");
            }
        })));
        Assert.All(await _receipts.AllAsync(devices * each), result => Assert.Equal(IngressResult.Stored, result));
        string[] rows = await QueryAsync("SELECT device, value FROM telemetry ORDER BY id");
        Assert.Equal(devices * each, rows.Length);
        foreach (IGrouping<string, int> device in rows.Select(row => row.Split('|')).GroupBy(parts => parts[0], parts => int.Parse(parts[1])))
        {
            Assert.Equal(Enumerable.Range(0, each), device);
        }

        Assert.Equal([$"{devices}"], await QueryAsync("SELECT count(*) FROM series"));
    }

    [Fact]
    public async Task A_series_is_found_again_after_a_restart_and_takes_the_first_unit()
    {
        await SendAsync("sensors/p/v", "1");
        await SendAsync("sensors/p/v", "{\"value\":2,\"unit\":\"bar\"}");
        await SendAsync("sensors/p/v", "{\"value\":3,\"unit\":\"psi\"}");
        await _receipts.AllAsync(3);
        await _pool.DisposeAsync();
        await _database.DisposeAsync();
        await StartAsync();
        await SendAsync("sensors/p/v", "{\"value\":4,\"unit\":\"bar\"}");
        await _receipts.AllAsync(4);
        Assert.Equal(["1|p|v|bar"], await QueryAsync("SELECT id, device, metric, unit FROM series"));
        Assert.Equal(["1|4"], await QueryAsync("SELECT min(id), max(id) FROM readings"));
        Assert.Equal(1, _counters.UnitMismatches.Value);
        Assert.Equal(5, _database.GetStableHorizon());
    }

    [Fact]
    public async Task Senders_are_told_when_storing_fails_and_health_says_so_until_it_works()
    {
        await QueryAsync("DROP TABLE readings");
        await SendAsync("sensors/p/v", "1");
        Assert.Equal(IngressResult.Failed, await _receipts.OfAsync(1));
        Problem problem = Assert.Single(_health.Problems);
        Assert.Equal(("storage", ProblemSeverity.Failed), (problem.Part, problem.Severity));
        Assert.Contains("readings", problem.Reason, StringComparison.Ordinal);
        Assert.Equal((1, 0), (_counters.MessagesFailed.Value, _counters.MessagesStored.Value));

        await QueryAsync("CREATE TABLE readings(id INTEGER PRIMARY KEY, series_id INTEGER, ts INTEGER, value)");
        await SendAsync("sensors/p/v", "2");
        Assert.Equal(IngressResult.Stored, await _receipts.OfAsync(2));
        Assert.Empty(_health.Problems);
        Assert.Equal(["2"], await QueryAsync("SELECT value FROM readings"));
    }

    [Fact]
    public async Task Another_program_reads_the_file_after_a_stop()
    {
        await SendAsync("sensors/p/v", "{\"value\":\"zu\",\"ts\":\"2026-05-01T10:00:00.000001Z\"}");
        await _receipts.AllAsync(1);
        await _pool.DisposeAsync();
        await _database.DisposeAsync();
        string output = await Programs.OutputAsync("sqlite3", Path, "PRAGMA integrity_check; PRAGMA user_version; SELECT * FROM telemetry;");
        Assert.Equal($"ok\n{TelemetrySchema.Version}\n1|p|v||1777629600000001|zu\n", output);
        await StartAsync();
    }

    [Fact]
    public async Task A_file_of_a_newer_program_is_refused_by_name()
    {
        await _pool.DisposeAsync();
        await _database.DisposeAsync();
        await Programs.OutputAsync("sqlite3", Path, "PRAGMA user_version = 99;");
        Engine.SluiceException e = await Assert.ThrowsAsync<Engine.SluiceException>(() => TelemetryDatabase.OpenAsync(Path));
        Assert.Contains(Path, e.Message, StringComparison.Ordinal);
        Assert.Contains("newer version", e.Message, StringComparison.Ordinal);
        await Programs.OutputAsync("sqlite3", Path, $"PRAGMA user_version = {TelemetrySchema.Version};");
        await StartAsync();
    }

    private async Task StartAsync()
    {
        _database = await TelemetryDatabase.OpenAsync(Path);
        WriterOptions options = new() { Count = 3, Batch = 50, Queue = 100 };
        TopicRoute route = new() { Topic = "sensors/{device}/{metric}", Origin = default };
        RouteTable routes = new([route], new DeviceCatalog(), options.Count);
        WriterEnvironment environment = new(_counters, _health, new CommitSignal(), NullLogger.Instance);
        _pool = await WriterPool.StartAsync(_database, options, routes, environment);
    }

    private Task SendAsync(string topic, string payload) => SendAsync(topic, Encoding.UTF8.GetBytes(payload));

    private async Task SendAsync(string topic, byte[] payload) => await _pool.EnqueueAsync(Message(topic, payload), default);

    private IngressMessage Message(string topic, byte[] payload, bool retain = false)
    {
        long token = _receipts.Next();
        return new IngressMessage
        {
            Topic = new TopicName(topic),
            ClientId = "test",
            Payload = payload,
            Retain = retain,
            ReceivedUs = 1_700_000_000_000_000 + token,
            Acknowledgement = _receipts,
            Token = token,
        };
    }

    private async Task<string[]> QueryAsync(string sql)
    {
        await using SluiceConnection connection = await _database.ConnectAsync();
        await using SluiceCommand command = connection.CreateCommand();
        command.CommandText = sql;
        await using SluiceDataReader reader = await command.ExecuteReaderAsync();
        List<string> rows = [];
        while (await reader.ReadAsync())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(
                i => Convert.ToString(reader.GetValue(i), System.Globalization.CultureInfo.InvariantCulture))));
        }

        return [.. rows];
    }

    private sealed class Receipts : IAcknowledgement
    {
        private readonly ConcurrentDictionary<long, TaskCompletionSource<IngressResult>> _results = new();
        private long _tokens;

        public long Next() => Interlocked.Increment(ref _tokens);

        public void Complete(long token, IngressResult result) => Of(token).SetResult(result);

        public Task<IngressResult> OfAsync(long token) => Of(token).Task.WaitAsync(TimeSpan.FromSeconds(30));

        public Task<IngressResult[]> AllAsync(int count) => Task.WhenAll(Enumerable.Range(1, count).Select(token => OfAsync(token)));

        private TaskCompletionSource<IngressResult> Of(long token) => _results.GetOrAdd(token, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
    }
}
