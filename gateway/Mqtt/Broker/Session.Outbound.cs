using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.State;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>Messages to the client, and their rows: written with the message they come from, deleted in batches when they are done.</summary>
internal sealed partial class Session
{
    /// <summary>How many messages may be sent before the database is told again that they may have been: at that rate one row changes.</summary>
    private const int SendAhead = 1024;

    private readonly OutboundQueue _outbound = new();

    // Under _lock. One save at a time: what comes meanwhile goes with the next.
    private bool _isSaving;
    private bool _isLoading;

    // Of the broker's bound over all sessions.
    private long _notedBytes;

    /// <summary>Its client is there, and one more message would be within what it takes at a time.</summary>
    public bool CanSend
    {
        get
        {
            lock (_lock)
                return _connection is { } connection && _outbound.OnTheWay < connection.Limits.ReceiveMaximum;
        }
    }

    /// <summary>
    /// Takes a place in the queue for a message that is becoming durable, or is (<see cref="DeliveryState"/>). What has no room is counted, and null.
    /// </summary>
    /// <param name="delivery">The message.</param>
    /// <param name="state">Pending until <see cref="Settle"/>, or ready.</param>
    /// <param name="rows">Given the message's row, where it is to have one; null for one that is not durable, or where that is for <see cref="SaveQueued"/>.</param>
    public QueuedDelivery? Offer(in Delivery delivery, DeliveryState state, RowChanges? rows)
    {
        QueuedDelivery? queued;
        Connection? connection;
        lock (_lock)
        {
            connection = _connection;
            if (_ended)
            {
                _core.Counters.Dropped(DropReason.SessionEnded);
                return null;
            }
            if (connection is null && delivery.QualityOfService == QualityOfService.AtMostOnce)
            {
                _core.Counters.Dropped(DropReason.ClientAway);
                return null;
            }
            queued = _core.HasRoomFor(delivery.Message.CostBytes) ? _outbound.TryAdd(delivery, _core.Options, IsStored, state) : null;
            if (queued is null)
            {
                _core.Counters.Dropped(DropReason.QueueFull);
                return null;
            }
            if (queued.IsStored)
                rows?.InsertQueued(Id, queued, _core.ToUtcUs(delivery.Message.ExpiresMs));
        }
        NoteBytes();
        if (state == DeliveryState.Ready)
            connection?.Output.Signal();
        return queued;
    }

    /// <summary>Whether the retained messages of a subscription may have places, see <see cref="OutboundQueue.HasRoomForRetained"/>.</summary>
    public bool HasRoomForRetained
    {
        get
        {
            lock (_lock)
                return _outbound.HasRoomForRetained(_core.Options);
        }
    }

    /// <summary>Adds the row of a place that is not settled, where it is to have one.</summary>
    public void SaveQueued(QueuedDelivery place, RowChanges rows)
    {
        if (place.IsStored)
            rows.InsertQueued(Id, place, _core.ToUtcUs(place.Message!.ExpiresMs));
    }

    /// <summary>Takes a place for a message of a share that only the database holds, and its row, from a session that is over; to be settled. What has no room is counted, and null.</summary>
    /// <param name="left">Its place there.</param>
    /// <param name="from">That session.</param>
    /// <param name="heir">This session's subscription.</param>
    /// <param name="rows">Added to.</param>
    public QueuedDelivery? Adopt(QueuedDelivery left, long from, Subscription heir, RowChanges rows)
    {
        QueuedDelivery? queued;
        lock (_lock)
        {
            QualityOfService qos = left.QualityOfService < heir.Request.MaximumQoS ? left.QualityOfService : heir.Request.MaximumQoS;
            queued = !_ended && _core.HasRoomFor(left.CostBytes) ? _outbound.TryAdopt(left, qos, _core.Options) : null;
            _core.Counters.Dropped(_ended ? DropReason.SessionEnded : DropReason.QueueFull, queued is null ? 1 : 0);
            if (queued is null)
                return null;
            rows.MoveQueued(from, left.Number, Id, queued, heir);
        }
        NoteBytes();
        return queued;
    }

