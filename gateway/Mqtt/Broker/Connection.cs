using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.Transport;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// One client's connection: reads packets, one after another, until the client leaves, breaks the protocol or is told to
/// go. Nothing here waits for a message to become durable; it hands the message over and reads on.
/// <para>
/// Owner rules: everything not said to be shared belongs to the read loop. Packets are parsed where they lie in the
/// pipe's buffer, so no slice of them outlives the synchronous part of handling them.
/// </para>
/// </summary>
internal sealed partial class Connection
{
    /// <summary>How long a closing connection waits for its peer to close too, when it has written its last packet.</summary>
    private static readonly TimeSpan LingerTime = TimeSpan.FromSeconds(1);

    /// <summary>Of a CONNECT: room for the largest will and some thousand bytes for each of the rest. Who is unknown yet fills no more memory.</summary>
    private const int MaximumConnectBytes = 128 * 1024;

    // Of these packets without their properties, with the longest fixed header.
    private const int ConnAckBytes = 7;
    private const int DisconnectBytes = 6;

    /// <summary>Of one read: some hundred readings a system call. Idle connections hold no buffer (zero-byte reads).</summary>
    private const int ReadBytes = 16 * 1024;

    private static readonly StreamPipeReaderOptions ReadOptions = new(bufferSize: ReadBytes, minimumReadSize: 2 * 1024, useZeroByteReads: true);

    private readonly BrokerCore _core;
    private readonly MqttBroker _broker;
    private readonly ClientTransport _transport;
    private readonly PipeReader _reader;
    private readonly RateLimits _rates;
    private readonly CancellationTokenSource _abort = new();

    // Ends the pause of a client that sent faster than it may: when it is told to go, nothing more is read from it anyway.
    private readonly CancellationTokenSource _pauseEnds = new();
    private readonly long _openedMs;
    private readonly string? _turnedAwayFor;

    // Of the read loop.
    private ProtocolVersion _version = ProtocolVersion.Mqtt311;
    private Session? _session;
    private long _keepAliveMs;
    private long _receivedUs;
    private long _messagesInRead;
    private bool _withdrawWill;
    private uint? _expiryAtDisconnect;
    private bool _clientLeft;

    // Shared.
    private long _lastReceivedMs;
    private long _identityEndsUs = long.MaxValue;
    private volatile bool _holdingReader;
    private CloseRequest? _closeRequest;
    private ClientLimits _limits = new(ProtocolVersion.Mqtt311, 0, long.MaxValue);

    /// <param name="core">The broker's parts.</param>
    /// <param name="broker">Told when the connection is over.</param>
    /// <param name="transport">The bytes, both ways. The connection disposes it.</param>
    /// <param name="turnedAwayFor">The limit that it is past: its CONNECT is read only to be refused. Null when it is let in.</param>
    public Connection(BrokerCore core, MqttBroker broker, ClientTransport transport, string? turnedAwayFor)
    {
        _turnedAwayFor = turnedAwayFor;
        _core = core;
        _broker = broker;
        _transport = transport;
        _reader = PipeReader.Create(transport.Stream, ReadOptions);
        _rates = new RateLimits(core.Options, core.MessageRate, core.Time);
        Output = new ConnectionOutput(core, this, transport.Stream);
        _openedMs = core.NowMs;
        _lastReceivedMs = _openedMs;
    }

    /// <summary>The peer's, for the log.</summary>
    public string Address => _transport.Peer.Address;

    /// <summary>Empty before CONNECT.</summary>
    public string ClientId { get; private set; } = "";

    public ConnectionOutput Output { get; }

    /// <summary>What the client accepts; as of its CONNECT.</summary>
    public ClientLimits Limits => Volatile.Read(ref _limits);

    private int MaximumPacketSizeBytes =>
        _session is null ? Math.Min(MaximumConnectBytes, _core.Options.MaximumPacketSizeBytes) : _core.Options.MaximumPacketSizeBytes;

    /// <summary>Null before CONNECT was accepted.</summary>
    public Session? Session => Volatile.Read(ref _session);

