using Sluice.Engine.Files;
using Sluice.Engine.Format;

namespace Sluice.Engine.Paging;

/// <summary>
/// A database file as pages: snapshots that stay what they were, one page transaction at a time.
/// <para>1. An owner holds SHARED and RESERVED as long as it is open: other processes may read, not write. A read-only opener holds SHARED
/// while it has a snapshot pinned, and forgets its cache when the file changed between two snapshots. 2. A page image is never changed once a
/// reader can see it. 3. A new state raises the epoch, also one whose commit fails. Before its new images can be seen in cache or file, the old ones are
/// published for snapshots of the epoch before. Images that are ahead of the file stay in the cache. 4. The file is changed only under EXCLUSIVE and a synced rollback journal, but for
/// checksums that nobody relies on yet (<see cref="RenewChecksums"/>). 5. While <see cref="ChecksumsAreValid"/>, a page that is read from the file is verified
/// before anybody sees it.</para>
/// <para>Recovery: opening rolls back a hot journal before anything is read. A commit that fails is rolled back at once; if that fails too,
/// the pager refuses all further work and the journal waits for the next open.</para>
/// </summary>
public sealed partial class Pager : IDisposable
{
    /// <summary>The most pages that a file may have ("SQLite file format", section 1.3: 2^32 - 2).</summary>
    internal const uint MaxPageCount = 0xffff_fffe;

    private static readonly TimeSpan LockPollInterval = TimeSpan.FromMilliseconds(2);

    private readonly FileSystem _files;
    private readonly PagerOptions _options;
    private readonly EngineFile _file;
    private readonly SqliteLocks _locks;
    private readonly JournalRecovery _recovery;
    private readonly SideFile _sideFile;
    private readonly OldImages _oldImages;
    private readonly PageCache _cache;
    private readonly int _pageSize;

    /// <summary>The first page of a file that has no bytes yet, until the first commit.</summary>
    private volatile byte[]? _emptyFirstPage;

    private volatile SluiceException? _failure;
    private volatile bool _waitsForReaders;
    private long _dirtyLimit;
    private long _pagesRead;
    private long _pagesWritten;
    private long _bytesWritten;

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private readonly List<Generation> _generations = [];
    private volatile PageTransaction? _writer;
    private bool _disposed;

    private Pager(FileSystem files, PagerOptions options, EngineFile file, SqliteLocks locks, JournalRecovery recovery, Generation generation)
    {
        _files = files;
        _options = options;
        _file = file;
        _locks = locks;
        _recovery = recovery;
        _pageSize = generation.Header.PageSize;
        _sideFile = new SideFile(files, file.Path + "-side", _pageSize);
        _oldImages = new OldImages(_sideFile, _pageSize) { MemoryLimitBytes = options.OldImageBytes };
        _dirtyLimit = options.DirtyBytes;
        _cache = new PageCache(_pageSize, options.CacheBytes);
        _generations.Add(generation);
        _checksumsAreValid = generation.Header.ChecksumsAreValid;
    }

    /// <summary>The canonical path of the file.</summary>
    public string Path => _file.Path;

    public bool IsReadOnly => _options.ReadOnly;

    /// <summary>Whether a commit waits for another process to stop reading.</summary>
    public bool WaitsForReaders => _waitsForReaders;

    /// <summary>Why the file must be opened anew before anything else is done with it, or null.</summary>
    internal SluiceException? Failure => _failure;

    /// <summary>Pages loaded from the file since opening.</summary>
    public long PagesRead => Volatile.Read(ref _pagesRead);

    /// <summary>Pages written to the file since opening.</summary>
    public long PagesWritten => Volatile.Read(ref _pagesWritten);

    /// <summary>Bytes of pages written to file and rollback journal since opening.</summary>
    public long BytesWritten => Volatile.Read(ref _bytesWritten);

    public long CachedBytes => _cache.Bytes;

