using System.Diagnostics;
using Sluice.Gateway.Configuration;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Pipeline;
using Sluice.Gateway.Status;
using Sluice.Gateway.Sync;
using Sluice.Gateway.Sync.Sinks.Postgres;
using Sluice.Gateway.Writers;
using Sluice.Sensors;
using Sluice.Sensors.Simulation;

namespace Sluice.Gateway.Hosting;

/// <summary>
/// The gateway's rooms, put together and started from the disk outwards: database, writers, upstreams, broker, sensors.
/// They stop the other way round, so whatever was taken can still be stored and acknowledged.
/// </summary>
public sealed class GatewayService : IHostedService, IAsyncDisposable
{
    private readonly GatewayOptions _options;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly GatewayCounters _counters = new();
    private readonly DeviceCatalog _devices = new();
    private readonly List<SyncPump> _pumps = [];

    // In the order of their start; null until then.
    private TelemetryDatabase? _database;
    private WriterPool? _writers;
    private MqttBroker? _broker;
    private SensorIngress? _sensorIngress;
    private SensorScheduler? _sensors;
    private RateSampler? _rates;
    private GatewayStatus? _status;

    public GatewayService(GatewayOptions options, ILoggerFactory loggers, TimeProvider time)
    {
        _options = options;
        _loggers = loggers;
        _log = loggers.CreateLogger("Sluice");
        _time = time;
        Health = new HealthState(time);
    }

    /// <summary>What is wrong now.</summary>
    public HealthState Health { get; }

    /// <summary>The figures; after the start.</summary>
    public GatewayStatus Status => _status ?? throw new InvalidOperationException("The gateway is not started.");

    /// <summary>Why the database takes no more writes until it is opened anew, or null.</summary>
    public string? EngineFailure => _database?.Statistics.Failure;

    /// <summary>Where the broker listens; after the start.</summary>
    public IReadOnlyList<string> MqttEndpoints => [.. (_broker?.ListeningOn ?? []).Select(endpoint => $"tcp://{endpoint}")];

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await StartRoomsAsync(cancellationToken);
        }
        catch
        {
            await StopAsync(CancellationToken.None);
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_database is null)
        {
            return;
        }

        // A start that failed is told by its error alone.
        bool wasStarted = _status is not null;
        if (wasStarted)
        {
            GatewayLog.Stopping(_log);
        }

        if (_sensors is not null)
        {
            await _sensors.DisposeAsync();
        }

        if (_broker is not null)
        {
            await _broker.StopAsync(cancellationToken);
        }

        if (_sensorIngress is not null)
        {
            await _sensorIngress.DisposeAsync();
        }

        foreach (SyncPump pump in _pumps)
        {
            await pump.DisposeAsync();
        }

        if (_rates is not null)
        {
            await _rates.DisposeAsync();
        }

        if (_writers is not null)
        {
            await _writers.DisposeAsync();
        }

        await _database.DisposeAsync();
        _database = null;
        if (wasStarted)
        {
            GatewayLog.Stopped(_log, _counters.ReadingsStored.Value);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);

    private async Task StartRoomsAsync(CancellationToken cancellation)
    {
        long begin = Stopwatch.GetTimestamp();
        DataFolder.Prepare(_options.DataFolder);
        TelemetryDatabase database = await TelemetryDatabase.OpenAsync(_options.DatabasePath);
        _database = database;

        CommitSignal committed = new();
        RouteTable routes = new(_options.Routes, _devices, _options.Writers.Count);
        WriterEnvironment environment = new(_counters, Health, committed, _log);
        _writers = await WriterPool.StartAsync(database, _options.Writers, routes, environment);

        _broker = new MqttBroker(_writers, _loggers.CreateLogger<MqttBroker>(), _time);
        await _broker.StartAsync(_options.Mqtt, cancellation);

        StartUpstreams(database, committed);
        StartSensors(_writers, _broker, routes);

        MqttBroker broker = _broker;
        _rates = new RateSampler(_counters, () => (broker.Statistics.MessagesIn, database.Statistics.Commits), _time);
        _status = new GatewayStatus(_options.Id, database.Path, _counters, Health, _devices, _rates, ReadGauges, _time);
        GatewayLog.Started(_log, _options.Id, database.GetStableHorizon() - 1, (long)Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
    }

    private void StartUpstreams(TelemetryDatabase database, CommitSignal committed)
    {
        foreach (SyncOptions sync in _options.Sync)
        {
            PostgresSink sink = new(_options.Id, sync.Name, sync.Postgres);
            SyncPump pump = new(sync.Name, sync.Batch, sink, database, committed, Health, _time, _log);
            _pumps.Add(pump);
            pump.Start();
        }
    }

    private void StartSensors(IIngress ingress, MqttBroker broker, RouteTable routes)
    {
        _sensorIngress = new SensorIngress(ingress, broker, routes, _counters, _time, _log);
        IEnumerable<ISensor> sensors = _options.Sensors.Select(
            sensor => new SimulatedSensor(sensor.Simulate, sensor.Device, sensor.Metric, sensor.Every, sensor.Seed));
        _sensors = new SensorScheduler(sensors, _sensorIngress, _time);
        _sensors.Start();
    }

    private Gauges ReadGauges()
    {
        // The web listener stops before the rooms do, so all of them are there.
        TelemetryDatabase database = _database!;
        return new Gauges
        {
            Broker = _broker!.Statistics,
            Engine = database.Statistics,
            DatabaseBytes = new FileInfo(database.Path) is { Exists: true } file ? file.Length : 0,
            Horizon = database.GetStableHorizon(),
            WriterQueues = _writers!.QueueLengths,
            Sync = [.. _pumps.Select(pump => pump.Figures)],
            Sensors = _sensors!.Count,
        };
    }
}
