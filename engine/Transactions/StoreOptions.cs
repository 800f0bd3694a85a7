namespace Sluice.Engine.Transactions;

/// <summary>How a <see cref="Store"/> opens its file.</summary>
public sealed record StoreOptions
{
    /// <summary>Bytes a page of a file that is made new; an existing file keeps its own.</summary>
    public int PageSize { get; init; } = 4096;

    /// <summary>Bytes of page images kept in memory.</summary>
    public long CacheBytes { get; init; } = 16 << 20;

    /// <summary>Less would leave no room for the work of a single large row.</summary>
    public const long SmallestMemoryLimitBytes = 1 << 20;

    /// <summary>
    /// Bytes of memory for what is on its way to the file: versions that wait for a checkpoint, and the pages that a checkpoint changes. Past it,
    /// transactions that are going to write wait before they begin. The page cache is bounded by <see cref="CacheBytes"/>.
    /// </summary>
    public long MemoryLimitBytes { get; init; } = 64 << 20;

    /// <summary>
    /// When versions of so many bytes were committed they are moved to pages in memory, which are smaller. Less makes the same page be copied more often. It is at most a
    /// fourth of what <see cref="MemoryLimitBytes"/> leaves for versions.
    /// </summary>
    public long MoveBytes { get; init; } = 2 << 20;

    /// <summary>
    /// Bytes a second that a checkpoint in the background may write to file and journal; 0 is as many as it can. While memory is short it takes
    /// no heed of it.
    /// </summary>
    public long CheckpointBytesPerSecond { get; init; }

    /// <summary>
    /// Bytes of a segment of the redo log; the first ones of a log are smaller. A segment is full of zeros before it is used, so large ones cost the disk
    /// more than a small database ever logs, and small ones a sync each time that one is full.
    /// </summary>
    public long SegmentBytes { get; init; } = 4 << 20;

    /// <summary>A checkpoint runs when this much log was written since the last one, even if memory is left: it bounds the time that recovery takes.</summary>
    public long CheckpointLogBytes { get; init; } = 32 << 20;

    /// <summary>A checkpoint runs this long after a commit at the latest, so that the file is not far behind for its other readers.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a group of commits gathers before it is written; zero writes at once and gathers while writing.</summary>
    public TimeSpan CommitDelay { get; init; } = TimeSpan.Zero;

    /// <summary>False leaves out the redo log, for databases in memory.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>Called once this process owns the file, before recovery; not for one that is opened for reading only.</summary>
    public Action? Owned { get; init; }

    /// <summary>Opens for reading only, whoever owns the file.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>How long to try for the locks of the file when opening it, and for its foreign readers when closing.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.Zero;

    /// <summary>Runs the log writer and the checkpoints.</summary>
    public BackgroundWork Work { get; init; } = BackgroundWork.Threads;

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Gives the log's salt and the journals' nonces; another generator makes a simulation repeatable.</summary>
    public Random Random { get; init; } = Random.Shared;
}
