using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Windows as written: by name, built upon another ("Window Functions", section 2.3), or whole.</summary>
internal static class WindowSpecifications
{
    /// <summary>The whole window that a call's OVER means.</summary>
    /// <exception cref="SluiceException">A name that is not there, or a clause that may not be overridden.</exception>
    public static WindowSpecification Resolve(WindowSpecification over, IReadOnlyList<(string Name, WindowSpecification Window)> named)
    {
        if (over.Name is { } name)
        {
            int at = IndexOf(name, named, named.Count);
            return Chain(named[at].Window, named, at);
        }

        return Chain(over, named, named.Count);
    }

    public static bool AreEqual(WindowSpecification a, WindowSpecification b) =>
        a.PartitionBy.Count == b.PartitionBy.Count
        && a.OrderBy.Count == b.OrderBy.Count
        && a.PartitionBy.Zip(b.PartitionBy).All(pair => NodeEquality.AreEqual(pair.First, pair.Second))
        && a.OrderBy.Zip(b.OrderBy).All(pair => AreEqual(pair.First, pair.Second))
        && AreEqual(a.Frame, b.Frame);

    /// <summary>A window built upon another takes its partition and order; <paramref name="before"/> limits where the other is looked for.</summary>
    private static WindowSpecification Chain(WindowSpecification window, IReadOnlyList<(string Name, WindowSpecification Window)> named, int before)
    {
        if (window.BaseName is not { } name)
        {
            return window;
        }

        int at = IndexOf(name, named, before);
        WindowSpecification below = Chain(named[at].Window, named, at);
        string? overridden = window.PartitionBy.Count > 0 ? "PARTITION clause"
            : below.OrderBy.Count > 0 && window.OrderBy.Count > 0 ? "ORDER BY clause"
            : below.Frame is not null ? "frame specification"
            : null;
        if (overridden is not null)
        {
            throw new SluiceException(ResultCode.Error, $"cannot override {overridden} of window: {name}");
        }

        return window with { BaseName = null, PartitionBy = below.PartitionBy, OrderBy = below.OrderBy.Count > 0 ? below.OrderBy : window.OrderBy };
    }

    private static int IndexOf(string name, IReadOnlyList<(string Name, WindowSpecification Window)> named, int before)
    {
        for (int i = before - 1; i >= 0; i--)
        {
            if (named[i].Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        throw new SluiceException(ResultCode.Error, $"no such window: {name}");
    }

    private static bool AreEqual(OrderTerm a, OrderTerm b) =>
        a.Descending == b.Descending && a.NullsFirst == b.NullsFirst && NodeEquality.AreEqual(a.Expression, b.Expression);

    private static bool AreEqual(FrameSpecification? a, FrameSpecification? b) =>
        a is null ? b is null : b is not null && a.Unit == b.Unit && a.Exclude == b.Exclude && AreEqual(a.Start, b.Start) && AreEqual(a.End, b.End);

    private static bool AreEqual(FrameBound a, FrameBound b) =>
        a.Kind == b.Kind && (a.Offset is null ? b.Offset is null : b.Offset is not null && NodeEquality.AreEqual(a.Offset, b.Offset));
}
