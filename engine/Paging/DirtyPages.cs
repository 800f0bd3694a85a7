namespace Sluice.Engine.Paging;

/// <summary>The image of a page that a transaction has changed: in memory, or put aside in a slot of a file, or both.</summary>
internal sealed class DirtyPage(uint page, byte[] image, int generation, bool isUnread)
{
    public const long NoSlot = -1;

    public uint Page { get; } = page;

    /// <summary>Of the mark that was newest when the image was made.</summary>
    public int Generation { get; } = generation;

    /// <summary>Made anew without a look at what the file has in its place.</summary>
    public bool IsUnread { get; } = isUnread;

    /// <summary>Handed out to a reader: not to be changed.</summary>
    public bool Shared { get; set; }

    /// <summary>The newest image for readers, too, ahead of the file. It stays in memory.</summary>
    public bool Published { get; set; }

    // The rest is for DirtyPages.
    internal byte[]? Image { get; set; } = image;

    internal long Slot { get; set; } = NoSlot;

    internal bool Used { get; set; } = true;

    internal bool Dropped { get; set; }
}

/// <summary>
/// The changed pages of a transaction, by number, and those images before that it may go back to. In memory are at most as many as have room
/// there; the others, those not used for longest (CLOCK), are put aside in a file.
/// <para>Invariant: an image is put aside only by <see cref="MakeRoom"/>, so one that is being changed in place stays until then.</para>
/// </summary>
internal sealed class DirtyPages(SideFile file, int pageSize, long memoryLimitBytes)
{
    /// <summary>Fewer would be put aside and brought back with each change of a tree.</summary>
    private const int FewestInMemory = 64;

    /// <summary>Bytes of memory for a page wherever its image is: its object here, its entries in dictionary and queue.</summary>
    private const int OverheadBytes = 120;

    private readonly Dictionary<uint, DirtyPage> _pages = [];
    private readonly Queue<DirtyPage> _inMemory = new();
    private readonly long _mostInMemory = Math.Max(FewestInMemory, memoryLimitBytes / pageSize);
    private long _images;
    private long _objects;

    public int Count => _pages.Count;

    /// <summary>Bytes of memory for all of it; read by others too.</summary>
    public long MemoryBytes => (Volatile.Read(ref _images) * pageSize) + (Volatile.Read(ref _objects) * OverheadBytes);

    /// <summary>The numbers of the pages, ascending.</summary>
    public uint[] InOrder()
    {
        uint[] pages = [.. _pages.Keys];
        Array.Sort(pages);
        return pages;
    }

    /// <summary>The pages that were changed since the last time they were <see cref="MarkPublished">published</see>, ascending.</summary>
    public uint[] UnpublishedInOrder()
    {
        uint[] pages = [.. _pages.Values.Where(static dirty => !dirty.Published).Select(static dirty => dirty.Page)];
        Array.Sort(pages);
        return pages;
    }

    /// <summary>Readers have these images, which are in memory, from now on: the cache keeps them, and there they are counted.</summary>
    public void MarkPublished(ReadOnlySpan<uint> pages)
    {
        foreach (uint page in pages)
        {
            _pages[page].Published = true;
        }

        _inMemory.Clear();
        Volatile.Write(ref _images, _images - pages.Length);
    }

    public bool TryGet(uint page, out DirtyPage dirty) => _pages.TryGetValue(page, out dirty!);

    /// <summary>The image, brought back if it was put aside.</summary>
    public byte[] ImageOf(DirtyPage dirty)
    {
        dirty.Used = true;
        if (dirty.Image is { } image)
        {
            return image;
        }

        dirty.Shared = false;
        dirty.Image = file.Get(dirty.Slot);
        Volatile.Write(ref _images, _images + 1);
        _inMemory.Enqueue(dirty);
        return dirty.Image;
    }

    /// <summary>As <see cref="ImageOf"/>, to be changed in place.</summary>
    public byte[] ImageToChange(DirtyPage dirty)
    {
        byte[] image = ImageOf(dirty);
        FreeSlot(dirty);
        return image;
    }

