using System.Buffers.Binary;
using Sluice.Engine.Format;

namespace Sluice.Engine.Paging;

/// <summary>
/// The one open change of a file's pages. Its pages live in memory until <see cref="Commit()"/>, as many as have room
/// (<see cref="PagerOptions.DirtyBytes"/>), the others in a file without a name. Used by one thread at a time.
/// <para>What was changed so far can be made the newest state for readers, ahead of the file, as often as wanted (<see cref="TryPublish"/>); the commit then brings all of
/// it into the file at once.</para>
/// <para>1. An image that was handed out by <see cref="Read"/> is never changed again, but for its checksum: the next write makes a copy. 2. While marks are
/// set, the first change of a page since the newest mark keeps the image it had. 3. Page 1 holds the page count and the freelist's head,
/// so taking images back takes everything back. 4. Nothing is written to the file before the commit. 5. A page that readers were given stays changed, whatever becomes of it,
/// until the commit.</para>
/// </summary>
public sealed class PageTransaction : IPageSource, IDisposable
{
    private readonly record struct Undo(uint Page, DirtyPage? Previous);

    private readonly record struct MarkPoint(int Generation, int UndoCount);

    private readonly Pager _pager;
    private BaseSnapshot _base;
    private readonly Freelist _freelist;
    private readonly DirtyPages _dirty;
    private readonly List<Undo> _undo = [];
    private readonly List<MarkPoint> _marks = [];

    // Pages that this transaction took from the freelist and had not put there: what the file has in their place matters to nobody, whatever is rolled back.
    private readonly HashSet<uint> _wereFree = [];
    private readonly HashSet<uint> _freed = [];
    private int _generation;
    private int _lastGeneration;
    private bool _open = true;

    internal PageTransaction(Pager pager, BaseSnapshot snapshot, DirtyPages dirty)
    {
        _dirty = dirty;
        _pager = pager;
        _base = snapshot;
        _freelist = new Freelist(this);
        PageCount = FilePageCount = snapshot.PageCount;
        NextChangeCounter = snapshot.Header.ChangeCounter + 1;
    }

    public string Path => _base.Path;

    public int PageSize => _base.PageSize;

    public int UsableSize => _base.UsableSize;

    /// <summary>Pages the file will have.</summary>
    public uint PageCount { get; private set; }

    /// <summary>Pages of the file before the commit.</summary>
    internal uint FilePageCount { get; }

    /// <summary>The newest state that readers have: that of the file, or what was published last.</summary>
    public BaseSnapshot Base => _base;

    /// <summary>Whether readers have a state of it that is not in the file yet.</summary>
    public bool HasPublished { get; private set; }

    /// <summary>Moves whenever a page may have changed; a cursor that sees it moved seeks anew.</summary>
    public long ChangeStamp { get; private set; }

    public bool HasChanges => _dirty.Count > 0;

    /// <summary>Changed pages.</summary>
    public int ChangedPages => _dirty.Count;

    /// <summary>Bytes of memory that the changes take. Safe for other threads.</summary>
    public long MemoryBytes => _dirty.MemoryBytes;

    /// <summary>The file change counter that a commit will leave (section 1.3.6).</summary>
    public uint NextChangeCounter { get; }

    public uint SchemaCookie
    {
        get => GetHeaderField(DatabaseHeader.Offsets.SchemaCookie);
        set => SetHeaderField(DatabaseHeader.Offsets.SchemaCookie, value);
    }

    public int UserVersion
    {
        get => (int)GetHeaderField(DatabaseHeader.Offsets.UserVersion);
        set => SetHeaderField(DatabaseHeader.Offsets.UserVersion, (uint)value);
    }

    public int ApplicationId
    {
        get => (int)GetHeaderField(DatabaseHeader.Offsets.ApplicationId);
        set => SetHeaderField(DatabaseHeader.Offsets.ApplicationId, (uint)value);
    }

    public int DefaultCacheSize
    {
        get => (int)GetHeaderField(DatabaseHeader.Offsets.DefaultCacheSize);
        set => SetHeaderField(DatabaseHeader.Offsets.DefaultCacheSize, (uint)value);
    }

    public byte[] Read(uint page)
    {
        if (_dirty.TryGet(page, out DirtyPage dirty))
        {
            byte[] image = _dirty.ImageOf(dirty);
            dirty.Shared = true;
            return image;
        }

        return _base.Read(page);
    }

    /// <summary>The image of a page for a look that ends before the next change: it may be changed in place.</summary>
    internal byte[] Peek(uint page) => _dirty.TryGet(page, out DirtyPage dirty) ? _dirty.ImageOf(dirty) : _base.Read(page);

    /// <summary>An image of the page that may be changed in place until the next call of this class, or read of the page.</summary>
    public byte[] Writable(uint page)
    {
        RequireOpen();
        ChangeStamp++;
        if (!_dirty.TryGet(page, out DirtyPage dirty))
        {
            byte[] image = Put(page, (byte[])_base.Read(page).Clone(), null, isUnread: false);
            if (page == 1)
            {
                // The header's count may not have been valid (section 1.3.7); from now on it is.
                BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(DatabaseHeader.Offsets.PageCount), PageCount);
            }

            return image;
        }

