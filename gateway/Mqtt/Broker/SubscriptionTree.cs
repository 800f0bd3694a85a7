using Sluice.Gateway.Ingress;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// All subscriptions as a tree by topic level, '+' and '#' as branches of their own, so that matching a topic visits only
/// the branches it can match. The result is remembered on the <see cref="TopicName"/> with the tree's version, so the
/// messages after the first cost one comparison until somebody subscribes or leaves.
/// <para>The lock guards the nodes; <see cref="_version"/> grows with every change, inside the lock.</para>
/// </summary>
internal sealed class SubscriptionTree
{
    /// <summary>Levels of a topic filter. Matching recurses one frame a level, so this bounds the stack.</summary>
    public const int MaximumLevels = 128;

    private readonly Lock _lock = new();
    private readonly Node _root = new();
    private long _version;
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Adds a subscription in place of the session's one with the same filter. True when it is new.</summary>
    public bool Add(Subscription subscription)
    {
        lock (_lock)
        {
            Node node = _root;
            foreach (string level in subscription.Request.Filter.Split('/'))
                node = node.Child(level);
            int at = node.IndexOf(subscription.Session);
            if (at >= 0)
                node.Subscriptions[at] = subscription;
            else
                node.Subscriptions.Add(subscription);
            Interlocked.Increment(ref _version);
            if (at < 0)
                _count++;
            return at < 0;
        }
    }

    /// <summary>Takes a session's subscription away. False when there was none.</summary>
    public bool Remove(Session session, string filter)
    {
        lock (_lock)
        {
            if (!Remove(_root, filter.Split('/'), 0, session))
                return false;
            Interlocked.Increment(ref _version);
            _count--;
            return true;
        }
    }

    /// <summary>The sessions that a message on this topic goes to. The array is shared: do not write to it.</summary>
    public SubscriberMatch[] Match(TopicName topic)
    {
        if (topic.Subscribers is Remembered remembered && remembered.Version == Interlocked.Read(ref _version))
            return remembered.Matches;
        var found = new List<Subscription>();
        long version;
        lock (_lock)
        {
            version = _version;
            if (_count > 0)
                Collect(_root, topic.Text, atRoot: true, found);
        }
        var result = new Remembered(version, Group(found));
        topic.Subscribers = result;
        return result.Matches;
    }

    private static SubscriberMatch[] Group(List<Subscription> found)
    {
        if (found.Count == 0)
            return [];
        return [.. found.GroupBy(s => s.Session).Select(g => new SubscriberMatch(g.Key, g.First(), [.. g.Skip(1)]))];
    }

    private static void Collect(Node node, ReadOnlySpan<char> rest, bool atRoot, List<Subscription> found)
    {
        // A wildcard at the root does not match topics that begin with '$' (section 4.7.2).
        bool wildcards = !atRoot || rest.IsEmpty || rest[0] != '$';
        if (wildcards && node.TryGet("#", out Node hash))
            found.AddRange(hash.Subscriptions);
        int slash = rest.IndexOf('/');
        ReadOnlySpan<char> level = slash < 0 ? rest : rest[..slash];
        if (node.TryGet(level, out Node child))
            Descend(child, rest, slash, found);
        if (wildcards && node.TryGet("+", out Node plus))
            Descend(plus, rest, slash, found);
    }

    private static void Descend(Node node, ReadOnlySpan<char> rest, int slash, List<Subscription> found)
    {
        if (slash >= 0)
        {
            Collect(node, rest[(slash + 1)..], atRoot: false, found);
            return;
        }
        found.AddRange(node.Subscriptions);
        // "sport/#" also matches "sport" (section 4.7.1.2).
        if (node.TryGet("#", out Node hash))
            found.AddRange(hash.Subscriptions);
    }

    private static bool Remove(Node node, string[] levels, int depth, Session session)
    {
        if (depth == levels.Length)
        {
            int at = node.IndexOf(session);
            if (at >= 0)
                node.Subscriptions.RemoveAt(at);
            return at >= 0;
        }
        if (!node.TryGet(levels[depth], out Node child) || !Remove(child, levels, depth + 1, session))
            return false;
        if (child.IsEmpty)
            node.Drop(levels[depth]);
        return true;
    }

    private sealed record Remembered(long Version, SubscriberMatch[] Matches);

    private sealed class Node
    {
        private Dictionary<string, Node>? _children;

        public List<Subscription> Subscriptions { get; } = [];

        public bool IsEmpty => Subscriptions.Count == 0 && _children is null or { Count: 0 };

        public Node Child(string level)
        {
            _children ??= new Dictionary<string, Node>(StringComparer.Ordinal);
            if (!_children.TryGetValue(level, out Node? child))
                _children[level] = child = new Node();
            return child;
        }

        public bool TryGet(ReadOnlySpan<char> level, out Node child)
        {
            child = null!;
            return _children is not null
                && _children.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(level, out child!);
        }

        public void Drop(string level) => _children!.Remove(level);

        public int IndexOf(Session session) => Subscriptions.FindIndex(s => s.Session == session);
    }
}
