using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Operators;

namespace Sluice.Engine.Plan;

/// <summary>The order in which a join's rows are wanted: of ORDER BY, or of GROUP BY, whose rows may then be grouped as they come.</summary>
internal sealed record DesiredOrder(IReadOnlyList<SortKey> Keys, bool HasLimit)
{
    /// <summary>Set where some rows of each group are enough.</summary>
    public GroupSkip? Skip { get; init; }

    /// <summary>Whether the rows may as well be grouped in a hash table: the result depends on no order among them.</summary>
    public bool AllowsHash { get; init; }

    public static DesiredOrder None { get; } = new([], false);

    /// <summary>Whether reading by these paths, the first outermost, gives the order; and which of their sources must then be read backwards, a bit each.</summary>
    public bool IsGivenBy(List<AccessPath> paths, out ulong backwards)
    {
        backwards = 0;
        ulong single = 0;
        int next = 0;
        foreach (AccessPath path in paths)
        {
            if (path.IsSingleRow)
            {
                single |= path.Source.Mask;
                continue;
            }

            if (!Follow(path, paths, single, ref next, out bool isReversed, out bool isUnique))
            {
                return false;
            }

            backwards |= isReversed ? path.Source.Mask : 0;
            if (SkipSingle(paths, single, next) == Keys.Count)
            {
                return true;
            }

            if (!isUnique)
            {
                return false;
            }

            // Each row of this path is alone with its key: the order may go on with the next path.
            single |= path.Source.Mask;
        }

        return SkipSingle(paths, single, next) == Keys.Count;
    }

    /// <summary>Follows the keys as far as one path's order goes.</summary>
    private bool Follow(AccessPath path, List<AccessPath> paths, ulong single, ref int next, out bool isReversed, out bool isUnique)
    {
        bool? reversed = null;
        int position = 0;
        isUnique = false;
        isReversed = false;
        for (; next < Keys.Count; next++)
        {
            SortKey key = Keys[next];
            if (IsSingle(key, paths, single) || path.IsFixed(key))
            {
                continue;
            }

            if (isUnique)
            {
                break;
            }

            if (position == path.OrderLength || !path.OrderColumn(position).Matches(key) || key.Order.NullsFirst == key.Order.Descending)
            {
                return false;
            }

            bool against = key.Order.Descending != path.OrderColumn(position).Descending;
            if ((reversed is { } direction && direction != against) || (against && path.IsForwardOnly))
            {
                return false;
            }

            reversed = against;
            position++;
            isUnique = position == path.OrderLength && path.IsOrderUnique;
        }

        isReversed = reversed == true;
        return true;
    }

    private int SkipSingle(List<AccessPath> paths, ulong single, int next)
    {
        while (next < Keys.Count && IsSingle(Keys[next], paths, single))
        {
            next++;
        }

        return next;
    }

    /// <summary>Whether a key is the same in all rows: it is constant, or of one of the sources that give a single row here.</summary>
    private static bool IsSingle(SortKey key, List<AccessPath> paths, ulong single) => key.Value switch
    {
        ColumnExpr column => IsOf(column.Source, paths, single),
        RowidExpr rowid => IsOf(rowid.Source, paths, single),
        _ => key.Value.IsConstant,
    };

    private static bool IsOf(int source, List<AccessPath> paths, ulong mask)
    {
        foreach (AccessPath path in paths)
        {
            if (path.Source.Source == source)
            {
                return (path.Source.Mask & mask) != 0;
            }
        }

        return false;
    }
}