    /// <summary>Runs the connection to its end. Never throws.</summary>
    public async Task RunAsync()
    {
        try
        {
            await ReadAsync().ConfigureAwait(false);
        }
        catch (MqttProtocolException e)
        {
            NoteOffence(e);
            Refuse(e.Reason, e.Message);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The peer is gone, or the connection was aborted; either way there is nobody left to tell.
        }
        catch (Exception e)
        {
            MqttLog.ConnectionFailed(_core.Log, ClientId, Address, e);
            Refuse(ReasonCode.UnspecifiedError, why: null);
        }
        await EndAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// Tells the connection to go: the client gets a DISCONNECT in 5.0. The first request counts. Any thread.
    /// </summary>
    public void RequestClose(ReasonCode reason, string why)
    {
        if (Interlocked.CompareExchange(ref _closeRequest, new CloseRequest(reason, why), null) is not null)
            return;
        _pauseEnds.Cancel();
        // At a shutdown what was read is still handed over and acknowledged; otherwise the reader is set free at once.
        if (reason != ReasonCode.ServerShuttingDown)
        {
            _abort.Cancel();
            Output.Abandon();
        }
        _reader.CancelPendingRead();
    }

    /// <summary>Drops the connection without a word. Any thread.</summary>
    public void Abort()
    {
        _pauseEnds.Cancel();
        _abort.Cancel();
        Output.Abandon();
        _transport.Abort();
    }

    /// <summary>The output has written its last byte or failed; a reader that still waits is woken.</summary>
    public void OutputEnded() => _reader.CancelPendingRead();

    /// <summary>A message could not be stored. A 3.1.1 client cannot be told, so it loses its connection and sends again.</summary>
    public void IngressFailed(IngressResult result)
    {
        bool told = Limits.Version == ProtocolVersion.Mqtt50;
        if (!told && Volatile.Read(ref _closeRequest) is not null)
            return;
        // What is the client's fault has a line of its own.
        if (result is not (IngressResult.NotAuthorized or IngressResult.PayloadFormatInvalid) && _core.LogLimits.NotStored.Allows(out long others))
            MqttLog.NotStored(_core.Log, ClientId, Address, result, told ? "the client was told" : "its connection is closed", others);
        if (told)
            return;
        if (result == IngressResult.NotAuthorized)
            RequestClose(ReasonCode.NotAuthorized, "it may not publish to the topic of its message, and 3.1.1 has no other way to say so");
        else
            RequestClose(ReasonCode.UnspecifiedError, "a message could not be stored");
    }

    /// <summary>Sends PUBREL or PUBCOMP. Any thread.</summary>
    public void Send(PacketType type, ushort packetIdentifier, ReasonCode reason) =>
        Output.Send(new AckPacket(type, packetIdentifier, reason), Limits.Version);

    private async Task ReadAsync()
    {
        while (true)
        {
            ValueTask<ReadResult> reading = _reader.ReadAsync();
            if (!reading.IsCompleted)
                ReleaseSlab();
            ReadResult result = await reading.ConfigureAwait(false);
            if (result.IsCanceled)
            {
                if (Volatile.Read(ref _closeRequest) is not null || Output.Finished.IsCompleted)
                    return;
            }
            long arrivedMs = _core.NowMs;
            _receivedUs = _core.UtcUs;
            ReadOnlySequence<byte> rest = result.Buffer;
            _bytesInRead = (int)rest.Length;
            while (PacketHeader.TryRead(ref rest, MaximumPacketSizeBytes, out PacketHeader header, out ReadOnlySequence<byte> body))
            {
                // What counts is a whole packet (section 3.1.2.10): a byte now and then keeps nobody alive.
                if (arrivedMs > _lastReceivedMs)
                    Volatile.Write(ref _lastReceivedMs, arrivedMs);
                ValueTask handled = Dispatch(header, body);
                if (!handled.IsCompletedSuccessfully)
                    await HoldAsync(handled.AsTask()).ConfigureAwait(false);
                else
                    handled.GetAwaiter().GetResult();
                if (_clientLeft || Volatile.Read(ref _closeRequest) is not null)
                    return;
                if (Output.IsFull)
                    await HoldAsync(Output.WaitForRoomAsync()).ConfigureAwait(false);
            }
            long bytes = result.Buffer.Length - rest.Length;
            _core.Counters.Received(bytes, _messagesInRead);
            TimeSpan pause = _rates.Received(bytes, _messagesInRead);
            _messagesInRead = 0;
            _bytesInRead = 0;
            if (result.IsCompleted)
                return;
            HoldUnfinished(rest.Length, isNew: bytes > 0);
            _reader.AdvanceTo(rest.Start, rest.End);
            if (pause > TimeSpan.Zero)
                await HoldAsync(PauseAsync(pause)).ConfigureAwait(false);
        }
    }

    private async Task PauseAsync(TimeSpan pause) =>
        await Task.Delay(pause, _core.Time, _pauseEnds.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    // While the reader is held the client cannot be heard, so its keep alive does not run.
    private async Task HoldAsync(Task task)
    {
        _holdingReader = true;
        await task.ConfigureAwait(false);
        Volatile.Write(ref _lastReceivedMs, _core.NowMs);
        if (_unfinishedSinceMs > 0)
            Volatile.Write(ref _unfinishedSinceMs, _core.NowMs);
        _holdingReader = false;
    }

    private ValueTask Dispatch(PacketHeader header, in ReadOnlySequence<byte> body)
    {
        if (body.IsSingleSegment)
            return Dispatch(header, body.FirstSpan);
        // A packet that lies across segments of the pipe is joined first: one in some hundred.
        int length = (int)body.Length;
        byte[] joined = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            body.CopyTo(joined);
            return Dispatch(header, joined.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(joined);
        }
    }

    private ValueTask Dispatch(PacketHeader header, ReadOnlySpan<byte> body)
    {
        if (_session is null)
        {
            if (header.Type != PacketType.Connect)
                throw MqttProtocolException.Protocol("3.1", $"{header.Type} before CONNECT");
            return OnConnect(body, header.Flags);
        }
        switch (header.Type)
        {
            case PacketType.Publish:
                return OnPublish(PublishPacket.Parse(body, header.Flags, _version));
            case PacketType.PubAck or PacketType.PubRec or PacketType.PubRel or PacketType.PubComp:
                return OnAcknowledgement(AckPacket.Parse(body, header.Type, _version));
            case PacketType.Subscribe:
                return OnSubscribe(SubscribePacket.Parse(body, _version));
            case PacketType.Unsubscribe:
                return OnUnsubscribe(UnsubscribePacket.Parse(body, _version));
            case PacketType.PingReq:
                PingPacket.Parse(body, header.Type);
                Output.SendPingResponse();
                return default;
            case PacketType.Disconnect:
                OnDisconnect(DisconnectPacket.Parse(body, _version));
                return default;
            case PacketType.Auth:
                _ = AuthPacket.Parse(body, _version);
                throw MqttProtocolException.Protocol("4.12", "AUTH on a connection without an authentication method");
            case PacketType.Connect:
                throw MqttProtocolException.Protocol("3.1", "a second CONNECT");
            default:
                throw MqttProtocolException.Protocol("2.1.2", $"{header.Type} is not for a client to send");
        }
    }

    private void OnDisconnect(DisconnectPacket packet)
    {
        uint? expiry = packet.Properties?.SessionExpiryInterval;
        // Section 3.14.2.2.2: an interval of 0 at CONNECT cannot be lengthened.
        if (expiry > 0 && _session!.ExpirySeconds == 0)
            throw MqttProtocolException.Protocol("3.14.2.2.2", "DISCONNECT sets a session expiry, CONNECT had none");
        if (packet.Properties?.ServerReference is not null)
            throw MqttProtocolException.Protocol("3.14.2.2.5", "a client sent a server reference");
        _expiryAtDisconnect = expiry is { } seconds ? Granted(seconds) : null;
        _withdrawWill = packet.Reason == ReasonCode.Success;
        _clientLeft = true;
    }

    // A refusal at CONNECT and a breach of the protocol are told apart in counts and log; both may count towards a ban.
    private void NoteOffence(MqttProtocolException e)
    {
        // The broker has counted it and said why.
        if (_turnedAwayFor is not null)
            return;
        bool refused = _session is null && e.Reason is ReasonCode.BadUserNameOrPassword or ReasonCode.NotAuthorized or ReasonCode.Banned or ReasonCode.QuotaExceeded;
        if (refused)
            _core.Counters.Refused();
        else if (e.IsOffence)
            _core.Counters.ProtocolError();
        if (e.IsOffence && _core.Admission.Bans.NoteOffence(_transport.Peer))
            MqttLog.PeerBanned(_core.Log, _transport.Peer.Host, _core.Options.Security.Ban.After, _core.Options.Security.Ban.For);
        if (!(refused ? _core.LogLimits.Refused : _core.LogLimits.ProtocolViolated).Allows(out long others))
            return;
        if (refused)
            MqttLog.Refused(_core.Log, ClientId, Address, e.Message, e.Reason, others);
        else
            MqttLog.ProtocolViolated(_core.Log, ClientId, Address, e.Message, e.Reason, others);
    }

    // Says what is wrong in the form that the connection's stage and version have for it.
    private void Refuse(ReasonCode reason, string? why)
    {
        if (_session is not null)
        {
            Output.Close(_version == ProtocolVersion.Mqtt50 ? new DisconnectPacket(reason, Limits.Explain(why, DisconnectBytes)) : null, _version);
        }
        else if (_refusalLevel is { } level && MayRefuseConnect(level, reason))
        {
            ProtocolVersion version = level < 5 ? ProtocolVersion.Mqtt311 : ProtocolVersion.Mqtt50;
            // Who has not shown who it is need not know what was wrong.
            string? told = reason is ReasonCode.BadUserNameOrPassword or ReasonCode.Banned ? null : why;
            Output.Send(new ConnAckPacket(false, reason, Limits.Explain(told, ConnAckBytes)), version);
        }
    }

    // In 3.1.1 a malformed CONNECT is closed without a CONNACK (3.1.1 section 3.1.4); in 5.0 a CONNACK may say why.
    private static bool MayRefuseConnect(byte level, ReasonCode reason) =>
        level >= 5 || reason is ReasonCode.UnsupportedProtocolVersion or ReasonCode.ClientIdentifierNotValid
            or ReasonCode.BadUserNameOrPassword or ReasonCode.NotAuthorized or ReasonCode.Banned or ReasonCode.QuotaExceeded or ReasonCode.ServerUnavailable;

    private async Task EndAsync()
    {
        CloseRequest? request = Volatile.Read(ref _closeRequest);
        // Of a read that ended with the connection.
        _core.Counters.Received(_bytesInRead, _messagesInRead);
        try
        {
            if (request?.Reason == ReasonCode.ServerShuttingDown)
                await Output.WaitForAcknowledgementsAsync().ConfigureAwait(false);
            bool tell = request is not null && _version == ProtocolVersion.Mqtt50 && _session is not null;
            Output.Close(tell ? new DisconnectPacket(request!.Reason, Limits.Explain(request.Why, DisconnectBytes)) : null, _version);
            bool shutdown = request?.Reason == ReasonCode.ServerShuttingDown;
            if (_session is not null)
            {
                Task will = _core.Sessions.Detach(_session, this, _withdrawWill, _expiryAtDisconnect);
                // After a stop the writers take nothing more. What they do not take in time is kept by the session's row for the next start.
                if (shutdown)
                    await will.WaitAsync(_abort.Token).ConfigureAwait(false);
                if (request is not null && !shutdown)
                    NoteClosed(request.Why, request.Reason);
                MqttLog.Left(_core.Log, ClientId, Address, request?.Why ?? (_clientLeft ? "disconnected" : "connection lost"));
            }
            // As long as for any other packet: a busy machine, or a slow client, takes a while. A stop aborts what is left when its drain time is over.
            await Output.Finished.WaitAsync(_core.Options.SendTimeout, _core.Time).ConfigureAwait(false);
            if (!_clientLeft)
                await LingerAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The peer did not take the last packet in time, or is gone.
        }
        finally
        {
            Output.Abandon();
            ReleaseSlab();
            ReleaseUnfinished();
            await _reader.CompleteAsync().ConfigureAwait(false);
            await _transport.DisposeAsync().ConfigureAwait(false);
            _broker.Remove(this);
        }
    }

    private async Task LingerAsync()
    {
        using var deadline = new CancellationTokenSource(LingerTime, _core.Time);
        await _transport.LingerAsync(deadline.Token).ConfigureAwait(false);
    }

    private sealed record CloseRequest(ReasonCode Reason, string Why);
}
