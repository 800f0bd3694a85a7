namespace Sluice.Differential;

/// <summary>Choices from one seed: the same seed, the same choices.</summary>
internal sealed class Dice(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>From 0 to <paramref name="below"/> - 1.</summary>
    public int Below(int below) => _random.Next(below);

    /// <summary>Both ends are included.</summary>
    public int Between(int low, int high) => _random.Next(low, high + 1);

    public bool Percent(int chance) => _random.Next(100) < chance;

    public T Of<T>(params IReadOnlyList<T> choices) => choices[_random.Next(choices.Count)];

    /// <summary>So many of them, in an order of chance; all when there are fewer.</summary>
    public List<T> Some<T>(IReadOnlyList<T> choices, int count)
    {
        List<T> left = [.. choices];
        List<T> taken = [];
        while (left.Count > 0 && taken.Count < count)
        {
            int at = Below(left.Count);
            taken.Add(left[at]);
            left.RemoveAt(at);
        }

        return taken;
    }

    public long Long() => _random.NextInt64(long.MinValue, long.MaxValue);

    public double Fraction() => _random.NextDouble();
}
