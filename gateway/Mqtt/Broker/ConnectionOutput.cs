using System.Net.Sockets;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// Everything that goes to one client's socket. Whoever has something to send puts it here and signals; a single pump on
/// the thread pool gathers all there is into one buffer and one write, again and again until nothing is left. So the
/// acknowledgements that one commit completes leave together.
/// <para>
/// Order on the wire: control packets in the order they were sent; acknowledgements in the order their messages arrived;
/// deliveries in the order they were published.
/// </para>
/// <para>
/// Bounds: <see cref="MaximumControlBytes"/> and Receive Maximum. Past either, <see cref="WaitForRoomAsync"/> holds the
/// connection's reader, which is what holds the client.
/// </para>
/// </summary>
internal sealed class ConnectionOutput : IAcknowledgement, IThreadPoolWorkItem
{
    /// <summary>Control packets (PINGRESP, SUBACK, PUBREL, ...) that may wait for a client that does not read.</summary>
    private const int MaximumControlBytes = 64 * 1024;

    /// <summary>About how much one write carries: enough to make the system call cheap, little to hold per connection.</summary>
    private const int WriteBytes = 64 * 1024;

    private readonly BrokerCore _core;
    private readonly Connection _connection;
    private readonly Stream _stream;
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private readonly PooledBuffer _control = new();
    private readonly AcknowledgementRing _ring = new();
    private TaskCompletionSource? _room;
    private TaskCompletionSource? _allAcknowledged;
    private bool _closing;
    private bool _failed;

    // Of the pump, which runs once at a time.
    private readonly PooledBuffer _batch = new();

    // Signals since the pump last had nothing to do; 0 while it does not run.
    private long _signals;
    private long _writingSinceMs = long.MaxValue;

    public ConnectionOutput(BrokerCore core, Connection connection, Stream stream)
    {
        _core = core;
        _connection = connection;
        _stream = stream;
    }

    /// <summary>Completes when the last byte is written after <see cref="Close"/>, or when writing failed.</summary>
    public Task Finished => _finished.Task;

    /// <summary>Since when a write waits for the client to read; far in the future when none does.</summary>
    public long WritingSinceMs => Volatile.Read(ref _writingSinceMs);

    /// <summary>QoS 1 messages whose PUBACK is owed.</summary>
    public int OwedPubAcks
    {
        get
        {
            lock (_gate)
                return _ring.PubAckCount;
        }
    }

    /// <summary>True when the reader should wait before it takes another packet.</summary>
    public bool IsFull
    {
        get
        {
            lock (_gate)
                return IsFullLocked;
        }
    }

    // A 5.0 client at its Receive Maximum still has its other packets answered, and one past it is disconnected (Connection);
    // only QoS 2 messages it sends again can fill the ring further. A 3.1.1 client is held at the same number.
    private bool IsFullLocked => !_failed && !_closing && (_control.Length >= MaximumControlBytes || _ring.Count >= MaximumOwed);

    private int MaximumOwed => _core.Options.ReceiveMaximum * (_connection.Limits.Version == ProtocolVersion.Mqtt50 ? 2 : 1);

    /// <summary>Takes a place in the order of acknowledgements. The token goes to <see cref="Complete"/>.</summary>
    public long Owe(ushort packetIdentifier, PacketType type, bool hasSubscribers)
    {
        lock (_gate)
            return _ring.Add(packetIdentifier, type, hasSubscribers);
    }

    /// <inheritdoc/>
    public void Complete(long token, IngressResult result)
    {
        if (result is > IngressResult.NotRouted and not (IngressResult.NotAuthorized or IngressResult.PayloadFormatInvalid))
            _core.Counters.Dropped(DropReason.IngressFailed);
        bool wake;
        lock (_gate)
        {
            _ring.Complete(token, result);
            wake = _ring.IsHeadReady;
        }
        if (wake)
            Signal();
    }

    public void Send(ConnAckPacket packet, ProtocolVersion version)
    {
        lock (_gate)
            packet.Write(_control, version);
        Signal();
    }

    public void Send(SubAckPacket packet, ProtocolVersion version)
    {
        lock (_gate)
            packet.Write(_control, version);
        Signal();
    }

