using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Sluice.Engine.Paging;

namespace Sluice.Engine.BTree;

/// <summary>
/// Adds cells to pages and removes them ("SQLite file format", section 1.6).
/// <para>1. Free bytes are the gap between cell pointers and content, the freeblocks (a list in order of offset, none nearer than 4 bytes to the
/// next or to the gap's end), and fragments of 1 to 3 bytes, counted in the header. 2. A page that has the room in pieces is defragmented when it is
/// needed in one. 3. What the page says about its free space is checked before it is used.</para>
/// </summary>
internal static class PageEditor
{
    /// <summary>"SQLite file format", section 1.6: the fragmented bytes of a well-formed page are at most 60.</summary>
    private const int MaxFragments = 60;

    /// <summary>Writes an empty page; the kind's root or a new node.</summary>
    public static void WriteEmpty(PageTransaction transaction, uint page, PageKind kind) =>
        Write(transaction, page, kind, [], 0);

    /// <summary>Writes a page anew with the cells given; they fit.</summary>
    public static void Write(PageTransaction transaction, uint page, PageKind kind, ReadOnlySpan<TreeCell> cells, uint rightChild)
    {
        // The cells may be slices of the page's present image.
        byte[] before = transaction.Peek(page);
        byte[] image = transaction.Fresh(page);
        int header = BTreePage.HeaderOffset(page);
        before.AsSpan(0, header).CopyTo(image);
        before.AsSpan(transaction.UsableSize).CopyTo(image.AsSpan(transaction.UsableSize));
        image[header] = (byte)kind;
        int pointers = header + BTreePage.HeaderSize(kind);
        if (pointers - header == 12)
        {
            BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(header + 8), rightChild);
        }

        int content = transaction.UsableSize;
        foreach (ref readonly TreeCell cell in cells)
        {
            content -= cell.SizeIn(kind);
            cell.Write(image.AsSpan(content), kind);
            BinaryPrimitives.WriteUInt16BigEndian(image.AsSpan(pointers), (ushort)content);
            pointers += 2;
        }