        byte[] own = _dirty.ImageOf(dirty);
        return dirty.Generation >= _generation && !dirty.Shared
            ? _dirty.ImageToChange(dirty)
            : Put(page, (byte[])own.Clone(), dirty, dirty.IsUnread);
    }

    /// <summary>A new image of zeros in place of the page's old one, which stays as it is.</summary>
    internal byte[] Fresh(uint page)
    {
        RequireOpen();
        ChangeStamp++;
        return _dirty.TryGet(page, out DirtyPage dirty)
            ? Put(page, new byte[PageSize], dirty, dirty.IsUnread)
            : Put(page, new byte[PageSize], null, isUnread: true);
    }

    /// <summary>Takes a page from the freelist or the end of the file. Its image is all zeros.</summary>
    public uint Allocate()
    {
        uint page = _freelist.Take(out bool isLeaf);
        if (isLeaf && !_freed.Contains(page))
        {
            _ = _wereFree.Add(page);
        }

        if (page == 0)
        {
            page = PageCount + 1;
            if (page == Pager.LockPage(PageSize))
            {
                page++;
            }

            if (page > Pager.MaxPageCount)
            {
                throw new SluiceException(ResultCode.Full, $"{Path}: database or disk is full: {PageCount} pages are the most that a file may have");
            }

            SetPageCount(page);
        }

        Fresh(page);
        return page;
    }

    /// <summary>Puts a page on the freelist.</summary>
    public void Free(uint page)
    {
        if (page < 2 || page > PageCount || page == Pager.LockPage(PageSize))
        {
            throw CorruptPage.At(this, page, $"cannot be freed, for the file has {PageCount} pages");
        }

        if (page <= FilePageCount && !_wereFree.Contains(page))
        {
            _ = _freed.Add(page);
        }

        if (_freelist.Give(page) && !HasPublished && _dirty.TryGet(page, out DirtyPage dirty))
        {
            // A leaf of the freelist has no content: nothing to write.
            _dirty.Remove(page);
            KeepOrDrop(page, dirty);
            ChangeStamp++;
        }
    }

    /// <summary>Marks the present state, on top of the marks already set.</summary>
    public int Mark()
    {
        RequireOpen();
        _generation = ++_lastGeneration;
        _marks.Add(new MarkPoint(_generation, _undo.Count));
        return _marks.Count - 1;
    }

    /// <summary>Takes back everything since <paramref name="mark"/>, which stays set; newer marks are gone.</summary>
    public void RollbackTo(int mark)
    {
        RequireOpen();
        MarkPoint point = _marks[mark];
        for (int i = _undo.Count - 1; i >= point.UndoCount; i--)
        {
            _dirty.Restore(_undo[i].Page, _undo[i].Previous);
        }

        _undo.RemoveRange(point.UndoCount, _undo.Count - point.UndoCount);
        _marks.RemoveRange(mark + 1, _marks.Count - mark - 1);
        _generation = point.Generation;
        PageCount = _dirty.TryGet(1, out _) ? GetHeaderField(DatabaseHeader.Offsets.PageCount) : _base.PageCount;
        ChangeStamp++;
    }

    /// <summary>
    /// Forgets <paramref name="mark"/> and newer ones: nobody will roll back to them. Whoever marks each statement of a long
    /// transaction releases each mark, or the images kept for them fill the memory.
    /// </summary>
    public void Release(int mark)
    {
        RequireOpen();
        int begin = _marks[mark].UndoCount;
        _marks.RemoveRange(mark, _marks.Count - mark);
        _generation = mark == 0 ? 0 : _marks[mark - 1].Generation;

        // What the next older mark already keeps need not be kept again.
        int kept = begin;
        for (int i = begin; i < _undo.Count; i++)
        {
            if (mark > 0 && (_undo[i].Previous is not { } previous || previous.Generation < _generation))
            {
                _undo[kept++] = _undo[i];
            }
            else if (_undo[i].Previous is { } needless)
            {
                _dirty.Drop(needless);
            }
        }

        _undo.RemoveRange(kept, _undo.Count - kept);
    }

    /// <summary>
    /// Makes what was changed so far the newest state for who takes a snapshot from now on, in memory alone: after a crash the file has nothing of it. False, and nothing
    /// happens, when some of it had to be put aside for want of memory.
    /// </summary>
    /// <param name="changedPages">The pages that differ from the newest state before.</param>
    public bool TryPublish(out int changedPages)
    {
        RequireOpen();
        changedPages = 0;
        if (_dirty.Count == 0)
        {
            return true;
        }

        Seal();
        uint[] pages = _dirty.UnpublishedInOrder();
        if (!Array.TrueForAll(pages, _dirty.IsInMemory))
        {
            return false;
        }

        if (pages.Length > 0)
        {
            BaseSnapshot next = _pager.Publish(this, pages);
            _dirty.MarkPublished(pages);
            _base.Dispose();
            _base = next;
            HasPublished = true;
        }

        changedPages = pages.Length;
        return true;
    }

    /// <summary>As <see cref="Commit(TimeSpan, CancellationToken)"/>, waiting for foreign readers as long as it takes.</summary>
    public void Commit() => Commit(Timeout.InfiniteTimeSpan, CancellationToken.None);

    /// <summary>
    /// Makes the changes durable. When other processes go on reading for longer than <paramref name="lockTimeout"/>, or the wait is
    /// cancelled, it throws <see cref="ResultCode.Busy"/> and the transaction stays open: commit again or roll back. After any
    /// other error the transaction is rolled back, in the file too; but one that readers have a state of stays open, for they go on with that. Such a one
    /// commits what was published, and there may be nothing else in it.
    /// </summary>
    public void Commit(TimeSpan lockTimeout, CancellationToken cancel)
    {
        RequireOpen();
        if (_dirty.Count > 0)
        {
            _pager.Commit(this, lockTimeout, cancel);
        }

        Close();
    }

    /// <summary>It cannot be committed any more.</summary>
    internal void Abandon()
    {
        if (!HasPublished)
        {
            Close();
        }
    }

    public void Rollback()
    {
        if (_open)
        {
            Close();
        }
    }

    public void Dispose() => Rollback();

    /// <summary>The changed pages in order, once all is <see cref="Seal">sealed</see>.</summary>
    internal uint[] ChangedInOrder() => _dirty.InOrder();

    /// <summary>Page 1 gets the header's final counters, and all that is changed its checksum: for the commit, or for readers.</summary>
    internal void Seal()
    {
        SetHeaderField(DatabaseHeader.Offsets.ChangeCounter, NextChangeCounter);
        SetHeaderField(DatabaseHeader.Offsets.PageCount, PageCount);
        SetHeaderField(DatabaseHeader.Offsets.VersionValidFor, NextChangeCounter);
        SetHeaderField(DatabaseHeader.Offsets.SqliteVersion, _pager.ChecksumsAreValid ? DatabaseHeader.ChecksummedVersion : DatabaseHeader.WriterVersion);
        if (GetHeaderField(DatabaseHeader.Offsets.SchemaFormat) == 0)
        {
            SetHeaderField(DatabaseHeader.Offsets.SchemaFormat, DatabaseHeader.NewestSchemaFormat);
            SetHeaderField(DatabaseHeader.Offsets.TextEncoding, 1);
        }

        if (_base.Header.HasChecksums)
        {
            _dirty.WriteChecksums();
        }
    }

    /// <summary>A changed page's image, with its checksum, once all is <see cref="Seal">sealed</see>.</summary>
    internal byte[] FinalImage(uint page) => _dirty.LastImageOf(page, _base.Header.HasChecksums);

    /// <summary>Whether it was free before, so that nobody needs what the file has in its place.</summary>
    internal bool WasFree(uint page) => _wereFree.Contains(page);

    /// <summary>Whether it was made anew without a look at what the file has in its place.</summary>
    internal bool IsUnread(uint page) => _dirty.IsUnread(page);

    /// <summary>Whether <see cref="FinalImage"/> is in memory.</summary>
    internal bool IsInMemory(uint page) => _dirty.IsInMemory(page);

    internal uint GetHeaderField(int offset) => BinaryPrimitives.ReadUInt32BigEndian(Peek(1).AsSpan(offset));

    internal void SetHeaderField(int offset, uint value)
    {
        if (GetHeaderField(offset) != value)
        {
            BinaryPrimitives.WriteUInt32BigEndian(Writable(1).AsSpan(offset), value);
        }
    }

    private void SetPageCount(uint count)
    {
        SetHeaderField(DatabaseHeader.Offsets.PageCount, count);
        PageCount = count;
    }

    private byte[] Put(uint page, byte[] image, DirtyPage? previous, bool isUnread)
    {
        _dirty.MakeRoom();
        _dirty.Set(page, image, _generation, isUnread);
        KeepOrDrop(page, previous);
        return image;
    }

    private void KeepOrDrop(uint page, DirtyPage? previous)
    {
        if (_marks.Count > 0 && (previous is null || previous.Generation < _generation))
        {
            _undo.Add(new Undo(page, previous));
        }
        else if (previous is not null)
        {
            _dirty.Drop(previous);
        }
    }

    private void Close()
    {
        if (_open)
        {
            _open = false;
            _dirty.Clear(_undo.Select(undo => undo.Previous).OfType<DirtyPage>());
            _undo.Clear();
            _base.Dispose();
            _pager.EndWrite();
        }
    }

    private void RequireOpen() => ObjectDisposedException.ThrowIf(!_open, this);
}
