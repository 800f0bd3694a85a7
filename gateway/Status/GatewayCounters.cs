namespace Sluice.Gateway.Status;

/// <summary>A figure that only grows. Any thread may add.</summary>
public sealed class Counter
{
    private long _value;

    public long Value => Interlocked.Read(ref _value);

    public void Add(long count = 1) => Interlocked.Add(ref _value, count);
}

/// <summary>What the gateway's own rooms count since the start; broker and engine have figures of their own.</summary>
public sealed class GatewayCounters
{
    /// <summary>Messages whose topic no route takes.</summary>
    public Counter NotRouted { get; } = new();

    /// <summary>Messages that are durable, as readings or dead letters.</summary>
    public Counter MessagesStored { get; } = new();

    /// <summary>Readings that are durable.</summary>
    public Counter ReadingsStored { get; } = new();

    /// <summary>Dead letters that are durable.</summary>
    public Counter DeadLetters { get; } = new();

    /// <summary>Messages that could not be stored, each refused to its sender.</summary>
    public Counter MessagesFailed { get; } = new();

    /// <summary>Transactions of the writers that are durable.</summary>
    public Counter Batches { get; } = new();

    /// <summary>Batches that were rolled back for a conflict and tried again.</summary>
    public Counter Conflicts { get; } = new();

    /// <summary>Readings whose unit is not the one that their series has; the series keeps its own.</summary>
    public Counter UnitMismatches { get; } = new();

    /// <summary>Readings of sensors that were dropped, the oldest first, because the writers were full.</summary>
    public Counter SensorsDropped { get; } = new();

    /// <summary>From the begin of a writer's transaction to its durability.</summary>
    public LatencyHistogram CommitLatency { get; } = new();
}
