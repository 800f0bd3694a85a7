using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>The last retained message of each topic (MQTT 5.0 section 3.3.1.3), bounded in number and bytes.</summary>
internal sealed class RetainedStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PublishedMessage> _messages = new(StringComparer.Ordinal);
    private readonly MqttOptions _options;
    private long _bytes;
    private long _version;
    private bool _hasGone;

    public RetainedStore(MqttOptions options)
    {
        _options = options;
    }

    public int Count
    {
        get
        {
            lock (_lock)
                return _messages.Count;
        }
    }

    /// <summary>Keeps the message in place of its topic's last one; an empty payload only takes that away. False when there is no room: then the topic has none.</summary>
    /// <param name="message">The message.</param>
    /// <param name="version">The change's place among all.</param>
    public bool Keep(PublishedMessage message, out long version)
    {
        lock (_lock)
        {
            version = ++_version;
            if (_messages.Remove(message.Topic.Text, out PublishedMessage? last))
                _bytes -= last.CostBytes;
            _hasGone |= message.Payload.Length == 0;
            if (message.Payload.Length == 0)
                return true;
            if (_messages.Count >= _options.MaximumRetainedMessages || _bytes + message.CostBytes > _options.MaximumRetainedBytes)
                return false;
            Add(message);
            return true;
        }
    }

    /// <summary>Takes over what a restart left, whatever the bounds are now.</summary>
    public void Recover(PublishedMessage message, long version)
    {
        lock (_lock)
        {
            _version = Math.Max(_version, version);
            Add(message);
        }
    }

    /// <summary>The messages that a new subscription gets. Expired ones are thrown away on the way.</summary>
    public List<PublishedMessage> Match(string filter, long nowMs)
    {
        var found = new List<PublishedMessage>();
        lock (_lock)
        {
            if (filter.AsSpan().IndexOfAny('+', '#') < 0)
            {
                if (_messages.TryGetValue(filter, out PublishedMessage? message))
                    found.Add(message);
            }
            else
            {
                foreach ((string topic, PublishedMessage message) in _messages)
                {
                    if (TopicRules.Matches(filter, topic))
                        found.Add(message);
                }
            }
        }
        foreach (PublishedMessage message in found)
        {
            if (message.ExpiresMs <= nowMs)
                Forget(message);
        }
        found.RemoveAll(message => message.ExpiresMs <= nowMs);
        return found;
    }

    /// <summary>
    /// Throws away what has expired. The version of the latest change, when since the last time a topic has lost its message, so that rows are left over; else null.
    /// </summary>
    public long? Sweep(long nowMs)
    {
        lock (_lock)
        {
            foreach (PublishedMessage expired in _messages.Values.Where(message => message.ExpiresMs <= nowMs).ToArray())
                Forget(expired);
            bool hasGone = _hasGone;
            _hasGone = false;
            return hasGone ? _version : null;
        }
    }

    private void Add(PublishedMessage message)
    {
        _messages.Add(message.Topic.Text, message);
        _bytes += message.CostBytes;
    }

    private void Forget(PublishedMessage expired)
    {
        lock (_lock)
        {
            if (_messages.TryGetValue(expired.Topic.Text, out PublishedMessage? now) && ReferenceEquals(now, expired))
            {
                _messages.Remove(expired.Topic.Text);
                _bytes -= expired.CostBytes;
                _hasGone = true;
            }
        }
    }
}
