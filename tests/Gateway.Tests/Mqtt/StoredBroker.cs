using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Engine.Data;
using Sluice.Gateway.Configuration;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.Security;
using Sluice.Gateway.Mqtt.State;
using Sluice.Gateway.Pipeline;
using Sluice.Gateway.Status;
using Sluice.Gateway.Writers;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>
/// A broker on the real writers and engine. <see cref="RestartAsync"/> starts another one on what the first had committed at that moment, which is what a
/// crash leaves.
/// </summary>
internal sealed class StoredBroker : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-broker-").FullName;
    private MqttOptions _options;
    private readonly GatewayCounters _counters = new();
    private readonly TopicRoute[] _routes;
    private TelemetryDatabase _database = null!;
    private WriterPool _writers = null!;

    private StoredBroker(MqttOptions options, TopicRoute[] routes)
    {
        _options = options with { Listen = ["tcp://127.0.0.1:0"] };
        _routes = routes;
    }

    public MqttBroker Broker { get; private set; } = null!;

    public ManualTime Time { get; } = new();

    public static TopicRoute Route(string topic, TopicUse use = TopicUse.Both) => new() { Topic = topic, Use = use, Origin = new("test", 1) };

    public static async Task<StoredBroker> StartAsync(MqttOptions? options = null, params TopicRoute[] routes)
    {
        var broker = new StoredBroker(options ?? new MqttOptions(), routes.Length > 0 ? routes : [Route("sensors/{device}/{metric}")]);
        await broker.OpenAsync();
        return broker;
    }

    /// <summary>Ends the broker without a word to anybody: its rows stay as they are, and nothing more comes to them. Or stops it in order.</summary>
    public async Task RestartAsync(bool inOrder = false, TimeSpan whileDown = default, SecurityOptions? security = null)
    {
        _options = _options with { Security = security ?? _options.Security };
        if (inOrder)
            await Broker.StopAsync(CancellationToken.None);
        await _writers.DisposeAsync();
        await Broker.StopAsync(new CancellationToken(canceled: true));
        await _database.DisposeAsync();
        Time.Advance(whileDown);
        await OpenAsync();
    }

    public async Task<RawClient> ConnectAsync(string clientId, uint expiry = 1000, bool clean = false, ProtocolVersion version = ProtocolVersion.Mqtt50, Will? will = null, ushort receiveMaximum = 65535)
    {
        RawClient client = await RawClient.OpenAsync(new Uri(Broker.ListeningOn[0]).Port, version);
        await client.SendAsync(o => new ConnectPacket
        {
            Version = version,
            ClientId = clientId,
            CleanStart = clean,
            Will = will,
            Properties = version == ProtocolVersion.Mqtt50 ? new PropertySet { SessionExpiryInterval = expiry, ReceiveMaximum = receiveMaximum } : null,
        }.Write(o));
        client.ConnAck = ConnAckPacket.Parse((await client.ReadAsync(PacketType.ConnAck)).Body, version);
        Assert.Equal(ReasonCode.Success, client.ConnAck.Reason);
        return client;
    }

    /// <summary>The first column of a query, as text.</summary>
    public async Task<string[]> QueryAsync(string sql)
    {
        await using SluiceConnection connection = await _database.ConnectAsync();
        await using SluiceCommand command = connection.CreateCommand(sql);
        await using SluiceDataReader row = await command.ExecuteReaderAsync();
        List<string> values = [];
        while (await row.ReadAsync())
            values.Add(row.GetString(0));
        return [.. values];
    }

    /// <summary>Waits until a query gives this.</summary>
    public async Task UntilAsync(string sql, params string[] expected)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            string[] found = await QueryAsync(sql);
            if (found.SequenceEqual(expected))
                return;
            Assert.False(deadline.IsCancellationRequested, $"{sql}: {string.Join(", ", found)}");
            await Task.Delay(5);
        }
    }

    /// <summary>Messages and rows that could not be stored.</summary>
    public long Refused => _counters.MessagesFailed.Value;

    /// <summary>Nothing can be stored until <see cref="StoreAgainAsync"/>.</summary>
    public Task RefuseAsync() => _writers.DetachAsync();

    public Task StoreAgainAsync() => _writers.AttachAsync(_database);

    public Task ClientsAsync(int count) =>
        BrokerHost.UntilAsync(() => Broker.Statistics.ClientsConnected == count, $"{count} clients are connected");

    public async ValueTask DisposeAsync()
    {
        await Broker.DisposeAsync();
        await _writers.DisposeAsync();
        await _database.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task OpenAsync()
    {
        _database = await TelemetryDatabase.OpenAsync(Path.Combine(_folder, "gateway.db"));
        var environment = new WriterEnvironment(_counters, new HealthState(TimeProvider.System), new CommitSignal(), NullLogger.Instance);
        _writers = await WriterPool.StartAsync(_database, new WriterOptions { Count = 2 }, new RouteTable(_routes, new DeviceCatalog(), 2), environment);
        Broker = new MqttBroker(_writers, NullLogger<MqttBroker>.Instance, Time);
        await Broker.StartAsync(_options, new StateStore(_database.ConnectAsync), CancellationToken.None);
    }
}