    /// <summary>A walk through a tree takes at most a quarter of the cache: what other readers use stays there.</summary>
    internal long PagesKeptOfWalk => _cache.Capacity / 4;

    /// <summary>Bytes of images kept only for snapshots older than the newest commit.</summary>
    public long OldImageBytes => _oldImages.Count * _pageSize;

    /// <summary>See <see cref="PagerOptions.OldImageBytes"/>.</summary>
    public long OldImageLimitBytes
    {
        get => _oldImages.MemoryLimitBytes;
        set => _oldImages.MemoryLimitBytes = value;
    }

    /// <summary>See <see cref="PagerOptions.DirtyBytes"/>; for page transactions that begin from now on.</summary>
    public long DirtyLimitBytes
    {
        get => Volatile.Read(ref _dirtyLimit);
        set => Volatile.Write(ref _dirtyLimit, value);
    }

    /// <summary>Bytes of changed pages that may stay ahead of the file. They are in the cache; half of it is for what is read.</summary>
    internal long AheadBytes => (long)_cache.Capacity * _pageSize / 2;

    /// <summary>Bytes of memory that the open page transaction takes.</summary>
    public long DirtyMemoryBytes => _writer?.MemoryBytes ?? 0;

    /// <summary>Bytes of memory for them.</summary>
    public long OldImageMemoryBytes => _oldImages.MemoryBytes;

    /// <summary>The page that holds the lock bytes and nothing else ("SQLite file format", section 1.4).</summary>
    internal static uint LockPage(int pageSize) => (uint)(SqliteLocks.PendingByte / pageSize) + 1;

    /// <summary>
    /// The pages of the file as of now. A read-only opener takes the lock first: <see cref="ResultCode.Busy"/> if the owner is
    /// committing for longer than <see cref="PagerOptions.LockTimeout"/>.
    /// </summary>
    public BaseSnapshot Pin()
    {
        lock (_gate)
        {
            RequireUsable();
            if (_options.ReadOnly && !HasPins())
            {
                BeginForeignRead();
            }

            Generation newest = _generations[^1];
            newest.Pins++;
            return new BaseSnapshot(this, newest);
        }
    }

    /// <summary>Opens the one page transaction; the caller sees to it that no other is open.</summary>
    public PageTransaction BeginWrite()
    {
        lock (_gate)
        {
            RequireUsable();
            if (_writer is not null)
            {
                throw new InvalidOperationException("A page transaction is open already.");
            }

            RequireWritable(_generations[^1].Header);
            return _writer = new PageTransaction(this, Pin(), new DirtyPages(_sideFile, _pageSize, DirtyLimitBytes));
        }
    }

    /// <summary>Releases the file. Open snapshots and a page transaction that is not committed end here.</summary>
    public void Dispose()
    {
        _writer?.Rollback();
        lock (_gate)
        {
            if (!_disposed)
            {
                _disposed = true;
                _locks.Release();
                _file.Dispose();
                _sideFile.Dispose();
            }
        }
    }

    internal byte[] ReadAt(uint page, long epoch) => Cached(page, epoch) ?? Load(page, epoch);

    /// <summary>The same for one look: a page that is not in the cache is read into <paramref name="scratch"/> and stays out of it.</summary>
    internal byte[] ReadAt(uint page, long epoch, byte[] scratch) => Cached(page, epoch) ?? Load(page, epoch, scratch);

    /// <summary>The page if it is in memory. An old image is looked for after the newest one is at hand, so one that is too new is noticed.</summary>
    internal byte[]? Cached(uint page, long epoch)
    {
        byte[]? newest = _cache.TryGet(page);
        return _oldImages.Find(page, epoch) ?? newest;
    }

    internal void Unpin(Generation generation)
    {
        lock (_gate)
        {
            if (--generation.Pins > 0)
            {
                return;
            }

            if (_options.ReadOnly)
            {
                if (!_disposed)
                {
                    _locks.Release();
                }
            }
            else if (generation != _generations[^1])
            {
                _generations.Remove(generation);
                PruneOldImages();
            }
        }
    }

