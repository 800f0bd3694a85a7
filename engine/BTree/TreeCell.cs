using System.Buffers.Binary;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;

namespace Sluice.Engine.BTree;

/// <summary>
/// A cell on its way to a page: its bytes without the left child's number, and that number (0 on leafs). An index cell can so move
/// between leafs and interior pages. The bytes are a slice of an array that does not change before the cell is written.
/// </summary>
internal readonly record struct TreeCell(byte[] Buffer, int Offset, int Length, uint Child)
{
    /// <summary>Bytes of a page that the cell takes, its pointer not counted.</summary>
    public int SizeIn(PageKind kind) =>
        ((byte)kind & 8) != 0 ? Math.Max(Length, BTreePage.MinCellSize) : Length + 4;

    public void Write(Span<byte> target, PageKind kind)
    {
        if (((byte)kind & 8) == 0)
        {
            BinaryPrimitives.WriteUInt32BigEndian(target, Child);
            target = target[4..];
        }

        new ReadOnlySpan<byte>(Buffer, Offset, Length).CopyTo(target);
    }

    /// <summary>The same cell apart from its page, which may then be changed in place.</summary>
    public TreeCell Copy(uint child) =>
        new(new ReadOnlySpan<byte>(Buffer, Offset, Length).ToArray(), 0, Length, child);

    /// <summary>The cell of a page as it is.</summary>
    public static TreeCell From(in BTreePage page, in CellView view)
    {
        int skip = page.IsLeaf ? 0 : 4;
        return new TreeCell(page.Image, view.Start + skip, view.Size - skip, view.Child);
    }

    /// <summary>The divider of table leafs: the largest rowid to its left.</summary>
    public static TreeCell TableDivider(long rowid, uint child)
    {
        byte[] key = new byte[Varint.MaxLength];
        return new TreeCell(key, 0, Varint.Write(key, (ulong)rowid), child);
    }
}

/// <summary>Everything that stands on one page, taken out of it.</summary>
internal sealed class NodeContent
{
    public PageKind Kind { get; private set; }

    public List<TreeCell> Cells { get; } = [];

    /// <summary>The rightmost child; 0 on leafs.</summary>
    public uint RightChild { get; set; }

    public bool IsLeaf => ((byte)Kind & 8) != 0;

    public void Load(PageTransaction source, in BTreePage page)
    {
        Reset(page.Kind, page.IsLeaf ? 0 : page.RightChild);
        AddCells(source, page, Cells);
    }

    /// <summary>A leaf with cells that are to come.</summary>
    public void Load(PageTransaction source, in BTreePage page, LeafRun run)
    {
        Reset(page.Kind, 0);
        int next = 0;
        for (int i = 0; i <= page.CellCount; i++)
        {
            for (; next < run.Count && run[next].Index == i; next++)
            {
                Cells.Add(run[next].Cell);
            }

            if (i < page.CellCount)
            {
                Cells.Add(TreeCell.From(page, page.Cell(source, i)));
            }
        }
    }

    public void Reset(PageKind kind, uint rightChild)
    {
        Kind = kind;
        RightChild = rightChild;
        Cells.Clear();
    }

    public static void AddCells(PageTransaction source, in BTreePage page, List<TreeCell> target)
    {
        for (int i = 0; i < page.CellCount; i++)
        {
            target.Add(TreeCell.From(page, page.Cell(source, i)));
        }
    }

    /// <summary>The child left of a cell, or the rightmost one.</summary>
    public uint ChildAt(int index) => index < Cells.Count ? Cells[index].Child : RightChild;

    /// <summary>Makes <paramref name="child"/> the child left of a cell, or the rightmost one.</summary>
    public void SetChildAt(int index, uint child)
    {
        if (index < Cells.Count)
        {
            Cells[index] = Cells[index] with { Child = child };
        }
        else
        {
            RightChild = child;
        }
    }

    /// <summary>Whether it all has room on a page.</summary>
    public bool FitsOn(uint page, int usableSize)
    {
        int size = BTreePage.HeaderOffset(page) + BTreePage.HeaderSize(Kind);
        foreach (TreeCell cell in Cells)
        {
            size += cell.SizeIn(Kind) + 2;
        }

        return size <= usableSize;
    }
}
