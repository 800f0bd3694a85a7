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

    /// <summary>Whether reading by these paths, the first outermost, gives the order; and which of them must then be read backwards.</summary>
    public bool IsGivenBy(List<AccessPath> paths, out HashSet<FromSource> backwards)
    {
        backwards = [];
        HashSet<int> single = [];
        int next = 0;
        foreach (AccessPath path in paths)
        {
            if (path.IsSingleRow)
            {
                _ = single.Add(path.Source.Source);
                continue;
            }

            if (!Follow(path, single, ref next, out bool isReversed, out bool isUnique))
            {
                return false;
            }

            if (isReversed)
            {
                _ = backwards.Add(path.Source);
            }

            if (SkipSingle(single, next) == Keys.Count)
            {
                return true;
            }

            if (!isUnique)
            {
                return false;
            }

            // Each row of this path is alone with its key: the order may go on with the next path.
            _ = single.Add(path.Source.Source);
        }

        return SkipSingle(single, next) == Keys.Count;
    }

    /// <summary>Follows the keys as far as one path's order goes.</summary>
    private bool Follow(AccessPath path, HashSet<int> single, ref int next, out bool isReversed, out bool isUnique)
    {
        bool? reversed = null;
        int position = 0;
        isUnique = false;
        isReversed = false;
        for (; next < Keys.Count; next++)
        {
            SortKey key = Keys[next];
            if (IsSingle(key, single) || path.IsFixed(key))
            {
                continue;
            }

            if (isUnique)
            {
                break;
            }

            if (position == path.Order.Count || !path.Order[position].Matches(key) || key.Order.NullsFirst == key.Order.Descending)
            {
                return false;
            }

            bool against = key.Order.Descending != path.Order[position].Descending;
            if ((reversed is { } direction && direction != against) || (against && path.IsForwardOnly))
            {
                return false;
            }

            reversed = against;
            position++;
            isUnique = path.UniqueOrderLength > 0 && position >= path.UniqueOrderLength;
        }

        isReversed = reversed == true;
        return true;
    }

    private int SkipSingle(HashSet<int> single, int next)
    {
        while (next < Keys.Count && IsSingle(Keys[next], single))
        {
            next++;
        }

        return next;
    }

    private static bool IsSingle(SortKey key, HashSet<int> single) => key.Value switch
    {
        ColumnExpr column => single.Contains(column.Source),
        RowidExpr rowid => single.Contains(rowid.Source),
        _ => key.Value.IsConstant,
    };
}