    internal void EndWrite()
    {
        lock (_gate)
        {
            _writer = null;
        }
    }

    /// <summary>What stood at <paramref name="epoch"/> in the place of a page whose content does not matter.</summary>
    private byte[] ReadFree(uint page, long epoch)
    {
        if (_oldImages.Find(page, epoch) is { } old)
        {
            return old;
        }

        if (_cache.TryGet(page) is { } image)
        {
            return image;
        }

        image = GC.AllocateUninitializedArray<byte>(_pageSize);
        ReadInto(image, page);
        return image;
    }

    /// <param name="page">The page, which was not in the cache.</param>
    /// <param name="epoch">Whose it is.</param>
    /// <param name="scratch">Where to read it, to stay out of the cache; null for a page that is to be kept.</param>
    private byte[] Load(uint page, long epoch, byte[]? scratch = null)
    {
        if (page == 1 && _emptyFirstPage is { } first)
        {
            return first;
        }

        byte[] image = scratch ?? GC.AllocateUninitializedArray<byte>(_pageSize);
        while (true)
        {
            if (_failure is { } failure)
            {
                throw failure;
            }

            long stamp = _cache.Stamp;
            ReadInto(image, page);
            byte[]? newest = image;
            if (_checksumsAreValid && !PageChecksum.IsRight(image))
            {
                newest = _cache.TryGet(page);
            }
            else if (scratch is null)
            {
                newest = _cache.Add(page, image, stamp);
            }

            // A page that a commit was writing meanwhile may have come torn. Before the file was touched, it stood in the cache, or if it was put
            // aside the one that it replaced was kept.
            if ((_oldImages.Find(page, epoch) ?? newest) is { } found)
            {
                return found;
            }

            if (stamp == _cache.Stamp)
            {
                throw PageChecksum.Mismatch(Path, page);
            }
        }
    }

    private void ReadInto(byte[] image, uint page)
    {
        int read = _file.Read(image, (long)(page - 1) * _pageSize);

        // The last page may be cut short ("SQLite file format", section 1.3.7); SQLite reads zeros there.
        image.AsSpan(read).Clear();
        Interlocked.Increment(ref _pagesRead);
    }

    private bool HasPins()
    {
        foreach (Generation generation in _generations)
        {
            if (generation.Pins > 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Drops the images that only generations without pins needed. The newest generation counts as pinned: anyone may pin it.</summary>
    private void PruneOldImages()
    {
        Span<long> epochs = _generations.Count <= 64 ? stackalloc long[_generations.Count] : new long[_generations.Count];
        for (int i = 0; i < epochs.Length; i++)
        {
            epochs[i] = _generations[i].Epoch;
        }

        _oldImages.Prune(epochs);
    }

    private void RequireUsable()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_failure is { } failure)
        {
            throw failure;
        }
    }

    /// <summary>Refuses, by name, the kinds of databases that can be read but not written; asked before anything is acknowledged.</summary>
    public void RequireWritable(DatabaseHeader header)
    {
        if (WhyNotWritable(header) is { } reason)
        {
            throw new SluiceException(ResultCode.ReadOnly, IsReadOnly ? reason : $"{Path}: {reason}");
        }
    }

    private string? WhyNotWritable(DatabaseHeader header) => this switch
    {
        { IsReadOnly: true } => "attempt to write a readonly database",
        _ when header.IsAutoVacuum => "writing an auto-vacuum database is not supported; run PRAGMA auto_vacuum=NONE and VACUUM in sqlite3",
        _ when header.WriteVersion != 1 => $"writing file format version {header.WriteVersion} is not supported",
        _ when header.SchemaFormat is 1 or 2 or 3 => $"writing schema format {header.SchemaFormat} is not supported; run VACUUM in sqlite3",
        _ => null,
    };
}
