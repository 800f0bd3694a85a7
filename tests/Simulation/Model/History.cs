namespace Sluice.Simulation.Model;

/// <summary>
/// The commits in their order, and which of them are acknowledged. Says what a snapshot must be, and what a recovered database may be: the
/// acknowledged ones and any number of those that followed, in order and whole.
/// </summary>
internal sealed class History
{
    /// <summary>A commit that was asked for and not yet acknowledged.</summary>
    public sealed class Entry(DbState after)
    {
        public DbState After { get; } = after;
    }

    private readonly List<Entry> _underWay = [];

    // Exclusive commits that failed: whole or absent, until a later commit is acknowledged on the state without them.
    private readonly List<DbState> _unknown = [];

    // What an exclusive transaction that is being committed does to the state, which it gets when all commits before it are acknowledged.
    private Func<DbState, DbState?>? _exclusive;

    /// <summary>What a transaction that begins now sees.</summary>
    public DbState Acknowledged { get; private set; } = DbState.Empty;

    /// <summary>What the next commit builds on.</summary>
    public DbState Newest => _underWay.Count > 0 ? _underWay[^1].After : Acknowledged;

    public long Commits { get; private set; }

    public bool IsNext(Entry entry) => _underWay.Count > 0 && _underWay[0] == entry;

    public Entry Begin(DbState after)
    {
        var entry = new Entry(after);
        _underWay.Add(entry);
        return entry;
    }

    public void Acknowledge(Entry entry)
    {
        if (!IsNext(entry))
        {
            throw new SimulationFailure("a commit was acknowledged before one that comes before it in the log");
        }

        _underWay.RemoveAt(0);
        _unknown.Clear();
        Acknowledged = entry.After;
        Commits++;
    }

    /// <summary>
    /// An exclusive transaction's commit is asked for: there is one at a time. It may still wait for the commits under way, and is then on top of them.
    /// </summary>
    /// <param name="change">What it does; null for what a constraint forbids.</param>
    public void BeginExclusive(Func<DbState, DbState?> change) => _exclusive = change;

    public void AcknowledgeExclusive()
    {
        if (_underWay.Count > 0)
        {
            throw new SimulationFailure("an exclusive transaction was committed beside one that had begun to commit");
        }

        Acknowledged = AfterExclusive ?? throw new SimulationFailure("an exclusive transaction was committed that breaks a constraint");
        _exclusive = null;
        _unknown.Clear();
        Commits++;
    }

    /// <summary>It has changed nothing.</summary>
    public void WithdrawExclusive() => _exclusive = null;

    /// <summary>An exclusive commit that failed: absent for those who go on, whole or absent for the next process.</summary>
    public void ExclusiveBecomesUnknown()
    {
        if (AfterExclusive is { } after)
        {
            _unknown.Add(after);
        }

        _exclusive = null;
    }

    /// <summary>The state with the exclusive commit under way, if there is one that may be.</summary>
    private DbState? AfterExclusive => _exclusive?.Invoke(Newest);

    /// <summary>Takes what a new process found as the truth from now on, if it may be.</summary>
    public bool TryRecover(DbState found)
    {
        if (!(found.SameAs(Acknowledged) || _underWay.Exists(entry => found.SameAs(entry.After)) || _unknown.Exists(found.SameAs)
            || (AfterExclusive is { } after && found.SameAs(after))))
        {
            return false;
        }

        _underWay.Clear();
        _unknown.Clear();
        _exclusive = null;
        Acknowledged = found;
        return true;
    }

    public string Explain(DbState found) =>
        $"against the last acknowledged commit: {found.DifferenceTo(Acknowledged)}"
        + string.Concat(_underWay.Select((entry, i) => $"; with {i + 1} of the {_underWay.Count} that were under way: {found.DifferenceTo(entry.After)}"))
        + (AfterExclusive is { } after ? $"; with an exclusive one: {found.DifferenceTo(after)}" : "")
        + string.Concat(_unknown.Select(state => $"; with a failed exclusive one: {found.DifferenceTo(state)}"));
}
