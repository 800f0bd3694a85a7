namespace Sluice.Gateway.Mqtt.Client;

/// <summary>
/// What is known of the session that one of a source's brokers keeps for us. Brokers that stand in for each other have sessions of their own, whose packet identifiers have nothing to do
/// with each other. Its owner locks.
/// </summary>
/// <param name="key">Of its rows.</param>
/// <param name="received">The QoS 2 messages of before a restart.</param>
/// <param name="filters">What it may have been subscribed to before a restart.</param>
internal sealed class SourceSession(string key, IEnumerable<ushort> received, IEnumerable<string> filters)
{
    // QoS 2 messages between PUBLISH and PUBREL (MQTT 5.0 section 4.3.3, receiver), and whether they are durable.
    private readonly Dictionary<ushort, bool> _received = received.ToDictionary(identifier => identifier, _ => true);
    private readonly HashSet<string> _filters = new(filters, StringComparer.Ordinal);

    public string Key => key;

    /// <summary>This program has subscribed in it.</summary>
    public bool HasSubscribed { get; set; }

    /// <summary>Topic filters that the broker may know it by.</summary>
    public IReadOnlyCollection<string> Filters => _filters;

    public void Add(IEnumerable<string> subscribed) => _filters.UnionWith(subscribed);

    public void Remove(IEnumerable<string> unsubscribed) => _filters.ExceptWith(unsubscribed);

    /// <summary>The broker has a new one.</summary>
    public void Clear()
    {
        _received.Clear();
        _filters.Clear();
        HasSubscribed = false;
    }

    /// <summary>A QoS 2 PUBLISH has come; false when it is one that has come before.</summary>
    public bool Receive(ushort identifier) => _received.TryAdd(identifier, false);

    /// <summary>Its message is durable, or it was not stored and is to come again.</summary>
    public void Settle(ushort identifier, bool isDurable)
    {
        if (isDurable)
            _received[identifier] = true;
        else
            _received.Remove(identifier);
    }

    /// <summary>Whether a message of this identifier is between PUBLISH and PUBREL, and if so, whether it is durable, as it is when the broker may send PUBREL.</summary>
    public bool? Find(ushort identifier) => _received.TryGetValue(identifier, out bool isDurable) ? isDurable : null;

    /// <summary>Its exchange is over.</summary>
    public void Release(ushort identifier) => _received.Remove(identifier);
}
