using Sluice.Engine.Tests.Files;
using Sluice.Isolation.Histories;
using Xunit.Abstractions;

namespace Sluice.Engine.Tests.Isolation;

/// <summary>A short run of the random histories; the long one is a command of tests/Isolation.</summary>
public sealed class HistoryTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Random_histories_keep_to_their_level(bool serializable)
    {
        using TemporaryFolder folder = new();
        StringWriter lines = new();
        WorkloadOptions options = new() { Transactions = 1500, Serializable = serializable, Seed = Random.Shared.Next(1_000_000), Sessions = 12 };
        bool clean = HistoryRuns.Run(lines, folder.Path, options);
        output.WriteLine($"{lines}");
        Assert.True(clean, $"{lines}");
    }
}
