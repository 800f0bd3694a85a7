using Sluice.Gateway.Ingress;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// The topic aliases that the broker has told one client (MQTT 5.0 section 3.3.2.3.4): the first topics that it is sent get one, until as many as it accepts are
/// given. They end with the connection. Of the session's lock.
/// </summary>
internal sealed class OutboundAliases(int maximum)
{
    /// <summary>Given at most: a table of some kilobytes a client.</summary>
    public const int Most = 64;

    private readonly Dictionary<string, ushort> _given = new(StringComparer.Ordinal);

    /// <summary>The alias of a topic, 0 for none; known when the client was told it already.</summary>
    public (ushort Alias, bool IsKnown) Find(TopicName topic)
    {
        if (_given.TryGetValue(topic.Text, out ushort alias))
            return (alias, true);
        return _given.Count < Math.Min(maximum, Most) ? ((ushort)(_given.Count + 1), false) : ((ushort)0, false);
    }

    /// <summary>A packet went out that tells the client the alias that <see cref="Find"/> gave.</summary>
    public void Told(TopicName topic, ushort alias) => _given.Add(topic.Text, alias);
}
