using System.Buffers;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.State;
using Sluice.Gateway.Status;

namespace Sluice.Gateway.Mqtt.Client;

/// <summary>
/// Takes messages from another broker as if they had been published here. That broker keeps a session for us and gets its PUBACK and PUBREC when a message is
/// durable here, so nothing is lost when either side dies; in QoS 2 the identifier is stored with the message (<c>mqtt_source</c>), so nothing is doubled either. PUBCOMP goes out
/// when the identifier's row is gone. What the session may be subscribed to is stored, too (<c>mqtt_source_filter</c>), so that what the configuration does not name any more is unsubscribed.
/// A message that could not be stored is not acknowledged: the connection is given up, and the broker sends it again.
/// </summary>
internal sealed class MqttSource : IAcknowledgement, IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>A connection that lasted so long was a good one: the next attempt begins anew with the first server and the first pause.</summary>
    private static readonly TimeSpan ShortestGood = TimeSpan.FromSeconds(10);

    /// <summary>Acknowledgements that a connection may owe: more than there are identifiers, so a broker that keeps to them is never stopped by it.</summary>
    private const int MaximumOwed = 65_536;

    private const ushort SubscribeIdentifier = 1;

    private const ushort UnsubscribeIdentifier = 2;

    private readonly MqttSourceOptions _options;
    private readonly MqttBroker _broker;
    private readonly HealthState _health;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly Backoff _backoff = new(FirstPause, LongestPause);
    private readonly Lock _gate = new();

    // Of the loop.
    private Task _loop = Task.CompletedTask;
    private Dictionary<MqttServer, SourceSession> _sessions = [];
    private string[] _leaving = [];
    private int _next;

    // Under _gate. The present connection's session, and the messages of QoS 2 that have not been committed, by token.
    private SourceSession _session = new("", [], []);
    private readonly Dictionary<long, ushort> _receiving = [];
    private AcknowledgementRing _ring = new();
    private MqttClientConnection? _connection;
    private TaskCompletionSource? _idle;
    private int _open;

    // Whose acknowledgements are being written, by what. One at a time, so that they go out in order.
    private MqttClientConnection? _flushing;
    private Task _flush = Task.CompletedTask;

    public MqttSource(MqttSourceOptions options, MqttBroker broker, HealthState health, TimeProvider time, ILogger log)
    {
        _options = options;
        _broker = broker;
        _health = health;
        _time = time;
        _log = log;
    }

    private string Part => $"mqtt source {_options.Name}";

    /// <summary>The keys under which what is known of its sessions is stored: one for each of its brokers.</summary>
    public static IEnumerable<string> SessionKeys(MqttSourceOptions options) => options.Client.Servers.Select(server => SessionKey(options, server));

    /// <summary>Begins; the broker has been started.</summary>
    public void Start()
    {
        _sessions = _options.Client.Servers.Distinct().ToDictionary(server => server, server => _broker.SourceOf(SessionKey(_options, server)));
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Ends the connection; what was handed over by then is still stored.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        _stop.Dispose();
    }

    /// <inheritdoc/>
    public void Complete(long token, IngressResult result)
    {
        MqttClientConnection? connection;
        lock (_gate)
        {
            _open--;
            if (_receiving.Remove(token, out ushort identifier))
                _session.Settle(identifier, result.IsDone());
            _ring.Complete(token, result);
            connection = _connection;
            if (_open == 0)
                _idle?.TrySetResult();
            if (connection is null || connection == _flushing || !_ring.IsHeadReady)
                return;
            _flushing = connection;
            _flush = Task.Run(() => FlushAsync(connection));
        }
    }

    private static string SessionKey(MqttSourceOptions options, MqttServer server) => $"{options.Name} {server}";

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            MqttServer server = _options.Client.Servers[_next % _options.Client.Servers.Count];
            try
            {
                await ConnectAndServeAsync(server).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // The gateway stops.
            }
            catch (Exception e)
            {
                // Whatever it is, a file that cannot be read included: said, and tried again.
                NoteAway(server, e.Message);
            }
            // What is on its way to the disk is known before the broker sends again what it has no answer to.
            await WhenIdleAsync().ConfigureAwait(false);
            if (!_stop.IsCancellationRequested)
                await Task.Delay(_backoff.Next(), _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ConnectAndServeAsync(MqttServer server)
    {
        _next++;
        await using MqttClientConnection connection = await MqttClientConnection.ConnectAsync(server, _options.Client, _time, _stop.Token).ConfigureAwait(false);
        long since = _time.GetTimestamp();
        try
        {
            await GreetAsync(connection).ConfigureAwait(false);
            while (true)
            {
                (PacketHeader header, byte[] body) = await connection.ReadPacketAsync(_stop.Token).ConfigureAwait(false);
                await TakeAsync(connection, header, body).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            await WhenIdleAsync().ConfigureAwait(false);
            Task flush;
            lock (_gate)
                flush = _flush;
            // What was acknowledged last has begun to be written. A broker that does not read does not hold up the stop.
            await flush.WaitAsync(MqttClientConnection.FarewellTime, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await connection.LeaveAsync().ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
                _connection = null;
            // What a subscription or the disk refuses would come again at once.
            if (_time.GetElapsedTime(since) > ShortestGood)
            {
                _next = 0;
                _backoff.Reset();
            }
        }
    }

    // Answers begin anew; the broker sends again what it got none for.
    private async Task GreetAsync(MqttClientConnection connection)
    {
        SourceSession session = _sessions[connection.Server];
        bool isNew = !connection.SessionPresent;
        string[] known;
        lock (_gate)
            known = isNew ? [] : [.. session.Filters];
        _leaving = [.. known.Except(_options.Topics)];
        // Known before it is so, never the other way round.
        var rows = new RowChanges();
        if (isNew)
            rows.DeleteSource(session.Key);
        foreach (string topic in _options.Topics.Except(known))
            rows.InsertSourceFilter(session.Key, topic);
        if (!await _broker.SaveAsync(_options.Name, rows).ConfigureAwait(false))
            throw new IOException("what is to be known of its session could not be stored");
        lock (_gate)
        {
            if (isNew)
                session.Clear();
            session.Add(_options.Topics);
            _session = session;
            _ring = new AcknowledgementRing();
            _connection = connection;
        }
        var output = new ArrayBufferWriter<byte>();
        if (_leaving.Length > 0)
            new UnsubscribePacket(UnsubscribeIdentifier, _leaving).Write(output, connection.Version);
        // In 3.1.1 each SUBSCRIBE brings the retained messages again; in 5.0 it does no harm, and the broker may have forgotten.
        bool subscribes = !session.HasSubscribed || connection.Version == ProtocolVersion.Mqtt50;
        if (subscribes)
        {
            SubscriptionRequest[] requests =
                [.. _options.Topics.Select(topic => new SubscriptionRequest(topic, _options.QualityOfService, RetainAsPublished: true, RetainHandling: RetainHandling.SendIfNew))];
            new SubscribePacket(SubscribeIdentifier, requests).Write(output, connection.Version);
        }
        connection.WriteOnline(output);
        await connection.WriteAsync(output.WrittenMemory, _stop.Token).ConfigureAwait(false);
        if (!subscribes)
            NoteOnline(connection);
    }

    private ValueTask TakeAsync(MqttClientConnection connection, PacketHeader header, byte[] body)
    {
        switch (header.Type)
        {
            case PacketType.Publish:
                return TakePublish(PublishPacket.Parse(body, header.Flags, connection.Version));
            case PacketType.PubRel:
                return TakeRelease(AckPacket.Parse(body, header.Type, connection.Version).PacketIdentifier);
            case PacketType.SubAck:
                CheckSubscriptions(SubAckPacket.Parse(body, header.Type, connection.Version));
                NoteOnline(connection);
                return default;
            case PacketType.UnsubAck:
                return NoteUnsubscribed(SubAckPacket.Parse(body, header.Type, connection.Version));
            default:
                throw MqttProtocolException.Protocol("2.1.2", $"{header.Type} is not awaited");
        }
    }

    private ValueTask TakePublish(in PublishPacket packet)
    {
        if (packet.QualityOfService == QualityOfService.AtMostOnce)
            return HandAsync(in packet, rows: null, acknowledgement: null, 0);
        bool isExactlyOnce = packet.QualityOfService == QualityOfService.ExactlyOnce;
        long token;
        bool isSecond;
        lock (_gate)
        {
            ThrowIfOwingTooMuch();
            isSecond = isExactlyOnce && !_session.Receive(packet.PacketIdentifier);
            token = _ring.Add(packet.PacketIdentifier, isExactlyOnce ? PacketType.PubRec : PacketType.PubAck, hasSubscribers: true);
            _open++;
            if (isExactlyOnce && !isSecond)
                _receiving.Add(token, packet.PacketIdentifier);
        }
        if (isSecond)
        {
            // The first one is before it in the ring, so its answer goes out after that one's commit.
            Complete(token, IngressResult.Stored);
            return default;
        }
        RowChanges? rows = null;
        if (isExactlyOnce)
            (rows = new RowChanges()).InsertSourceReceived(_session.Key, packet.PacketIdentifier);
        return HandAsync(in packet, rows, this, token);
    }

    private ValueTask HandAsync(in PublishPacket packet, RowChanges? rows, IAcknowledgement? acknowledgement, long token) => _broker.ReceiveAsync(
        new IngressMessage
        {
            Topic = _broker.TopicOf(packet.Topic),
            ClientId = _options.Client.ClientId,
            Payload = packet.Payload.ToArray(),
            ReceivedUs = Pipeline.Timestamps.FromTime(_time.GetUtcNow()),
            QualityOfService = (byte)packet.QualityOfService,
            Retain = packet.Retain,
            Rows = rows,
            Acknowledgement = acknowledgement,
            Token = token,
        },
        PublishPacket.ForwardedProperties(packet.Properties),
        packet.MessageExpiry);

    // PUBREL: the broker may use the identifier anew once it has PUBCOMP, so that waits for the commit, in its turn; reading goes on meanwhile.
    private ValueTask TakeRelease(ushort identifier)
    {
        SourceSession session;
        bool isKnown;
        long token;
        lock (_gate)
        {
            session = _session;
            bool? isDurable = session.Find(identifier);
            if (isDurable == false)
                throw MqttProtocolException.Protocol("4.3.3", "PUBREL for a message that has no PUBREC yet");
            ThrowIfOwingTooMuch();
            isKnown = isDurable is not null;
            token = _ring.Add(identifier, PacketType.PubComp, hasSubscribers: true);
            _open++;
        }
        if (!isKnown)
        {
            Complete(token, IngressResult.Stored);
            return default;
        }
        var rows = new RowChanges();
        rows.DeleteSourceReceived(session.Key, identifier);
        return _broker.SaveAsync(_options.Name, rows, isDone =>
        {
            if (isDone)
            {
                lock (_gate)
                    session.Release(identifier);
            }
            Complete(token, isDone ? IngressResult.Stored : IngressResult.Failed);
        });
    }

    // Under _gate. Repeated packets are answered each, so a broker that sends them and does not read would fill the memory.
    private void ThrowIfOwingTooMuch()
    {
        if (_ring.Count >= MaximumOwed)
            throw new IOException($"the broker has sent {MaximumOwed} messages again without an answer");
    }

    private void CheckSubscriptions(SubAckPacket answer)
    {
        for (int i = 0; i < answer.Reasons.Count; i++)
        {
            if (answer.Reasons[i] >= ReasonCode.UnspecifiedError)
                throw new MqttProtocolException(answer.Reasons[i], "3.9.3", $"it refuses the subscription to '{_options.Topics[i]}': {answer.Reasons[i]}");
        }
        lock (_gate)
            _session.HasSubscribed = true;
    }

    // What is refused, or not written, is tried again after the next CONNACK. 3.1.1 gives no reasons.
    private ValueTask NoteUnsubscribed(SubAckPacket answer)
    {
        string[] gone = [.. _leaving.Where((_, i) => i >= answer.Reasons.Count || answer.Reasons[i] < ReasonCode.UnspecifiedError)];
        _leaving = [];
        SourceSession session = _session;
        var rows = new RowChanges();
        foreach (string filter in gone)
            rows.DeleteSourceFilter(session.Key, filter);
        return rows.IsEmpty ? default : _broker.SaveAsync(_options.Name, rows, isDone =>
        {
            if (!isDone)
                return;
            lock (_gate)
                session.Remove(gone);
        });
    }

    // Everything that is ready goes in one write. In 3.1.1's form, which is 5.0's shortest: a failure stops it, which is what gives the connection up.
    private async Task FlushAsync(MqttClientConnection connection)
    {
        try
        {
            while (true)
            {
                var output = new ArrayBufferWriter<byte>();
                IngressResult? failure;
                lock (_gate)
                {
                    // The ring is that of the present connection.
                    if (_connection != connection)
                        return;
                    _ring.Drain(output, ProtocolVersion.Mqtt311, out failure);
                    if (output.WrittenCount == 0)
                    {
                        _flushing = null;
                        if (failure is not null)
                            connection.Abort();
                        return;
                    }
                }
                // At a stop, too: what was stored is answered. The end of the connection ends it.
                await connection.WriteAsync(output.WrittenMemory, CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The reader sees it, too; the broker sends again what it has no answer to.
        }
    }

    private Task WhenIdleAsync()
    {
        lock (_gate)
        {
            if (_open == 0)
                return Task.CompletedTask;
            _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }
    }

    private void NoteOnline(MqttClientConnection connection)
    {
        MqttLog.SourceConnected(_log, _options.Name, connection.Server.ToString());
        _health.Clear(Part);
    }

    private void NoteAway(MqttServer server, string reason)
    {
        if (_health.Report(Part, ProblemSeverity.Degraded, $"{server} is away: {reason}"))
            MqttLog.SourceAway(_log, _options.Name, server.ToString(), LongestPause.TotalSeconds, reason);
    }
}
