using Sluice.Engine.Paging;

namespace Sluice.Engine.BTree;

/// <summary>Whether the pages of a walk are likely to be wanted again.</summary>
internal enum Reuse : byte
{
    /// <summary>What is read stays in the cache.</summary>
    Always,

    /// <summary>Most of what is read past the cache stays out of it: lookups here and there.</summary>
    Seldom,

    /// <summary>A long walk leaves the cache to others.</summary>
    Never,
}

/// <summary>
/// The pages from a tree's root down to where a cursor stands, each with the index of the child (or, at the end, of the cell) that is next.
/// Checks on the way that pages are of one kind of tree, that no page but the root is empty, that the tree is not deeper than
/// it can be, and that a walk does not visit more pages than the file has: so no damaged pointer leads into an endless loop.
/// </summary>
internal sealed class TreePath(IPageSource source, uint root, bool isTable)
{
    /// <summary>SQLite's bound too (BTCURSOR_MAX_DEPTH): a tree of 2^31 pages with the smallest fan-out is not as deep.</summary>
    public const int MaxDepth = 20;

    private const int KeptOfReads = 8;

    /// <summary>Few trees are deeper: enough for some hundred million rows.</summary>
    private const int UsualDepth = 5;

    private BTreePage[] _pages = new BTreePage[UsualDepth];
    private int[] _indexes = new int[UsualDepth];
    private long _visited;
    private long _reads;
    private bool _forward;

    // For pages that are read past the cache. The top page may stand in it.
    private byte[]? _scratch;

    /// <summary>Pages on the path; 0 before the first <see cref="Begin"/>.</summary>
    public int Depth { get; private set; }

    public ref readonly BTreePage Top => ref _pages[Depth - 1];

    public ref int TopIndex => ref _indexes[Depth - 1];

    /// <summary>
    /// How likely pages are wanted again. What is read past the cache stands in one buffer, which is the next such page's unless <see cref="KeepTop"/> was called.
    /// </summary>
    public Reuse Reuse { get; set; }

    /// <summary>Starts anew at the root.</summary>
    public void Begin()
    {
        Depth = 0;
        _visited = 0;
        Push(root);
    }

    /// <summary>Goes down to a child of the top page.</summary>
    public void PushChild(int index)
    {
        TopIndex = index;
        Push(Top.Child(source, index));
    }

    public void Pop() => Depth--;

    /// <summary>Begins another walk from the pages that are on the path.</summary>
    public void GoOn() => _visited = Depth;

    /// <summary>The top page's image is not to be changed any more: something refers to it.</summary>
    public void KeepTop()
    {
        if (_scratch is not null && ReferenceEquals(_scratch, Top.Image))
        {
            _scratch = null;
        }
    }

    /// <summary>Goes down to the first leaf below the top page; its index is 0.</summary>
    public void DescendFirst()
    {
        Turn(forward: true);
        while (!Top.IsLeaf)
        {
            PushChild(0);
        }

        TopIndex = 0;
    }

    /// <summary>Goes down to the last leaf below the top page; its index is that of its last cell.</summary>
    public void DescendLast()
    {
        Turn(forward: false);
        while (!Top.IsLeaf)
        {
            PushChild(Top.CellCount);
        }

        TopIndex = Top.CellCount - 1;
    }

    /// <summary>From a leaf to the next one; false at the end.</summary>
    public bool NextLeaf()
    {
        while (Depth > 1)
        {
            Pop();
            if (TopIndex < Top.CellCount)
            {
                PushChild(TopIndex + 1);
                DescendFirst();
                return true;
            }
        }

        return false;
    }

    /// <summary>From a leaf to the one before; false at the beginning.</summary>
    public bool PreviousLeaf()
    {
        while (Depth > 1)
        {
            Pop();
            if (TopIndex > 0)
            {
                PushChild(TopIndex - 1);
                DescendLast();
                return true;
            }
        }

        return false;
    }

    /// <summary>Only a walk in one direction is bounded: one to and fro may go on for ever.</summary>
    private void Turn(bool forward)
    {
        if (_forward != forward)
        {
            _forward = forward;
            _visited = 0;
        }
    }

    private void Push(uint number)
    {
        if (Depth == MaxDepth)
        {
            throw TooDeep(number);
        }

        if (++_visited > source.PageCount)
        {
            throw Circle(number);
        }

        BTreePage page = Reuse switch
        {
            Reuse.Always => BTreePage.Parse(source, number),
            Reuse.Seldom => ParseLookedUp(number),
            _ => _visited > source.PagesKeptOfWalk ? ParseOnce(number) : BTreePage.Parse(source, number),
        };
        if (page.IsTable != isTable)
        {
            throw BadKind(page);
        }

        if (page.CellCount == 0 && Depth > 0)
        {
            throw Empty(number);
        }

        if (Depth == _pages.Length)
        {
            Array.Resize(ref _pages, MaxDepth);
            Array.Resize(ref _indexes, MaxDepth);
        }

        _pages[Depth] = page;
        _indexes[Depth] = 0;
        Depth++;
    }

    private SluiceException BadKind(in BTreePage page) =>
        CorruptPage.At(source, page.Number, $"a page of kind {page.Kind} in the tree of root {root}, which is of {(isTable ? "a table" : "an index")}");

    private SluiceException Empty(uint number) => CorruptPage.At(source, number, $"an empty page in the tree of root {root}");

    private SluiceException TooDeep(uint number) => CorruptPage.At(source, number, $"the tree of root {root} is deeper than {MaxDepth} pages");

    private SluiceException Circle(uint number) =>
        CorruptPage.At(source, number, $"the tree of root {root} runs in a circle: more than {source.PageCount} pages visited");

    /// <summary>
    /// Of many pages that had to be read from the file one in <see cref="KeptOfReads"/> is kept: what is wanted again and again so comes into the cache, and what is
    /// not wanted again hardly drives anything out.
    /// </summary>
    private BTreePage ParseLookedUp(uint number)
    {
        if (source.Cached(number) is { } image)
        {
            return BTreePage.Parse(source, number, image);
        }

        return ++_reads > source.PagesKeptOfWalk && _reads % KeptOfReads != 0 ? ParseOnce(number) : BTreePage.Parse(source, number);
    }

    private BTreePage ParseOnce(uint number)
    {
        _scratch ??= GC.AllocateUninitializedArray<byte>(source.PageSize);
        BTreePage page = BTreePage.Parse(source, number, source.ReadOnce(number, _scratch));
        if (!page.IsLeaf && ReferenceEquals(page.Image, _scratch))
        {
            // It stays on the path while the pages below it are read.
            _scratch = null;
        }

        return page;
    }
}
