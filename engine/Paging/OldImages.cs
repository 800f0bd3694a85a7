using System.Collections.Concurrent;

namespace Sluice.Engine.Paging;

/// <summary>
/// The images that commits replaced while older snapshots were pinned, by page, newest first.
/// <para>An image replaced at epoch R is what a snapshot of an epoch below R sees, unless an older image of the page was replaced at an epoch that
/// is also above the snapshot's. A commit publishes the old images before the new ones can be seen anywhere, so a
/// reader that looks here after it got hold of an image cannot miss that it is too new.</para>
/// </summary>
internal sealed class OldImages
{
    private sealed record Node(byte[] Image, long ReplacedAt, Node? Older);

    private readonly ConcurrentDictionary<uint, Node> _byPage = new();
    private volatile bool _any;
    private long _count;

    public long Count => Volatile.Read(ref _count);

    /// <summary>The image of a page at <paramref name="epoch"/>, or null if it is the newest one.</summary>
    public byte[]? Find(uint page, long epoch)
    {
        if (!_any || !_byPage.TryGetValue(page, out Node? node))
        {
            return null;
        }

        byte[]? found = null;
        for (; node is not null && node.ReplacedAt > epoch; node = node.Older)
        {
            found = node.Image;
        }

        return found;
    }

    /// <summary>Keeps <paramref name="image"/>, which the commit of epoch <paramref name="replacedAt"/> is about to replace. One thread at a time.</summary>
    public void Publish(uint page, byte[] image, long replacedAt)
    {
        _byPage.TryGetValue(page, out Node? older);
        _byPage[page] = new Node(image, replacedAt, older);
        _any = true;
        Interlocked.Increment(ref _count);
    }

    /// <summary>Drops the images that no snapshot of <paramref name="pinned"/> (epochs, ascending) needs. One thread at a time, and not while another publishes.</summary>
    public void Prune(ReadOnlySpan<long> pinned)
    {
        if (!_any)
        {
            return;
        }

        long kept = 0;
        foreach ((uint page, Node node) in _byPage)
        {
            Node? pruned = Prune(node, pinned, ref kept);
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
        _any = kept != 0;
    }

    private static Node? Prune(Node node, ReadOnlySpan<long> pinned, ref long kept)
    {
        Node? older = node.Older is null ? null : Prune(node.Older, pinned, ref kept);
        long since = node.Older?.ReplacedAt ?? long.MinValue;
        foreach (long epoch in pinned)
        {
            if (epoch >= since && epoch < node.ReplacedAt)
            {
                kept++;
                return ReferenceEquals(older, node.Older) ? node : node with { Older = older };
            }
        }

        return older;
    }
}
