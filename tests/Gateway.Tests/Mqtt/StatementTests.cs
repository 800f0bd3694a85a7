using System.Text.RegularExpressions;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>
/// <c>Statements/5.0.tsv</c> and <c>3.1.1.tsv</c> have a line for each numbered statement of the specifications (their appendices B, and 4.8.2-5 and 3.1.3-10, which the
/// text has): its number, the tests that show it, and where there are none, why.
/// </summary>
public class StatementTests
{
    [Theory]
    [InlineData("5.0", 250)]
    [InlineData("3.1.1", 142)]
    public void Each_statement_has_a_test_that_exists_or_a_reason(string version, int statements)
    {
        string tests = Path.Combine(RepositoryRoot.Path, "tests");
        HashSet<string> names = [];
        foreach (string file in Directory.EnumerateFiles(Path.Combine(tests, "Gateway.Tests", "Mqtt"), "*.cs").Concat(Directory.EnumerateFiles(Path.Combine(tests, "EndToEnd"), "*.cs")))
            names.UnionWith(Regex.Matches(File.ReadAllText(file), @"public (?:async Task|void) (\w+)\(").Select(match => match.Groups[1].Value));
        string[][] lines = [.. File.ReadLines(Path.Combine(tests, "Gateway.Tests", "Mqtt", "Statements", $"{version}.tsv")).Select(line => line.Split('\t'))];
        Assert.Equal(statements, lines.Select(line => line[0]).Distinct().Count());
        Assert.Equal(statements, lines.Length);
        foreach (string[] line in lines)
        {
            Assert.Matches(@"^MQTT-\d+\.\d+\.\d+-\d+$", line[0]);
            Assert.True(line.Length == 3 && (line[1].Length > 0 || line[2].Length > 0), $"{line[0]} has neither a test nor a reason");
            Assert.All(line[1].Split(' ', StringSplitOptions.RemoveEmptyEntries), name => Assert.Contains(name, names));
        }
    }
}