        WriteCounts(image, header, cells.Length, content);
    }

    public static void Write(PageTransaction transaction, uint page, NodeContent node) =>
        Write(transaction, page, node.Kind, CollectionsMarshal.AsSpan(node.Cells), node.RightChild);

    /// <summary>Free bytes of a page, in however many pieces.</summary>
    public static int FreeBytes(PageTransaction transaction, in BTreePage page)
    {
        byte[] image = page.Image;
        int header = page.Header;
        int free = page.ContentStart - page.PointerEnd + image[header + 7];
        int end = page.ContentStart;
        for (int block = ReadShort(image, header + 1); block != 0; block = ReadShort(image, block))
        {
            if (block < end || block > page.UsableSize - 4)
            {
                throw CorruptPage.At(transaction, page.Number, $"a freeblock at offset {block} after one that ends at {end}");
            }

            int size = ReadShort(image, block + 2);
            end = block + size;
            if (size < 4 || end > page.UsableSize)
            {
                throw CorruptPage.At(transaction, page.Number, $"a freeblock of {size} bytes at offset {block}");
            }

            free += size;
        }

        return free <= page.UsableSize - page.PointerEnd
            ? free
            : throw CorruptPage.At(transaction, page.Number, $"{free} free bytes, more than the page has room for");
    }

    /// <summary>Puts a cell at an index; false, and nothing is changed, if the page has no room for it.</summary>
    public static bool TryInsert(PageTransaction transaction, uint pageNumber, int index, in TreeCell cell)
    {
        BTreePage page = BTreePage.Parse(transaction, pageNumber, transaction.Peek(pageNumber));
        int size = cell.SizeIn(page.Kind);
        if (FreeBytes(transaction, page) < size + 2)
        {
            return false;
        }

        byte[] image = transaction.Writable(pageNumber);
        page = BTreePage.Parse(transaction, pageNumber, image);
        int offset = AllocateSpace(transaction, page, size);
        cell.Write(image.AsSpan(offset), page.Kind);
        Span<byte> pointers = image.AsSpan(page.PointerArray, (page.CellCount + 1) * 2);
        pointers[(index * 2)..^2].CopyTo(pointers[((index + 1) * 2)..]);
        BinaryPrimitives.WriteUInt16BigEndian(pointers[(index * 2)..], (ushort)offset);
        WriteShort(image, page.Header + 3, page.CellCount + 1);
        return true;
    }

    /// <summary>Takes a cell out of a page.</summary>
    public static void Remove(PageTransaction transaction, uint pageNumber, int index)
    {
        BTreePage page = BTreePage.Parse(transaction, pageNumber, transaction.Peek(pageNumber));
        FreeBytes(transaction, page);
        byte[] image = transaction.Writable(pageNumber);
        page = BTreePage.Parse(transaction, pageNumber, image);
        CellView cell = page.Cell(transaction, index);
        if (page.CellCount == 1)
        {
            WriteCounts(image, page.Header, 0, page.UsableSize);
            return;
        }

        FreeSpace(transaction, page, cell.Start, Math.Max(cell.Size, BTreePage.MinCellSize));
        Span<byte> pointers = image.AsSpan(page.PointerArray, page.CellCount * 2);
        pointers[((index + 1) * 2)..].CopyTo(pointers[(index * 2)..]);
        WriteShort(image, page.Header + 3, page.CellCount - 1);
    }

    /// <summary>Finds room for a cell and its pointer in a page that has it in total.</summary>
    private static int AllocateSpace(PageTransaction transaction, in BTreePage page, int size)
    {
        byte[] image = page.Image;
        int content = page.ContentStart;
        if (content - page.PointerEnd >= 2 && TakeFreeblock(image, page.Header, size) is var offset and not 0)
        {
            return offset;
        }

        if (content - page.PointerEnd < size + 2)
        {
            content = Defragment(transaction, page);
        }

        content -= size;
        WriteShort(image, page.Header + 5, content);
        return content;
    }

    /// <summary>The first freeblock that is large enough; 0 if there is none.</summary>
    private static int TakeFreeblock(byte[] image, int header, int size)
    {
        int link = header + 1;
        for (int block = ReadShort(image, link); block != 0; link = block, block = ReadShort(image, link))
        {
            int rest = ReadShort(image, block + 2) - size;
            if (rest >= 4)
            {
                WriteShort(image, block + 2, rest);
                return block + rest;
            }

            if (rest >= 0 && image[header + 7] + rest <= MaxFragments)
            {
                image[header + 7] += (byte)rest;
                WriteShort(image, link, ReadShort(image, block));
                return block;
            }
        }

        return 0;
    }

    /// <summary>Moves all cells to the page's end; returns where the content begins then.</summary>
    private static int Defragment(PageTransaction transaction, in BTreePage page)
    {
        byte[] image = page.Image;
        byte[] before = (byte[])image.Clone();
        BTreePage old = BTreePage.Parse(transaction, page.Number, before);
        int content = page.UsableSize;
        for (int i = 0; i < old.CellCount; i++)
        {
            CellView cell = old.Cell(transaction, i);
            int size = Math.Max(cell.Size, BTreePage.MinCellSize);
            content -= size;
            if (content < old.PointerEnd)
            {
                throw CorruptPage.At(transaction, page.Number, i, "the cells overlap: together they are larger than the page");
            }

            before.AsSpan(cell.Start, size).CopyTo(image.AsSpan(content));
            WriteShort(image, page.PointerArray + (i * 2), content);
        }

        WriteCounts(image, page.Header, old.CellCount, content);
        return content;
    }

    /// <summary>Gives the bytes of a removed cell back, joined with the free bytes beside them.</summary>
    private static void FreeSpace(PageTransaction transaction, in BTreePage page, int start, int size)
    {
        byte[] image = page.Image;
        int header = page.Header;
        int end = start + size;
        int link = header + 1;
        int previous = 0;
        int next = ReadShort(image, link);
        while (next != 0 && next < start)
        {
            previous = link = next;
            next = ReadShort(image, next);
        }

        if (start < page.ContentStart || (next != 0 && next < end) || (previous != 0 && previous + ReadShort(image, previous + 2) > start))
        {
            throw CorruptPage.At(transaction, page.Number, $"the cell at offset {start} of {size} bytes overlaps free space");
        }

        int fragments = 0;
        if (next != 0 && next - end < 4)
        {
            fragments += next - end;
            end = next + ReadShort(image, next + 2);
            next = ReadShort(image, next);
        }

        if (previous != 0 && start - (previous + ReadShort(image, previous + 2)) is var gap and < 4)
        {
            fragments += gap;
            start = previous;
        }

        if (fragments > image[header + 7])
        {
            throw CorruptPage.At(transaction, page.Number, $"{image[header + 7]} fragmented bytes counted, {fragments} found beside offset {start}");
        }

        image[header + 7] -= (byte)fragments;
        if (start == page.ContentStart)
        {
            // The block is the first of the list: it joins the gap.
            WriteShort(image, header + 1, next);
            WriteShort(image, header + 5, end);
            return;
        }

        if (start != previous)
        {
            WriteShort(image, link, start);
        }

        WriteShort(image, start, next);
        WriteShort(image, start + 2, end - start);
    }

    /// <summary>The header of a page without freeblocks and fragments.</summary>
    private static void WriteCounts(byte[] image, int header, int cells, int content)
    {
        WriteShort(image, header + 1, 0);
        WriteShort(image, header + 3, cells);
        WriteShort(image, header + 5, content);
        image[header + 7] = 0;
    }

    private static int ReadShort(byte[] image, int offset) => BinaryPrimitives.ReadUInt16BigEndian(image.AsSpan(offset));

    /// <summary>65536 is written as 0.</summary>
    private static void WriteShort(byte[] image, int offset, int value) =>
        BinaryPrimitives.WriteUInt16BigEndian(image.AsSpan(offset), (ushort)value);
}
