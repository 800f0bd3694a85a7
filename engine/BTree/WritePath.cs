using Sluice.Engine.Paging;

namespace Sluice.Engine.BTree;

/// <summary>The page numbers from a root down to a place, each with the index of the child or cell that is next. Numbers only: images change.</summary>
internal sealed class WritePath(PageTransaction transaction)
{
    private readonly uint[] _pages = new uint[TreePath.MaxDepth + 1];
    private readonly int[] _indexes = new int[TreePath.MaxDepth + 1];

    /// <summary>The level of the last page; the root's is 0.</summary>
    public int Last { get; private set; }

    public uint Page(int level) => _pages[level];

    public int Index(int level) => _indexes[level];

    public BTreePage Parse(int level) => BTreePage.Parse(transaction, _pages[level], transaction.Peek(_pages[level]));

    /// <summary>Goes to where a rowid is or belongs; true if it is there.</summary>
    public bool Find(uint root, long rowid)
    {
        BTreePage page = Begin(root, table: true);
        while (true)
        {
            _indexes[Last] = page.LowerBound(transaction, rowid, out bool exact);
            if (page.IsLeaf)
            {
                return exact;
            }

            page = Descend(page);
        }
    }

    /// <summary>Goes to where a key is, on a leaf or an interior page (true), or to the leaf where it belongs.</summary>
    public bool Find(uint root, in WholeKeyProbe key)
    {
        BTreePage page = Begin(root, table: false);
        while (true)
        {
            _indexes[Last] = KeySearch.LowerBound(transaction, page, key, afterEqual: false, out bool exact);
            if (page.IsLeaf || exact)
            {
                return exact;
            }

            page = Descend(page);
        }
    }

    /// <summary>From a cell of an interior page to the leaf with the last cell before it.</summary>
    public void ToLeafBefore()
    {
        BTreePage page = Descend(Parse(Last));
        while (!page.IsLeaf)
        {
            _indexes[Last] = page.CellCount;
            page = Descend(page);
        }

        _indexes[Last] = page.CellCount - 1;
    }

    /// <summary>The root has got one child, to which its content went.</summary>
    public void InsertBelowRoot(uint child)
    {
        _indexes[0] = 0;
        _pages[1] = child;
        Last = 1;
    }

    private BTreePage Begin(uint root, bool table)
    {
        Last = 0;
        _pages[0] = root;
        BTreePage page = Parse(0);
        CheckKind(page, table);
        return page;
    }

    private BTreePage Descend(in BTreePage page)
    {
        uint child = page.Child(transaction, _indexes[Last]);
        if (Last == TreePath.MaxDepth - 1)
        {
            throw CorruptPage.At(transaction, child, $"the tree of root {_pages[0]} is deeper than {TreePath.MaxDepth} pages");
        }

        _pages[++Last] = child;
        BTreePage below = Parse(Last);
        CheckKind(below, page.IsTable);
        return below;
    }

    private void CheckKind(in BTreePage page, bool table)
    {
        if (page.IsTable != table)
        {
            throw CorruptPage.At(transaction, page.Number, $"a page of kind {page.Kind} in the tree of root {_pages[0]}, which is of {(table ? "a table" : "an index")}");
        }
    }
}
