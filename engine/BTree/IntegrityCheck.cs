using System.Buffers.Binary;
using System.Collections;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;

namespace Sluice.Engine.BTree;

/// <summary>A tree to check: its root, and for an index the order of its keys (null: any order is accepted).</summary>
public readonly record struct TreeRoot(uint Page, KeyOrder? Order);

/// <summary>
/// Checks a whole file: that each page is used exactly once, by a tree, an overflow chain, the freelist or the file format itself; that each
/// tree is of one depth and in order; that cells, freeblocks and fragments account for every byte of a page. It does not compare
/// indexes with their tables. What it finds are lines in SQLite's words.
/// </summary>
public sealed class IntegrityCheck
{
    private readonly IPageSource _source;
    private readonly int _limit;
    private readonly List<string> _errors = [];
    private readonly BitArray _used;
    private readonly PageSpaceCheck _space;

    private IntegrityCheck(IPageSource source, int limit)
    {
        _source = source;
        _limit = limit;
        _used = new BitArray(checked((int)source.PageCount + 1));
        _space = new PageSpaceCheck(source, Report);
    }

    /// <summary>
    /// The errors found, <paramref name="limit"/> at most; none if the file is whole. The roots are those of sqlite_schema; its own, page 1, is
    /// checked without being named.
    /// </summary>
    public static IReadOnlyList<string> Run(IPageSource source, IEnumerable<TreeRoot> roots, int limit = 100)
    {
        IntegrityCheck check = new(source, limit);
        check.MarkFormatPages();
        check.CheckFreelist();
        check.CheckTree(new TreeRoot(1, null));
        foreach (TreeRoot root in roots)
        {
            check.CheckTree(root);
        }

        check.ReportUnused();
        return check._errors;
    }

    private bool IsDone => _errors.Count >= _limit;

    private void Report(string error)
    {
        if (!IsDone)
        {
            _errors.Add(error);
        }
    }

    private void Report(CorruptFileException error, string place) =>
        Report($"{place}: {error.Place}: {error.Message[(error.Message.IndexOf(error.Place, StringComparison.Ordinal) + error.Place.Length + 2)..]}");

    private byte[]? TryRead(uint page, string place)
    {
        try
        {
            return _source.Read(page);
        }
        catch (CorruptFileException error)
        {
            Report(error, place);
            return null;
        }
    }

    /// <summary>The lock-byte page (section 1.4) and the pointer-map pages (section 1.8).</summary>
    private void MarkFormatPages()
    {
        uint lockPage = Pager.LockPage(_source.PageSize);
        if (lockPage <= _source.PageCount)
        {
            _used[(int)lockPage] = true;
        }

        if (DatabaseHeader.Parse(_source.Read(1), _source.Path).IsAutoVacuum)
        {
            uint step = ((uint)_source.UsableSize / 5) + 1;
            for (ulong page = 2; page <= _source.PageCount; page += step)
            {
                _used[(int)(page == lockPage ? page + 1 : page)] = true;
            }
        }
    }

    /// <summary>Marks a page used; false, and an error, if it does not exist or is used already.</summary>
    private bool Use(uint page, string place)
    {
        if (page == 0 || page > _source.PageCount)
        {
            Report($"{place}: invalid page number {page}");
            return false;
        }

        if (_used[(int)page])
        {
            Report($"{place}: 2nd reference to page {page}");
            return false;
        }

        _used[(int)page] = true;
        return true;
    }

    private void CheckFreelist()
    {
        const string Place = "Freelist";
        byte[] first = _source.Read(1);
        uint trunk = BinaryPrimitives.ReadUInt32BigEndian(first.AsSpan(DatabaseHeader.Offsets.FreelistTrunk));
        uint expected = BinaryPrimitives.ReadUInt32BigEndian(first.AsSpan(DatabaseHeader.Offsets.FreelistCount));
        uint found = 0;
        while (trunk != 0 && !IsDone && Use(trunk, Place))
        {
            found++;
            if (TryRead(trunk, Place) is not { } image)
            {
                return;
            }

            uint leafs = BinaryPrimitives.ReadUInt32BigEndian(image.AsSpan(4));
            if (leafs > Freelist.MaxLeafs(_source.UsableSize))
            {
                Report($"{Place}: freelist leaf count too big on page {trunk}");
                return;
            }

            for (int i = 0; i < leafs; i++)
            {
                Use(BinaryPrimitives.ReadUInt32BigEndian(image.AsSpan(Freelist.FirstLeaf + (i * 4))), Place);
            }

            found += leafs;
            trunk = BinaryPrimitives.ReadUInt32BigEndian(image);
        }

        if (found != expected)
        {
            Report($"{Place}: size is {found} but should be {expected}");
        }
    }