    /// <summary>The message is durable and may be sent, or was not stored.</summary>
    public void Settle(QueuedDelivery delivery, bool isDurable)
    {
        Connection? connection;
        bool isLeft;
        lock (_lock)
        {
            delivery.State = isDurable ? DeliveryState.Ready : DeliveryState.Failed;
            connection = _connection;
            isLeft = _ended && isDurable;
            if (delivery.IsStored && _outbound.Bytes > _core.Options.MaximumLoadedBytes && _core.Store is not null)
                delivery.Unload();
        }
        if (isLeft)
            Leave(delivery);
        connection?.Output.Signal();
    }

    // The session ended while the message was being stored.
    private void Leave(QueuedDelivery delivery)
    {
        var legacy = new Legacy(_core);
        if (delivery is { Share: not null, Number: > 0 })
            legacy.HandOn(delivery, Id);
        if (delivery.IsStored)
            legacy.Rows.DeleteQueued(Id, delivery.Number, delivery.Number);
        if (!legacy.Rows.IsEmpty)
            _core.State.SaveSurely(ClientId, legacy.Rows, legacy.Settle);
    }

    /// <summary>Writes what may go to the client now; nothing when the connection is no longer the session's.</summary>
    public int WriteDeliveries(Connection connection, PooledBuffer output, int limitBytes)
    {
        int written;
        bool isMissing;
        lock (_lock)
        {
            if (!IsOwnedBy(connection))
                return 0;
            written = _outbound.Write(output, connection.Limits, limitBytes, _core.NowMs, _core.Counters);
            isMissing = _outbound.Missing is not null && !_isLoading;
            _isLoading |= isMissing;
        }
        if (isMissing)
            _ = LoadAsync();
        SaveProgress();
        return written;
    }

    /// <summary>See <see cref="OutboundQueue.Acknowledge"/>.</summary>
    public bool Acknowledge(ushort identifier, QualityOfService qos)
    {
        bool isDone;
        lock (_lock)
            isDone = _outbound.Acknowledge(identifier, qos);
        if (isDone)
            SaveProgress();
        return isDone;
    }

    /// <summary>PUBREC: PUBREL goes out when it is durable that the client has the message, for it would take a PUBLISH that is sent again for a new one.</summary>
    public ValueTask Release(ushort identifier, Connection connection)
    {
        QueuedDelivery? message;
        lock (_lock)
        {
            message = _outbound.FindReceived(identifier);
            if (message is { IsStored: false })
                message.IsReleased = true;
        }
        if (message is null or { IsReleased: true })
        {
            connection.Send(PacketType.PubRel, identifier, message is null ? ReasonCode.PacketIdentifierNotFound : ReasonCode.Success);
            return default;
        }
        var rows = new RowChanges();
        rows.SaveReleased(Id, message.Number);
        return _core.State.Save(ClientId, rows, isDurable =>
        {
            if (!isDurable)
            {
                connection.RequestClose(ReasonCode.UnspecifiedError, "the receipt of a QoS 2 message could not be stored");
                return;
            }
            lock (_lock)
                message.IsReleased = true;
            connection.Send(PacketType.PubRel, identifier, ReasonCode.Success);
        });
    }

    /// <summary>See <see cref="OutboundQueue.Complete"/>.</summary>
    public bool Finish(ushort identifier)
    {
        bool isDone;
        lock (_lock)
            isDone = _outbound.Complete(identifier);
        if (isDone)
            SaveProgress();
        return isDone;
    }

    /// <summary>Takes over what a restart left.</summary>
    public void RecoverOutbound(IEnumerable<QueuedDelivery> stored, long sent)
    {
        _outbound.Recover(stored, sent);
        NoteBytes();
    }

