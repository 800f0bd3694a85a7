namespace Sluice.Gateway.Cli.Sql;

/// <summary>Fits columns into a terminal: narrow ones keep what they need, wide ones share the rest.</summary>
internal static class ColumnWidths
{
    /// <summary>A column that needs more does not become narrower than this.</summary>
    public const int Least = 6;

    /// <summary>The widths, or null if the columns do not fit even at their narrowest.</summary>
    /// <param name="natural">What the columns' values need.</param>
    /// <param name="room">Cells for all of them, without what is between.</param>
    public static int[]? Fit(int[] natural, int room)
    {
        if (natural.Sum(width => Math.Min(width, Least)) > room)
        {
            return null;
        }

        int cap = natural.Max();
        while (natural.Sum(width => Math.Min(width, cap)) > room)
        {
            cap--;
        }

        int[] widths = [.. natural.Select(width => Math.Min(width, cap))];
        int left = room - widths.Sum();
        for (int i = 0; i < widths.Length && left > 0; i++)
        {
            if (widths[i] < natural[i])
            {
                widths[i]++;
                left--;
            }
        }

        return widths;
    }
}
