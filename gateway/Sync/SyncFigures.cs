namespace Sluice.Gateway.Sync;

/// <summary>What an upstream is doing.</summary>
public enum SyncState
{
    /// <summary>The first connection is being made.</summary>
    Connecting,

    /// <summary>Connected.</summary>
    Online,

    /// <summary>Away; tried again with growing pauses.</summary>
    Away,
}

/// <summary>Figures of one upstream at a moment.</summary>
/// <param name="Name">Its name in the configuration.</param>
/// <param name="Upstream">Where it sends to.</param>
/// <param name="State">What it is doing.</param>
/// <param name="Sent">Readings sent since the start.</param>
/// <param name="Batches">Upstream transactions since the start.</param>
/// <param name="Failures">Attempts that failed since the start.</param>
/// <param name="Cursor">The id up to which all readings are upstream; null before the upstream was reached for the first time.</param>
/// <param name="Backlog">Ids that wait; an upper bound while the cursor is not known.</param>
public sealed record SyncFigures(
    string Name, string Upstream, SyncState State, long Sent, long Batches, long Failures, long? Cursor, long Backlog);
