namespace Sluice.Engine.Plan;

/// <summary>An order of sources and the path by which each is read.</summary>
internal sealed record OrderedPaths(IReadOnlyList<AccessPath> Paths, double Cost, double Rows);

/// <summary>
/// Chooses the order of inner-joined sources: from each possible first one on, always the source that is cheapest next; the
/// cheapest of these orders. Beyond a number of sources only the most promising first ones are tried.
/// </summary>
internal sealed class JoinOrder(PathFinder finder, IReadOnlyList<WhereTerm> terms)
{
    /// <summary>Trying every first source costs the cube of their number.</summary>
    private const int MaxFirstSources = 12;

    public OrderedPaths Choose(IReadOnlyList<FromSource> sources, ulong placed, double outerRows, DesiredOrder order)
    {
        OrderedPaths? best = null;
        double bestCost = double.PositiveInfinity;
        foreach (FromSource first in sources.Take(MaxFirstSources))
        {
            List<AccessPath> paths = finder.Find(first, terms, placed);
            if (placed == 0 && order.Skip is { } skip && skip.Source == first.Source)
            {
                paths.AddRange(finder.FindSkips(first, terms, skip));
            }

            foreach (AccessPath path in paths)
            {
                OrderedPaths candidate = Complete(path, sources, placed, outerRows);
                double cost = candidate.Cost;
                if (order.Keys.Count > 0)
                {
                    bool isOrdered = order.IsGivenBy(candidate.Paths, out _);
                    cost = isOrdered ? order.HasLimit ? cost / 20 : order.AllowsHash ? cost + path.RandomReads : cost
                        : order.AllowsHash ? cost + PathCosts.Group(candidate.Rows)
                        : cost + PathCosts.Sort(candidate.Rows);
                }

                if (cost < bestCost)
                {
                    (best, bestCost) = (candidate, cost);
                }
            }
        }

        return best!;
    }

    private OrderedPaths Complete(AccessPath first, IReadOnlyList<FromSource> sources, ulong placed, double outerRows)
    {
        List<AccessPath> paths = [];
        List<FromSource> left = [.. sources];
        double cost = 0;
        double rows = outerRows;
        AccessPath next = first;
        while (true)
        {
            paths.Add(next);
            _ = left.Remove(next.Source);
            cost += next.Setup + (rows * next.Cost);
            rows = RowsAfter(next, placed, rows);
            placed |= next.Source.Mask;
            if (left.Count == 0)
            {
                return new OrderedPaths(paths, cost, rows);
            }

            next = Cheapest(left, placed, rows);
        }
    }

    private AccessPath Cheapest(List<FromSource> left, ulong placed, double rows)
    {
        AccessPath? best = null;
        double bestScore = double.PositiveInfinity;
        foreach (FromSource source in left)
        {
            foreach (AccessPath path in finder.Find(source, terms, placed))
            {
                // What comes out counts too: it is read against by everything that follows.
                double score = path.Setup + (rows * path.Cost) + RowsAfter(path, placed, rows);
                if (score < bestScore)
                {
                    (best, bestScore) = (path, score);
                }
            }
        }

        return best!;
    }

    private double RowsAfter(AccessPath path, ulong placed, double rows)
    {
        double after = rows * path.Rows;
        ulong known = placed | path.Source.Mask;
        foreach (WhereTerm term in terms)
        {
            if ((term.Mask & path.Source.Mask) != 0 && (term.Mask & ~known) == 0 && !path.Uses.Any(use => use.Term == term))
            {
                after *= PathCosts.Selectivity(term);
            }
        }

        return Math.Max(after, 0.01);
    }
}
