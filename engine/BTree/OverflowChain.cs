using System.Buffers.Binary;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;

namespace Sluice.Engine.BTree;

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
