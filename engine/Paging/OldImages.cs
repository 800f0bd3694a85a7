using System.Collections.Concurrent;

namespace Sluice.Engine.Paging;

/// <summary>
/// Page images that commits replaced while older snapshots were pinned.
/// <para>An image replaced at epoch R is what a snapshot of an epoch below R sees, unless an older image of the page was replaced at an epoch that
/// is also above the snapshot's. A commit publishes the old images before the new ones can be seen anywhere, so a
/// reader that looks here after it got hold of an image cannot miss that it is too new.</para>
/// <para>What does not fit in memory is put aside in a file. Reading takes no lock; all else is done by one thread at a time.</para>
/// </summary>
internal sealed class OldImages(SideFile file, int pageSize)
{
    /// <summary>Bytes of memory for an image wherever it is: its node here and its entry in the dictionary.</summary>
    private const int NodeBytes = 112;

    /// <summary>In memory, or at a slot of the file.</summary>
    private sealed record Node(byte[]? Image, long Slot, long ReplacedAt, Node? Older);

    private readonly ConcurrentDictionary<uint, Node> _byPage = new();
    private readonly HashSet<uint> _pagesInMemory = [];
    private volatile bool _any;
    private long _count;
    private long _inMemory;
    private long _memoryLimit;

    /// <summary>Bytes of images that may be in memory.</summary>
    public long MemoryLimitBytes
    {
        get => Volatile.Read(ref _memoryLimit);
        set => Volatile.Write(ref _memoryLimit, value);
    }

    /// <summary>Images kept, in memory or in the file.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>Bytes of memory for all of it.</summary>
    public long MemoryBytes => ImageBytes + (Count * NodeBytes);

    private long ImageBytes => Volatile.Read(ref _inMemory) * pageSize;

    /// <summary>The image of a page at <paramref name="epoch"/>, or null if it is the newest one.</summary>
    public byte[]? Find(uint page, long epoch)
    {
        if (!_any || !_byPage.TryGetValue(page, out Node? node))
        {
            return null;
        }

        Node? found = null;
        for (; node is not null && node.ReplacedAt > epoch; node = node.Older)
        {
            found = node;
        }

        return found is null ? null : found.Image ?? file.Get(found.Slot);
    }

    /// <summary>Keeps <paramref name="image"/>, which the commit of epoch <paramref name="replacedAt"/> is about to replace.</summary>
    public void Publish(uint page, byte[] image, long replacedAt)
    {
        _byPage.TryGetValue(page, out Node? older);
        if (older?.ReplacedAt == replacedAt)
        {
            // By a commit that then could not be.
            return;
        }

        _byPage[page] = new Node(image, 0, replacedAt, older);
        _any = true;
        _ = _pagesInMemory.Add(page);
        Interlocked.Increment(ref _count);
        Interlocked.Increment(ref _inMemory);
    }

    /// <summary>Drops the images that no snapshot of <paramref name="pinned"/> (epochs, ascending) needs.</summary>
    public void Prune(ReadOnlySpan<long> pinned)
    {
        if (!_any)
        {
            return;
        }

        long kept = 0;
        long inMemory = 0;
        foreach ((uint page, Node node) in _byPage)
        {
            Node? pruned = Prune(node, pinned, ref kept, ref inMemory);
            if (pruned is null)
            {
                _byPage.TryRemove(page, out _);
                _ = _pagesInMemory.Remove(page);
            }
            else if (!ReferenceEquals(pruned, node))
            {
                _byPage[page] = pruned;
            }
        }

        Volatile.Write(ref _count, kept);
        Volatile.Write(ref _inMemory, inMemory);
        _any = kept != 0;
    }

    /// <summary>Moves images to the file if more bytes of them are in memory. When it cannot be written they stay where they are.</summary>
    public void Spill(long mostBytes)
    {
        if (ImageBytes <= mostBytes)
        {
            return;
        }

        try
        {
            foreach (uint page in _pagesInMemory)
            {
                _byPage[page] = Spill(_byPage[page]);
            }

            _pagesInMemory.Clear();
        }
        catch (SluiceException error) when (error.PrimaryCode is ResultCode.Full or ResultCode.IoError or ResultCode.CannotOpen)
        {
            // The disk is full, say. The images are safe in memory, and the next commit tries again.
        }
    }

    private Node Spill(Node node)
    {
        Node? older = node.Older is null ? null : Spill(node.Older);
        if (node.Image is not { } image)
        {
            return ReferenceEquals(older, node.Older) ? node : node with { Older = older };
        }

        long slot = file.Put(image);
        Interlocked.Decrement(ref _inMemory);
        return new Node(null, slot, node.ReplacedAt, older);
    }

    private Node? Prune(Node node, ReadOnlySpan<long> pinned, ref long kept, ref long inMemory)
    {
        Node? older = node.Older is null ? null : Prune(node.Older, pinned, ref kept, ref inMemory);
        long since = node.Older?.ReplacedAt ?? long.MinValue;
        foreach (long epoch in pinned)
        {
            if (epoch >= since && epoch < node.ReplacedAt)
            {
                kept++;
                inMemory += node.Image is null ? 0 : 1;
                return ReferenceEquals(older, node.Older) ? node : node with { Older = older };
            }
        }

        if (node.Image is null)
        {
            file.Free(node.Slot);
        }

        return older;
    }
}
