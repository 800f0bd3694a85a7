namespace Sluice.Differential;

public sealed class DifferentialTests
{
    /// <summary>As many as two cores run in some 20 seconds. `tests/run --long` goes on with new ones.</summary>
    private const int FixedSeeds = 130;

    private const int FirstSeed = 41;

    [Fact]
    public void Statements_give_what_SQLite_gives()
    {
        var batch = new Batch(shrinkLimit: TimeSpan.FromSeconds(20), mostFailures: 3);
        batch.Run(from: FirstSeed, FixedSeeds, long.MaxValue, TimeSpan.MaxValue);
        Assert.True(!batch.HasFailed, string.Join("\n", batch.Failures));
    }

    [Fact]
    public void A_seed_writes_the_same_each_time() =>
        Assert.Equal(Generation.CaseWriter.Write(7).Steps.Select(step => step.Sql), Generation.CaseWriter.Write(7).Steps.Select(step => step.Sql));
}