    /// <summary>As <see cref="ImageOf"/>, for a last look: what was put aside stays there.</summary>
    public byte[] LastImageOf(uint page, bool withChecksum)
    {
        DirtyPage dirty = _pages[page];
        dirty.Shared = true;
        if (dirty.Image is { } present)
        {
            return present;
        }

        byte[] image = file.Get(dirty.Slot);
        if (withChecksum)
        {
            PageChecksum.Write(image);
        }

        return image;
    }

    /// <summary>Gives the images in memory that are not yet published their checksums; the others get theirs when they are brought back for the <see cref="LastImageOf">last look</see>.</summary>
    public void WriteChecksums()
    {
        foreach (DirtyPage dirty in _pages.Values)
        {
            if (dirty is { Published: false, Image: { } image })
            {
                PageChecksum.Write(image);
            }
        }
    }

    public bool IsUnread(uint page) => _pages[page].IsUnread;

    /// <summary>Whether the image is in memory.</summary>
    public bool IsInMemory(uint page) => _pages[page].Image is not null;

    /// <summary>Makes an image the page's. The one before is the caller's, to keep or to drop.</summary>
    public void Set(uint page, byte[] image, int generation, bool isUnread)
    {
        var dirty = new DirtyPage(page, image, generation, isUnread);
        _pages[page] = dirty;
        _inMemory.Enqueue(dirty);
        Volatile.Write(ref _images, _images + 1);
        Volatile.Write(ref _objects, _objects + 1);
    }

    /// <summary>Takes a page out. Its image is the caller's.</summary>
    public void Remove(uint page) => _pages.Remove(page);

    /// <summary>Goes back to an image that was kept, or to none.</summary>
    public void Restore(uint page, DirtyPage? before)
    {
        if (_pages.TryGetValue(page, out DirtyPage? now))
        {
            Drop(now);
        }

        if (before is null)
        {
            _pages.Remove(page);
        }
        else
        {
            _pages[page] = before;
        }
    }

    /// <summary>The image is not needed any more.</summary>
    public void Drop(DirtyPage dirty)
    {
        dirty.Dropped = true;
        FreeSlot(dirty);
        if (dirty.Image is not null)
        {
            dirty.Image = null;
            Volatile.Write(ref _images, dirty.Published ? _images : _images - 1);
        }

        Volatile.Write(ref _objects, _objects - 1);
    }

    /// <summary>Puts images aside if there are more in memory than may be. No image may be in the middle of a change.</summary>
    public void MakeRoom()
    {
        while (_images >= _mostInMemory && _inMemory.TryDequeue(out DirtyPage? dirty))
        {
            if (dirty.Dropped || dirty.Published || dirty.Image is not { } image)
            {
                continue;
            }

            if (dirty.Used || dirty.Page == 1)
            {
                // Page 1, the header, is changed all the time.
                dirty.Used = false;
                _inMemory.Enqueue(dirty);
                continue;
            }

            if (dirty.Slot == DirtyPage.NoSlot)
            {
                dirty.Slot = PutAside(dirty, image);
            }

            dirty.Image = null;
            Volatile.Write(ref _images, _images - 1);
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear(IEnumerable<DirtyPage> kept)
    {
        foreach (DirtyPage dirty in _pages.Values.Concat(kept))
        {
            FreeSlot(dirty);
        }

        _pages.Clear();
        _inMemory.Clear();
        Volatile.Write(ref _images, 0);
        Volatile.Write(ref _objects, 0);
    }

    private long PutAside(DirtyPage dirty, byte[] image)
    {
        try
        {
            return file.Put(image);
        }
        catch
        {
            _inMemory.Enqueue(dirty);
            throw;
        }
    }

    private void FreeSlot(DirtyPage dirty)
    {
        if (dirty.Slot != DirtyPage.NoSlot)
        {
            file.Free(dirty.Slot);
            dirty.Slot = DirtyPage.NoSlot;
        }
    }
}
