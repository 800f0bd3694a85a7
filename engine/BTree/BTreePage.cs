using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;

namespace Sluice.Engine.BTree;

/// <summary>The kinds of B-tree page ("SQLite file format", section 1.6, the flag at offset 0).</summary>
internal enum PageKind : byte
{
    IndexInterior = 2,
    TableInterior = 5,
    IndexLeaf = 10,
    TableLeaf = 13,
}

/// <summary>
/// A view of a B-tree page ("SQLite file format", section 1.6). The header stands at offset 0, on page 1 at 100:
/// <code>
/// 0 1 kind            3 2 cells                              7 1 fragmented free bytes
/// 1 2 first freeblock 5 2 begin of cell content, 0 = 65536   8 4 rightmost child, interior pages only
/// </code>
/// then a 2-byte offset for each cell in key order. Cells fill the page from its end; a freeblock begins with the next one's offset and its own size.
/// <para>Made only by <see cref="Parse(IPageSource, uint)"/>, which checks the header. What a cell says is checked when the cell is read. The view is over one
/// image; once a writer may have changed the page, parse anew.</para>
/// </summary>
internal readonly struct BTreePage
{
    /// <summary>The smallest place a cell takes: a freeblock must fit once it is removed.</summary>
    public const int MinCellSize = 4;

    /// <summary>Among so few cells a search just halves.</summary>
    private const int FewCells = 4;

    public readonly byte[] Image;
    public readonly uint Number;
    public readonly int CellCount;

    /// <summary>Bytes that belong to the tree; what follows is reserved.</summary>
    public readonly int UsableSize;

    /// <summary>Where the cell pointers begin.</summary>
    public readonly int PointerArray;
    public readonly PageKind Kind;

    private BTreePage(byte[] image, uint number, PageKind kind, int cellCount, int usableSize)
    {
        Image = image;
        Number = number;
        Kind = kind;
        CellCount = cellCount;
        UsableSize = usableSize;
        PointerArray = HeaderOffset(number) + HeaderSize(kind);
    }

    public bool IsLeaf => ((byte)Kind & 8) != 0;

    public bool IsTable => ((byte)Kind & 1) != 0;

    public int Header => HeaderOffset(Number);

    /// <summary>The end of the cell pointers: no cell begins before it.</summary>
    public int PointerEnd => PointerArray + (CellCount * 2);

    public int ContentStart => ReadContentStart(Image, Header);

    public uint RightChild => BinaryPrimitives.ReadUInt32BigEndian(Image.AsSpan(Header + 8));

    public static int HeaderOffset(uint page) => page == 1 ? DatabaseHeader.Size : 0;

    public static int HeaderSize(PageKind kind) => ((byte)kind & 8) != 0 ? 8 : 12;

    public static BTreePage Parse(IPageSource source, uint page) => Parse(source, page, source.Read(page));

    public static BTreePage Parse(IPageSource source, uint page, byte[] image)
    {
        int header = HeaderOffset(page);
        byte kind = image[header];
        if (kind is not ((byte)PageKind.TableLeaf or (byte)PageKind.IndexLeaf or (byte)PageKind.TableInterior or (byte)PageKind.IndexInterior))
        {
            throw BadKind(source, page, kind);
        }

        int count = BinaryPrimitives.ReadUInt16BigEndian(image.AsSpan(header + 3));
        BTreePage view = new(image, page, (PageKind)kind, count, source.UsableSize);
        int content = view.ContentStart;
        if (content < view.PointerEnd || content > view.UsableSize)
        {
            throw view.BadContent(source, content);
        }

        return view;
    }

    /// <summary>Where a cell begins.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int CellOffset(IPageSource source, int cell)
    {
        int offset = BinaryPrimitives.ReadUInt16BigEndian(Image.AsSpan(PointerArray + (cell * 2)));
        if (offset < PointerEnd || offset > UsableSize - MinCellSize)
        {
            ThrowOffset(source, cell, offset);
        }

        return offset;
    }

    /// <summary>The child left of a cell, or the rightmost child for the index past the last cell.</summary>
    public uint Child(IPageSource source, int index)
    {
        uint child = index == CellCount
            ? RightChild
            : BinaryPrimitives.ReadUInt32BigEndian(Image.AsSpan(CellOffset(source, index)));
        if (child < 2 || child > source.PageCount || child == Pager.LockPage(source.PageSize))
        {
            ThrowChild(source, index, child);
        }

        return child;
    }

    /// <summary>The rowid of a cell of a table page.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long TableKey(IPageSource source, int cell)
    {
        int offset = CellOffset(source, cell);
        ReadOnlySpan<byte> bytes = Image.AsSpan(offset, UsableSize - offset);
        int skip = Kind == PageKind.TableLeaf ? Varint.Read(bytes, out _) : 4;
        if (skip == 0 || Varint.Read(bytes[skip..], out ulong key) == 0)
        {
            ThrowCell(source, cell, "ends outside the page");
            return 0;
        }

        return (long)key;
    }

    /// <summary>
    /// The first cell of a table page whose rowid is at or above <paramref name="rowid"/>, or the cell count. Rowids mostly have no gaps: the search
    /// begins where the cell would be if those of the page lay at equal distances, and halves only what that look has left.
    /// </summary>
    public int LowerBound(IPageSource source, long rowid, out bool exact)
    {
        int low = 0;
        int high = CellCount;
        exact = false;
        if (high > FewCells)
        {
            long first = TableKey(source, 0);
            long last = TableKey(source, high - 1);
            if (rowid <= first)
            {
                exact = rowid == first;
                return 0;
            }

            if (rowid > last)
            {
                return high;
            }

            if (Guess(source, (int)((double)((ulong)rowid - (ulong)first) / ((ulong)last - (ulong)first) * (high - 1)), rowid, ref low, ref high))
            {
                exact = true;
                return low;
            }
        }

        while (low < high)
        {
            int middle = (int)((uint)(low + high) >> 1);
            long key = TableKey(source, middle);
            if (key < rowid)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
                if (key == rowid)
                {
                    exact = true;
                }
            }
        }

        return low;
    }

    /// <summary>Looks at a cell and, going on from there in steps that double, at some on the other side of the rowid; true if one is it.</summary>
    private bool Guess(IPageSource source, int cell, long rowid, ref int low, ref int high)
    {
        long key = TableKey(source, cell);
        for (int step = 1; key != rowid; step *= 2)
        {
            if (key < rowid)
            {
                low = cell + 1;
                cell += step;
            }
            else
            {
                high = cell;
                cell -= step;
            }

            if (cell < low || cell >= high)
            {
                return false;
            }

            key = TableKey(source, cell);
        }

        low = cell;
        return true;
    }

    /// <summary>Finds the record of a cell of a table leaf that is all on the page; false for any other, which <see cref="Cell"/> then decodes or refuses.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRecord(IPageSource source, int cell, out int offset, out int length)
    {
        int start = CellOffset(source, cell);
        ReadOnlySpan<byte> bytes = Image.AsSpan(start, UsableSize - start);
        int at = Varint.Read(bytes, out ulong size);
        int skip = Varint.Skip(bytes[at..]);
        at += skip;
        offset = start + at;
        length = (int)size;
        return skip > 0 && size <= (ulong)CellFormat.MaxLocal(UsableSize, tableLeaf: true) && at + length <= bytes.Length;
    }

    /// <summary>Finds the key of a cell of an index page that is all on the page; false for any other, as <see cref="TryRecord"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryKey(IPageSource source, int cell, out Payload key)
    {
        int start = CellOffset(source, cell) + (IsLeaf ? 0 : 4);
        if (start < UsableSize)
        {
            ReadOnlySpan<byte> bytes = Image.AsSpan(start, UsableSize - start);
            int at = Varint.Read(bytes, out ulong length);
            if (at > 0 && length <= (ulong)CellFormat.MaxLocal(UsableSize, tableLeaf: false) && at + (int)length <= bytes.Length)
            {
                key = new Payload(Image, start + at, (int)length);
                return true;
            }
        }

        key = default;
        return false;
    }

    /// <summary>Decodes a cell of any kind and checks that it lies within the page.</summary>
    public CellView Cell(IPageSource source, int cell)
    {
        int start = CellOffset(source, cell);
        ReadOnlySpan<byte> bytes = Image.AsSpan(start, UsableSize - start);
        CellView view = new() { Start = start };
        int at = 0;
        if (!IsLeaf)
        {
            view.Child = BinaryPrimitives.ReadUInt32BigEndian(bytes);
            at = 4;
        }

        ulong payload = 0;
        if (Kind != PageKind.TableInterior)
        {
            int length = Varint.Read(bytes[at..], out payload);
            if (length == 0 || payload > int.MaxValue)
            {
                ThrowPayload(source, cell, payload);
            }

            at += length;
        }

        if (IsTable)
        {
            int length = Varint.Read(bytes[at..], out ulong rowid);
            if (length == 0)
            {
                ThrowCell(source, cell, "ends outside the page");
            }

            view.Rowid = (long)rowid;
            at += length;
        }

        view.PayloadLength = (int)payload;
        view.LocalLength = CellFormat.LocalLength((int)payload, UsableSize, Kind == PageKind.TableLeaf);
        view.Payload = start + at;
        bool overflows = view.LocalLength < view.PayloadLength;
        int size = at + view.LocalLength + (overflows ? 4 : 0);
        if (size > bytes.Length)
        {
            ThrowSize(source, cell, size, start);
        }

        if (overflows)
        {
            view.Overflow = BinaryPrimitives.ReadUInt32BigEndian(bytes[(size - 4)..]);
        }

        view.Size = size;
        return view;
    }

    public static int ReadContentStart(byte[] image, int header)
    {
        int content = BinaryPrimitives.ReadUInt16BigEndian(image.AsSpan(header + 5));
        return content == 0 ? DatabaseHeader.MaxPageSize : content;
    }

    // What follows stands apart from where it is found: the making of a message costs the method that has it in it room and time.
    private static SluiceException BadKind(IPageSource source, uint page, byte kind) =>
        CorruptPage.At(source, page, $"not a B-tree page: its kind is {kind}");

    private SluiceException BadContent(IPageSource source, int content) =>
        CorruptPage.At(source, Number, $"{CellCount} cells and content from offset {content} in a page of {UsableSize} bytes");

    [DoesNotReturn]
    private void ThrowOffset(IPageSource source, int cell, int offset) => ThrowCell(source, cell, $"begins at offset {offset}, outside the cell content");

    [DoesNotReturn]
    private void ThrowChild(IPageSource source, int index, uint child) => ThrowCell(source, index, $"child page {child} of {source.PageCount}");

    [DoesNotReturn]
    private void ThrowPayload(IPageSource source, int cell, ulong payload) => ThrowCell(source, cell, $"payload of {payload} bytes");

    [DoesNotReturn]
    private void ThrowSize(IPageSource source, int cell, int size, int start) =>
        ThrowCell(source, cell, $"of {size} bytes at offset {start} ends outside the page");

    [DoesNotReturn]
    private void ThrowCell(IPageSource source, int cell, string reason) => throw CorruptPage.At(source, Number, cell, reason);
}