    public void Send(in AckPacket packet, ProtocolVersion version)
    {
        lock (_gate)
            packet.Write(_control, version);
        Signal();
    }

    public void SendPingResponse()
    {
        lock (_gate)
            PingPacket.Write(_control, PacketType.PingResp);
        Signal();
    }

    /// <summary>There may be something to write.</summary>
    public void Signal()
    {
        if (Interlocked.Increment(ref _signals) == 1)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Nothing more will come: what is ready is written, then <paramref name="last"/>, then <see cref="Finished"/> completes.</summary>
    public void Close(DisconnectPacket? last, ProtocolVersion version)
    {
        lock (_gate)
        {
            if (_closing)
                return;
            _ring.Drain(_control, version, out _, _connection.Limits);
            last?.Write(_control, version);
            _closing = true;
            WakeWaiters();
        }
        Signal();
    }

    /// <summary>Completes when <see cref="IsFull"/> is false, or the connection ends.</summary>
    public Task WaitForRoomAsync()
    {
        lock (_gate)
        {
            if (!IsFullLocked)
                return Task.CompletedTask;
            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _room.Task;
        }
    }

    /// <summary>Completes when every acknowledgement that was owed is written, or the connection ends.</summary>
    public Task WaitForAcknowledgementsAsync()
    {
        lock (_gate)
        {
            if (_ring.Count == 0 || _failed)
                return Task.CompletedTask;
            _allAcknowledged ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _allAcknowledged.Task;
        }
    }

    /// <summary>Nobody needs to wait for this connection any more: it is being closed.</summary>
    public void Abandon()
    {
        lock (_gate)
        {
            _failed = true;
            WakeWaiters();
        }
    }

    void IThreadPoolWorkItem.Execute() => _ = PumpAsync();

    private async Task PumpAsync()
    {
        try
        {
            while (true)
            {
                long seen = Interlocked.Read(ref _signals);
                bool last = Gather(out int messages, out int acknowledgements);
                if (_batch.Length > 0)
                {
                    int bytes = _batch.Length;
                    ValueTask write = _stream.WriteAsync(_batch.Written);
                    if (!write.IsCompletedSuccessfully)
                    {
                        Volatile.Write(ref _writingSinceMs, _core.NowMs);
                        await write.ConfigureAwait(false);
                        Volatile.Write(ref _writingSinceMs, long.MaxValue);
                    }
                    _core.Counters.Sent(bytes, messages, acknowledgements);
                    _batch.Clear();
                    continue;
                }
                _batch.Release();
                if (last)
                    break;
                if (Interlocked.CompareExchange(ref _signals, 0, seen) == seen)
                    return;
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // The peer is gone; the reader sees the same and ends the connection.
        }
        catch (Exception e)
        {
            MqttLog.ConnectionFailed(_core.Log, _connection.ClientId, _connection.Address, e);
        }
        // From here on _signals stays above 0, so the pump never runs again.
        Abandon();
        _batch.Release();
        lock (_gate)
            _control.Release();
        _finished.TrySetResult();
        _connection.OutputEnded();
    }

    // True when nothing is to come after what was gathered.
    private bool Gather(out int messages, out int acknowledgements)
    {
        bool closing;
        IngressResult? failure = null;
        messages = 0;
        acknowledgements = 0;
        lock (_gate)
        {
            closing = _closing;
            _batch.Append(_control.Written.Span);
            _control.Release();
            if (!closing)
                acknowledgements = _ring.Drain(_batch, _connection.Limits.Version, out failure, _connection.Limits);
            if (_room is not null && !IsFullLocked)
            {
                _room.TrySetResult();
                _room = null;
            }
            if (_ring.Count == 0)
            {
                _allAcknowledged?.TrySetResult();
                _allAcknowledged = null;
            }
        }
        if (failure is { } result)
            _connection.IngressFailed(result);
        if (!closing && _connection.Session is { } session)
            messages = session.WriteDeliveries(_connection, _batch, WriteBytes);
        return closing;
    }

    private void WakeWaiters()
    {
        _room?.TrySetResult();
        _room = null;
        _allAcknowledged?.TrySetResult();
        _allAcknowledged = null;
    }
}
