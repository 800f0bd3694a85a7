namespace Sluice.Engine.Log;

/// <summary>
/// When a transaction was committed. Everything it wrote refers to it, so that the moment the timestamp is assigned and durable, all of
/// it is visible at once.
/// </summary>
internal sealed class CommitStamp
{
    /// <summary>The timestamp of a transaction that has not committed: after every snapshot.</summary>
    public const long Open = long.MaxValue;

    private long _timestamp = Open;

    public long Timestamp => Volatile.Read(ref _timestamp);

    internal void Assign(long timestamp) => Volatile.Write(ref _timestamp, timestamp);
}
