using System.Runtime.InteropServices;
using Sluice.Engine.Paging;

namespace Sluice.Engine.BTree;

/// <summary>
/// Keeps pages from being too full or too empty, from a leaf up to the root.
/// <para>A page that is too full (its content is in <see cref="_node"/>) is split, one that is mostly free shares its cells with up to two siblings: as
/// many pages as needed are filled from the left and then evened out. What the parent says about them changes, so the parent may be too full or too
/// empty next. A split leaves the siblings alone: each page that a checkpoint changes is written twice, in the journal and in the file.
/// A root that is too full gets one child that takes its content; a root with one child takes that child's content. The root's page number never
/// changes.</para>
/// <para>Cells appended at the right end of a tree get pages of their own and leave those before full, for rows mostly come in order.</para>
/// </summary>
internal sealed class Balancer(PageTransaction transaction, WritePath path)
{
    private const int MaxSiblings = 3;

    private readonly List<TreeCell> _all = [];
    private readonly List<int> _ends = [];
    private readonly List<uint> _pages = [];

    /// <summary>The content of the page that is too full.</summary>
    private NodeContent _node = new();
    private NodeContent _parent = new();

    /// <summary>Pages are filled one after the other and not evened out: cells are added at the right end of the tree.</summary>
    private bool _appends;

    /// <summary>Balances upwards from a page that had no room for a cell at <paramref name="index"/>.</summary>
    public void Insert(int level, int index, in TreeCell cell)
    {
        BTreePage page = path.Parse(level);
        bool isLast = level > 0 && page.IsLeaf && index == page.CellCount && path.Index(level - 1) == path.Parse(level - 1).CellCount;
        if (isLast && page.Kind == PageKind.TableLeaf && page.CellCount > 0)
        {
            AppendRow(level, page, cell);
            return;
        }

        _node.Load(transaction, page);
        _node.Cells.Insert(index, cell);
        if (isLast && page.Kind == PageKind.IndexLeaf && _node.Cells.Count >= 3)
        {
            AppendKey(level);
            return;
        }

        Balance(level, overfull: true);
    }

    /// <summary>Balances upwards from a leaf that has no room for a run of cells.</summary>
    public void Insert(int level, LeafRun run)
    {
        BTreePage page = path.Parse(level);
        _node.Load(transaction, page, run);
        _appends = run[0].Index == page.CellCount && path.IsRightmost(level);
        Balance(level, overfull: true);
        _appends = false;
    }

    /// <summary>Balances upwards from a page that may have become too empty.</summary>
    public void AfterRemoval(int level) => Balance(level, overfull: false);

    private void Balance(int level, bool overfull)
    {
        for (; ; level--)
        {
            if (level == 0)
            {
                if (!overfull)
                {
                    ShrinkRoot();
                    return;
                }

                GrowRoot();
                level = 1;
            }

            if (!overfull && !IsTooEmpty(level))
            {
                return;
            }

            overfull = ShareWithSiblings(level, overfull);
        }
    }

    /// <summary>SQLite's measure: more than two thirds free.</summary>
    private bool IsTooEmpty(int level)
    {
        BTreePage page = path.Parse(level);
        return page.CellCount == 0 || PageEditor.FreeBytes(transaction, page) * 3 > page.UsableSize * 2;
    }

    /// <summary>The root's content, still in <see cref="_node"/>, is from now on that of its only child.</summary>
    private void GrowRoot()
    {
        if (path.Last == TreePath.MaxDepth - 1)
        {
            throw new SluiceException(ResultCode.Full, $"{transaction.Path}: the tree of root {path.Page(0)} cannot be deeper than {TreePath.MaxDepth} pages");
        }

        uint child = transaction.Allocate();
        PageKind above = (PageKind)((byte)_node.Kind & ~8);
        PageEditor.Write(transaction, path.Page(0), above, [], child);
        path.InsertBelowRoot(child);
    }

