using System.Globalization;

namespace Sluice.Isolation.Histories;

/// <summary>Runs the workload and checks its history, and says in a line what came of it.</summary>
public static class HistoryRuns
{
    public const int DefaultTransactions = 200_000;

    private static readonly string[] s_levels = ["snapshot", "serializable"];

    /// <summary>Options: transactions, sessions, seed, level. True when nothing was found.</summary>
    public static bool Run(TextWriter output, string folder, IReadOnlyDictionary<string, string> options)
    {
        bool clean = true;
        foreach (string level in options.TryGetValue("level", out string? one) ? [one] : s_levels)
        {
            WorkloadOptions workload = new()
            {
                Transactions = Number("transactions", DefaultTransactions),
                Sessions = Number("sessions", 16),
                Seed = Number("seed", Random.Shared.Next(1_000_000)),
                Serializable = level == "serializable",
            };
            clean &= Run(output, Directory.CreateDirectory(Path.Combine(folder, level)).FullName, workload);
        }

        return clean;

        int Number(string name, int unlessGiven) =>
            options.TryGetValue(name, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : unlessGiven;
    }

    public static bool Run(TextWriter output, string folder, WorkloadOptions options)
    {
        WorkloadResult result = Workload.Run(folder, options);
        IReadOnlyList<Violation> violations = HistoryChecker.Check(result.History, options.Serializable);
        foreach (Violation violation in violations.Take(10))
        {
            output.WriteLine(violation);
        }

        string allowed = options.Serializable || violations.Count > 0
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $", {HistoryChecker.CountWriteSkews(result.History)} write skews, which this level allows");
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{(options.Serializable ? "serializable" : "snapshot")}: {result.Committed} transactions committed, {result.Refused} refused or rolled back, {options.Sessions} sessions, {result.Elapsed.TotalSeconds:F1} s, seed {options.Seed}: {violations.Count} violations{allowed}"));
        return violations.Count == 0;
    }
}
