namespace Sluice.Engine.Paging;

/// <summary>How a <see cref="Pager"/> opens its file.</summary>
public sealed record PagerOptions
{
    /// <summary>Bytes a page of a file that is made new; an existing file keeps its own.</summary>
    public int PageSize { get; init; } = 4096;

    /// <summary>Whether a file that is made new has a checksum in each page (<see cref="PageChecksum"/>); an existing file keeps what it has.</summary>
    public bool Checksums { get; init; } = true;

    /// <summary>
    /// Bytes of page images kept for the next reader. Not counted: images of an open <see cref="PageTransaction"/>, old images that
    /// pinned snapshots still need, and 8 bytes for each page of the file.
    /// </summary>
    public long CacheBytes { get; init; } = 16 << 20;

    /// <summary>Reads only, beside an owner in another process.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>How long to try for a lock on the file when opening it, and when a read-only opener pins a snapshot.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.Zero;

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Gives the nonces of rollback journals; another generator makes a simulation repeatable.</summary>
    public Random Random { get; init; } = Random.Shared;
}
