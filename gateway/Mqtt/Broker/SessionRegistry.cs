using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.State;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// The sessions by client identifier, and who holds which (MQTT 5.0 sections 3.1.2.4, 3.1.2.5, 3.1.4 and 4.1).
/// <para>
/// Invariants: 1. A session has at most one connection; giving it to a new one and taking it from the old one is one step
/// under the lock. 2. A will is published once: whoever takes it off the session under the lock publishes it, and the session's rows without it are in the same
/// transaction; what could not be stored is tried again, at the latest with the rows of a client that comes back, which would overwrite it. What never can be is
/// dropped and counted. 3. Rows of one client are handed to the writers in the order of what happened: one after the other where
/// a will among them makes another writer theirs.
/// </para>
/// </summary>
internal sealed class SessionRegistry
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Session> _sessions = new(StringComparer.Ordinal);
    // By client, what was handed over last and is not known to be durable yet.
    private readonly Dictionary<string, Task<bool>> _saving = new(StringComparer.Ordinal);

    // Wills that could not be stored.
    private readonly List<(Session Session, Will Will)> _owed = [];
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
                WillDueMs = saved.Will is { } will ? Math.Min(_core.FromUtcUs(saved.WillDueUs), now + DelayMs(will)) : long.MaxValue,
            };
            foreach (SavedSubscription subscription in state.Subscriptions[saved.Id])
                session.Subscribe(subscription.Request, subscription.Identifier, new RowChanges());
            session.RecoverOutbound(
                state.Queued[saved.Id].Select(place => new QueuedDelivery(place.Number, place.QualityOfService, place.Bytes + PublishedMessage.OverheadBytes, place.IsReleased, place.Share)),
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
        DueWill? departing = null;
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
                    session.End();
                    ended = session;
                    session = null;
                    present = false;
                    rows.Add(ended.Legacy!.Rows);
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
            session.EndForbidden(connection, rows);
            session.Attach(connection);
            _connected++;
            if (session.HasRow)
                session.SaveConnected(rows);
            if (due is not null)
                departing = Take(ended ?? session, due, rows);
            else if (!rows.IsEmpty)
                departing = TakeOwed(clientId, rows);
            saved = departing?.Stored.Task ?? Save(clientId, rows);
        }
        // With its will its rows go when that can be stored.
        if (ended is { Legacy.Rows.IsEmpty: false } && departing?.Session != ended)
            _ = EndSurelyAsync(ended, saved);
        old?.RequestClose(ReasonCode.SessionTakenOver, "another client connected with its client identifier");
        if (departing is not null)
            _ = PublishAsync(departing);
        return (session, present, saved);
    }

    // In memory it is over. What could not be deleted with the new session's rows is deleted later.
    private async Task EndSurelyAsync(Session ended, Task<bool> saved)
    {
        Legacy legacy = ended.Legacy!;
        if (await saved.ConfigureAwait(false))
            legacy.Settle();
        else
            _core.State.SaveSurely(ended.ClientId, legacy.Rows, legacy.Settle);
    }

    /// <summary>A connection is over. Does nothing when another one has taken its session. Completes when a will that is due is the writers'.</summary>
    /// <param name="session">Its session.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="withdrawWill">True after a DISCONNECT that deletes the will (section 3.14.4).</param>
    /// <param name="expirySeconds">A Session Expiry Interval that DISCONNECT set, else null.</param>
    public Task Detach(Session session, Connection connection, bool withdrawWill, uint? expirySeconds)
    {
        Will? due = null;
        DueWill? departing = null;
        lock (_lock)
        {
            if (!session.IsOwnedBy(connection))
                return Task.CompletedTask;
            session.Attach(null);
            _connected--;
            session.ExpirySeconds = expirySeconds ?? session.ExpirySeconds;
            if (withdrawWill)
                session.Will = null;
            bool over = session.ExpirySeconds == 0;
            if (over)
            {
                _sessions.Remove(session.ClientId);
                session.End();
            }
            if (over || (session.Will is { } will && DelayMs(will) == 0))
            {
                due = session.Will;
                session.Will = null;
            }
            long now = _core.NowMs;
            session.WillDueMs = session.Will is { } left ? now + DelayMs(left) : long.MaxValue;
            session.ExpiresMs = ExpiresMs(session.ExpirySeconds, now);
            if (due is null)
                SaveLeft(session);
            else
                departing = Take(session, due, Left(session));
        }
        return departing is null ? Task.CompletedTask : PublishAsync(departing);
    }

    /// <summary>Ends the sessions that have expired and publishes the wills that are due; tries again what could not be saved.</summary>
    public void Tick(long nowMs)
    {
        List<Session>? over = null;
        List<DueWill>? wills = null;
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
                {
                    (over ??= []).Add(session);
                    session.End();
                }
                // The end of the session is the latest time for its will (section 3.1.3.2.2).
                if (session.Will is { } will && (expired || session.WillDueMs <= nowMs))
                {
                    session.Will = null;
                    (wills ??= []).Add(Take(session, will, Left(session)));
                }
                else if (expired || session.IsLeftUnsaved)
                {
                    SaveLeft(session);
                }
            }
            foreach (Session session in over ?? [])
                _sessions.Remove(session.ClientId);
            foreach ((Session session, Will will) in _owed)
            {
                if (session.Connection is null)
                    (wills ??= []).Add(Take(session, will, Left(session)));
            }
            _owed.RemoveAll(owed => owed.Session.Connection is null);
        }
        foreach (DueWill will in wills ?? [])
            _ = PublishAsync(will);
        foreach (Session session in stored ?? [])
            session.Retry();
    }

    // Under the lock.
    private void SaveLeft(Session session)
    {
        session.IsLeftUnsaved = false;
        // The row of one whose will is owed is written with that.
        if (_owed.Exists(owed => owed.Session == session))
            return;
        RowChanges rows = Left(session);
        if (!rows.IsEmpty)
            _ = SaveLeftAsync(session, session.Legacy, Save(session.ClientId, rows));
    }

    // What a restart would take back, such as a will that was withdrawn, is tried again. Rows of what is over may be deleted at any time.
    private async Task SaveLeftAsync(Session session, Legacy? legacy, Task<bool> saved)
    {
        if (await saved.ConfigureAwait(false))
        {
            legacy?.Settle();
        }
        else if (legacy is not null)
        {
            _core.State.SaveSurely(session.ClientId, legacy.Rows, legacy.Settle);
        }
        else
        {
            lock (_lock)
                session.IsLeftUnsaved = session.Connection is null && session.Legacy is null;
        }
    }

    private static RowChanges Left(Session session)
    {
        var rows = new RowChanges();
        if (session.Legacy is { } legacy)
            rows.Add(legacy.Rows);
        else if (session.HasRow)
            session.SaveLeft(rows);
        return rows;
    }

    // Under the lock. Rows of the client that come after it wait for it.
    private DueWill Take(Session session, Will will, RowChanges rows)
    {
        var due = new DueWill(session, will, rows, session.Legacy, _saving.GetValueOrDefault(session.ClientId, Task.FromResult(true)));
        Follow(session.ClientId, due.Stored.Task);
        return due;
    }

    // Under the lock. The row that still has the will is overwritten by these.
    private DueWill? TakeOwed(string clientId, RowChanges rows)
    {
        int at = _owed.FindIndex(owed => owed.Session.ClientId == clientId);
        if (at < 0)
            return null;
        (Session session, Will will) = _owed[at];
        _owed.RemoveAt(at);
        if (session.Legacy is { } legacy)
            rows.Add(legacy.Rows);
        return Take(session, will, rows);
    }

    // Completes when the writers have taken it.
    private async Task PublishAsync(DueWill due)
    {
        await due.Before.ConfigureAwait(false);
        // Subscribers' rows are added to these.
        var rows = new RowChanges();
        rows.Add(due.Rows);
        await _core.PublishWillAsync(due.Session, due.Will, rows, result =>
        {
            if (result.IsLasting())
                _ = ForgetAsync(due, result);
            else
                Finish(due, result.IsDone());
        }).ConfigureAwait(false);
    }

    // It will never be stored: the session's rows go without it.
    private async Task ForgetAsync(DueWill due, IngressResult result)
    {
        _core.Counters.Dropped(result);
        MqttLog.WillRefused(_core.Log, due.Session.ClientId, due.Will.Topic, result);
        Finish(due, await _core.State.SaveAsync(due.Session.ClientId, due.Rows).ConfigureAwait(false));
    }

    private void Finish(DueWill due, bool isDone)
    {
        if (isDone)
        {
            due.Legacy?.Settle();
        }
        else
        {
            lock (_lock)
                _owed.Add((due.Session, due.Will));
        }
        due.Stored.TrySetResult(isDone);
    }

    // Under the lock.
    private Task<bool> Save(string clientId, RowChanges rows)
    {
        Task<bool> saved = _saving.TryGetValue(clientId, out Task<bool>? before) && !before.IsCompleted
            ? SaveAfterAsync(before, clientId, rows)
            : _core.State.SaveAsync(clientId, rows);
        if (!saved.IsCompleted)
            Follow(clientId, saved);
        return saved;
    }

    private async Task<bool> SaveAfterAsync(Task<bool> before, string clientId, RowChanges rows)
    {
        // After a will that could not be stored: the row that has it is not overwritten.
        if (!await before.ConfigureAwait(false) && !rows.IsEmpty)
            return false;
        return await _core.State.SaveAsync(clientId, rows).ConfigureAwait(false);
    }

    private void Follow(string clientId, Task<bool> last)
    {
        _saving[clientId] = last;
        _ = ForgetAsync();

        async Task ForgetAsync()
        {
            await last.ConfigureAwait(false);
            lock (_lock)
            {
                if (_saving.GetValueOrDefault(clientId) == last)
                    _saving.Remove(clientId);
            }
        }
    }

    private static long ExpiresMs(uint expirySeconds, long nowMs) =>
        expirySeconds == Session.NeverExpires ? PublishedMessage.NeverExpires : nowMs + (expirySeconds * 1000L);

    private static long DelayMs(Will will) => (will.Properties?.WillDelayInterval ?? 0) * 1000L;

    /// <summary>A will on its way, with the rows of its session without it.</summary>
    private sealed record DueWill(Session Session, Will Will, RowChanges Rows, Legacy? Legacy, Task<bool> Before)
    {
        /// <summary>Whether both are durable.</summary>
        public TaskCompletionSource<bool> Stored { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