    private void CheckTree(TreeRoot root)
    {
        if (IsDone)
        {
            return;
        }

        TreeState tree = new(root);
        CheckPage(root.Page, 1, tree, isTable: null);
    }

    /// <summary>Checks a page and what is below it; returns the height, or 0 after an error that hides it.</summary>
    private int CheckPage(uint number, int depth, TreeState tree, bool? isTable)
    {
        string place = $"Tree {tree.Root.Page} page {number}";
        if (IsDone || !Use(number, place))
        {
            return 0;
        }

        if (depth > TreePath.MaxDepth)
        {
            Report($"{place}: deeper than {TreePath.MaxDepth} pages");
            return 0;
        }

        try
        {
            BTreePage page = BTreePage.Parse(_source, number);
            if (isTable is { } expected && page.IsTable != expected)
            {
                Report($"{place}: a page of kind {page.Kind}");
                return 0;
            }

            if (depth > 1 && page.CellCount == 0)
            {
                Report($"{place}: no cells");
                return 0;
            }

            _space.Check(page, place);
            return CheckCells(page, depth, tree, place);
        }
        catch (CorruptFileException error)
        {
            Report(error, $"Tree {tree.Root.Page}");
            return 0;
        }
    }

    private int CheckCells(in BTreePage page, int depth, TreeState tree, string place)
    {
        int height = 0;
        bool uneven = false;
        for (int i = 0; i < page.CellCount + (page.IsLeaf ? 0 : 1) && !IsDone; i++)
        {
            if (!page.IsLeaf)
            {
                int below = CheckPage(page.Child(_source, i), depth + 1, tree, page.IsTable);
                uneven |= height != 0 && below != 0 && below != height;
                height = below != 0 ? below : height;
            }

            if (i < page.CellCount)
            {
                CheckCell(page, i, tree, $"{place} cell {i}");
            }
        }

        if (uneven)
        {
            Report($"{place}: Child page depth differs");
        }

        return height + 1;
    }

    private void CheckCell(in BTreePage page, int index, TreeState tree, string place)
    {
        CellView cell = page.Cell(_source, index);
        if (!CheckOverflow(cell, place))
        {
            return;
        }

        if (page.IsTable)
        {
            // A divider may equal the last rowid to its left; two rows may not be equal.
            bool ascends = page.IsLeaf ? cell.Rowid > tree.LastRowid || tree.IsFirst : cell.Rowid >= tree.LastRowid || tree.IsFirst;
            if (!ascends)
            {
                Report($"{place}: Rowid {cell.Rowid} out of order");
            }

            tree.LastRowid = cell.Rowid;
            tree.IsFirst = false;
        }
        else if (tree.Root.Order is { } order)
        {
            CheckKey(OverflowChain.Assemble(_source, page, index, cell), order, tree, place);
        }
    }

    private void CheckKey(in Payload key, KeyOrder order, TreeState tree, string place)
    {
        try
        {
            if (!tree.IsFirst && KeyComparer.Compare(tree.LastKey, key, order) >= 0)
            {
                Report($"{place}: key out of order");
            }
        }
        catch (CorruptRecordException error)
        {
            Report($"{place}: {error.Reason}");
        }

        tree.LastKey = key;
        tree.IsFirst = false;
    }

    private bool CheckOverflow(in CellView cell, string place)
    {
        int room = _source.UsableSize - 4;
        int expected = (cell.PayloadLength - cell.LocalLength + room - 1) / room;
        uint next = cell.Overflow;
        int found = 0;
        for (; found < expected && next != 0; found++)
        {
            if (!Use(next, place))
            {
                return false;
            }

            next = BinaryPrimitives.ReadUInt32BigEndian(_source.Read(next));
        }

        if (found != expected || next != 0)
        {
            Report($"{place}: overflow list length is {(next != 0 ? $"more than {found}" : found)} but should be {expected}");
            return false;
        }

        return true;
    }

    private void ReportUnused()
    {
        for (uint page = 1; page <= _source.PageCount && !IsDone; page++)
        {
            if (!_used[(int)page])
            {
                Report($"Page {page}: never used");
            }
        }
    }

    /// <summary>Where the walk over a tree has come to.</summary>
    private sealed class TreeState(TreeRoot root)
    {
        public TreeRoot Root { get; } = root;

        public bool IsFirst { get; set; } = true;

        public long LastRowid { get; set; }

        public Payload LastKey { get; set; }
    }
}
