using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// What the broker remembers of a client beyond its connection (MQTT 5.0 section 4.1): subscriptions, messages to it, and QoS 2
/// messages from it. It has at most one connection, and a connection that was replaced finds out by asking
/// <see cref="IsOwnedBy"/>.
/// <para>
/// Locks: <see cref="_lock"/> guards the queue, the subscriptions and the receipts. The attachment (connection, will,
/// expiry) changes only under the registry's lock, and is read by anyone. Order: the registry's lock, then <see cref="_lock"/>,
/// then the subscription tree's.
/// </para>
/// </summary>
internal sealed class Session
{
    /// <summary>Session Expiry Interval that means never (MQTT 5.0 section 3.1.2.11.2).</summary>
    public const uint NeverExpires = uint.MaxValue;

    private readonly Lock _lock = new();
    private readonly OutboundQueue _outbound = new();
    private readonly HashSet<string> _subscriptions = new(StringComparer.Ordinal);
    private readonly Dictionary<ushort, InboundReceipt> _inbound = [];
    private readonly BrokerCore _core;
    private Connection? _connection;
    private bool _ended;

    public Session(BrokerCore core, string clientId, string? user)
    {
        _core = core;
        ClientId = clientId;
        User = user;
    }

    public string ClientId { get; }

    /// <summary>Whose it is; null for a client without a user name.</summary>
    public string? User { get; }

    /// <summary>Seconds the session outlives its connection.</summary>
    public uint ExpirySeconds { get; set; }

    /// <summary>When it ends, on the broker's clock, while no client is connected.</summary>
    public long ExpiresMs { get; set; } = long.MaxValue;

    /// <summary>The will, until it is published or withdrawn.</summary>
    public Will? Will { get; set; }

    /// <summary>When the will is due, on the broker's clock; far in the future while the client is connected.</summary>
    public long WillDueMs { get; set; } = long.MaxValue;

    public Connection? Connection => Volatile.Read(ref _connection);

    public bool IsOwnedBy(Connection connection) => ReferenceEquals(Connection, connection);

    /// <summary>Gives the session to a connection, or to none.</summary>
    public void Attach(Connection? connection)
    {
        lock (_lock)
        {
            Volatile.Write(ref _connection, connection);
            if (connection is not null)
                _outbound.Resume();
        }
    }

    /// <summary>Queues a message for the client. What cannot be queued is counted.</summary>
    public void Offer(in Delivery delivery)
    {
        Connection? connection;
        lock (_lock)
        {
            connection = _connection;
            if (_ended)
                return;
            if (connection is null && delivery.QualityOfService == QualityOfService.AtMostOnce)
            {
                _core.Counters.Dropped(DropReason.ClientAway);
                return;
            }
            if (!_outbound.TryAdd(delivery, _core.Options))
            {
                _core.Counters.Dropped(DropReason.QueueFull);
                return;
            }
        }
        connection?.Output.Signal();
    }

    /// <summary>Writes what may go to the client now; nothing when the connection is no longer the session's.</summary>
    public int WriteDeliveries(Connection connection, PooledBuffer output, int limitBytes)
    {
        lock (_lock)
        {
            return IsOwnedBy(connection)
                ? _outbound.Write(output, connection.Limits, limitBytes, _core.NowMs, _core.Counters)
                : 0;
        }
    }

    /// <summary>See <see cref="OutboundQueue.Acknowledge"/>.</summary>
    public bool Acknowledge(ushort identifier, QualityOfService qos)
    {
        lock (_lock)
            return _outbound.Acknowledge(identifier, qos);
    }

    /// <summary>See <see cref="OutboundQueue.Release"/>.</summary>
    public bool Release(ushort identifier)
    {
        lock (_lock)
            return _outbound.Release(identifier);
    }

    /// <summary>See <see cref="OutboundQueue.Finish"/>.</summary>
    public bool Finish(ushort identifier)
    {
        lock (_lock)
            return _outbound.Finish(identifier);
    }

    /// <summary>Subscribes. Null when the session has as many subscriptions as it may; else whether it is new.</summary>
    public bool? Subscribe(SubscriptionRequest request, uint identifier)
    {
        lock (_lock)
        {
            if (_ended || (!_subscriptions.Contains(request.Filter) && _subscriptions.Count >= _core.Options.MaximumSubscriptionsPerSession))
                return null;
            _subscriptions.Add(request.Filter);
            return _core.Subscriptions.Add(new Subscription(this, request, identifier));
        }
    }

    /// <summary>Unsubscribes. False when there was no such subscription.</summary>
    public bool Unsubscribe(string filter)
    {
        lock (_lock)
        {
            return _subscriptions.Remove(filter) && _core.Subscriptions.Remove(this, filter);
        }
    }

    /// <summary>
    /// The receipt of a QoS 2 message; when there is none, <paramref name="fresh"/> becomes it.
    /// </summary>
    public InboundReceipt FindOrAddInbound(ushort identifier, InboundReceipt fresh)
    {
        lock (_lock)
        {
            if (_inbound.TryGetValue(identifier, out InboundReceipt? known))
                return known;
            _inbound.Add(identifier, fresh);
            return fresh;
        }
    }

    /// <summary>True when a QoS 2 message with this identifier is between PUBLISH and PUBREL.</summary>
    public bool HasInbound(ushort identifier)
    {
        lock (_lock)
            return _inbound.ContainsKey(identifier);
    }

    /// <summary>QoS 2 messages between PUBLISH and PUBREL.</summary>
    public int InboundCount
    {
        get
        {
            lock (_lock)
                return _inbound.Count;
        }
    }

    /// <summary>PUBREL: the identifier is free again. False when it was not taken.</summary>
    public bool ReleaseInbound(ushort identifier)
    {
        lock (_lock)
            return _inbound.Remove(identifier);
    }

    /// <summary>The message was refused: its identifier is free again, unless it stands for another by now.</summary>
    public void ForgetInbound(ushort identifier, InboundReceipt receipt)
    {
        lock (_lock)
        {
            if (_inbound.TryGetValue(identifier, out InboundReceipt? known) && ReferenceEquals(known, receipt))
                _inbound.Remove(identifier);
        }
    }

    /// <summary>The session is over: its subscriptions go, its messages are dropped and counted.</summary>
    public void End()
    {
        lock (_lock)
        {
            _ended = true;
            foreach (string filter in _subscriptions)
                _core.Subscriptions.Remove(this, filter);
            _subscriptions.Clear();
            _inbound.Clear();
            if (_outbound.Count > 0)
                _core.Counters.Dropped(DropReason.SessionEnded, _outbound.Count);
            // Retained messages may keep this object for No Local; they need not keep its queue.
            _outbound.Clear();
        }
    }
}
