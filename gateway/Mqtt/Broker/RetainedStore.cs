using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// The last retained message of each topic (MQTT 5.0 section 3.3.1.3), bounded in number and bytes. A change counts at once and is settled by its commit: when that
/// fails, the topic has again what it had before. Who hands out a message waits for that (<see cref="IsDurableAsync"/>).
/// </summary>
internal sealed class RetainedStore
{
    private readonly Lock _lock = new();

    // A topic without a message is here only until that change is settled.
    private readonly Dictionary<string, RetainedChange> _topics = new(StringComparer.Ordinal);
    private readonly MqttOptions _options;
    private int _count;
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
                return _count;
        }
    }

    /// <summary>
    /// Keeps the message in place of its topic's last one; an empty payload only takes that away, and so does a message for which there is no room: then the change has
    /// no message. To be settled by <see cref="Settle"/>.
    /// </summary>
    public RetainedChange Keep(PublishedMessage message)
    {
        string topic = message.Topic.Text;
        lock (_lock)
        {
            RetainedChange? before = Take(topic);
            _hasGone |= message.Payload.Length == 0;
            bool isKept = message.Payload.Length > 0 && _count < _options.MaximumRetainedMessages && _bytes + message.CostBytes <= _options.MaximumRetainedBytes;
            return Put(new RetainedChange(topic, isKept ? message : null, ++_version) { Before = before });
        }
    }

    /// <summary>The change is durable, or it was not stored.</summary>
    public void Settle(RetainedChange change, bool isDurable)
    {
        lock (_lock)
        {
            change.Waiting?.TrySetResult(isDurable);
            bool isLast = _topics.TryGetValue(change.Topic, out RetainedChange? last) && ReferenceEquals(last, change);
            if (isDurable)
            {
                change.State = RetainedState.Durable;
                change.Before = null;
                if (isLast && change.Message is null)
                    _topics.Remove(change.Topic);
                return;
            }
            change.State = RetainedState.Failed;
            if (!isLast)
                return;
            Take(change.Topic);
            RetainedChange? before = change.Before;
            while (before is { State: RetainedState.Failed })
                before = before.Before;
            if (before is { Message: not null } or { State: RetainedState.Pending })
                Put(before);
        }
    }

    /// <summary>Takes over what a restart left, whatever the bounds are now.</summary>
    public void Recover(PublishedMessage message, long version)
    {
        lock (_lock)
        {
            _version = Math.Max(_version, version);
            Put(new RetainedChange(message.Topic.Text, message, version) { State = RetainedState.Durable });
        }
    }

    /// <summary>Whether a change was stored, once that is known.</summary>
    public Task<bool> IsDurableAsync(RetainedChange change)
    {
        lock (_lock)
        {
            return change.State == RetainedState.Pending
                ? (change.Waiting ??= new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously)).Task
                : Task.FromResult(change.State == RetainedState.Durable);
        }
    }

    /// <summary>What a new subscription gets: the last change of each topic, also one that is not durable yet, which may have taken the message away. Expired messages are thrown away on the way.</summary>
    public List<RetainedChange> Match(string filter, long nowMs)
    {
        var found = new List<RetainedChange>();
        lock (_lock)
        {
            if (filter.AsSpan().IndexOfAny('+', '#') < 0)
            {
                if (_topics.TryGetValue(filter, out RetainedChange? change))
                    found.Add(change);
            }
            else
            {
                foreach ((string topic, RetainedChange change) in _topics)
                {
                    if (TopicRules.Matches(filter, topic))
                        found.Add(change);
                }
            }
            foreach (RetainedChange expired in found.Where(change => change.Message?.ExpiresMs <= nowMs))
                Forget(expired.Topic);
        }
        found.RemoveAll(change => change.Message?.ExpiresMs <= nowMs);
        return found;
    }

    /// <summary>
    /// Throws away what has expired. The version of the latest change, when since the last time a topic has lost its message, so that rows are left over; else null.
    /// </summary>
    public long? Sweep(long nowMs)
    {
        lock (_lock)
        {
            foreach (RetainedChange expired in _topics.Values.Where(change => change.Message?.ExpiresMs <= nowMs).ToArray())
                Forget(expired.Topic);
            bool hasGone = _hasGone;
            _hasGone = false;
            return hasGone ? _version : null;
        }
    }

    // The rest under the lock.
    private RetainedChange Put(RetainedChange change)
    {
        _topics.Add(change.Topic, change);
        if (change.Message is { } message)
        {
            _count++;
            _bytes += message.CostBytes;
        }
        return change;
    }

    private RetainedChange? Take(string topic)
    {
        if (!_topics.Remove(topic, out RetainedChange? change))
            return null;
        if (change.Message is { } message)
        {
            _count--;
            _bytes -= message.CostBytes;
        }
        return change;
    }

    private void Forget(string topic)
    {
        Take(topic);
        _hasGone = true;
    }
}
