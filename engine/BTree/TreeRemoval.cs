using Sluice.Engine.Paging;

namespace Sluice.Engine.BTree;

/// <summary>Frees the pages of whole trees, overflow pages too.</summary>
internal static class TreeRemoval
{
    public static void Drop(PageTransaction transaction, uint root)
    {
        FreeBelow(transaction, root);
        transaction.Free(root);
    }

    public static void Clear(PageTransaction transaction, uint root)
    {
        bool table = FreeBelow(transaction, root);
        PageEditor.WriteEmpty(transaction, root, table ? PageKind.TableLeaf : PageKind.IndexLeaf);
    }

    /// <summary>Frees all but the root itself; true for a table.</summary>
    private static bool FreeBelow(PageTransaction transaction, uint root)
    {
        uint bound = transaction.PageCount;
        Free(transaction, root, depth: 1, ref bound);
        return BTreePage.Parse(transaction, root, transaction.Peek(root)).IsTable;
    }

    private static void Free(PageTransaction transaction, uint number, int depth, ref uint bound)
    {
        if (depth > TreePath.MaxDepth || bound-- == 0)
        {
            throw CorruptPage.At(transaction, number, "the tree is deeper than it can be, or runs in a circle");
        }

        BTreePage page = BTreePage.Parse(transaction, number, transaction.Peek(number));
        for (int i = 0; i < page.CellCount; i++)
        {
            OverflowChain.Free(transaction, number, i, page.Cell(transaction, i));
        }

        for (int i = 0; i <= page.CellCount && !page.IsLeaf; i++)
        {
            uint child = page.Child(transaction, i);
            Free(transaction, child, depth + 1, ref bound);
            transaction.Free(child);
        }
    }
}
