namespace Sluice.Engine.Transactions;

/// <summary>Figures of a store since it was opened, read without stopping anybody: they may be of slightly different moments.</summary>
public readonly record struct StoreStatistics
{
    /// <summary>Durable commits of transactions that wrote.</summary>
    public long Commits { get; init; }

    /// <summary>Syncs of the redo log; commits a sync is the gain of committing in groups.</summary>
    public long Syncs { get; init; }

    /// <summary>Bytes written to the redo log.</summary>
    public long LogBytes { get; init; }

    public long Checkpoints { get; init; }

    /// <summary>Memory of versions that wait for a checkpoint, or for readers of older states to end.</summary>
    public long DeltaBytes { get; init; }

    /// <summary>Bytes of old page images that open transactions need, in memory or put aside in a file.</summary>
    public long OldImageBytes { get; init; }

    /// <summary>What <see cref="StoreOptions.MemoryLimitBytes"/> bounds: memory of versions, of pages that are being changed, and of old page images.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Bytes of page images kept for readers, see <see cref="StoreOptions.CacheBytes"/>.</summary>
    public long CacheBytes { get; init; }

    /// <summary>The newest commit that is on the disk.</summary>
    public long DurableTimestamp { get; init; }

    /// <summary>The newest commit that is in the pages of the database file.</summary>
    public long CheckpointedTimestamp { get; init; }

    public long ActiveTransactions { get; init; }

    /// <summary>Writes refused because another transaction wrote first.</summary>
    public long Conflicts { get; init; }

    /// <summary>Times that a transaction waited because of <see cref="StoreOptions.MemoryLimitBytes"/>.</summary>
    public long MemoryWaits { get; init; }

    public long PagesRead { get; init; }

    public long PagesWritten { get; init; }

    /// <summary>Whether a checkpoint waits for another process to stop reading.</summary>
    public bool WaitsForForeignReaders { get; init; }

    /// <summary>Why the store takes no more writes, or null.</summary>
    public string? Failure { get; init; }
}
