using System.Globalization;

namespace Sluice.Isolation.Anomalies;

/// <summary>Runs all scripts at both levels and writes the table.</summary>
public static class AnomalyTable
{
    private static readonly string[] s_levels = ["snapshot", "serializable"];

    /// <summary>The number of scripts that did not go as they say.</summary>
    public static int Write(TextWriter output, string folder)
    {
        output.WriteLine($"{"anomaly",-46} {"snapshot",-38} serializable");
        int wrong = 0;
        foreach (AnomalyScript script in AnomalyScript.All)
        {
            string[] cells = [.. s_levels.Select(level => Cell(script, folder, level, out bool ok) + (ok ? "" : " WRONG"))];
            wrong += cells.Any(cell => cell.EndsWith(" WRONG", StringComparison.Ordinal)) ? 1 : 0;
            output.WriteLine($"{script.Title,-46} {cells[0],-38} {cells[1]}");
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"anomalies: {AnomalyScript.All.Count - wrong} as expected, {wrong} not, each at both levels, on pages and in memory"));
        return wrong;
    }

    private static string Cell(AnomalyScript script, string folder, string level, out bool ok)
    {
        AnomalyOutcome inMemory = AnomalyRun.Run(script, folder, level, onPages: false);
        AnomalyOutcome onPages = AnomalyRun.Run(script, folder, level, onPages: true);
        ok = inMemory.Fates == script.Expected[level] && onPages.Fates == inMemory.Fates && onPages.Occurred == inMemory.Occurred
            && inMemory.Faults.Count == 0 && onPages.Faults.Count == 0;
        string verdict = inMemory.Occurred switch
        {
            true => "possible",
            false => "prevented",
            null => "nobody refused",
        };
        IEnumerable<string> refused = inMemory.Fates.Split(", ").Where(fate => fate.Contains("refused", StringComparison.Ordinal));
        return string.Join("; ", refused.Prepend(verdict));
    }
}
