using Sluice.Engine.Tests.Files;
using Sluice.Isolation.Anomalies;

namespace Sluice.Engine.Tests.Isolation;

/// <summary>The named anomalies, each at both levels; the scripts say which may occur.</summary>
public sealed class AnomalyTests
{
    public static TheoryData<string, string, bool> Cases
    {
        get
        {
            TheoryData<string, string, bool> cases = [];
            foreach (AnomalyScript script in AnomalyScript.All)
            {
                foreach (string level in script.Expected.Keys)
                {
                    cases.Add(script.Name, level, false);
                    cases.Add(script.Name, level, true);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Goes_as_the_level_promises(string name, string level, bool onPages)
    {
        using TemporaryFolder folder = new();
        AnomalyScript script = AnomalyScript.All.Single(found => found.Name == name);
        AnomalyOutcome outcome = AnomalyRun.Run(script, folder.Path, level, onPages);
        Assert.Empty(outcome.Faults);
        Assert.Equal(script.Expected[level], outcome.Fates);
        bool skew = name.StartsWith("write-skew", StringComparison.Ordinal) || name == "read-only";
        Assert.Equal(level == "snapshot" && skew, outcome.Occurred ?? false);
    }

    [Fact]
    public void Every_anomaly_of_the_catalogue_is_there() => Assert.Equal(
        ["aborted-read", "circular-information-flow", "dirty-read", "dirty-write", "intermediate-read", "lost-update",
            "observed-transaction-vanishes", "predicate-many-preceders-read", "predicate-many-preceders-write", "read-only", "read-skew", "write-skew"],
        AnomalyScript.All.Where(script => script.Occurs.Count > 0).Select(script => script.Name)
            .Where(name => !name.StartsWith("none-", StringComparison.Ordinal) && name is not ("lost-update-after-commit" or "lost-update-plain" or "read-skew-predicate")
                && !name.StartsWith("write-skew-", StringComparison.Ordinal)));
}
