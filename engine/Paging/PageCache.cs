namespace Sluice.Engine.Paging;

/// <summary>
/// The newest images of pages, as many as fit, shared by all readers.
/// <para>1. Looking up takes no lock: a directory of chunks of 64 pages leads to the entry. 2. Entries are added, replaced and evicted under one
/// lock; eviction is CLOCK. 3. An image loaded from the file is kept only if no commit began or ended since before the load
/// (<see cref="Stamp"/>): otherwise it may be stale or torn. 4. Between <see cref="Replace"/> and <see cref="EndReplace"/> the new images
/// cannot be evicted, for the file does not have them yet, however long that takes and whatever is replaced meanwhile; where it gets others, which are not here, nothing is added.</para>
/// </summary>
internal sealed class PageCache(int pageSize, long capacityBytes)
{
    private const int ChunkBits = 6;
    private const int ChunkSize = 1 << ChunkBits;

    /// <summary>A seek touches a few pages a tree: fewer would evict what is about to be read again.</summary>
    private const int MinEntries = 64;

    private sealed class Entry(uint page, byte[] image)
    {
        public readonly uint Page = page;
        public volatile byte[] Image = image;

        /// <summary>Set by readers without the lock; a lost write costs one early eviction.</summary>
        public bool Referenced = true;

        /// <summary>Not to be evicted. Guarded by the lock.</summary>
        public bool Held;
    }

    private readonly Lock _lock = new();
    private readonly int _capacity = (int)Math.Clamp(capacityBytes / pageSize, MinEntries, int.MaxValue / 2);

    // Guarded by the lock, but the directory and its chunks are read without it.
    private volatile Entry?[]?[] _directory = [];
    private readonly List<Entry> _ring = [];
    private int _hand;
    private long _stamp;
    private bool _closed;

    /// <summary>Changes when a commit begins and when it ends.</summary>
    public long Stamp => Volatile.Read(ref _stamp);

    /// <summary>Pages that fit.</summary>
    public int Capacity => _capacity;

    public long Bytes => (long)_ring.Count * pageSize;

    public byte[]? TryGet(uint page)
    {
        Entry?[]?[] directory = _directory;
        uint chunk = page >> ChunkBits;
        if (chunk >= (uint)directory.Length || Volatile.Read(ref directory[chunk]) is not { } entries
            || Volatile.Read(ref entries[page & (ChunkSize - 1)]) is not { } entry)
        {
            return null;
        }

        if (!entry.Referenced)
        {
            entry.Referenced = true;
        }

        return entry.Image;
    }

    /// <summary>Offers an image loaded when <see cref="Stamp"/> was <paramref name="stamp"/>; returns the one to use.</summary>
    public byte[] Add(uint page, byte[] image, long stamp)
    {
        lock (_lock)
        {
            if (TryGet(page) is { } present)
            {
                return present;
            }

            if (stamp == _stamp && !_closed)
            {
                Insert(new Entry(page, image));
                Evict();
            }

            return image;
        }
    }

    /// <summary>
    /// Begins a commit: the images become the newest and stay until <see cref="EndReplace"/>. Pages without an image here are forgotten, and
    /// nothing is added until then.
    /// </summary>
    public void Replace(ReadOnlySpan<uint> pages, Func<uint, byte[]?> newImage)
    {
        lock (_lock)
        {
            Interlocked.Increment(ref _stamp);
            bool anyForgotten = false;
            foreach (uint page in pages)
            {
                byte[]? image = newImage(page);
                Entry? entry = Find(page);
                if (image is null)
                {
                    _closed = true;
                    if (entry is not null)
                    {
                        anyForgotten = true;
                        Volatile.Write(ref _directory[page >> ChunkBits]![page & (ChunkSize - 1)], null);
                    }

                    continue;
                }

                if (entry is null)
                {
                    Insert(entry = new Entry(page, image));
                }

                entry.Image = image;
                entry.Held = true;
            }

            if (anyForgotten)
            {
                _ = _ring.RemoveAll(entry => !ReferenceEquals(Find(entry.Page), entry));
            }
        }
    }

    /// <summary>Ends a commit.</summary>
    public void EndReplace(ReadOnlySpan<uint> pages)
    {
        lock (_lock)
        {
            Interlocked.Increment(ref _stamp);
            _closed = false;
            foreach (uint page in pages)
            {
                if (Find(page) is { } entry)
                {
                    entry.Held = false;
                }
            }

            Evict();
        }
    }

    /// <summary>Forgets everything: after a commit that failed, or when another process changed the file.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            Interlocked.Increment(ref _stamp);
            _closed = false;
            _directory = [];
            _ring.Clear();
            _hand = 0;
        }
    }

    private Entry? Find(uint page)
    {
        uint chunk = page >> ChunkBits;
        return chunk < (uint)_directory.Length ? _directory[chunk]?[page & (ChunkSize - 1)] : null;
    }

    private void Insert(Entry entry)
    {
        uint chunk = entry.Page >> ChunkBits;
        Entry?[]?[] directory = _directory;
        if (chunk >= (uint)directory.Length)
        {
            Array.Resize(ref directory, (int)Math.Max(chunk + 1, (uint)directory.Length * 2));
            _directory = directory;
        }

        Entry?[] entries = directory[chunk] ?? new Entry?[ChunkSize];
        Volatile.Write(ref entries[entry.Page & (ChunkSize - 1)], entry);
        Volatile.Write(ref directory[chunk], entries);
        _ring.Add(entry);
    }

    private void Evict()
    {
        int passes = _ring.Count * 2;
        while (_ring.Count > _capacity && passes-- > 0)
        {
            _hand = _hand < _ring.Count ? _hand : 0;
            Entry entry = _ring[_hand];
            if (entry.Held || entry.Referenced)
            {
                entry.Referenced = false;
                _hand++;
            }
            else
            {
                RemoveAt(_hand);
            }
        }
    }

    private void RemoveAt(int index)
    {
        Entry entry = _ring[index];
        _ring[index] = _ring[^1];
        _ring.RemoveAt(_ring.Count - 1);
        Volatile.Write(ref _directory[entry.Page >> ChunkBits]![entry.Page & (ChunkSize - 1)], null);
    }
}
