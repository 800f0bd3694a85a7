using Sluice.Engine.Format;

namespace Sluice.Engine.Paging;

/// <summary>
/// The pages of the file as they were when this snapshot was pinned, for as long as it is held. Reading is safe from any
/// number of threads.
/// </summary>
public sealed class BaseSnapshot : IPageSource, IDisposable
{
    private readonly Pager _pager;
    private Generation? _generation;

    internal BaseSnapshot(Pager pager, Generation generation)
    {
        _pager = pager;
        _generation = generation;
        Header = generation.Header;
        Epoch = generation.Epoch;
        PageCount = generation.PageCount;
        PageSize = Header.PageSize;
        UsableSize = Header.UsableSize;
    }

    /// <summary>Grows with each commit of pages while the pager is open.</summary>
    public long Epoch { get; }

    public DatabaseHeader Header { get; }

    public string Path => _pager.Path;

    public int PageSize { get; }

    public int UsableSize { get; }

    public uint PageCount { get; }

    public long PagesKeptOfWalk => _pager.PagesKeptOfWalk;

    public byte[] Read(uint page)
    {
        CheckNumber(page);
        return _pager.ReadAt(page, Epoch);
    }

    public byte[]? Cached(uint page)
    {
        CheckNumber(page);
        return _pager.Cached(page, Epoch);
    }

    public byte[] ReadOnce(uint page, byte[] scratch)
    {
        CheckNumber(page);
        return _pager.ReadAt(page, Epoch, scratch);
    }

    private void CheckNumber(uint page)
    {
        if (page - 1 >= PageCount)
        {
            throw CorruptPage.At(this, page, $"referred to, but the file has {PageCount} pages");
        }
    }

    /// <summary>Lets the pager forget the images that only this snapshot needed. It must not be read any more.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _generation, null) is { } generation)
        {
            _pager.Unpin(generation);
        }
    }
}

/// <summary>One committed state of the file, between two commits. Guarded by the pager's lock but for what cannot change.</summary>
internal sealed class Generation(long epoch, DatabaseHeader header, uint pageCount)
{
    public long Epoch { get; } = epoch;

    public DatabaseHeader Header { get; } = header;

    public uint PageCount { get; } = pageCount;

    /// <summary>Snapshots that are held.</summary>
    public int Pins { get; set; }
}
