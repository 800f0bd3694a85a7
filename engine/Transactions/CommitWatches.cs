namespace Sluice.Engine.Transactions;

/// <summary>
/// Lets a serializable transaction compare its reads with the commits of others without holding up the order of commits: it compares
/// first, while it watches, and once it has its turn looks again only into the trees that commits since then have written.
/// <para>Guarded by the commit order: watches begin, are told of a commit and are asked in it. While nobody watches, a commit
/// only looks whether anybody does.</para>
/// </summary>
internal sealed class CommitWatches
{
    // Compared by reference: HashSet has no equality of its own.
    private readonly List<HashSet<uint>> _watches = [];

    /// <summary>Begins a watch: the root pages that commits write from now on gather in it.</summary>
    public HashSet<uint> Begin()
    {
        HashSet<uint> watch = [];
        _watches.Add(watch);
        return watch;
    }

    public bool End(HashSet<uint> watch) => _watches.Remove(watch);

    /// <summary>A commit gets its place.</summary>
    public void Note(WriteSet writes)
    {
        foreach (HashSet<uint> watch in _watches)
        {
            writes.AddRoots(watch);
        }
    }
}
