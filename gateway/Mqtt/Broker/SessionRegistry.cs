using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// The sessions by client identifier, and who holds which (MQTT 5.0 sections 3.1.2.4, 3.1.2.5, 3.1.4 and 4.1). In memory: they end with the
/// process.
/// <para>
/// Invariants: 1. A session has at most one connection; giving it to a new one and taking it from the old one is one step
/// under the lock. 2. A will is published at most once: whoever takes it off the session under the lock publishes it.
/// </para>
/// </summary>
internal sealed class SessionRegistry
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Session> _sessions = new(StringComparer.Ordinal);
    private readonly BrokerCore _core;
    private int _connected;

    public SessionRegistry(BrokerCore core)
    {
        _core = core;
    }

    public int Count
    {
        get
        {
            lock (_lock)
                return _sessions.Count;
        }
    }

    /// <summary>Clients whose CONNECT was accepted and who are still there.</summary>
    public int Connected => Volatile.Read(ref _connected);

    /// <summary>
    /// Finds or makes the session that a CONNECT asks for and gives it to the connection. A connection that had it is told to go.
    /// Null when there is no room for another session. What a session holds is its user's: another user gets a new one, and none while it is connected.
    /// </summary>
    public (Session Session, bool Present)? Attach(ConnectPacket connect, string clientId, string? user, uint expirySeconds, Connection connection)
    {
        Connection? old = null;
        Session? ended = null;
        Session? session;
        Will? due = null;
        bool present;
        lock (_lock)
        {
            present = _sessions.TryGetValue(clientId, out session);
            if (!present && _sessions.Count >= _core.Options.MaximumSessions)
                return null;
            bool isAnothers = session is not null && session.User != user;
            if (isAnothers && session!.Connection is not null)
                throw new MqttProtocolException(ReasonCode.NotAuthorized, "3.1.4", "another user is connected with its client identifier");
            if (session is not null)
            {
                old = session.Connection;
                // A will without delay was due when its connection closed; one with a delay is withdrawn by a client that resumes.
                if (session.Will is { } will && (connect.CleanStart || isAnothers || (will.Properties?.WillDelayInterval ?? 0) == 0))
                    due = will;
                session.Will = null;
                if (old is not null)
                    _connected--;
                if (connect.CleanStart || isAnothers)
                {
                    session.Attach(null);
                    ended = session;
                    session = null;
                    present = false;
                }
            }
            if (session is null)
            {
                session = new Session(_core, clientId, user);
                _sessions[clientId] = session;
            }
            session.ExpirySeconds = expirySeconds;
            session.ExpiresMs = long.MaxValue;
            session.Will = connect.Will;
            session.WillDueMs = long.MaxValue;
            session.Attach(connection);
            _connected++;
        }
        old?.RequestClose(ReasonCode.SessionTakenOver, "another client connected with its client identifier");
        ended?.End();
        if (due is not null)
            _core.PublishWill(ended ?? session, due);
        return (session, present);
    }

    /// <summary>A connection is over. Does nothing when another one has taken its session.</summary>
    /// <param name="session">Its session.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="withdrawWill">True after a DISCONNECT that deletes the will (section 3.14.4).</param>
    /// <param name="expirySeconds">A Session Expiry Interval that DISCONNECT set, else null.</param>
    public void Detach(Session session, Connection connection, bool withdrawWill, uint? expirySeconds)
    {
        Will? due = null;
        bool over = false;
        lock (_lock)
        {
            if (!session.IsOwnedBy(connection))
                return;
            session.Attach(null);
            _connected--;
            session.ExpirySeconds = expirySeconds ?? session.ExpirySeconds;
            if (withdrawWill)
                session.Will = null;
            if (session.ExpirySeconds == 0)
            {
                _sessions.Remove(session.ClientId);
                over = true;
            }
            long delay = session.Will?.Properties?.WillDelayInterval ?? 0;
            if (over || delay == 0)
            {
                due = session.Will;
                session.Will = null;
            }
            long now = _core.NowMs;
            session.WillDueMs = session.Will is null ? long.MaxValue : now + delay * 1000;
            session.ExpiresMs = session.ExpirySeconds == Session.NeverExpires ? long.MaxValue : now + session.ExpirySeconds * 1000L;
        }
        if (over)
            session.End();
        if (due is not null)
            _core.PublishWill(session, due);
    }

    /// <summary>Ends the sessions that have expired and publishes the wills that are due.</summary>
    public void Tick(long nowMs)
    {
        List<Session>? over = null;
        List<(Session, Will)>? wills = null;
        lock (_lock)
        {
            foreach (Session session in _sessions.Values)
            {
                if (session.Connection is not null)
                    continue;
                bool expired = session.ExpiresMs <= nowMs;
                if (expired)
                    (over ??= []).Add(session);
                // The end of the session is the latest time for its will (section 3.1.3.2.2).
                if (session.Will is { } will && (expired || session.WillDueMs <= nowMs))
                {
                    (wills ??= []).Add((session, will));
                    session.Will = null;
                }
            }
            foreach (Session session in over ?? [])
                _sessions.Remove(session.ClientId);
        }
        foreach (Session session in over ?? [])
            session.End();
        foreach ((Session session, Will will) in wills ?? [])
            _core.PublishWill(session, will);
    }
}
