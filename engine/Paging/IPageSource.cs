namespace Sluice.Engine.Paging;

/// <summary>Pages of one consistent state of a database file.</summary>
public interface IPageSource
{
    /// <summary>The path for messages.</summary>
    string Path { get; }

    /// <summary>Bytes a page, 512 to 65536.</summary>
    int PageSize { get; }

    /// <summary>Page size less the reserved bytes at each page's end.</summary>
    int UsableSize { get; }

    /// <summary>Pages in the file.</summary>
    uint PageCount { get; }

    /// <summary>How many pages of one long walk are worth to be kept for the next reader.</summary>
    long PagesKeptOfWalk => long.MaxValue;

    /// <summary>The image of a page, 1-based. Nobody changes the array: it stays valid as long as it is referred to.</summary>
    byte[] Read(uint page);

    /// <summary>The image of a page that is had without reading the file, or null.</summary>
    byte[]? Cached(uint page) => null;

    /// <summary>
    /// The image of a page that is not kept for the next reader, for a look that ends before the next call: it may stand in
    /// <paramref name="scratch"/>, which has the size of a page.
    /// </summary>
    byte[] ReadOnce(uint page, byte[] scratch) => Read(page);
}
