using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.State;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// The sessions by client identifier, and who holds which (MQTT 5.0 sections 3.1.2.4, 3.1.2.5, 3.1.4 and 4.1).
/// <para>
/// Invariants: 1. A session has at most one connection; giving it to a new one and taking it from the old one is one step
/// under the lock. 2. A will is published at most once: whoever takes it off the session under the lock publishes it. 3. Rows of a session are handed to the
/// writers under the lock, so their order is that of what happened.
/// </para>
/// </summary>
internal sealed class SessionRegistry
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Session> _sessions = new(StringComparer.Ordinal);
    private readonly BrokerCore _core;
    private int _connected;
    private long _lastId;

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
    /// Takes over what a restart left. A session whose client was connected then has lost it now. One that is over is there for its will, which the clock publishes
    /// (section 3.1.2.5: a failure may defer it until a restart).
    /// </summary>
    public void Recover(SavedState state)
    {
        long now = _core.NowMs;
        foreach (SavedSession saved in state.Sessions)
        {
            var session = new Session(_core, saved.ClientId, saved.User, saved.Id, isStored: true)
            {
                ExpirySeconds = saved.ExpirySeconds,
                ExpiresMs = saved.ExpiresUs is { } at ? _core.FromUtcUs(at) : ExpiresMs(saved.ExpirySeconds, now),
                Will = saved.Will,
                WillDueMs = saved.Will is { } will ? now + DelayMs(will) : long.MaxValue,
            };
            foreach (SavedSubscription subscription in state.Subscriptions[saved.Id])
                session.Subscribe(subscription.Request, subscription.Identifier, new RowChanges());
            session.RecoverOutbound(
                state.Queued[saved.Id].Select(place => new QueuedDelivery(place.Number, place.QualityOfService, place.Bytes + PublishedMessage.OverheadBytes, place.IsReleased)),
                saved.Sent);
            foreach (ushort identifier in state.Received[saved.Id])
                session.RecoverInbound(identifier);
            _sessions.Add(session.ClientId, session);
            _lastId = Math.Max(_lastId, saved.Id);
        }
    }

    /// <summary>
    /// Finds or makes the session that a CONNECT asks for and gives it to the connection. A connection that had it is told to go.
    /// Null when there is no room for another session. What a session holds is its user's: another user gets a new one, and none while it is connected.
    /// The client may be told when the task gives true.
    /// </summary>
    public (Session Session, bool Present, Task<bool> Saved)? Attach(ConnectPacket connect, string clientId, string? user, uint expirySeconds, Connection connection)
    {
        Connection? old = null;
        Session? ended = null;
        Session? session;
        Will? due = null;
        bool present;
        Task<bool> saved;
        lock (_lock)
        {
            present = _sessions.TryGetValue(clientId, out session);
            if (!present && _sessions.Count >= _core.Options.MaximumSessions)
                return null;
            bool isAnothers = session is not null && session.User != user;
            if (isAnothers && session!.Connection is not null)
                throw new MqttProtocolException(ReasonCode.NotAuthorized, "3.1.4", "another user is connected with its client identifier");
            var rows = new RowChanges();
            if (session is not null)
            {
                old = session.Connection;
                // A session without expiry ends with the connection that is being replaced (5.0 section 3.1.2.11.2, 3.1.1 section 3.1.2.4).
                bool isOver = connect.CleanStart || isAnothers || session.ExpirySeconds == 0;
                // A will without delay was due when its connection closed; one with a delay is withdrawn by a client that resumes.
                if (session.Will is { } will && (isOver || DelayMs(will) == 0))
                    due = will;
                session.Will = null;
                if (old is not null)
                    _connected--;
                if (isOver)
                {
                    session.Attach(null);
                    ended = session;
                    session = null;
                    present = false;
                    if (ended.HasRow)
                        rows.DeleteSession(ended.Id);
                }
            }
            if (session is null)
            {
                bool isStored = expirySeconds > 0;
                session = new Session(_core, clientId, user, isStored || connect.Will is not null ? ++_lastId : 0, isStored);
                _sessions[clientId] = session;
            }
            session.ExpirySeconds = expirySeconds;
            session.ExpiresMs = long.MaxValue;
            session.Will = connect.Will;
            session.WillDueMs = long.MaxValue;
            session.Attach(connection);
            _connected++;
            if (session.HasRow)
                session.SaveConnected(rows);
            saved = _core.State.SaveAsync(clientId, rows);
        }
        if (ended is { HasRow: true })
            _ = EndSurelyAsync(ended, saved);
        old?.RequestClose(ReasonCode.SessionTakenOver, "another client connected with its client identifier");
        ended?.End();
        if (due is not null)
            _ = _core.PublishWillAsync(ended ?? session, due);
        return (session, present, saved);
    }

    // In memory it is over. What could not be deleted with the new session's rows is deleted later.
    private async Task EndSurelyAsync(Session ended, Task<bool> saved)
    {
        if (await saved.ConfigureAwait(false))
            return;
        var rows = new RowChanges();
        rows.DeleteSession(ended.Id);
        _core.State.SaveSurely(ended.ClientId, rows);
    }

    /// <summary>A connection is over. Does nothing when another one has taken its session. Completes when a will that is due is the writers'.</summary>
    /// <param name="session">Its session.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="withdrawWill">True after a DISCONNECT that deletes the will (section 3.14.4).</param>
    /// <param name="expirySeconds">A Session Expiry Interval that DISCONNECT set, else null.</param>
    public Task Detach(Session session, Connection connection, bool withdrawWill, uint? expirySeconds)
    {
        Will? due = null;
        bool over = false;
        lock (_lock)
        {
            if (!session.IsOwnedBy(connection))
                return Task.CompletedTask;
            session.Attach(null);
            _connected--;
            session.ExpirySeconds = expirySeconds ?? session.ExpirySeconds;
            if (withdrawWill)
                session.Will = null;
            over = session.ExpirySeconds == 0;
            if (over)
                _sessions.Remove(session.ClientId);
            if (over || (session.Will is { } will && DelayMs(will) == 0))
            {
                due = session.Will;
                session.Will = null;
            }
            long now = _core.NowMs;
            session.WillDueMs = session.Will is { } left ? now + DelayMs(left) : long.MaxValue;
            session.ExpiresMs = ExpiresMs(session.ExpirySeconds, now);
            SaveLeft(session, over);
        }
        if (over)
            session.End();
        return due is null ? Task.CompletedTask : _core.PublishWillAsync(session, due);
    }

    /// <summary>Ends the sessions that have expired and publishes the wills that are due; tries again what could not be saved.</summary>
    public void Tick(long nowMs)
    {
        List<Session>? over = null;
        List<(Session, Will)>? wills = null;
        List<Session>? stored = null;
        lock (_lock)
        {
            foreach (Session session in _sessions.Values)
            {
                if (session.IsStored)
                    (stored ??= []).Add(session);
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
                    if (!expired)
                        SaveLeft(session, isOver: false);
                }
            }
            foreach (Session session in over ?? [])
            {
                _sessions.Remove(session.ClientId);
                SaveLeft(session, isOver: true);
            }
        }
        foreach (Session session in over ?? [])
            session.End();
        foreach ((Session session, Will will) in wills ?? [])
            _ = _core.PublishWillAsync(session, will);
        foreach (Session session in stored ?? [])
            session.Retry();
    }

    // Under the lock. Should it fail, a restart ends a session that is over by its expiry, and counts the expiry of one that is left from then.
    private void SaveLeft(Session session, bool isOver)
    {
        if (!session.HasRow)
            return;
        var rows = new RowChanges();
        if (isOver)
        {
            rows.DeleteSession(session.Id);
            _core.State.SaveSurely(session.ClientId, rows);
            return;
        }
        session.SaveLeft(rows);
        _ = _core.State.SaveAsync(session.ClientId, rows);
    }

    private static long ExpiresMs(uint expirySeconds, long nowMs) =>
        expirySeconds == Session.NeverExpires ? PublishedMessage.NeverExpires : nowMs + (expirySeconds * 1000L);

    private static long DelayMs(Will will) => (will.Properties?.WillDelayInterval ?? 0) * 1000L;
}
