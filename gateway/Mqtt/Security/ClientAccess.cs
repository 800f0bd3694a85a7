using System.Text;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Security;

/// <summary>What one client may do: the rules that are about it, with its names put in. Of one connection's reader.</summary>
internal sealed class ClientAccess
{
    /// <summary>Topics whose answer is remembered; a device publishes to a handful.</summary>
    private const int MostRemembered = 256;

    /// <summary>Everything.</summary>
    public static ClientAccess All { get; } = new([], [], isAll: true);

    private readonly string[] _publish;
    private readonly string[] _subscribe;
    private readonly Dictionary<string, bool> _remembered = new(StringComparer.Ordinal);
    private readonly bool _isAll;

    private ClientAccess(string[] publish, string[] subscribe, bool isAll = false)
    {
        _isAll = isAll;
        _publish = publish;
        _subscribe = subscribe;
    }

    /// <param name="rules">All rules; none allow everything.</param>
    /// <param name="user">The client's user name; null without one.</param>
    /// <param name="clientId">Its client identifier.</param>
    /// <param name="own">A rule that it brought along, which is about it; null when there is none.</param>
    public static ClientAccess Of(IReadOnlyList<AccessRule> rules, string? user, string clientId, AccessRule? own = null)
    {
        if (rules.Count == 0 && own is null)
            return All;
        List<string> publish = [];
        List<string> subscribe = [];
        IEnumerable<AccessRule> about = rules.Where(rule => IsAbout(rule, user, clientId));
        foreach (AccessRule rule in own is null ? about : about.Append(own))
        {
            publish.AddRange(rule.Publish.Select(filter => Expand(filter, user, clientId)).OfType<string>());
            subscribe.AddRange(rule.Subscribe.Select(filter => Expand(filter, user, clientId)).OfType<string>());
        }
        return new ClientAccess([.. publish], [.. subscribe]);
    }

    public bool MayPublish(TopicName topic)
    {
        if (_isAll)
            return true;
        if (_remembered.TryGetValue(topic.Text, out bool known))
            return known;
        bool may = IsAllowed(topic.Text);
        if (_remembered.Count < MostRemembered)
            _remembered.Add(topic.Text, may);
        return may;
    }

    /// <summary>Whether every topic that a filter matches may be read.</summary>
    public bool MaySubscribe(string filter)
    {
        if (_isAll)
            return true;
        ReadOnlySpan<char> topics = TopicRules.WithoutShare(filter);
        foreach (string allowed in _subscribe)
        {
            if (TopicRules.Covers(allowed, topics))
                return true;
        }
        return false;
    }

    /// <summary>The first mark of a rule's filter that stands for nothing, such as <c>%d</c>; null when there is none.</summary>
    public static string? FindUnknownMark(string filter)
    {
        for (int i = 0; i + 1 < filter.Length; i++)
        {
            if (filter[i] == '%' && char.IsAsciiLetter(filter[i + 1]) && filter[i + 1] is not ('u' or 'c'))
                return filter[i..(i + 2)];
        }
        return null;
    }

    private bool IsAllowed(string topic) => Array.Exists(_publish, filter => TopicRules.Matches(filter, topic));

    private static bool IsAbout(AccessRule rule, string? user, string clientId)
    {
        bool isUser = rule.User is null || (user is not null && (rule.User == "*" || rule.User == user));
        return isUser && (rule.Client is null || MatchesGlob(rule.Client, clientId));
    }

    /// <summary>'*' stands for any text, also none.</summary>
    private static bool MatchesGlob(string pattern, string text)
    {
        string[] parts = pattern.Split('*');
        if (parts.Length == 1)
            return pattern == text;
        if (!text.StartsWith(parts[0], StringComparison.Ordinal))
            return false;
        int at = parts[0].Length;
        foreach (string part in parts[1..^1])
        {
            int found = text.IndexOf(part, at, StringComparison.Ordinal);
            if (found < 0)
                return false;
            at = found + part.Length;
        }
        return text.Length - at >= parts[^1].Length && text.EndsWith(parts[^1], StringComparison.Ordinal);
    }

    /// <summary>Puts the names in. Null when a name is not there, or would be more than a part of a topic's level.</summary>
    private static string? Expand(string filter, string? user, string clientId)
    {
        var expanded = new StringBuilder(filter.Length);
        for (int i = 0; i < filter.Length; i++)
        {
            bool isMark = i + 1 < filter.Length && filter[i] == '%' && (filter[i + 1] is 'u' or 'c');
            if (!isMark)
            {
                expanded.Append(filter[i]);
                continue;
            }
            string? name = filter[++i] == 'u' ? user : clientId;
            if (string.IsNullOrEmpty(name) || name.AsSpan().ContainsAny("+#/"))
                return null;
            expanded.Append(name);
        }
        return expanded.ToString();
    }
}
