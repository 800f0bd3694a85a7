using System.Net;
using System.Net.WebSockets;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Sluice.Gateway.Configuration;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Client;
using Sluice.Gateway.Mqtt.State;
using Sluice.Gateway.Pipeline;
using Sluice.Gateway.Status;
using Sluice.Gateway.Sync;
using Sluice.Gateway.Sync.Sinks.Mqtt;
using Sluice.Gateway.Sync.Sinks.Postgres;
using Sluice.Gateway.Writers;
using Sluice.Sensors.Configuration;

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

    /// <summary>How to stop the rooms that run, in the order of their start.</summary>
    private readonly Stack<(string Name, Func<CancellationToken, ValueTask> Stop)> _started = new();

    // Null until the start.
    private TelemetryDatabase? _database;
    private WriterPool? _writers;
    private MqttBroker? _broker;
    private SensorHost? _sensors;
    private StorageKeeper? _keeper;
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

    /// <summary>Why readings cannot be stored now, or could not when the gateway stopped; or null.</summary>
    public string? StorageFailure =>
        _database?.Statistics.Failure ?? Health.Problems.FirstOrDefault(problem => problem.Severity == ProblemSeverity.Failed)?.Reason;

    /// <summary>Completes when readings cannot be stored until the program is started anew; after the start.</summary>
    public Task StorageGivenUp => _keeper?.GaveUp ?? throw new InvalidOperationException("The gateway is not started.");

    /// <summary>The sensors of this machine; after the start.</summary>
    public SensorHost Sensors => _sensors ?? throw new InvalidOperationException("The gateway is not started.");

    /// <summary>Where the broker listens; after the start.</summary>
    public IReadOnlyList<string> MqttEndpoints => _broker?.ListeningOn ?? [];

    /// <summary>Serves an MQTT client that came over the web listener; see <see cref="MqttBroker.ServeAsync"/>.</summary>
    public Task ServeMqttAsync(WebSocket socket, IPEndPoint endpoint, CancellationToken stopping) =>
        _broker?.ServeAsync(socket, endpoint, stopping) ?? throw new InvalidOperationException("The gateway is not started.");

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

    /// <summary>
    /// Stops what was started, the newest room first. A room that cannot stop cleanly is named in the log and does not keep the
    /// others from it; the first failure is thrown at the end. Again is harmless.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        // A start that failed is told by its error alone.
        bool wasStarted = _status is not null && _started.Count > 0;
        if (wasStarted)
        {
            GatewayLog.Stopping(_log);
        }

        ExceptionDispatchInfo? failure = null;
        while (_started.TryPop(out (string Name, Func<CancellationToken, ValueTask> Stop) room))
        {
            try
            {
                await room.Stop(cancellationToken);
            }
            catch (Exception e)
            {
                GatewayLog.StopFailed(_log, room.Name, e);
                failure ??= ExceptionDispatchInfo.Capture(e);
            }
        }

        failure?.Throw();
        if (!wasStarted)
        {
            return;
        }

        if (_database!.Statistics.Failure is null)
        {
            GatewayLog.Stopped(_log, _counters.ReadingsStored.Value);
        }
        else
        {
            GatewayLog.StoppedFailed(_log, _counters.ReadingsStored.Value);
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
        Started("the database", _ => database.DisposeAsync());
        if (database.SharingFailure is { } reason)
        {
            GatewayLog.NotShared(_log, reason);
        }

        CommitSignal committed = new();
        RouteTable routes = new(_options.Routes, _devices, _options.Writers.Count);
        WriterEnvironment environment = new(_counters, Health, committed, _log);
        WriterPool writers = await WriterPool.StartAsync(database, _options.Writers, routes, environment);
        _writers = writers;
        Started("the writers", _ => writers.DisposeAsync());

        ActuatorIngress commands = new(writers, _time, _log);
        MqttBroker broker = new(commands, _loggers.CreateLogger<MqttBroker>(), _time);
        _broker = broker;
        await broker.StartAsync(_options.Mqtt, new StateStore(database.ConnectAsync), cancellation);
        Started("the MQTT broker", async token => await broker.StopAsync(token));

        StartSources(broker);
        StartUpstreams(database, committed);
        await StartSensorsAsync(database, writers, commands, broker, routes);

        StorageKeeper keeper = new(database, writers, _pumps, environment, _time);
        _keeper = keeper;
        Started("the storage's keeper", _ => keeper.DisposeAsync());

        RateSampler rates = new(_counters, () => (broker.Statistics.MessagesIn, database.Statistics.Commits), _time);
        Started("the rates", _ => rates.DisposeAsync());
        _status = new GatewayStatus(_options.Id, database.Path, _counters, Health, _devices, rates, ReadGauges, _time);
        GatewayLog.Started(_log, _options.Id, database.GetStableHorizon() - 1, (long)Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
    }

    private void Started(string room, Func<CancellationToken, ValueTask> stop) => _started.Push((room, stop));

    private void StartSources(MqttBroker broker)
    {
        broker.KeepSources(_options.Sources.SelectMany(MqttSource.SessionKeys));
        foreach (MqttSourceOptions options in _options.Sources)
        {
            MqttSource source = new(options, broker, Health, _time, _log);
            source.Start();
            Started($"MQTT source {options.Name}", _ => source.DisposeAsync());
        }
    }

    private void StartUpstreams(TelemetryDatabase database, CommitSignal committed)
    {
        foreach (SyncOptions sync in _options.Sync)
        {
            IUpstreamSink sink = sync.Mqtt is { } client
                ? new MqttSink(client with { SessionExpirySeconds = 0 }, sync.Topic, _time)
                : new PostgresSink(_options.Id, sync.Name, sync.Postgres!);
            SyncPump pump = new(sync.Name, sync.Batch, sink, database, committed, Health, _time, _log);
            _pumps.Add(pump);
            pump.Start();
            Started($"upstream {sync.Name}", _ => pump.DisposeAsync());
        }
    }

    private async Task StartSensorsAsync(TelemetryDatabase database, IIngress ingress, ActuatorIngress commands, MqttBroker broker, RouteTable routes)
    {
        SensorHost? host = null;
        SensorIngress door = new(ingress, broker, routes, _counters, Health, sensor => host!.Definition(sensor).QualityMetric, _time, _log);
        Started("the sensors' ingress", _ => door.DisposeAsync());
        host = new SensorHost(_options.Sensors, door, _time);
        _sensors = host;
        Started("the sensors", _ =>
        {
            commands.Outputs = null;
            return host.DisposeAsync();
        });
        await SensorStart.RestoreAsync(host, database, _log);
        SensorStart.Connect(host.Actuators, door, broker, Health, _log);
        host.Start();
        commands.Outputs = host.Actuators;
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
            Sensors = _sensors!,
        };
    }
}
