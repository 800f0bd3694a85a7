using Sluice.Engine.Catalog;
using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;

namespace Sluice.Engine.Plan;

/// <summary>Ways that read only some rows of each group.</summary>
internal sealed partial class PathFinder
{
    /// <summary>
    /// The indexes by which only some rows of each group are read. Conditions must pass or fail a group as a whole, or be bounds on the column whose ends are
    /// wanted, which are then seeks.
    /// </summary>
    public IEnumerable<AccessPath> FindSkips(FromSource source, List<WhereTerm> terms, GroupSkip skip)
    {
        if (source.Table is not { } table || source.NotIndexed)
        {
            yield break;
        }

        foreach (TableIndex index in table.Indexes)
        {
            bool isAllowed = source.RequiredIndex is null || ReferenceEquals(source.RequiredIndex, index);
            if (isAllowed && HasEdges(source, index, skip) && PartialIndexes.IsUsable(index, source, terms) && EdgeBounds(source, index, terms, skip) is var (lower, upper))
            {
                bool covering = IsCovering(source, table, index);
                double groups = PathCosts.GroupsOf(table, index, skip.Keys.Count);
                yield return new IndexEdgesPath(source, index, skip, lower, upper, covering)
                {
                    Cost = Math.Min(PathCosts.RowsOf(table), IndexEdgesNode.MostRowsOfGroup * groups) * PathCosts.IndexStep(table, index) / 2,
                    Rows = groups,
                };
            }
        }
    }

    /// <summary>Whether an index begins with the group's columns and goes on with the one whose ends are wanted, told apart and ordered as the query has it.</summary>
    private static bool HasEdges(FromSource source, TableIndex index, GroupSkip skip)
    {
        (int Column, Collation Collation)[] wanted = [.. skip.Keys, .. skip.Value is { } value ? [value] : Array.Empty<(int, Collation)>()];
        int places = source.Table!.KeyColumns is null ? index.KeyLength + 1 : index.KeyLength;
        if (wanted.Length > places || (skip.Keys.Count > index.KeyLength))
        {
            return false;
        }

        for (int i = 0; i < wanted.Length; i++)
        {
            PathColumn column = IndexColumns.Of(source, index, i);
            bool isForward = !column.Descending && column.Collation == wanted[i].Collation;
            if (!isForward || column.Column != wanted[i].Column)
            {
                return false;
            }
        }

        return true;
    }

    private static (TermUse? Lower, TermUse? Upper)? EdgeBounds(FromSource source, TableIndex index, List<WhereTerm> terms, GroupSkip skip)
    {
        TermUse? lower = null;
        TermUse? upper = null;
        foreach (WhereTerm term in terms)
        {
            if ((term.Mask & source.Mask) == 0 || term.Uses.Any(use => use.Source == source && IsSameForGroup(use, skip)))
            {
                continue;
            }

            TermUse? bound = term.Uses.FirstOrDefault(use => use.Source == source && use.ValueMask == 0
                && use.Kind is TermKind.Lower or TermKind.Upper && Fits(use, source.Table!, index, skip.Keys.Count));
            if (bound is null || skip.Value is null || (bound.Kind == TermKind.Lower ? lower : upper) is not null)
            {
                return null;
            }

            (lower, upper) = bound.Kind == TermKind.Lower ? (bound, upper) : (lower, bound);
        }

        return (lower, upper);
    }

    /// <summary>Whether what equals in the group is also the same to the condition.</summary>
    private static bool IsSameForGroup(TermUse use, GroupSkip skip) =>
        use.Expression is null && use.Convert != Affinity.Text
        && skip.Keys.Any(key => key.Column == use.Column && (key.Collation == Collation.Binary || key.Collation == use.Collation));
}
