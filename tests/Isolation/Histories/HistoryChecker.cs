namespace Sluice.Isolation.Histories;

/// <summary>Something in a history that the isolation level rules out.</summary>
/// <param name="Name">Adya's name where there is one: G0, G1a, G1b, G1c, G-single, G2-item.</param>
public sealed record Violation(string Name, string Explanation)
{
    public override string ToString() => $"{Name}: {Explanation}";
}

/// <summary>
/// Checks a history of transactions that append to lists and read them (Kingsbury and Alvaro, "Elle", 2020): a list that was read
/// tells the order in which its elements were appended, so who wrote before whom, who read whom, and who overwrote what was read, follow
/// without knowing anything of the database. Contradictions and cycles among these are anomalies.
/// </summary>
public sealed class HistoryChecker
{
    private const Dependency All = Dependency.WriteWrite | Dependency.WriteRead | Dependency.ReadWrite;

    private readonly IReadOnlyList<HistoryTransaction> _history;
    private readonly List<HistoryTransaction> _committed;
    private readonly List<Violation> _violations = [];

    // By element: its writer, and whether that is the writer's last append to the key. By key: the longest list read.
    private readonly Dictionary<int, (HistoryTransaction Writer, bool IsLast)> _writers = [];
    private readonly HashSet<int> _takenBack = [];
    private readonly Dictionary<int, int[]> _orders = [];
    private readonly Dictionary<HistoryTransaction, int> _nodes = [];

    // By key: the transactions whose committed appends nobody read. They came after all that were read.
    private readonly Dictionary<int, List<int>> _unread = [];
    private readonly DependencyGraph _graph;

    private HistoryChecker(IReadOnlyList<HistoryTransaction> history)
    {
        _history = history;
        _committed = [.. history.Where(transaction => transaction.Committed)];
        _graph = new DependencyGraph(2 * _committed.Count);
        for (int i = 0; i < _committed.Count; i++)
        {
            _nodes.Add(_committed[i], i);
        }
    }

    /// <summary>
    /// What a history shows that must not be. At the snapshot level a cycle may have two anti-dependencies in a row (write skew); at the
    /// serializable level no cycle may be. At both, who begins after another was acknowledged sees it.
    /// </summary>
    public static IReadOnlyList<Violation> Check(IReadOnlyList<HistoryTransaction> history, bool serializable)
    {
        HistoryChecker checker = new(history);
        checker.FindWriters();
        checker.CheckReads();
        if (checker._violations.Count == 0)
        {
            checker.AddDependencies();
            checker.AddRealTime();
            checker.FindCycles(serializable);
        }

        return checker._violations;
    }

    /// <summary>Groups of transactions that no order explains: what snapshot isolation lets happen.</summary>
    public static int CountWriteSkews(IReadOnlyList<HistoryTransaction> history)
    {
        HistoryChecker checker = new(history);
        checker.FindWriters();
        checker.CheckReads();
        checker.AddDependencies();
        return checker._graph.CountCyclicComponents(All);
    }

    private void FindWriters()
    {
        foreach (HistoryTransaction transaction in _history)
        {
            _takenBack.UnionWith(transaction.TakenBack);
            HashSet<int> keys = [];
            foreach (HistoryStep step in transaction.Steps.Reverse())
            {
                if (step.IsAppend)
                {
                    _writers.Add(step.Element, (transaction, keys.Add(step.Key)));
                }
            }
        }
    }

    private void CheckReads()
    {
        foreach (HistoryTransaction transaction in _committed)
        {
            CheckInternally(transaction);
            foreach (HistoryStep step in transaction.Steps.Where(step => !step.IsAppend))
            {
                CheckElements(transaction, step);
                int[] list = step.List!;
                int[] order = _orders.GetValueOrDefault(step.Key, []);
                int[] longer = list.Length > order.Length ? list : order;
                int[] shorter = list.Length > order.Length ? order : list;
                if (!longer.AsSpan().StartsWith(shorter))
                {
                    Report("incompatible-order", $"{transaction} read key {step.Key} in an order that another read, [{string.Join(',', order)}], contradicts");
                }

                _orders[step.Key] = longer;
            }
        }
    }

    /// <summary>Within a transaction, a read shows what an earlier one showed and what was appended since.</summary>
    private void CheckInternally(HistoryTransaction transaction)
    {
        Dictionary<int, List<int>> known = [];
        Dictionary<int, List<int>> appended = [];
        foreach (HistoryStep step in transaction.Steps)
        {
            if (step.IsAppend)
            {
                known.GetValueOrDefault(step.Key)?.Add(step.Element);
                if (!appended.TryAdd(step.Key, [step.Element]))
                {
                    appended[step.Key].Add(step.Element);
                }

                continue;
            }

            bool asExpected = known.TryGetValue(step.Key, out List<int>? expected)
                ? expected.SequenceEqual(step.List!)
                : !appended.TryGetValue(step.Key, out List<int>? own) || step.List!.TakeLast(own.Count).SequenceEqual(own);
            if (!asExpected)
            {
                Report("internal", $"{transaction} does not see what it has read or appended itself before");
            }

            known[step.Key] = [.. step.List!];
        }
    }

