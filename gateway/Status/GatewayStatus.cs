using System.Globalization;
using System.Reflection;
using Sluice.Engine.Format;
using Sluice.Engine.Transactions;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Pipeline;
using Sluice.Gateway.Sync;
using Sluice.Gateway.Writers;

namespace Sluice.Gateway.Status;

/// <summary>Puts the figures of all rooms together: for the page, for health checks and for Prometheus.</summary>
public sealed class GatewayStatus
{
    /// <summary>Series that the page lists; more would be no page to read.</summary>
    private const int MaximumLatest = 500;

    private readonly string _gateway;
    private readonly string _databasePath;
    private readonly GatewayCounters _counters;
    private readonly HealthState _health;
    private readonly DeviceCatalog _devices;
    private readonly RateSampler _rates;
    private readonly Func<Gauges> _gauges;
    private readonly TimeProvider _time;
    private readonly DateTimeOffset _started;

    public GatewayStatus(
        string gateway, string databasePath, GatewayCounters counters, HealthState health, DeviceCatalog devices, RateSampler rates,
        Func<Gauges> gauges, TimeProvider time)
    {
        _gateway = gateway;
        _databasePath = databasePath;
        _counters = counters;
        _health = health;
        _devices = devices;
        _rates = rates;
        _gauges = gauges;
        _time = time;
        _started = time.GetUtcNow();
    }

