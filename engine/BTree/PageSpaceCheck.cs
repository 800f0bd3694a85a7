using System.Buffers.Binary;
using Sluice.Engine.Paging;

namespace Sluice.Engine.BTree;

/// <summary>
/// Checks that each byte of a page's content area belongs to exactly one cell or freeblock, but for the fragments that the header
/// counts ("SQLite file format", section 1.6).
/// </summary>
internal sealed class PageSpaceCheck(IPageSource source, Action<string> report)
{
    private readonly record struct Extent(int Start, int End);

    private readonly List<Extent> _extents = [];

    public void Check(in BTreePage page, string place)
    {
        _extents.Clear();
        for (int i = 0; i < page.CellCount; i++)
        {
            CellView cell = page.Cell(source, i);
            _extents.Add(new Extent(cell.Start, cell.Start + Math.Max(cell.Size, BTreePage.MinCellSize)));
        }

        AddFreeblocks(page);
        _extents.Sort(static (a, b) => a.Start.CompareTo(b.Start));
        int end = page.ContentStart;
        int fragments = 0;
        foreach (Extent extent in _extents)
        {
            if (extent.Start < end)
            {
                report($"{place}: Multiple uses for byte {extent.Start} of page {page.Number}");
                return;
            }

            fragments += extent.Start - end;
            end = extent.End;
        }

        fragments += page.UsableSize - end;
        int reported = page.Image[page.Header + 7];
        if (fragments != reported)
        {
            report($"{place}: Fragmentation of {fragments} bytes reported as {reported} on page {page.Number}");
        }
    }

    private void AddFreeblocks(in BTreePage page)
    {
        int block = BinaryPrimitives.ReadUInt16BigEndian(page.Image.AsSpan(page.Header + 1));
        int before = 0;
        while (block != 0)
        {
            if (block <= before || block > page.UsableSize - 4)
            {
                throw CorruptPage.At(source, page.Number, $"a freeblock at offset {block} after one at {before}");
            }

            int size = BinaryPrimitives.ReadUInt16BigEndian(page.Image.AsSpan(block + 2));
            if (size < 4 || block + size > page.UsableSize)
            {
                throw CorruptPage.At(source, page.Number, $"a freeblock of {size} bytes at offset {block}");
            }

            _extents.Add(new Extent(block, block + size));
            before = block;
            block = BinaryPrimitives.ReadUInt16BigEndian(page.Image.AsSpan(block));
        }
    }
}
