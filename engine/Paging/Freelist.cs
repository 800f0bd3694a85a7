using System.Buffers.Binary;
using static Sluice.Engine.Format.DatabaseHeader;

namespace Sluice.Engine.Paging;

/// <summary>
/// The free pages of a file ("SQLite file format", section 1.5): a list of trunk pages, each with the number of the next trunk, a count,
/// and that many numbers of leaf pages, whose content does not matter.
/// </summary>
internal sealed class Freelist(PageTransaction transaction)
{
    /// <summary>Where a trunk's leaf numbers begin.</summary>
    public const int FirstLeaf = 8;

    /// <summary>The most leafs that a trunk has room for.</summary>
    public static int MaxLeafs(int usableSize) => (usableSize / 4) - 2;

    /// <summary>Takes a page off the list; 0 if it is empty. <paramref name="isLeaf"/> tells whether its content did not matter.</summary>
    public uint Take(out bool isLeaf)
    {
        isLeaf = false;
        uint count = transaction.GetHeaderField(Offsets.FreelistCount);
        if (count == 0)
        {
            return 0;
        }

        uint trunk = CheckedTrunk(transaction.GetHeaderField(Offsets.FreelistTrunk));
        byte[] image = transaction.Peek(trunk);
        int leafs = LeafCount(trunk, image);
        uint taken;
        if (leafs > 0)
        {
            isLeaf = true;
            taken = BinaryPrimitives.ReadUInt32BigEndian(image.AsSpan(FirstLeaf + ((leafs - 1) * 4)));
            if (!IsUsable(taken) || taken == trunk)
            {
                throw CorruptPage.At(transaction, trunk, $"freelist leaf {leafs - 1} is page {taken} of {transaction.PageCount}");
            }

            BinaryPrimitives.WriteInt32BigEndian(transaction.Writable(trunk).AsSpan(4), leafs - 1);
        }
        else
        {
            taken = trunk;
            transaction.SetHeaderField(Offsets.FreelistTrunk, BinaryPrimitives.ReadUInt32BigEndian(image));
        }

        transaction.SetHeaderField(Offsets.FreelistCount, count - 1);
        return taken;
    }

    /// <summary>Puts a page on the list; true if it became a leaf, so that its content no longer matters.</summary>
    public bool Give(uint page)
    {
        uint first = transaction.GetHeaderField(Offsets.FreelistTrunk);
        uint count = transaction.GetHeaderField(Offsets.FreelistCount);
        transaction.SetHeaderField(Offsets.FreelistCount, count + 1);
        if (count > 0)
        {
            int leafs = LeafCount(CheckedTrunk(first), transaction.Peek(first));

            // Section 1.5: the last six entries stay unused, for the sake of SQLite before 3.6.0.
            if (leafs < MaxLeafs(transaction.UsableSize) - 6)
            {
                Span<byte> trunk = transaction.Writable(first);
                BinaryPrimitives.WriteUInt32BigEndian(trunk[(FirstLeaf + (leafs * 4))..], page);
                BinaryPrimitives.WriteInt32BigEndian(trunk[4..], leafs + 1);
                return true;
            }
        }

        BinaryPrimitives.WriteUInt32BigEndian(transaction.Fresh(page), count > 0 ? first : 0);
        transaction.SetHeaderField(Offsets.FreelistTrunk, page);
        return false;
    }

    private int LeafCount(uint trunk, byte[] image)
    {
        uint leafs = BinaryPrimitives.ReadUInt32BigEndian(image.AsSpan(4));
        if (leafs > MaxLeafs(transaction.UsableSize))
        {
            throw CorruptPage.At(transaction, trunk, $"freelist trunk with {leafs} leafs where {MaxLeafs(transaction.UsableSize)} have room");
        }

        return (int)leafs;
    }

    private uint CheckedTrunk(uint trunk) =>
        IsUsable(trunk) ? trunk : throw CorruptPage.At(transaction, 1, $"the freelist's first trunk is page {trunk} of {transaction.PageCount}");

    private bool IsUsable(uint page) => page >= 2 && page <= transaction.PageCount && page != Pager.LockPage(transaction.PageSize);
}
