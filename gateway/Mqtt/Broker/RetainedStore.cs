using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>The last retained message of each topic (MQTT 5.0 section 3.3.1.3), bounded in number and bytes.</summary>
internal sealed class RetainedStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PublishedMessage> _messages = new(StringComparer.Ordinal);
    private readonly MqttOptions _options;
    private long _bytes;

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

    /// <summary>Keeps the message in place of its topic's last one; an empty payload only takes that away. False when there is no room.</summary>
    public bool Keep(PublishedMessage message)
    {
        lock (_lock)
        {
            if (_messages.Remove(message.Topic.Text, out PublishedMessage? last))
                _bytes -= last.CostBytes;
            if (message.Payload.Length == 0)
                return true;
            if (_messages.Count >= _options.MaximumRetainedMessages || _bytes + message.CostBytes > _options.MaximumRetainedBytes)
                return false;
            _messages.Add(message.Topic.Text, message);
            _bytes += message.CostBytes;
            return true;
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

    private void Forget(PublishedMessage expired)
    {
        lock (_lock)
        {
            if (_messages.TryGetValue(expired.Topic.Text, out PublishedMessage? now) && ReferenceEquals(now, expired))
            {
                _messages.Remove(expired.Topic.Text);
                _bytes -= expired.CostBytes;
            }
        }
    }
}
