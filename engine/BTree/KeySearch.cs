using Sluice.Engine.Format;
using Sluice.Engine.Paging;

namespace Sluice.Engine.BTree;

/// <summary>What is looked for in an index.</summary>
internal interface IKeyProbe
{
    /// <summary>Negative, zero or positive as <paramref name="key"/> sorts before, with or after the probe.</summary>
    int Compare(in Payload key);
}

/// <summary>The values of a key's first columns.</summary>
internal readonly ref struct ValuesProbe(ReadOnlySpan<SqlValue> values, KeyOrder order) : IKeyProbe
{
    private readonly ReadOnlySpan<SqlValue> _values = values;

    public int Compare(in Payload key) => KeyComparer.Compare(key, _values, order);
}

/// <summary>A whole key.</summary>
internal readonly struct WholeKeyProbe(Payload whole, KeyOrder order) : IKeyProbe
{
    public Payload Whole => whole;

    public int Compare(in Payload key) => KeyComparer.Compare(key, whole, order);
}

/// <summary>Binary search in a page of an index.</summary>
internal static class KeySearch
{
    /// <summary>
    /// The first cell whose key is at or after the probe, or after it when <paramref name="afterEqual"/>; the cell count if there is none.
    /// <paramref name="exact"/> tells whether a key equal to the probe was met.
    /// </summary>
    public static int LowerBound<TProbe>(IPageSource source, in BTreePage page, TProbe probe, bool afterEqual, out bool exact)
        where TProbe : IKeyProbe, allows ref struct =>
        LowerBound(source, page, probe, 0, page.CellCount, afterEqual, out exact);

    /// <summary>
    /// The first cell whose key is at or after the probe. It is not before <paramref name="from"/> and likely near it: the search goes on from there in
    /// steps that double.
    /// </summary>
    public static int LowerBound(IPageSource source, in BTreePage page, in WholeKeyProbe probe, int from, out bool exact)
    {
        int low = from;
        for (int step = 1; low + step <= page.CellCount; step *= 2)
        {
            int end = low + step;
            int found = LowerBound(source, page, probe, low, end, afterEqual: false, out exact);
            if (found < end)
            {
                return found;
            }

            low = end;
        }

        return LowerBound(source, page, probe, low, page.CellCount, afterEqual: false, out exact);
    }

    private static int LowerBound<TProbe>(
        IPageSource source, in BTreePage page, TProbe probe, int low, int high, bool afterEqual, out bool exact)
        where TProbe : IKeyProbe, allows ref struct
    {
        int middle = 0;
        exact = false;
        try
        {
            while (low < high)
            {
                middle = (int)((uint)(low + high) >> 1);
                int order = probe.Compare(page.TryKey(source, middle, out Payload key)
                    ? key
                    : OverflowChain.Assemble(source, page, middle, page.Cell(source, middle)));
                exact |= order == 0;
                if (order < 0 || (order == 0 && afterEqual))
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle;
                }
            }
        }
        catch (CorruptRecordException error)
        {
            throw error.At(source.Path, $"page {page.Number} cell {middle}");
        }

        return low;
    }
}
