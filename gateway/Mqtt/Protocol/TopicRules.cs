namespace Sluice.Gateway.Mqtt.Protocol;

/// <summary>The grammar of topic names and topic filters (MQTT 5.0 section 4.7; shared subscriptions section 4.8.2).</summary>
public static class TopicRules
{
    /// <summary>Prefix of a shared subscription's filter (section 4.8.2).</summary>
    public const string SharedPrefix = "$share/";

    /// <summary>Throws when <paramref name="topic"/>, valid UTF-8 already, cannot be published to.</summary>
    public static void ValidateName(ReadOnlySpan<byte> topic, string what)
    {
        if (topic.IsEmpty)
            throw MqttProtocolException.Malformed("4.7.3", $"{what} is empty");
        if (topic.IndexOfAny((byte)'+', (byte)'#') >= 0)
            throw MqttProtocolException.Malformed("3.3.2.1", $"{what} contains a wildcard character");
    }

    /// <summary>Throws when <paramref name="filter"/> cannot be subscribed to.</summary>
    public static void ValidateFilter(string filter)
    {
        ReadOnlySpan<char> rest = filter;
        if (rest.IsEmpty)
            throw MqttProtocolException.Malformed("4.7.3", "topic filter is empty");
        if (rest.StartsWith("$share", StringComparison.Ordinal) && (rest.Length == 6 || rest[6] == '/'))
            rest = AfterShareName(filter);
        for (int i = 0; i < rest.Length; i++)
        {
            char c = rest[i];
            if (c is not ('+' or '#'))
                continue;
            bool startsLevel = i == 0 || rest[i - 1] == '/';
            bool endsLevel = i + 1 == rest.Length || rest[i + 1] == '/';
            if (!startsLevel || !endsLevel)
                throw MqttProtocolException.Malformed("4.7.1", $"'{c}' in topic filter '{filter}' does not occupy a whole level");
            if (c == '#' && i + 1 != rest.Length)
                throw MqttProtocolException.Malformed("4.7.1.2", $"'#' in topic filter '{filter}' is not its last character");
        }
    }

    /// <summary>True for a filter of the form <c>$share/name/filter</c>.</summary>
    public static bool IsShared(string filter) => filter.StartsWith(SharedPrefix, StringComparison.Ordinal);

    /// <summary>
    /// True when a topic name matches a filter. A filter that begins with a wildcard does not match a name that begins
    /// with '$' (section 4.7.2).
    /// </summary>
    public static bool Matches(ReadOnlySpan<char> filter, ReadOnlySpan<char> topic)
    {
        if (topic.StartsWith("$", StringComparison.Ordinal) && !filter.IsEmpty && filter[0] is '+' or '#')
            return false;
        while (true)
        {
            ReadOnlySpan<char> wanted = Level(ref filter, out bool moreFilter);
            if (wanted is "#")
                return true;
            ReadOnlySpan<char> level = Level(ref topic, out bool moreTopic);
            if (wanted is not "+" && !wanted.SequenceEqual(level))
                return false;
            if (!moreTopic)
                return !moreFilter || filter is "#";
            if (!moreFilter)
                return false;
        }
    }

    /// <summary>
    /// True when a filter matches every topic name that <paramref name="other"/> matches. Neither is a shared one. Level by level: that <c>+/#</c> is another way to write
    /// <c>#</c>, because no topic is empty, is not seen.
    /// </summary>
    public static bool Covers(ReadOnlySpan<char> filter, ReadOnlySpan<char> other)
    {
        if (other.StartsWith("$", StringComparison.Ordinal) && !filter.IsEmpty && filter[0] is '+' or '#')
            return false;
        while (true)
        {
            ReadOnlySpan<char> wide = Level(ref filter, out bool moreFilter);
            if (wide is "#")
                return true;
            ReadOnlySpan<char> level = Level(ref other, out bool moreOther);
            if (level is "#" || (wide is not "+" && !wide.SequenceEqual(level)))
                return false;
            if (!moreOther)
                return !moreFilter || filter is "#";
            if (!moreFilter)
                return false;
        }
    }

    /// <summary>The topic filter of a shared subscription's filter, or the filter itself; a valid one.</summary>
    public static ReadOnlySpan<char> WithoutShare(string filter) => IsShared(filter) ? AfterShareName(filter) : filter;

    private static ReadOnlySpan<char> Level(ref ReadOnlySpan<char> rest, out bool more)
    {
        int slash = rest.IndexOf('/');
        more = slash >= 0;
        ReadOnlySpan<char> level = more ? rest[..slash] : rest;
        rest = more ? rest[(slash + 1)..] : default;
        return level;
    }

    private static ReadOnlySpan<char> AfterShareName(string filter)
    {
        ReadOnlySpan<char> rest = filter.AsSpan(Math.Min(SharedPrefix.Length, filter.Length));
        int slash = rest.IndexOf('/');
        if (slash <= 0 || slash + 1 == rest.Length)
            throw MqttProtocolException.Protocol("4.8.2", $"shared subscription '{filter}' lacks a share name or a topic filter");
        if (rest[..slash].IndexOfAny('+', '#') >= 0)
            throw MqttProtocolException.Protocol("4.8.2", $"share name in '{filter}' contains a wildcard");
        return rest[(slash + 1)..];
    }
}
