namespace Sluice.Isolation.Histories;

/// <summary>Why one transaction must come before another (Adya 1999, chapter 3).</summary>
[Flags]
public enum Dependency
{
    None = 0,

    /// <summary>The second overwrote what the first wrote.</summary>
    WriteWrite = 1,

    /// <summary>The second read what the first wrote.</summary>
    WriteRead = 2,

    /// <summary>The second overwrote what the first read: an anti-dependency.</summary>
    ReadWrite = 4,

    /// <summary>The second began after the first had been acknowledged.</summary>
    RealTime = 8,
}

/// <summary>An edge of a cycle: from a transaction to the next for a reason.</summary>
public readonly record struct CycleEdge(int From, Dependency Reason);

/// <summary>
/// Transactions and what orders them. Nodes are numbered from 0; some stand for moments of time instead of transactions, so that
/// "ended before the other began" takes one edge a transaction instead of one a pair.
/// </summary>
internal sealed class DependencyGraph(int nodes)
{
    private readonly record struct Edge(int To, Dependency Reason);

    private readonly List<Edge>[] _edges = [.. Enumerable.Range(0, nodes).Select(_ => new List<Edge>(4))];

    public int Nodes => _edges.Length;

    public void Add(int from, int to, Dependency reason)
    {
        if (from != to)
        {
            _edges[from].Add(new Edge(to, reason));
        }
    }

    /// <summary>
    /// A cycle of edges for the given reasons, or null. With <paramref name="oneAntiDependencyAtATime"/> only a cycle in which no
    /// two anti-dependencies follow each other, which snapshot isolation rules out (Cerone and Gotsman 2018, theorem 9).
    /// </summary>
    public IReadOnlyList<CycleEdge>? FindCycle(Dependency reasons, bool oneAntiDependencyAtATime = false)
    {
        // A state is a node, and whether it was reached by an anti-dependency: from there another one must not follow.
        int[] component = Components(reasons, oneAntiDependencyAtATime, out int[] sizes);
        for (int state = 0; state < component.Length; state++)
        {
            if (sizes[component[state]] > 1)
            {
                return ShortestCycle(state, component, reasons, oneAntiDependencyAtATime);
            }
        }

        return null;
    }

    /// <summary>Sets of two and more nodes each of which reaches every other.</summary>
    public int CountCyclicComponents(Dependency reasons)
    {
        Components(reasons, false, out int[] sizes);
        return sizes.Count(size => size > 1);
    }

    /// <summary>Tarjan's strongly connected components, without recursion: histories are long. Numbers by state, and their sizes.</summary>
    private int[] Components(Dependency reasons, bool split, out int[] sizes)
    {
        int states = split ? 2 * Nodes : Nodes;
        int[] index = new int[states];
        int[] low = new int[states];
        int[] component = new int[states];
        int[] next = new int[states];
        Array.Fill(component, -1);
        List<int> found = [];
        Stack<int> open = new();
        Stack<int> path = new();
        int counter = 0;
        for (int root = 0; root < states; root++)
        {
            if (index[root] != 0)
            {
                continue;
            }

            Visit(root);
            while (path.TryPeek(out int state))
            {
                if (TryNext(state, reasons, split, ref next[state], out int to, out _))
                {
                    if (index[to] == 0)
                    {
                        Visit(to);
                    }
                    else if (component[to] < 0)
                    {
                        low[state] = Math.Min(low[state], index[to]);
                    }

                    continue;
                }

                _ = path.Pop();
                if (path.TryPeek(out int parent))
                {
                    low[parent] = Math.Min(low[parent], low[state]);
                }

                if (low[state] == index[state])
                {
                    int size = 0;
                    int member;
                    do
                    {
                        member = open.Pop();
                        component[member] = found.Count;
                        size++;
                    }
                    while (member != state);
                    found.Add(size);
                }
            }
        }

        sizes = [.. found];
        return component;

        void Visit(int state)
        {
            index[state] = low[state] = ++counter;
            open.Push(state);
            path.Push(state);
        }
    }

    private List<CycleEdge> ShortestCycle(int start, int[] component, Dependency reasons, bool split)
    {
        Dictionary<int, (int From, Dependency Reason)> cameFrom = [];
        Queue<int> queue = new([start]);
        while (queue.TryDequeue(out int state))
        {
            int next = 0;
            while (TryNext(state, reasons, split, ref next, out int to, out Dependency reason))
            {
                if (component[to] != component[start] || cameFrom.ContainsKey(to))
                {
                    continue;
                }

                cameFrom.Add(to, (state, reason));
                if (to == start)
                {
                    return Trace(start, cameFrom);
                }

                queue.Enqueue(to);
            }
        }

        throw new InvalidOperationException("A component of several nodes has no cycle.");
    }

    private List<CycleEdge> Trace(int start, Dictionary<int, (int From, Dependency Reason)> cameFrom)
    {
        List<CycleEdge> cycle = [];
        int state = start;
        do
        {
            (int from, Dependency reason) = cameFrom[state];
            cycle.Add(new CycleEdge(from % Nodes, reason));
            state = from;
        }
        while (state != start);
        cycle.Reverse();
        return cycle;
    }

    /// <summary>The next edge of a state that counts. States from the number of nodes on were reached by an anti-dependency.</summary>
    private bool TryNext(int state, Dependency reasons, bool split, ref int next, out int to, out Dependency reason)
    {
        bool afterAntiDependency = state >= Nodes;
        List<Edge> edges = _edges[state % Nodes];
        while (next < edges.Count)
        {
            Edge edge = edges[next++];
            bool isAntiDependency = edge.Reason == Dependency.ReadWrite;
            if ((edge.Reason & reasons) != 0 && !(split && isAntiDependency && afterAntiDependency))
            {
                to = split && isAntiDependency ? edge.To + Nodes : edge.To;
                reason = edge.Reason;
                return true;
            }
        }

        to = -1;
        reason = Dependency.None;
        return false;
    }
}
