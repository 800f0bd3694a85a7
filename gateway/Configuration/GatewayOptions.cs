using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Client;
using Sluice.Sensors.Configuration;

namespace Sluice.Gateway.Configuration;

/// <summary>The whole configuration, validated. What the keys are called and mean is in <c>configs/reference.yaml</c>.</summary>
public sealed record GatewayOptions
{
    /// <summary>Names this gateway upstream: <c>gateway.id</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The folder of the database, a full path: <c>gateway.data</c>.</summary>
    public required string DataFolder { get; init; }

    /// <summary>The address of page, health and metrics; null when they are off: <c>http.listen</c>.</summary>
    public required HttpAddress? Http { get; init; }

    public required MqttOptions Mqtt { get; init; }

    /// <summary>Other brokers that messages are taken from: <c>mqtt.subscribe</c>.</summary>
    public required IReadOnlyList<MqttSourceOptions> Sources { get; init; }

    public required WriterOptions Writers { get; init; }

    public required IReadOnlyList<TopicRoute> Routes { get; init; }

    /// <summary><c>sensors</c>, <c>actuators</c> and <c>hardware</c>.</summary>
    public required SensorConfiguration Sensors { get; init; }

    public required IReadOnlyList<SyncOptions> Sync { get; init; }

    /// <summary>The database file: <c>gateway.db</c> in the data folder.</summary>
    public string DatabasePath => Path.Combine(DataFolder, "gateway.db");
}

/// <summary>Where the web listener binds.</summary>
/// <param name="Host">An IP address, <c>localhost</c>, or <c>*</c> for all.</param>
/// <param name="Port">0 takes a free one.</param>
public sealed record HttpAddress(string Host, int Port)
{
    /// <inheritdoc/>
    public override string ToString() => Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}

/// <summary><c>writers</c>: the tasks that store readings.</summary>
public sealed record WriterOptions
{
    /// <summary>Tasks that store at the same time.</summary>
    public int Count { get; init; } = 4;

    /// <summary>Messages of one transaction at most: enough to share a sync, few enough to be quick to repeat.</summary>
    public int Batch { get; init; } = 1000;

    /// <summary>Messages that wait for one writer; past it the senders are held back.</summary>
    public int Queue { get; init; } = 8192;

    /// <summary>Bytes of payload that wait for one writer; past it the senders are held back.</summary>
    public long QueueBytes { get; init; } = 16 * 1024 * 1024;
}

/// <summary>What is done with the messages of a topic.</summary>
public enum TopicUse
{
    /// <summary>They are stored, and go to subscribers.</summary>
    Both,

    /// <summary>They are stored; subscribers do not get them, and none is retained.</summary>
    Store,

    /// <summary>They go to subscribers and are no readings.</summary>
    Forward,
}

/// <summary>One of <c>routes</c>.</summary>
public sealed record TopicRoute
{
    /// <summary>The template, for example <c>sensors/{device}/{metric}</c>.</summary>
    public required string Topic { get; init; }

    /// <summary>A fixed device, for a template without <c>{device}</c>.</summary>
    public string? Device { get; init; }

    /// <summary>A fixed metric, for a template without <c>{metric}</c>.</summary>
    public string? Metric { get; init; }

    /// <summary>The unit of readings that do not carry their own.</summary>
    public string? Unit { get; init; }

    /// <summary>Whether its messages are stored, forwarded to subscribers, or both.</summary>
    public TopicUse Use { get; init; }

    public required Origin Origin { get; init; }
}

/// <summary>One of <c>sync</c>: an upstream that gets every reading.</summary>
public sealed record SyncOptions
{
    /// <summary>Unique; names the cursor upstream and the metrics here.</summary>
    public required string Name { get; init; }

    /// <summary>An Npgsql connection string; null for an upstream of another kind.</summary>
    public string? Postgres { get; init; }

    /// <summary>MQTT brokers; null for an upstream of another kind.</summary>
    public MqttClientOptions? Mqtt { get; init; }

    /// <summary>The root of the topics there.</summary>
    public string Topic { get; init; } = "";

    /// <summary>Rows of one upstream transaction at most.</summary>
    public int Batch { get; init; } = 5000;
}