/// <summary>A decoded cell; offsets are into its page's image.</summary>
internal struct CellView
{
    public int Start;

    /// <summary>Bytes in the page, which takes at least <see cref="BTreePage.MinCellSize"/> for it.</summary>
    public int Size;

    /// <summary>The left child; 0 on leafs.</summary>
    public uint Child;

    /// <summary>The rowid; 0 on index pages.</summary>
    public long Rowid;

    /// <summary>Where the part of the payload that is on this page begins.</summary>
    public int Payload;

    public int LocalLength;

    public int PayloadLength;

    /// <summary>The first overflow page, or 0 if all the payload is here.</summary>
    public uint Overflow;
}

/// <summary>How much of a payload stays on its page ("SQLite file format", section 1.6, "Cell payload overflow").</summary>
internal static class CellFormat
{
    /// <summary>The longest payload that does not overflow.</summary>
    public static int MaxLocal(int usableSize, bool tableLeaf) =>
        tableLeaf ? usableSize - 35 : ((usableSize - 12) * 64 / 255) - 23;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LocalLength(int payload, int usableSize, bool tableLeaf)
    {
        int max = MaxLocal(usableSize, tableLeaf);
        if (payload <= max)
        {
            return payload;
        }

        int min = ((usableSize - 12) * 32 / 255) - 23;
        int local = min + ((payload - min) % (usableSize - 4));
        return local <= max ? local : min;
    }
}
