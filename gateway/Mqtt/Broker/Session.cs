using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.State;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// What the broker remembers of a client beyond its connection (MQTT 5.0 section 4.1): subscriptions, messages to it, and QoS 2
/// messages from it. It has at most one connection, and a connection that was replaced finds out by asking
/// <see cref="IsOwnedBy"/>.
/// <para>
/// A session that may outlive its connection has rows (<see cref="StateRows"/>): what its client was told of is durable. One that ends with its
/// connection has one while it has a will, which a restart publishes, else none.
/// </para>
/// <para>
/// Locks: <see cref="_lock"/> guards the queue, the subscriptions and the receipts. The attachment (connection, will,
/// expiry) changes only under the registry's lock, and is read by anyone. Order: the registry's lock, then <see cref="_lock"/>,
/// then the subscription tree's.
/// </para>
/// </summary>
internal sealed partial class Session
{
    /// <summary>Session Expiry Interval that means never (MQTT 5.0 section 3.1.2.11.2).</summary>
    public const uint NeverExpires = uint.MaxValue;

    private readonly Lock _lock = new();
    private readonly HashSet<string> _subscriptions = new(StringComparer.Ordinal);
    private readonly BrokerCore _core;
    private Connection? _connection;
    private bool _ended;

    /// <param name="core">The broker.</param>
    /// <param name="clientId">Its client's.</param>
    /// <param name="user">Whose it is.</param>
    /// <param name="id">Of its rows; 0 when it has none.</param>
    /// <param name="isStored">All that it holds has rows.</param>
    public Session(BrokerCore core, string clientId, string? user, long id, bool isStored)
    {
        _core = core;
        ClientId = clientId;
        User = user;
        Id = id;
        IsStored = isStored;
    }

    public string ClientId { get; }

    /// <summary>Whose it is; null for a client without a user name.</summary>
    public string? User { get; }

    /// <summary>The id of its rows, not given again while the gateway runs (a start sweeps what was left); 0 when it has none.</summary>
    public long Id { get; }

    /// <summary>It has a row of its own.</summary>
    public bool HasRow => Id != 0;

    /// <summary>All that it holds has rows: it may outlive its connection.</summary>
    public bool IsStored { get; }

    /// <summary>Seconds the session outlives its connection.</summary>
    public uint ExpirySeconds { get; set; }

    /// <summary>When it ends, on the broker's clock, while no client is connected.</summary>
    public long ExpiresMs { get; set; } = long.MaxValue;

    /// <summary>The will, until it is published or withdrawn.</summary>
    public Will? Will { get; set; }

    /// <summary>When the will is due, on the broker's clock; far in the future while the client is connected.</summary>
    public long WillDueMs { get; set; } = long.MaxValue;

    /// <summary>What it has left, once it is over; null before.</summary>
    public Legacy? Legacy { get; private set; }

    /// <summary>Its client has left, and the row that says so could not be written.</summary>
    public bool IsLeftUnsaved { get; set; }

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

    /// <summary>
    /// Subscribes. Null when the session has as many subscriptions as it may; else whether it is new.
    /// </summary>
    /// <param name="request">The filter with its options.</param>
    /// <param name="identifier">The subscription identifier; 0 for none.</param>
    /// <param name="rows">Given the row, where the session has rows.</param>
    public bool? Subscribe(SubscriptionRequest request, uint identifier, RowChanges rows)
    {
        lock (_lock)
        {
            if (_ended || (!_subscriptions.Contains(request.Filter) && _subscriptions.Count >= _core.Options.MaximumSubscriptionsPerSession))
                return null;
            if (IsStored)
                rows.SaveSubscription(Id, request, identifier);
            _subscriptions.Add(request.Filter);
            return _core.Subscriptions.Add(new Subscription(this, request, identifier));
        }
    }

    /// <summary>Unsubscribes. False when there was no such subscription.</summary>
    public bool Unsubscribe(string filter, RowChanges rows)
    {
        lock (_lock)
        {
            if (!_subscriptions.Remove(filter))
                return false;
            if (IsStored)
                rows.DeleteSubscription(Id, filter);
            return _core.Subscriptions.Remove(this, filter);
        }
    }

    /// <summary>Its client is back, and may be allowed less than when it subscribed (another token, other rules): what it may not read any more ends.</summary>
    public void EndForbidden(Connection connection, RowChanges rows)
    {
        lock (_lock)
        {
            foreach (string filter in _subscriptions.Where(filter => connection.Limits.Access?.MaySubscribe(filter) == false).ToArray())
            {
                Unsubscribe(filter, rows);
                if (_core.LogLimits.Forbidden.Allows(out long others))
                    MqttLog.SubscriptionEnded(_core.Log, ClientId, connection.Address, filter, others);
            }
        }
    }

    /// <summary>Adds what is to be durable before the client is told that it is connected: the session, and that messages may have been sent.</summary>
    public void SaveConnected(RowChanges rows)
    {
        lock (_lock)
        {
            if (IsStored)
                _outbound.SendLimit = _outbound.Sent + SendAhead;
            rows.SaveSession(this, expiresUs: null, willDueUs: null, IsStored ? _outbound.SendLimit : 0);
        }
    }

    /// <summary>Adds the session without a client, with what was sent exactly.</summary>
    public void SaveLeft(RowChanges rows)
    {
        lock (_lock)
        {
            _outbound.SendLimit = _outbound.Sent;
            rows.SaveSession(this, _core.ToUtcUs(ExpiresMs), _core.ToUtcUs(WillDueMs), _outbound.Sent);
        }
    }

    /// <summary>
    /// The session is over: its subscriptions go, messages of shares go to other members, the rest is dropped and counted. What is to be written then is its
    /// <see cref="Legacy"/>. Once, under the registry's lock.
    /// </summary>
    public void End()
    {
        List<QueuedDelivery> ready;
        lock (_lock)
        {
            _ended = true;
            foreach (string filter in _subscriptions)
                _core.Subscriptions.Remove(this, filter);
            _subscriptions.Clear();
            _inbound.Clear();
            List<QueuedDelivery> inherited = _outbound.Inheritable();
            // The others are handed on when they are durable.
            ready = inherited.FindAll(delivery => delivery.State == DeliveryState.Ready);
            _core.Counters.Dropped(DropReason.SessionEnded, _outbound.Count - inherited.Count);
            _outbound.Clear();
        }
        NoteBytes();
        Legacy = new Legacy(_core);
        foreach (QueuedDelivery delivery in ready)
            Legacy.HandOn(delivery, Id);
        if (HasRow)
            Legacy.Rows.DeleteSession(Id);
    }
}