    private void CheckElements(HistoryTransaction reader, HistoryStep read)
    {
        int[] list = read.List!;
        if (list.Distinct().Count() != list.Length)
        {
            Report("duplicate", $"{reader} read an element of key {read.Key} twice");
        }

        foreach (int element in list)
        {
            if (_takenBack.Contains(element) || (_writers.TryGetValue(element, out var writer) && !writer.Writer.Committed))
            {
                Report("G1a", $"aborted read: {reader} read element {element}, which was rolled back");
            }
            else if (!_writers.ContainsKey(element))
            {
                Report("garbage", $"{reader} read element {element}, which nobody wrote");
            }
        }

        // The element before one's own appends is the last of whoever committed it.
        int last = list.Length - 1;
        while (last >= 0 && _writers.TryGetValue(list[last], out var own) && own.Writer == reader)
        {
            last--;
        }

        if (last >= 0 && _writers.TryGetValue(list[last], out var seen) && seen.Writer.Committed && !seen.IsLast)
        {
            Report("G1b", $"intermediate read: {reader} read key {read.Key} up to element {list[last]}, after which {seen.Writer} appended more");
        }
    }

    private void AddDependencies()
    {
        foreach (int[] order in _orders.Values)
        {
            for (int i = 1; i < order.Length; i++)
            {
                _graph.Add(NodeOf(order[i - 1]), NodeOf(order[i]), Dependency.WriteWrite);
            }
        }

        foreach (HistoryTransaction transaction in _committed)
        {
            foreach (HistoryStep append in transaction.Steps.Where(step => step.IsAppend))
            {
                AddUnread(append, _nodes[transaction]);
            }
        }

        foreach (HistoryTransaction transaction in _committed)
        {
            foreach (HistoryStep read in transaction.Steps.Where(step => !step.IsAppend))
            {
                AddRead(read, _nodes[transaction]);
            }
        }
    }

    private void AddUnread(HistoryStep append, int node)
    {
        int[] order = _orders.GetValueOrDefault(append.Key, []);
        if (order.Contains(append.Element))
        {
            return;
        }

        if (order.Length > 0)
        {
            _graph.Add(NodeOf(order[^1]), node, Dependency.WriteWrite);
        }

        if (!_unread.TryAdd(append.Key, [node]))
        {
            _unread[append.Key].Add(node);
        }
    }

    private void AddRead(HistoryStep read, int node)
    {
        int[] list = read.List!;
        int[] order = _orders[read.Key];
        if (list.Length > 0)
        {
            _graph.Add(NodeOf(list[^1]), node, Dependency.WriteRead);
        }

        if (list.Length < order.Length)
        {
            _graph.Add(node, NodeOf(order[list.Length]), Dependency.ReadWrite);
            return;
        }

        foreach (int writer in _unread.GetValueOrDefault(read.Key, []))
        {
            _graph.Add(node, writer, Dependency.ReadWrite);
        }
    }

    /// <summary>A chain of moments, one for each end: a transaction leads to the moment of its end, and the last moment before a begin leads to it.</summary>
    private void AddRealTime()
    {
        HistoryTransaction[] byEnd = [.. _committed.OrderBy(transaction => transaction.Ended)];
        for (int i = 0; i < byEnd.Length; i++)
        {
            int moment = _committed.Count + i;
            _graph.Add(_nodes[byEnd[i]], moment, Dependency.RealTime);
            if (i > 0)
            {
                _graph.Add(moment - 1, moment, Dependency.RealTime);
            }
        }

        int ended = 0;
        foreach (HistoryTransaction transaction in _committed.OrderBy(transaction => transaction.Began))
        {
            while (ended < byEnd.Length && byEnd[ended].Ended < transaction.Began)
            {
                ended++;
            }

            if (ended > 0)
            {
                _graph.Add(_committed.Count + ended - 1, _nodes[transaction], Dependency.RealTime);
            }
        }
    }

    /// <summary>The gravest kind of cycle there is, in each of two graphs: without and with the order of time.</summary>
    private void FindCycles(bool serializable)
    {
        foreach (Dependency time in (Dependency[])[Dependency.None, Dependency.RealTime])
        {
            string suffix = time == Dependency.None ? "" : "-realtime";
            IReadOnlyList<CycleEdge>? cycle = _graph.FindCycle(Dependency.WriteWrite | time)
                ?? _graph.FindCycle(Dependency.WriteWrite | Dependency.WriteRead | time)
                ?? _graph.FindCycle(All | time, oneAntiDependencyAtATime: true)
                ?? (serializable ? _graph.FindCycle(All | time) : null);
            if (cycle is not null)
            {
                Report($"{NameOf(cycle)}{suffix}", Show(cycle));
                return;
            }
        }
    }

    private static string NameOf(IReadOnlyList<CycleEdge> cycle) => cycle.Count(edge => edge.Reason == Dependency.ReadWrite) switch
    {
        0 when cycle.Any(edge => edge.Reason == Dependency.WriteRead) => "G1c",
        0 => "G0",
        1 => "G-single",
        _ when HasTwoInARow(cycle) => "G2-item",
        _ => "G-nonadjacent",
    };

    private static bool HasTwoInARow(IReadOnlyList<CycleEdge> cycle) => Enumerable.Range(0, cycle.Count).Any(
        i => cycle[i].Reason == Dependency.ReadWrite && cycle[(i + 1) % cycle.Count].Reason == Dependency.ReadWrite);

    private string Show(IReadOnlyList<CycleEdge> cycle) => string.Join(
        " ", cycle.Where(edge => edge.From < _committed.Count).Select(edge => $"{_committed[edge.From]} -{edge.Reason}->"));

    private int NodeOf(int element) => _nodes[_writers[element].Writer];

    private void Report(string name, string explanation) => _violations.Add(new Violation(name, explanation));
}