    /// <summary>A root without cells takes over its only child, unless it has no room (page 1, which has the header too).</summary>
    private void ShrinkRoot()
    {
        while (true)
        {
            BTreePage root = path.Parse(0);
            if (root.IsLeaf || root.CellCount > 0)
            {
                return;
            }

            uint child = root.Child(transaction, 0);
            _node.Load(transaction, BTreePage.Parse(transaction, child, transaction.Peek(child)));
            if (!_node.FitsOn(root.Number, root.UsableSize))
            {
                return;
            }

            PageEditor.Write(transaction, root.Number, _node);
            transaction.Free(child);
        }
    }

    /// <summary>Puts a row on a leaf of its own, right of its parent's last child.</summary>
    private void AppendRow(int level, in BTreePage page, in TreeCell cell)
    {
        TreeCell divider = TreeCell.TableDivider(page.TableKey(transaction, page.CellCount - 1), page.Number);
        AppendLeaf(level, PageKind.TableLeaf, cell, divider);
    }

    /// <summary>Puts the last key of <see cref="_node"/> on a leaf of its own, right of its parent's last child; the key before it divides them.</summary>
    private void AppendKey(int level)
    {
        uint left = path.Page(level);
        TreeCell divider = _node.Cells[^2].Copy(left);
        TreeCell last = _node.Cells[^1];
        PageEditor.Remove(transaction, left, _node.Cells.Count - 2);
        AppendLeaf(level, PageKind.IndexLeaf, last, divider);
    }

    private void AppendLeaf(int level, PageKind kind, in TreeCell cell, in TreeCell divider)
    {
        uint parentPage = path.Page(level - 1);
        uint right = transaction.Allocate();
        PageEditor.Write(transaction, right, kind, [cell], 0);
        if (PageEditor.TryInsert(transaction, parentPage, path.Index(level - 1), divider))
        {
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(
                transaction.Writable(parentPage).AsSpan(BTreePage.HeaderOffset(parentPage) + 8), right);
            return;
        }

        _node.Load(transaction, path.Parse(level - 1));
        _node.Cells.Add(divider);
        _node.RightChild = right;
        _appends = path.IsRightmost(level);
        Balance(level - 1, overfull: true);
        _appends = false;
    }

    /// <summary>
    /// Spreads the cells of a page, or of one and its siblings, evenly. True when the parent is too full then; its content is in <see cref="_node"/>.
    /// </summary>
    private bool ShareWithSiblings(int level, bool overfull)
    {
        uint parentPage = path.Page(level - 1);
        int own = path.Index(level - 1);
        _parent.Load(transaction, path.Parse(level - 1));
        int children = _parent.Cells.Count + 1;
        int count = overfull ? 1 : Math.Min(MaxSiblings, children);
        int first = overfull ? own : Math.Clamp(own - 1, 0, children - count);
        PageKind kind = overfull ? _node.Kind : path.Parse(level).Kind;
        uint rightChild = Gather(kind, first, count, overfull ? own : -1);
        Partition(kind);
        TakePages(_ends.Count);
        WriteSiblings(kind, rightChild);
        UpdateParent(kind, first, count);
        if (_parent.FitsOn(parentPage, transaction.UsableSize))
        {
            PageEditor.Write(transaction, parentPage, _parent);
            return false;
        }

        (_node, _parent) = (_parent, _node);
        return true;
    }

    /// <summary>
    /// Collects the siblings' cells, and between them the parent's dividers where those are keys of their own. Returns the last sibling's
    /// rightmost child.
    /// </summary>
    private uint Gather(PageKind kind, int first, int count, int overfull)
    {
        _all.Clear();
        _pages.Clear();
        uint rightChild = 0;
        for (int i = first; i < first + count; i++)
        {
            uint number = _parent.ChildAt(i);
            _pages.Add(number);
            if (i == overfull)
            {
                _all.AddRange(_node.Cells);
                rightChild = _node.RightChild;
            }
            else
            {
                BTreePage page = BTreePage.Parse(transaction, number, transaction.Peek(number));
                if (page.Kind != kind)
                {
                    throw CorruptPage.At(transaction, number, $"a page of kind {page.Kind} beside one of kind {kind}");
                }

                NodeContent.AddCells(transaction, page, _all);
                rightChild = page.IsLeaf ? 0 : page.RightChild;
            }

            if (i < first + count - 1 && kind != PageKind.TableLeaf)
            {
                _all.Add(_parent.Cells[i] with { Child = rightChild });
            }
        }

        return rightChild;
    }

