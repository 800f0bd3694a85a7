using System.Numerics;

namespace Sluice.Engine.Plan;

/// <summary>Ordinals of columns: a bit each.</summary>
internal sealed class ColumnSet
{
    private const int WordBits = 64;

    private ulong[] _words = new ulong[1];

    public void Add(int column)
    {
        int word = column / WordBits;
        if (word >= _words.Length)
        {
            Array.Resize(ref _words, Math.Max(word + 1, _words.Length * 2));
        }

        _words[word] |= 1UL << (column % WordBits);
    }

    public void AddAll(IEnumerable<int> columns)
    {
        foreach (int column in columns)
        {
            Add(column);
        }
    }

    /// <summary>The first at or after a column, or -1.</summary>
    public int Next(int column)
    {
        for (int word = column / WordBits; word < _words.Length; word++)
        {
            ulong rest = word == column / WordBits ? _words[word] >> (column % WordBits) << (column % WordBits) : _words[word];
            if (rest != 0)
            {
                return (word * WordBits) + BitOperations.TrailingZeroCount(rest);
            }
        }

        return -1;
    }

    /// <summary>All of them, ascending.</summary>
    public int[] ToArray()
    {
        List<int> columns = [];
        for (int column = Next(0); column >= 0; column = Next(column + 1))
        {
            columns.Add(column);
        }

        return [.. columns];
    }
}
