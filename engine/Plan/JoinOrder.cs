namespace Sluice.Engine.Plan;

/// <summary>An order of sources and the path by which each is read.</summary>
internal sealed record OrderedPaths(List<AccessPath> Paths, double Cost, double Rows);

/// <summary>
/// Chooses the order of inner-joined sources: from each possible first one on, always the source that is cheapest next; the
/// cheapest of these orders. Beyond a number of sources only the most promising first ones are tried.
/// </summary>
internal sealed class JoinOrder(PathFinder finder, List<WhereTerm> terms)
{
    /// <summary>Trying every first source costs the cube of their number.</summary>
    private const int MaxFirstSources = 12;

    /// <summary>How much cheaper an order that a LIMIT may end early is taken to be.</summary>
    private const double LimitGain = 20;

    private readonly List<(FromSource Source, ulong Known, List<AccessPath> Paths)> _found = [];
    private bool _wantsOrder;

    public OrderedPaths Choose(List<FromSource> sources, ulong placed, double outerRows, DesiredOrder order)
    {
        _wantsOrder = order.Keys.Count > 0;
        OrderedPaths? best = null;
        double bestCost = double.PositiveInfinity;
        for (int i = 0; i < Math.Min(sources.Count, MaxFirstSources); i++)
        {
            FromSource first = sources[i];
            List<AccessPath> paths = Find(first, placed);
            if (placed == 0 && order.Skip is { } skip && skip.Source == first.Source)
            {
                paths = [.. paths, .. finder.FindSkips(first, terms, skip)];
            }

            foreach (AccessPath path in paths)
            {
                // What follows only adds to the cost.
                double least = path.Setup + (outerRows * path.Cost);
                if (best is not null && (order.HasLimit ? least / LimitGain : least) >= bestCost)
                {
                    continue;
                }

                OrderedPaths candidate = Complete(path, sources, placed, outerRows);
                double cost = candidate.Cost;
                if (order.Keys.Count > 0)
                {
                    bool isOrdered = order.IsGivenBy(candidate.Paths, out _);
                    cost = isOrdered ? order.HasLimit ? cost / LimitGain : order.AllowsHash ? cost + path.RandomReads : cost
                        : order.AllowsHash ? cost + PathCosts.Group(candidate.Rows)
                        : cost + PathCosts.Sort(candidate.Rows);
                }

                if (cost < bestCost)
                {
                    (best, bestCost) = (candidate, cost);
                }
            }
        }

        return best ?? throw NoOrder();
    }

    /// <summary>The paths of a source, found once for all that is placed before it and that it has to do with.</summary>
    private List<AccessPath> Find(FromSource source, ulong placed)
    {
        ulong related = source.ArgumentMask;
        foreach (WhereTerm term in terms)
        {
            related |= (term.Mask & source.Mask) != 0 ? term.Mask : 0;
        }

        // A subquery's rows are kept when anything is read before it.
        ulong known = placed & (related | (source.Derived is null ? 0 : ulong.MaxValue));
        foreach ((FromSource other, ulong mask, List<AccessPath> paths) in _found)
        {
            if (other == source && mask == known)
            {
                return paths;
            }
        }

        List<AccessPath> found = finder.Find(source, terms, placed, _wantsOrder);
        _found.Add((source, known, found));
        return found;
    }

    private OrderedPaths Complete(AccessPath first, List<FromSource> sources, ulong placed, double outerRows)
    {
        List<AccessPath> paths = new(sources.Count);
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
            foreach (AccessPath path in Find(source, placed))
            {
                // What comes out counts too: it is read against by everything that follows.
                double score = path.Setup + (rows * path.Cost) + RowsAfter(path, placed, rows);
                if (score < bestScore)
                {
                    (best, bestScore) = (path, score);
                }
            }
        }

        return best ?? throw NoOrder();
    }

    /// <summary>Table-valued functions that need each other's columns have no place.</summary>
    private static SluiceException NoOrder() => new(ResultCode.Error, "no query solution");

    private double RowsAfter(AccessPath path, ulong placed, double rows)
    {
        double after = rows * path.Rows;
        ulong known = placed | path.Source.Mask;
        foreach (WhereTerm term in terms)
        {
            if ((term.Mask & path.Source.Mask) != 0 && (term.Mask & ~known) == 0 && !path.Answers(term))
            {
                after *= term.Selectivity;
            }
        }

        return Math.Max(after, 0.01);
    }
}
