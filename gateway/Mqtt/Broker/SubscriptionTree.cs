using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Protocol;

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
            (string? share, string[] levels) = Split(subscription.Request.Filter);
            Node node = _root;
            foreach (string level in levels)
                node = node.Child(level);
            List<Subscription> there = share is null ? node.Subscriptions : node.Share(share).Members;
            int at = IndexOf(there, subscription.Session);
            if (at >= 0)
                there[at] = subscription;
            else
                there.Add(subscription);
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
            (string? share, string[] levels) = Split(filter);
            if (!Remove(_root, levels, 0, share, session))
                return false;
            Interlocked.Increment(ref _version);
            _count--;
            return true;
        }
    }

    /// <summary>Whom a message on this topic goes to.</summary>
    public TopicMatch Match(TopicName topic)
    {
        if (topic.Subscribers is Remembered remembered && remembered.Version == Interlocked.Read(ref _version))
            return remembered.Match;
        var found = new Found([], []);
        long version;
        lock (_lock)
        {
            version = _version;
            if (_count > 0)
                Collect(_root, topic.Text, atRoot: true, found);
        }
        TopicMatch match = found.Subscriptions.Count + found.Shares.Count == 0 ? TopicMatch.None : new TopicMatch(Group(found.Subscriptions), [.. found.Shares]);
        topic.Subscribers = new Remembered(version, match);
        return match;
    }

    /// <summary>Who shares a filter now; null when nobody does.</summary>
    /// <param name="filter">With its <c>$share/name/</c>.</param>
    public ShareMatch? FindShare(string filter)
    {
        lock (_lock)
        {
            (string? share, string[] levels) = Split(filter);
            Node node = _root;
            foreach (string level in levels)
            {
                if (!node.TryGet(level, out node))
                    return null;
            }
            return node.FindShare(share!);
        }
    }

    private static SubscriberMatch[] Group(List<Subscription> found)
    {
        if (found.Count == 0)
            return [];
        return [.. found.GroupBy(s => s.Session).Select(g => new SubscriberMatch(g.Key, g.First(), [.. g.Skip(1)]))];
    }

    private static void Collect(Node node, ReadOnlySpan<char> rest, bool atRoot, in Found found)
    {
        // A wildcard at the root does not match topics that begin with '$' (section 4.7.2).
        bool wildcards = !atRoot || rest.IsEmpty || rest[0] != '$';
        if (wildcards && node.TryGet("#", out Node hash))
            found.Add(hash);
        int slash = rest.IndexOf('/');
        ReadOnlySpan<char> level = slash < 0 ? rest : rest[..slash];
        if (node.TryGet(level, out Node child))
            Descend(child, rest, slash, found);
        if (wildcards && node.TryGet("+", out Node plus))
            Descend(plus, rest, slash, found);
    }

    private static void Descend(Node node, ReadOnlySpan<char> rest, int slash, in Found found)
    {
        if (slash >= 0)
        {
            Collect(node, rest[(slash + 1)..], atRoot: false, found);
            return;
        }
        found.Add(node);
        // "sport/#" also matches "sport" (section 4.7.1.2).
        if (node.TryGet("#", out Node hash))
            found.Add(hash);
    }

    private static bool Remove(Node node, string[] levels, int depth, string? share, Session session)
    {
        if (depth == levels.Length)
            return share is null ? Remove(node.Subscriptions, session) : node.RemoveFromShare(share, session);
        if (!node.TryGet(levels[depth], out Node child) || !Remove(child, levels, depth + 1, share, session))
            return false;
        if (child.IsEmpty)
            node.Drop(levels[depth]);
        return true;
    }

    private static bool Remove(List<Subscription> subscriptions, Session session)
    {
        int at = IndexOf(subscriptions, session);
        if (at >= 0)
            subscriptions.RemoveAt(at);
        return at >= 0;
    }

    private static int IndexOf(List<Subscription> subscriptions, Session session) => subscriptions.FindIndex(s => s.Session == session);

    /// <summary>The name of the share, null for a filter that is not shared, and the levels of the filter proper.</summary>
    private static (string? Share, string[] Levels) Split(string filter)
    {
        ReadOnlySpan<char> proper = TopicRules.WithoutShare(filter);
        string? share = proper.Length == filter.Length ? null : filter[TopicRules.SharedPrefix.Length..^(proper.Length + 1)];
        return (share, proper.ToString().Split('/'));
    }

    private sealed record Remembered(long Version, TopicMatch Match);

    private readonly record struct Found(List<Subscription> Subscriptions, List<ShareMatch> Shares)
    {
        public void Add(Node node)
        {
            Subscriptions.AddRange(node.Subscriptions);
            node.AddSharesTo(Shares);
        }
    }

    /// <summary>The subscriptions that share a filter under one name.</summary>
    private sealed class NamedShare
    {
        public List<Subscription> Members { get; } = [];

        /// <summary>Whose turn it is; outlives the remembered matches.</summary>
        public ShareTurn Turn { get; } = new();
    }

    private sealed class Node
    {
        private Dictionary<string, Node>? _children;
        private Dictionary<string, NamedShare>? _shares;

        public List<Subscription> Subscriptions { get; } = [];

        public bool IsEmpty => Subscriptions.Count == 0 && _children is null or { Count: 0 } && _shares is null or { Count: 0 };

        public NamedShare Share(string name)
        {
            _shares ??= new Dictionary<string, NamedShare>(StringComparer.Ordinal);
            if (!_shares.TryGetValue(name, out NamedShare? share))
                _shares[name] = share = new NamedShare();
            return share;
        }

        public ShareMatch? FindShare(string name) =>
            _shares is not null && _shares.TryGetValue(name, out NamedShare? share) ? new ShareMatch([.. share.Members], share.Turn) : null;

        public bool RemoveFromShare(string name, Session session)
        {
            if (_shares is null || !_shares.TryGetValue(name, out NamedShare? share) || !SubscriptionTree.Remove(share.Members, session))
                return false;
            if (share.Members.Count == 0)
                _shares.Remove(name);
            return true;
        }

        public void AddSharesTo(List<ShareMatch> matches)
        {
            if (_shares is not null)
                matches.AddRange(_shares.Values.Select(share => new ShareMatch([.. share.Members], share.Turn)));
        }

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

        public void Drop(string level) => _children!.Remove(level);    }
}
