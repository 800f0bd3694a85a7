using System.Buffers.Binary;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;

namespace Sluice.Engine.BTree;

/// <summary>A page of an overflow chain, and how many bytes of the payload come before it.</summary>
internal readonly record struct ChainPlace(uint Page, int Start);

/// <summary>
/// Payloads that do not fit their page ("SQLite file format", section 1.7): a list of pages, each with the number of the next
/// and as much of the payload as has room. The payload's length says how many there must be, so no list is endless.
/// </summary>
internal static class OverflowChain
{
    /// <summary>Bytes of a page before the payload.</summary>
    private const int Header = 4;

    /// <summary>The whole payload of a cell.</summary>
    public static Payload Assemble(IPageSource source, in BTreePage page, int cell, in CellView view)
    {
        if (view.Overflow == 0 && view.LocalLength == view.PayloadLength)
        {
            return new Payload(page.Image, view.Payload, view.PayloadLength);
        }

        if (view.PayloadLength > (long)source.PageCount * source.UsableSize)
        {
            throw CorruptPage.At(source, page.Number, cell, $"payload of {view.PayloadLength} bytes in a file of {source.PageCount} pages");
        }

        byte[] whole = GC.AllocateUninitializedArray<byte>(view.PayloadLength);
        page.Image.AsSpan(view.Payload, view.LocalLength).CopyTo(whole);
        int done = view.LocalLength;
        uint next = view.Overflow;
        while (done < whole.Length)
        {
            CheckLink(source, page.Number, cell, next, done, whole.Length);
            byte[] image = source.Read(next);
            int count = Math.Min(whole.Length - done, source.UsableSize - Header);
            image.AsSpan(Header, count).CopyTo(whole.AsSpan(done));
            done += count;
            next = BinaryPrimitives.ReadUInt32BigEndian(image);
        }

        if (next != 0)
        {
            throw CorruptPage.At(source, page.Number, cell, $"the overflow chain goes on to page {next} after the payload's {whole.Length} bytes");
        }

        return new Payload(whole, 0, whole.Length);
    }

    /// <summary>
    /// Copies a part of a cell's payload, which must be within it. The chain is followed from <paramref name="place"/> if that is not behind the part, else from
    /// its begin; a place is of one cell, and at first the default.
    /// </summary>
    public static void Read(IPageSource source, in BTreePage page, int cell, in CellView view, ref ChainPlace place, int offset, Span<byte> into)
    {
        if (offset < view.LocalLength)
        {
            int count = Math.Min(into.Length, view.LocalLength - offset);
            page.Image.AsSpan(view.Payload + offset, count).CopyTo(into);
            offset += count;
            into = into[count..];
        }

        if (place.Page == 0 || offset < place.Start)
        {
            place = new ChainPlace(view.Overflow, view.LocalLength);
        }

        int room = source.UsableSize - Header;
        while (!into.IsEmpty)
        {
            CheckLink(source, page.Number, cell, place.Page, place.Start, view.PayloadLength);
            byte[] image = source.Read(place.Page);
            if (offset - place.Start < room)
            {
                int count = Math.Min(into.Length, room - (offset - place.Start));
                image.AsSpan(Header + offset - place.Start, count).CopyTo(into);
                offset += count;
                into = into[count..];
            }

            if (!into.IsEmpty)
            {
                place = new ChainPlace(BinaryPrimitives.ReadUInt32BigEndian(image), place.Start + room);
            }
        }
    }

    /// <summary>Writes what is left of a payload into new pages and returns the first.</summary>
    public static uint Write(PageTransaction transaction, ReadOnlySpan<byte> rest)
    {
        uint first = 0;
        uint previous = 0;
        while (!rest.IsEmpty)
        {
            uint page = transaction.Allocate();
            if (previous == 0)
            {
                first = page;
            }
            else
            {
                BinaryPrimitives.WriteUInt32BigEndian(transaction.Writable(previous), page);
            }

            int count = Math.Min(rest.Length, transaction.UsableSize - Header);
            rest[..count].CopyTo(transaction.Writable(page).AsSpan(Header));
            rest = rest[count..];
            previous = page;
        }

        return first;
    }

    /// <summary>Frees the overflow pages of a cell.</summary>
    public static void Free(PageTransaction transaction, uint page, int cell, in CellView view)
    {
        uint next = view.Overflow;
        for (int done = view.LocalLength; done < view.PayloadLength; done += transaction.UsableSize - Header)
        {
            CheckLink(transaction, page, cell, next, done, view.PayloadLength);
            uint current = next;
            next = BinaryPrimitives.ReadUInt32BigEndian(transaction.Peek(current));
            transaction.Free(current);
        }
    }

    private static void CheckLink(IPageSource source, uint page, int cell, uint next, int done, int length)
    {
        if (next < 2 || next > source.PageCount)
        {
            throw CorruptPage.At(source, page, cell, $"overflow page {next} of {source.PageCount} after {done} of {length} bytes");
        }
    }
}
