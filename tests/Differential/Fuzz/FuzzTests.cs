namespace Sluice.Differential.Fuzz;

public sealed class FuzzTests
{
    /// <summary>Some 20,000 texts; `--fuzz MINUTES` goes on with new ones.</summary>
    private const int FixedSeeds = 50;

    [Fact]
    public void Whatever_the_text_is_it_is_parsed_or_refused()
    {
        var fuzzer = new Fuzzer();
        fuzzer.Run(from: 1, FixedSeeds, TimeSpan.MaxValue);
        Assert.True(fuzzer.Failures.Count == 0, string.Join("\n", fuzzer.Failures));
    }
}