    /// <summary>Deletes the rows of what is done, and says in time how far messages may have been sent. Nobody waits for it.</summary>
    public void SaveProgress()
    {
        NoteBytes();
        if (!IsStored)
            return;
        RowChanges rows;
        long[] finished;
        long limit = 0;
        lock (_lock)
        {
            bool isNear = _connection is not null && _outbound.Sent + (SendAhead / 2) > _outbound.SendLimit;
            if (_isSaving || _ended || (!isNear && _outbound.Finished.Count == 0))
                return;
            rows = new RowChanges();
            finished = [.. _outbound.Finished];
            _outbound.Finished.Clear();
            if (isNear)
            {
                limit = _outbound.Sent + SendAhead;
                rows.SaveSent(Id, limit);
            }
            AddDeletions(rows, finished);
            _isSaving = true;
        }
        Save(rows, finished, limit);
    }

    // Of its own, or the callback's object would be made whenever there is nothing to save.
    private void Save(RowChanges rows, long[] finished, long limit) =>
        _ = _core.State.Save(ClientId, rows, isDurable => ProgressSaved(finished, limit, isDurable)).AsTask();

    /// <summary>The broker's clock: tries again what could not be saved or read.</summary>
    public void Retry()
    {
        Connection? connection;
        lock (_lock)
            connection = _outbound.Missing is not null && !_isLoading ? _connection : null;
        connection?.Output.Signal();
        SaveProgress();
    }

    private void ProgressSaved(long[] finished, long limit, bool isDurable)
    {
        Connection? connection;
        lock (_lock)
        {
            _isSaving = false;
            connection = _connection;
            if (!isDurable && !_ended)
                _outbound.Finished.AddRange(finished);
            else if (connection is not null)
                _outbound.SendLimit = Math.Max(_outbound.SendLimit, limit);
        }
        if (!isDurable)
            return;
        if (limit > 0)
            connection?.Output.Signal();
        SaveProgress();
    }

    // Runs of numbers, one statement each: acknowledgements mostly come in order.
    private void AddDeletions(RowChanges rows, long[] finished)
    {
        Array.Sort(finished);
        for (int i = 0; i < finished.Length;)
        {
            int first = i;
            do
                i++;
            while (i < finished.Length && finished[i] == finished[i - 1] + 1);
            rows.DeleteQueued(Id, finished[first], finished[i - 1]);
        }
    }

    /// <summary>Takes the next messages from the database, as many as memory may hold of them.</summary>
    private async Task LoadAsync()
    {
        List<QueuedDelivery> wanted;
        lock (_lock)
            wanted = [.. _outbound.Due().Where(delivery => delivery.Message is null && delivery.State == DeliveryState.Ready).Take(_core.Options.MaximumLoadedMessages)];
        IReadOnlyDictionary<long, Delivery>? found = await _core.LoadAsync(this, wanted).ConfigureAwait(false);
        Connection? connection;
        lock (_lock)
        {
            _isLoading = false;
            // Past the last one of a full answer the rest is for the next time.
            long last = found is null ? 0 : found.Count < _core.Options.MaximumLoadedMessages ? long.MaxValue : found.Keys.Max();
            foreach (QueuedDelivery delivery in wanted.Where(delivery => delivery.Number <= last))
            {
                if (found!.TryGetValue(delivery.Number, out Delivery stored))
                    delivery.Load(stored);
                else
                    delivery.State = DeliveryState.Failed;
            }
            connection = _connection;
        }
        // Where it could not be read, the broker's clock tries again.
        if (found is not null)
            connection?.Output.Signal();
    }

    private void NoteBytes()
    {
        long bytes;
        lock (_lock)
        {
            bytes = _outbound.Bytes - _notedBytes;
            _notedBytes = _outbound.Bytes;
        }
        if (bytes != 0)
            _core.NoteQueued(bytes);
    }
}
