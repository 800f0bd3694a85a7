using Sluice.Engine.Format;
using Sluice.Engine.Paging;

namespace Sluice.Engine.BTree;

/// <summary>
/// The page numbers from a root down to a place, each with the index of the child or cell that is next. Numbers only: images change.
/// <para>Keys mostly come in order, so a search first looks whether the key belongs to the leaf where the last one ended: not before the key looked for
/// then, and before the next divider on the path. That is known until the transaction changes, whoever changes it, but for changes
/// after which <see cref="Keep"/> is called.</para>
/// </summary>
internal sealed class WritePath(PageTransaction transaction)
{
    private readonly uint[] _pages = new uint[TreePath.MaxDepth + 1];
    private readonly int[] _indexes = new int[TreePath.MaxDepth + 1];

    // The keys that belong to the leaf at the path's end: from the one that was looked for up to a divider, if there is one. Not known without a root.
    private uint _knownRoot;
    private long _knownAt;
    private long _lowestRowid;
    private long _highestRowid;
    private byte[] _lowestKey = [];
    private int _lowestLength;
    private Payload? _divider;

    /// <summary>The level of the last page; the root's is 0.</summary>
    public int Last { get; private set; }

    public uint Page(int level) => _pages[level];

    public int Index(int level) => _indexes[level];

    public BTreePage Parse(int level) => BTreePage.Parse(transaction, _pages[level], transaction.Peek(_pages[level]));

    /// <summary>What has changed since the search are cells of the leaf, from its index on.</summary>
    public void Keep() => _knownAt = transaction.ChangeStamp;

    /// <summary>Whether the pages down to a level are each the last child of the one above.</summary>
    public bool IsRightmost(int level)
    {
        for (int above = 0; above < level; above++)
        {
            if (_indexes[above] != Parse(above).CellCount)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a rowid that comes after the one looked for last belongs to the same leaf.</summary>
    public bool IsNext(uint root, long rowid) => IsKnown(root) && rowid > _lowestRowid && rowid <= _highestRowid;

    /// <summary>Whether a key that comes after the one looked for last belongs to the same leaf.</summary>
    public bool IsNext(uint root, in WholeKeyProbe key) =>
        IsKnown(root) && key.Compare(new Payload(_lowestKey, 0, _lowestLength)) < 0 && IsBeforeDivider(key);

    /// <summary>Goes to where a rowid is or belongs; true if it is there.</summary>
    public bool Find(uint root, long rowid)
    {
        bool exact;
        if (IsKnown(root) && rowid >= _lowestRowid && rowid <= _highestRowid && Parse(Last) is { IsTable: true } leaf)
        {
            _lowestRowid = rowid;
            bool isBehind = leaf.CellCount > 0 && leaf.TableKey(transaction, leaf.CellCount - 1) < rowid;
            exact = false;
            _indexes[Last] = isBehind ? leaf.CellCount : leaf.LowerBound(transaction, rowid, out exact);
            return exact;
        }

        _lowestRowid = rowid;
        _highestRowid = long.MaxValue;
        BTreePage page = Begin(root, table: true);
        while (true)
        {
            int index = page.LowerBound(transaction, rowid, out exact);
            _indexes[Last] = index;
            if (page.IsLeaf)
            {
                Know(root);
                return exact;
            }

            if (index < page.CellCount)
            {
                _highestRowid = page.TableKey(transaction, index);
            }

            page = Descend(page);
        }
    }

    /// <summary>Goes to where a key is, on a leaf or an interior page (true), or to the leaf where it belongs.</summary>
    public bool Find(uint root, in WholeKeyProbe key)
    {
        bool exact;
        if (IsKnown(root) && Parse(Last) is { IsTable: false } leaf && IsInLeaf(key))
        {
            Remember(key);
            _indexes[Last] = KeySearch.LowerBound(transaction, leaf, key, _indexes[Last], out exact);
            return exact;
        }

        Remember(key);
        _divider = null;
        BTreePage page = Begin(root, table: false);
        while (true)
        {
            int index = KeySearch.LowerBound(transaction, page, key, afterEqual: false, out exact);
            _indexes[Last] = index;
            if (page.IsLeaf)
            {
                Know(root);
                return exact;
            }

            if (exact)
            {
                return true;
            }

            if (index < page.CellCount)
            {
                _divider = OverflowChain.Assemble(transaction, page, index, page.Cell(transaction, index));
            }

            page = Descend(page);
        }
    }

    /// <summary>From a cell of an interior page to the leaf with the last cell before it.</summary>
    public void ToLeafBefore()
    {
        _knownRoot = 0;
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

    private bool IsKnown(uint root) => _knownRoot == root && _knownAt == transaction.ChangeStamp;

    private void Know(uint root)
    {
        _knownRoot = root;
        _knownAt = transaction.ChangeStamp;
    }

    /// <summary>Whether a key is not before the last one, and before the divider.</summary>
    private bool IsInLeaf(in WholeKeyProbe key) =>
        key.Compare(new Payload(_lowestKey, 0, _lowestLength)) <= 0 && IsBeforeDivider(key);

    private bool IsBeforeDivider(in WholeKeyProbe key) => _divider is not { } divider || key.Compare(divider) > 0;

    private void Remember(in WholeKeyProbe key)
    {
        ReadOnlySpan<byte> bytes = key.Whole.Span;
        if (_lowestKey.Length < bytes.Length)
        {
            _lowestKey = new byte[bytes.Length * 2];
        }

        bytes.CopyTo(_lowestKey);
        _lowestLength = bytes.Length;
    }

    private BTreePage Begin(uint root, bool table)
    {
        _knownRoot = 0;
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
