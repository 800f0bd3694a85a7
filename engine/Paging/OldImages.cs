using System.Collections.Concurrent;
using Sluice.Engine.Files;

namespace Sluice.Engine.Paging;

/// <summary>
/// The images that commits replaced while older snapshots were pinned, by page, newest first.
/// <para>An image replaced at epoch R is what a snapshot of an epoch below R sees, unless an older image of the page was replaced at an epoch that
/// is also above the snapshot's. A commit publishes the old images before the new ones can be seen anywhere, so a
/// reader that looks here after it got hold of an image cannot miss that it is too new.</para>
/// <para>What does not fit in memory goes to a file that has no name any more as soon as it is open, so it ends with the process.</para>
/// </summary>
internal sealed class OldImages(FileSystem files, string path, int pageSize) : IDisposable
{
    /// <summary>In memory, or at a slot of the file.</summary>
    private sealed record Node(byte[]? Image, long Slot, long ReplacedAt, Node? Older);

    private readonly ConcurrentDictionary<uint, Node> _byPage = new();
    private volatile bool _any;
    private long _count;
    private long _inMemory;
    private long _memoryLimit;

    // Used by one thread at a time, but the file is read by others.
    private readonly Stack<long> _freeSlots = new();
    private EngineFile? _file;
    private long _slots;

    /// <summary>Bytes of images that may be in memory.</summary>
    public long MemoryLimitBytes
    {
        get => Volatile.Read(ref _memoryLimit);
        set => Volatile.Write(ref _memoryLimit, value);
    }

    /// <summary>Images kept, in memory or in the file.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>Bytes of the images in memory.</summary>
    public long MemoryBytes => Volatile.Read(ref _inMemory) * pageSize;

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

        return found is null ? null : found.Image ?? ReadSlot(found.Slot);
    }

    /// <summary>Keeps <paramref name="image"/>, which the commit of epoch <paramref name="replacedAt"/> is about to replace. One thread at a time.</summary>
    public void Publish(uint page, byte[] image, long replacedAt)
    {
        _byPage.TryGetValue(page, out Node? older);
        _byPage[page] = new Node(image, 0, replacedAt, older);
        _any = true;
        Interlocked.Increment(ref _count);
        Interlocked.Increment(ref _inMemory);
    }

    /// <summary>Drops the images that no snapshot of <paramref name="pinned"/> (epochs, ascending) needs. One thread at a time, and not while another publishes.</summary>
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

    /// <summary>
    /// Moves images to the file if there are more in memory than may be. When it cannot be written they stay where they are. One thread at
    /// a time, and not while another publishes or prunes.
    /// </summary>
    public void Spill()
    {
        if (MemoryBytes <= MemoryLimitBytes)
        {
            return;
        }

        try
        {
            foreach ((uint page, Node node) in _byPage)
            {
                _byPage[page] = Spill(node);
            }
        }
        catch (SluiceException error) when (error.PrimaryCode is ResultCode.Full or ResultCode.IoError or ResultCode.CannotOpen)
        {
            // The disk is full, say. The images are safe in memory, and the next commit tries again.
        }
    }

    public void Dispose() => _file?.Dispose();

    private Node Spill(Node node)
    {
        Node? older = node.Older is null ? null : Spill(node.Older);
        if (node.Image is not { } image)
        {
            return ReferenceEquals(older, node.Older) ? node : node with { Older = older };
        }

        if (_file is null)
        {
            _file = files.Open(path, FileAccessMode.CreateOrOpen);
            files.Delete(path);
        }

        long slot = _freeSlots.TryPop(out long free) ? free : _slots++;
        _file.Write(image, slot * pageSize);
        Interlocked.Decrement(ref _inMemory);
        return node with { Image = null, Slot = slot, Older = older };
    }

    private byte[] ReadSlot(long slot)
    {
        byte[] image = GC.AllocateUninitializedArray<byte>(pageSize);
        return _file!.Read(image, slot * pageSize) == pageSize
            ? image
            : throw new CorruptFileException(path, $"offset {slot * pageSize}", "an old page that was put aside there is not there any more");
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
            _freeSlots.Push(node.Slot);
        }

        return older;
    }
}