    /// <summary>The program's version.</summary>
    public static string Version { get; } =
        Assembly.GetExecutingAssembly().GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>What is wrong now.</summary>
    public HealthReport Health()
    {
        List<Problem> problems = [.. _health.Problems];
        StoreStatistics engine = _gauges().Engine;
        if (engine.Failure is { } failure)
        {
            // What the writers saw of it says the same.
            problems.RemoveAll(problem => problem.Part == WriterEnvironment.Part);
            problems.Add(new Problem("engine", ProblemSeverity.Failed, $"the database takes no more writes: {failure}", _time.GetUtcNow()));
        }

        if (engine.WaitsForForeignReaders)
        {
            problems.Add(new Problem(
                "checkpoint", ProblemSeverity.Degraded,
                "another process reads the database file and holds up the checkpoint; readings are stored in the log meanwhile", _time.GetUtcNow()));
        }

        string status = problems.Count == 0 ? "ok" : Text(problems.Max(problem => problem.Severity));
        return new HealthReport(
            status,
            [.. problems.Select(problem => new HealthProblem(
                problem.Part, Text(problem.Severity), problem.Reason, problem.Since.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)))]);
    }

    /// <summary>Everything, for the page.</summary>
    public StatusSnapshot Snapshot()
    {
        Gauges gauges = _gauges();
        BrokerStatistics broker = gauges.Broker;
        (double readingRate, double messageRate, double commitRate) = _rates.Rates;
        (List<LatestReading> latest, int seen) = Latest();
        return new StatusSnapshot
        {
            Gateway = _gateway,
            Version = Version,
            NowUs = Timestamps.FromTime(_time.GetUtcNow()),
            UptimeSeconds = (_time.GetUtcNow() - _started).TotalSeconds,
            Health = Health(),
            Readings = new ReadingFigures(
                readingRate, _counters.ReadingsStored.Value, gauges.Horizon - 1, _counters.DeadLetters.Value, _counters.NotRouted.Value,
                _counters.MessagesFailed.Value),
            Mqtt = new MqttFigures(
                broker.ClientsConnected, broker.Sessions, broker.Subscriptions, broker.Retained, messageRate, broker.MessagesIn,
                broker.MessagesOut, broker.Dropped.Values.Sum(), broker.ProtocolErrors, broker.QueuedBytes,
                broker.Dropped.Where(pair => pair.Value > 0).ToDictionary(pair => SnakeCase(pair.Key.ToString()), pair => pair.Value)),
            Commits = new CommitFigures(
                commitRate, gauges.Engine.Commits, gauges.Engine.Syncs, Ratio(gauges.Engine.Commits, gauges.Engine.Syncs),
                1000 * _rates.CommitLatency(0.5), 1000 * _rates.CommitLatency(0.99)),
            Storage = new StorageFigures(
                _databasePath, gauges.DatabaseBytes, gauges.Engine.LogBytes, gauges.Engine.DeltaBytes, gauges.Engine.Checkpoints),
            WriterQueues = gauges.WriterQueues,
            Sensors = SensorStatus.Figures(gauges.Sensors, _counters.SensorsDropped.Value),
            Sync =
            [
                .. gauges.Sync.Select(sync => new UpstreamFigures(
                    sync.Name, sync.Upstream, Text(sync.State), sync.Sent, sync.Backlog, sync.Cursor is not null, sync.Failures)),
            ],
            Latest = latest,
            SeriesSeen = seen,
            History = _rates.History,
        };
    }

    /// <summary>Everything that is a number, for Prometheus.</summary>
    public string Metrics()
    {
        Gauges gauges = _gauges();
        BrokerStatistics broker = gauges.Broker;
        return new PrometheusText()
            .Gauge("sluice_up", "1 when readings can be stored, 0 when not.", Health().Status == "failed" ? 0 : 1)
            .Gauge("sluice_uptime_seconds", "Seconds since the gateway's start.", (_time.GetUtcNow() - _started).TotalSeconds)
            .Counter("sluice_readings_stored_total", "Readings that are durable.", _counters.ReadingsStored.Value)
            .Counter("sluice_messages_stored_total", "Messages that are durable, as readings or dead letters.", _counters.MessagesStored.Value)
            .Counter("sluice_messages_failed_total", "Messages that could not be stored and were refused to their senders.", _counters.MessagesFailed.Value)
            .Counter("sluice_messages_not_routed_total", "Messages whose topic no route takes.", _counters.NotRouted.Value)
            .Counter("sluice_dead_letters_total", "Messages that could not be decoded and were kept as dead letters.", _counters.DeadLetters.Value)
            .Counter("sluice_unit_mismatches_total", "Readings whose unit is not that of their series.", _counters.UnitMismatches.Value)
            .Counter("sluice_writer_batches_total", "Transactions of the writers.", _counters.Batches.Value)
            .Counter("sluice_writer_conflicts_total", "Batches rolled back for a conflict and tried again.", _counters.Conflicts.Value)
            .Labelled("sluice_writer_queue_messages", "Messages that wait for a writer.", "gauge", "writer", gauges.WriterQueues.Select((count, i) => ($"{i}", (double)count)))
            .Histogram("sluice_writer_commit_seconds", "From the begin of a writer's transaction to its durability.", _counters.CommitLatency)
            .Counter("sluice_engine_commits_total", "Transactions that the engine made durable.", gauges.Engine.Commits)
            .Counter("sluice_engine_syncs_total", "Times that the engine synced its log.", gauges.Engine.Syncs)
            .Counter("sluice_engine_checkpoints_total", "Checkpoints of the engine.", gauges.Engine.Checkpoints)
            .Counter("sluice_engine_conflicts_total", "Writes refused because another transaction wrote first.", gauges.Engine.Conflicts)
            .Counter("sluice_engine_memory_waits_total", "Times that a transaction waited for a checkpoint to free memory.", gauges.Engine.MemoryWaits)
            .Counter("sluice_engine_log_bytes_total", "Bytes written to the engine's log.", gauges.Engine.LogBytes)
            .Counter("sluice_engine_pages_written_total", "Pages written to the database file.", gauges.Engine.PagesWritten)
            .Gauge("sluice_engine_active_transactions", "Transactions that are open.", gauges.Engine.ActiveTransactions)
            .Gauge("sluice_engine_delta_bytes", "Bytes of versions that the engine holds in memory.", gauges.Engine.DeltaBytes)
            .Gauge("sluice_database_bytes", "Bytes of the database file.", gauges.DatabaseBytes)
            .Gauge("sluice_readings_horizon", "The smallest reading id that may still be committed.", gauges.Horizon)
            .Gauge("sluice_mqtt_clients", "Clients that are connected.", broker.ClientsConnected)
            .Gauge("sluice_mqtt_sessions", "Sessions, connected or not.", broker.Sessions)
            .Gauge("sluice_mqtt_subscriptions", "Subscriptions.", broker.Subscriptions)
            .Gauge("sluice_mqtt_retained_messages", "Retained messages.", broker.Retained)
            .Gauge("sluice_mqtt_queued_bytes", "Bytes of messages that wait for subscribers or are in flight to them.", broker.QueuedBytes)
            .Counter("sluice_mqtt_connections_total", "Connections that were accepted.", broker.ConnectionsAccepted)
            .Counter("sluice_mqtt_protocol_errors_total", "Connections closed for a violation of the protocol.", broker.ProtocolErrors)
            .Counter("sluice_mqtt_refused_total", "Clients refused for who they are, or because too many are there.", broker.Refused)
            .Labelled("sluice_mqtt_closed_total", "Connections closed that had broken no rule, by reason.", "counter", "reason", broker.Closed.Select(pair => (SnakeCase(pair.Key.ToString()), (double)pair.Value)))
            .Counter("sluice_mqtt_messages_in_total", "PUBLISH packets received.", broker.MessagesIn)
            .Counter("sluice_mqtt_messages_out_total", "PUBLISH packets sent.", broker.MessagesOut)
            .Counter("sluice_mqtt_bytes_in_total", "Bytes received.", broker.BytesIn)
            .Counter("sluice_mqtt_bytes_out_total", "Bytes sent.", broker.BytesOut)
            .Counter("sluice_mqtt_acknowledgements_total", "PUBACK and PUBREC packets sent.", broker.AcknowledgementsOut)
            .Labelled("sluice_mqtt_dropped_total", "Messages not delivered or not kept, by reason.", "counter", "reason", broker.Dropped.Select(pair => (SnakeCase(pair.Key.ToString()), (double)pair.Value)))
            .Counter("sluice_sensor_readings_dropped_total", "Readings of sensors dropped because the writers were full.", _counters.SensorsDropped.Value)
            .Sensors(gauges.Sensors)
            .Labelled("sluice_sync_online", "1 when the upstream is connected.", "gauge", "sink", gauges.Sync.Select(sync => (sync.Name, sync.State == SyncState.Online ? 1.0 : 0)))
            .Labelled("sluice_sync_backlog", "Readings that wait for the upstream; an upper bound until it was reached once.", "gauge", "sink", gauges.Sync.Select(sync => (sync.Name, (double)sync.Backlog)))
            .Labelled("sluice_sync_readings_total", "Readings sent upstream.", "counter", "sink", gauges.Sync.Select(sync => (sync.Name, (double)sync.Sent)))
            .Labelled("sluice_sync_batches_total", "Upstream transactions.", "counter", "sink", gauges.Sync.Select(sync => (sync.Name, (double)sync.Batches)))
            .Labelled("sluice_sync_failures_total", "Attempts to send that failed.", "counter", "sink", gauges.Sync.Select(sync => (sync.Name, (double)sync.Failures)))
            .Gauge("process_resident_memory_bytes", "Memory of the process.", Environment.WorkingSet)
            .ToString();
    }

    private (List<LatestReading> Latest, int Seen) Latest()
    {
        List<LatestReading> latest = [];
        int seen = 0;
        foreach (Series series in _devices.Devices.SelectMany(device => device.Series))
        {
            if (!series.TryGetLatest(out long ts, out SqlValue value))
            {
                continue;
            }

            seen++;
            if (latest.Count < MaximumLatest)
            {
                latest.Add(new LatestReading(series.Device, series.Metric, Format(value), value.Type == SqlType.Text, series.Unit, ts));
            }
        }

        latest.Sort((a, b) => string.CompareOrdinal(a.Device, b.Device) is var order and not 0 ? order : string.CompareOrdinal(a.Metric, b.Metric));
        return (latest, seen);
    }

    private static string Format(in SqlValue value) => value.Type switch
    {
        SqlType.Integer => value.Integer.ToString(CultureInfo.InvariantCulture),
        SqlType.Real => value.Real.ToString("G15", CultureInfo.InvariantCulture),
        _ => value.DecodeText(),
    };

    private static double Ratio(long a, long b) => b == 0 ? 0 : (double)a / b;

    private static string Text<T>(T value)
        where T : struct, Enum => SnakeCase(value.ToString());

    private static string SnakeCase(string name) =>
        string.Concat(name.Select((c, i) => char.IsUpper(c) ? (i == 0 ? "" : "_") + char.ToLowerInvariant(c) : c.ToString()));
}
