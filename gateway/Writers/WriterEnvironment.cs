using Sluice.Gateway.Status;

namespace Sluice.Gateway.Writers;

/// <summary>What all writers share: whom they tell about commits and failures.</summary>
public sealed class WriterEnvironment(GatewayCounters counters, HealthState health, CommitSignal committed, ILogger log)
{
    /// <summary>The part of the gateway that writers report on.</summary>
    public const string Part = "storage";

    public GatewayCounters Counters { get; } = counters;

    public CommitSignal Committed { get; } = committed;

    public ILogger Log { get; } = log;

    /// <summary>The engine refused a batch: healthy again when one goes through.</summary>
    public void StorageFailed(string reason)
    {
        if (health.Report(Part, ProblemSeverity.Failed, reason))
        {
            GatewayLog.StorageFailed(Log, reason);
        }
    }

    /// <summary>A batch is durable.</summary>
    public void StorageWorks()
    {
        if (health.Clear(Part) is { } problem)
        {
            GatewayLog.StorageWorks(Log, problem.Since);
        }
    }
}