    /// <summary>
    /// Decides which cells go to which page: <see cref="_ends"/> gets for each page the index past its last cell. But for table leafs the cell
    /// there becomes the divider.
    /// </summary>
    private void Partition(PageKind kind)
    {
        int room = transaction.UsableSize - BTreePage.HeaderSize(kind);
        bool hasDividers = kind != PageKind.TableLeaf;
        _ends.Clear();
        int filled = 0;
        for (int i = 0; i < _all.Count; i++)
        {
            int size = SizeOf(i, kind);
            if (filled + size <= room)
            {
                filled += size;
                continue;
            }

            _ends.Add(i);
            filled = hasDividers ? 0 : size;
        }

        _ends.Add(_all.Count);
        if (!_appends)
        {
            EvenOut(kind, room, filled);
        }
        else if (filled == 0)
        {
            // The last cell was to divide, but nothing is behind it.
            _ends[^2]--;
        }
    }

    /// <summary>Moves cells to the right, from the last page on, while that makes two neighbours more alike. The last page may have been left empty.</summary>
    private void EvenOut(PageKind kind, int room, int lastFilled)
    {
        bool hasDividers = kind != PageKind.TableLeaf;
        int right = lastFilled;
        for (int page = _ends.Count - 1; page > 0; page--)
        {
            int begin = page > 1 ? _ends[page - 2] + (hasDividers ? 1 : 0) : 0;
            int left = 0;
            for (int i = begin; i < _ends[page - 1]; i++)
            {
                left += SizeOf(i, kind);
            }

            while (_ends[page - 1] - begin > 1)
            {
                int last = _ends[page - 1] - 1;
                int leaving = SizeOf(last, kind);
                int coming = hasDividers ? SizeOf(last + 1, kind) : leaving;
                if (right > 0 && (right + coming > room || right + coming > left - leaving))
                {
                    break;
                }

                right += coming;
                left -= leaving;
                _ends[page - 1] = last;
            }

            right = left;
        }
    }

    private int SizeOf(int index, PageKind kind) => _all[index].SizeIn(kind) + 2;

    /// <summary>Makes <see cref="_pages"/> as many as needed, in ascending order, so that a scan reads forward.</summary>
    private void TakePages(int count)
    {
        while (_pages.Count > count)
        {
            transaction.Free(_pages[^1]);
            _pages.RemoveAt(_pages.Count - 1);
        }

        while (_pages.Count < count)
        {
            _pages.Add(transaction.Allocate());
        }

        _pages.Sort();
    }

    private void WriteSiblings(PageKind kind, uint rightChild)
    {
        ReadOnlySpan<TreeCell> all = CollectionsMarshal.AsSpan(_all);
        int begin = 0;
        for (int i = 0; i < _ends.Count; i++)
        {
            int end = _ends[i];
            uint right = i < _ends.Count - 1 ? all[end].Child : rightChild;
            PageEditor.Write(transaction, _pages[i], kind, all[begin..end], right);
            begin = kind == PageKind.TableLeaf ? end : end + 1;
        }
    }

    private void UpdateParent(PageKind kind, int first, int count)
    {
        _parent.Cells.RemoveRange(first, count - 1);
        _parent.SetChildAt(first, _pages[^1]);
        for (int i = 0; i < _pages.Count - 1; i++)
        {
            TreeCell divider = kind == PageKind.TableLeaf
                ? TableDivider(_all[_ends[i] - 1], _pages[i])
                : _all[_ends[i]] with { Child = _pages[i] };
            _parent.Cells.Insert(first + i, divider);
        }
    }

    /// <summary>The divider right of a leaf whose last cell is given.</summary>
    private TreeCell TableDivider(in TreeCell last, uint child)
    {
        ReadOnlySpan<byte> bytes = last.Buffer.AsSpan(last.Offset, last.Length);
        int skip = Format.Varint.Read(bytes, out _);
        if (Format.Varint.Read(bytes[skip..], out ulong rowid) == 0)
        {
            throw CorruptPage.At(transaction, child, "a cell without a rowid");
        }

        return TreeCell.TableDivider((long)rowid, child);
    }
}
