using Sluice.Engine.Transactions;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Sync;
using Sluice.Sensors.Configuration;

namespace Sluice.Gateway.Status;

/// <summary>The figures of all rooms at one moment, as page and metrics take them.</summary>
public sealed record Gauges
{
    public required BrokerStatistics Broker { get; init; }

    public required StoreStatistics Engine { get; init; }

    /// <summary>Bytes of the database file.</summary>
    public required long DatabaseBytes { get; init; }

    /// <summary>The smallest reading id that may still be committed.</summary>
    public required long Horizon { get; init; }

    public required IReadOnlyList<int> WriterQueues { get; init; }

    public required IReadOnlyList<SyncFigures> Sync { get; init; }

    /// <summary>The sensors of this machine.</summary>
    public required SensorHost Sensors { get; init; }
}
