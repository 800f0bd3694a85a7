namespace Sluice.Simulation;

public sealed class SimulationTests
{
    /// <summary>As many as two cores run in about two minutes. `tests/run --long` goes on with new ones.</summary>
    private const int FixedSeeds = 1500;

    [Fact]
    public void No_seed_breaks_an_invariant()
    {
        var batch = new Batch();
        batch.Run(from: 1, seeds: FixedSeeds, minutes: double.PositiveInfinity);
        Assert.True(!batch.HasFailed, string.Join("\n", batch.Failures));
    }

    /// <summary>
    /// A commit that was left out when the header of its segment was damaged, below one that held only notes; a rowid that was asked for in a table that had
    /// gone.
    /// </summary>
    [Theory]
    [InlineData(318503)]
    [InlineData(314917)]
    [InlineData(317021)]
    public void What_a_seed_has_found_stays_mended(int seed) => Simulation.Run(seed, new Trace());

    [Fact]
    public void A_seed_does_the_same_each_time()
    {
        for (int seed = 100_000; seed < 100_010; seed++)
        {
            var first = new Trace();
            var second = new Trace();
            Simulation.Run(seed, first);
            Simulation.Run(seed, second);
            Assert.True(first.Hash == second.Hash, $"seed {seed}: {first.Events} events with hash {first.Hash:x}, then {second.Events} with {second.Hash:x}");
        }
    }
}
