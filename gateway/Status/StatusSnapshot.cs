using System.Text.Json.Serialization;

namespace Sluice.Gateway.Status;

/// <summary>Everything that the page shows, as <c>/status.json</c> gives it. Rates are of the last second.</summary>
public sealed record StatusSnapshot
{
    public required string Gateway { get; init; }

    public required string Version { get; init; }

    /// <summary>Microseconds since the Unix epoch.</summary>
    public required long NowUs { get; init; }

    public required double UptimeSeconds { get; init; }

    public required HealthReport Health { get; init; }

    public required ReadingFigures Readings { get; init; }

    public required MqttFigures Mqtt { get; init; }

    public required CommitFigures Commits { get; init; }

    public required StorageFigures Storage { get; init; }

    /// <summary>Messages that wait for each writer.</summary>
    public required IReadOnlyList<int> WriterQueues { get; init; }

    public required SensorFigures Sensors { get; init; }

    public required IReadOnlyList<UpstreamFigures> Sync { get; init; }

    /// <summary>The latest reading of each series that has had one since the start, by device and metric; a bounded number.</summary>
    public required IReadOnlyList<LatestReading> Latest { get; init; }

    /// <summary>How many series have had a reading since the start.</summary>
    public required int SeriesSeen { get; init; }

    /// <summary>Readings a second, one figure a second, the newest last.</summary>
    public required IReadOnlyList<double> History { get; init; }
}

/// <param name="Status"><c>ok</c>, <c>degraded</c> (something around is missing) or <c>failed</c> (readings cannot be stored).</param>
/// <param name="Problems">What is wrong, one entry a part.</param>
public sealed record HealthReport(string Status, IReadOnlyList<HealthProblem> Problems);

/// <param name="Part">The part of the gateway.</param>
/// <param name="Severity"><c>degraded</c> or <c>failed</c>.</param>
/// <param name="Reason">In words.</param>
/// <param name="Since">When it began, ISO 8601.</param>
public sealed record HealthProblem(string Part, string Severity, string Reason, string Since);

/// <summary>Counts are since the start, but for <paramref name="InDatabase"/>.</summary>
public sealed record ReadingFigures(
    double PerSecond, long Stored, long InDatabase, long DeadLetters, long NotRouted, long Failed);

/// <summary>The broker; <paramref name="DroppedByReason"/> has the reasons for which messages were dropped.</summary>
public sealed record MqttFigures(
    int Clients, int Sessions, int Subscriptions, int Retained, double InPerSecond, long MessagesIn, long MessagesOut, long Dropped,
    long ProtocolErrors, long QueuedBytes, IReadOnlyDictionary<string, long> DroppedByReason);

/// <summary>The engine's commits; latencies are of the writers' batches within the last minute.</summary>
public sealed record CommitFigures(double PerSecond, long Total, long Syncs, double PerSync, double P50Ms, double P99Ms);

/// <summary>The database.</summary>
public sealed record StorageFigures(string Path, long DatabaseBytes, long LogBytes, long DeltaBytes, long Checkpoints);

/// <summary>The sensors of this machine.</summary>
public sealed record SensorFigures(
    int Count, long Dropped, long Missed, long Failed, IReadOnlyList<SensorState> List, IReadOnlyList<ActuatorState> Actuators);

/// <summary>A sensor of this machine; counts are of turns since the start.</summary>
/// <param name="Name">The sensor.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Quality"><c>unknown</c>, <c>good</c>, <c>stale</c> or <c>fault</c>.</param>
/// <param name="Good">Turns that gave values.</param>
/// <param name="Failed">Turns that failed.</param>
/// <param name="Missed">Turns that did not take place.</param>
/// <param name="Faults">Failed attempts by reason, such as <c>nack 3, crc 1</c>; empty without any.</param>
/// <param name="LastFault">The latest one in words, or null.</param>
/// <param name="LastFaultUs">When it was, in microseconds since the Unix epoch.</param>
public sealed record SensorState(
    string Name, string Kind, string Quality, long Good, long Failed, long Missed, string Faults, string? LastFault, long LastFaultUs);

/// <summary>An output of this machine; null when it cannot be set.</summary>
public sealed record ActuatorState(string Name, bool? IsOn);

/// <summary>An upstream.</summary>
public sealed record UpstreamFigures(string Name, string Upstream, string State, long Sent, long Backlog, bool BacklogIsKnown, long Failures);

/// <param name="Device">The series' device.</param>
/// <param name="Metric">The series' metric.</param>
/// <param name="Value">The value as text.</param>
/// <param name="IsText">True when the value is text and not a number.</param>
/// <param name="Unit">The series' unit, or null.</param>
/// <param name="TsUs">Microseconds since the Unix epoch.</param>
public sealed record LatestReading(string Device, string Metric, string Value, bool IsText, string? Unit, long TsUs);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(StatusSnapshot))]
[JsonSerializable(typeof(HealthReport))]
internal sealed partial class StatusJson : JsonSerializerContext;
