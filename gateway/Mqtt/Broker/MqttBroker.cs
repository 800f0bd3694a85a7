using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Client;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.Security;
using Sluice.Gateway.Mqtt.State;
using Sluice.Gateway.Mqtt.Transport;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// The MQTT broker: 3.1, 3.1.1 and 5.0 on TCP, TLS, WebSocket and Unix sockets. Messages go to an <see cref="IIngress"/>, and a publisher's PUBACK (QoS 1) or PUBREC
/// (QoS 2) is sent when the ingress says that its message is durable.
/// <para>Sessions that outlive their connections, their queues, retained messages and QoS 2 state are rows (<see cref="StateRows"/>), written in the transactions of the
/// messages that they come from.</para>
/// </summary>
public sealed class MqttBroker : IAsyncDisposable
{
    /// <summary>How often deadlines are looked at: a keep alive of one second is 1.5 s long.</summary>
    private static readonly TimeSpan TickTime = TimeSpan.FromMilliseconds(250);

    private readonly IIngress _ingress;
    private readonly ILogger<MqttBroker> _log;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<Connection, Task> _connections = new();
    private readonly List<Listener> _listeners = [];
    private readonly List<Task> _accepting = [];
    private readonly CancellationTokenSource _stop = new();
    private BrokerCore? _core;
    private ConnectionCount? _count;
    private TransportOpener? _opener;
    private ITimer? _ticks;
    private bool _stopping;

    // Of the ticks: when the last one was, and whether it came late.
    private long _tickedMs;
    private bool _isLate;

    /// <param name="ingress">Takes the messages that come in.</param>
    /// <param name="log">Where the log goes.</param>
    /// <param name="time">The clock.</param>
    public MqttBroker(IIngress ingress, ILogger<MqttBroker> log, TimeProvider time)
    {
        _ingress = ingress;
        _log = log;
        _time = time;
    }

    /// <summary>The endpoints it listens on, with the ports that were given for port 0.</summary>
    public IReadOnlyList<string> ListeningOn => [.. _listeners.Select(listener => listener.Url)];

    /// <summary>Figures of this moment; all zero before the start.</summary>
    public BrokerStatistics Statistics => _core?.Statistics ?? new BrokerCounters().Snapshot(0, 0, 0, 0, 0);

    /// <summary>
    /// Listens and serves. Throws <see cref="Engine.SluiceException"/> when an endpoint is wrong or taken; it listens on none
    /// then. Once in the broker's life.
    /// </summary>
    /// <param name="options">Where it listens and what it bounds.</param>
    /// <param name="store">Reads what the broker left when it last ran; null for a broker that begins anew.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task StartAsync(MqttOptions options, StateStore? store, CancellationToken cancellationToken)
    {
        if (_core is not null)
            throw new InvalidOperationException("The broker was started before.");
        options.Validate();
        var core = new BrokerCore(options, _ingress, store, _log, _time);
        if (store is not null)
            core.Recover(await store.ReadAsync(core.UtcUs).ConfigureAwait(false));
        _count = new ConnectionCount(options);
        _opener = new TransportOpener(options.Tls is { } tls ? new TlsServer(tls, _log, _time) : null, options.Origins);
        try
        {
            foreach (ListenAddress address in options.Listen.Select(ListenAddress.Parse))
            {
                foreach (EndPoint endpoint in await address.ResolveAsync(cancellationToken).ConfigureAwait(false))
                    _listeners.Add(Listener.Open(address, endpoint, core, Accept));
            }
        }
        catch
        {
            CloseListeners();
            throw;
        }
        _core = core;
        foreach (Listener listener in _listeners)
        {
            MqttLog.Listening(_log, listener.Url);
            _accepting.Add(listener.RunAsync());
        }
        _ticks = _time.CreateTimer(_ => Tick(), null, TickTime, TickTime);
    }

    /// <summary>
    /// Publishes a message from inside the gateway to the subscribers, and keeps it when it is to be retained. It is no reading: who calls this has stored it
    /// or does not want it stored. Completes when it is durable where it has to be; in QoS 0 without retain nothing has.
    /// </summary>
    /// <param name="topic">A topic name; throws <see cref="MqttProtocolException"/> when it is none.</param>
    /// <param name="payload">Copied.</param>
    /// <param name="qos">The highest QoS it is delivered with.</param>
    /// <param name="retain">Keep it for later subscribers.</param>
    public async ValueTask PublishAsync(string topic, ReadOnlyMemory<byte> payload, QualityOfService qos = QualityOfService.AtMostOnce, bool retain = false)
    {
        if (_core is not { } core)
            throw new InvalidOperationException("The broker is not started.");
        byte[] utf8 = System.Text.Encoding.UTF8.GetBytes(topic);
        MqttText.Validate(utf8, "topic name");
        TopicRules.ValidateName(utf8, "topic name");
        var message = new PublishedMessage(
            core.Topics.Get(utf8), payload.ToArray(), qos, retain, [], PublishedMessage.NeverExpires, Publisher: null);
        var publication = new Publication(core, core.Unacknowledged, 0);
        publication.Offer(message, core.Subscriptions.Match(message.Topic));
        bool isDurable = publication.Rows is not { } rows || await core.State.SaveAsync(topic, rows).ConfigureAwait(false);
        publication.Complete(0, isDurable ? IngressResult.Stored : IngressResult.Failed);
    }

    /// <summary>
    /// Takes a message from another broker as if a client had published it. Completes when it is the ingress's; its acknowledgement is told what became of it, also when
    /// this throws.
    /// </summary>
    /// <param name="message">With a topic of <see cref="TopicOf"/>; its rows are added to.</param>
    /// <param name="properties">Those that are passed on, see <see cref="PublishPacket.ForwardedProperties"/>.</param>
    /// <param name="expirySeconds">The Message Expiry Interval; null for none.</param>
    internal ValueTask ReceiveAsync(IngressMessage message, byte[] properties, uint? expirySeconds) => _core!.ReceiveAsync(
        new PublishedMessage(
            message.Topic, message.Payload.ToArray(), (QualityOfService)message.QualityOfService, message.Retain, properties, _core.ExpiresMs(expirySeconds), message.ClientId),
        message);

    /// <summary>The topic of a validated name.</summary>
    internal TopicName TopicOf(ReadOnlySpan<byte> utf8) => _core!.Topics.Get(utf8);

    /// <summary>Saves rows in the order of their key; whether they are durable.</summary>
    internal Task<bool> SaveAsync(string key, RowChanges rows) => _core!.State.SaveAsync(key, rows);

    /// <summary>Saves rows in the order of their key and says then whether they are durable. Completes when they are the writers'.</summary>
    internal ValueTask SaveAsync(string key, RowChanges rows, Action<bool> then) => _core!.State.Save(key, rows, then);

    /// <summary>What was known at the start of a session that another broker keeps for us.</summary>
    internal SourceSession SourceOf(string key) => new(key, _core!.SourceReceived[key], _core.SourceFilters[key]);

    /// <summary>Deletes what was known at the start of sessions at other brokers, but for some: the configuration does not name the others any more.</summary>
    internal void KeepSources(IEnumerable<string> keys)
    {
        BrokerCore core = _core!;
        var rows = new RowChanges();
        foreach (string key in core.SourceReceived.Select(source => source.Key).Union(core.SourceFilters.Select(source => source.Key)).Except(keys))
            rows.DeleteSource(key);
        if (!rows.IsEmpty)
            core.State.SaveSurely("", rows);
    }

    /// <summary>
    /// Stops: no new connections, no more reading; acknowledgements that are owed are waited for (<see cref="MqttOptions.DrainTimeout"/>,
    /// cut short by the token) and sent, then 5.0 clients get DISCONNECT 0x8B. Wills are published as they are due, for the clients have lost their connections. The
    /// ingress must still be working.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_core is not { } core || _stopping)
            return;
        _stopping = true;
        CloseListeners();
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_accepting).ConfigureAwait(false);
        // Its own copy: a spread counts first and copies then, and a connection that ends in between leaves a gap.
        KeyValuePair<Connection, Task>[] open = _connections.ToArray();
        foreach ((Connection connection, Task _) in open)
            connection.RequestClose(ReasonCode.ServerShuttingDown, "the gateway stops");
        Task ended = Task.WhenAll(open.Select(pair => pair.Value));
        try
        {
            await ended.WaitAsync(core.Options.DrainTimeout, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            ICollection<Connection> late = _connections.Keys;
            MqttLog.DrainTimedOut(_log, late.Count);
            foreach (Connection connection in late)
                connection.Abort();
            await ended.ConfigureAwait(false);
        }
        if (_ticks is not null)
            await _ticks.DisposeAsync().ConfigureAwait(false);
        MqttLog.Stopped(_log, open.Length);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None).ConfigureAwait(false);

    /// <summary>
    /// Serves a client that the web listener has let in, until it leaves.
    /// </summary>
    /// <param name="socket">Its WebSocket, with a subprotocol of MQTT.</param>
    /// <param name="endpoint">Where it is.</param>
    /// <param name="stopping">The web listener is to stop, and waits for the clients that it has let in.</param>
    public async Task ServeAsync(WebSocket socket, IPEndPoint endpoint, CancellationToken stopping)
    {
        Peer peer = Peer.At(endpoint);
        if (_core is null || TryEnter(peer.Address) is not { } entry)
        {
            socket.Dispose();
            return;
        }
        await RunAsync(new ClientTransport(new WebSocketByteStream(socket), null, peer), entry, stopping).ConfigureAwait(false);
    }

    /// <summary>A connection is over.</summary>
    internal void Remove(Connection connection) => _connections.TryRemove(connection, out _);

    private void Accept(Listener listener, Socket socket)
    {
        string address = socket.RemoteEndPoint?.ToString() ?? "unknown";
        if (TryEnter(address) is { } entry)
            _ = OpenAndRunAsync(listener.Address, socket, address, entry);
        else
            socket.Dispose();
    }

    // One past the limit is let in to be told so, while few are; null past that.
    private Entry? TryEnter(string address)
    {
        if (_count!.TryEnter())
            return new Entry(_count.Leave, TurnedAwayFor: null);
        _core!.Counters.Refused();
        if (_core.LogLimits.TooManyConnections.Allows(out long others))
            MqttLog.TooManyConnections(_log, address, _core.Options.MaximumConnections, others);
        return _count.TryTurnAway() ? new Entry(_count.TurnedAway, "too many connections are open") : null;
    }

    private Entry? TryEnter(Peer peer)
    {
        if (_count!.TryEnter(peer.Host))
            return new Entry(() => _count.Leave(peer.Host), TurnedAwayFor: null);
        _core!.Counters.Refused();
        if (_core.LogLimits.TooManyConnections.Allows(out long others))
            MqttLog.TooManyFromAddress(_log, peer.Address, _core.Options.MaximumConnectionsPerAddress, others);
        return _count.TryTurnAway() ? new Entry(_count.TurnedAway, "too many connections are open from its address") : null;
    }

    private async Task OpenAndRunAsync(ListenAddress listen, Socket socket, string address, Entry entry)
    {
        ClientTransport transport;
        using var deadline = new CancellationTokenSource(_core!.Options.ConnectTimeout, _time);
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, _stop.Token);
            transport = await _opener!.OpenAsync(listen, socket, either.Token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            entry.Leave();
            // Who leaves before it has said anything is a port scan or a health check, and no news.
            bool isNews = e is AuthenticationException or InvalidDataException;
            if (deadline.IsCancellationRequested)
                NoteTimeout(address);
            else if (isNews && _core.LogLimits.NotOpened.Allows(out long others))
                MqttLog.NotOpened(_log, address, listen.Text, e.InnerException?.Message ?? e.Message, others);
            else if (e is not (AuthenticationException or IOException or SocketException or OperationCanceledException or ObjectDisposedException or InvalidDataException))
                MqttLog.ConnectionFailed(_log, "", address, e);
            return;
        }
        await RunAsync(transport, entry).ConfigureAwait(false);
    }

    private void NoteTimeout(string address)
    {
        _core!.Counters.Closed(CloseReason.ConnectTimeout);
        if (_core.LogLimits.ConnectTimedOut.Allows(out long others))
            MqttLog.ConnectTimedOut(_log, address, _core.Options.ConnectTimeout.TotalSeconds, others);
    }

    private async Task RunAsync(ClientTransport transport, Entry entry, CancellationToken stopping = default)
    {
        try
        {
            if (entry.TurnedAwayFor is not null)
            {
                await RunAsync(transport, entry.TurnedAwayFor, stopping).ConfigureAwait(false);
            }
            else if (TryEnter(transport.Peer) is { } ofAddress)
            {
                await RunAsync(transport, ofAddress.TurnedAwayFor, stopping).ConfigureAwait(false);
                ofAddress.Leave();
            }
            else
            {
                await transport.DisposeAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            entry.Leave();
        }
    }

    private async Task RunAsync(ClientTransport transport, string? turnedAwayFor, CancellationToken stopping)
    {
        BrokerCore core = _core!;
        if (turnedAwayFor is null)
            core.Counters.ConnectionAccepted();
        var connection = new Connection(core, this, transport, turnedAwayFor);
        // Registered before it runs, so that it is there when it removes itself, and when a stop looks for it.
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task run = RunAsync(connection, start.Task);
        _connections[connection] = run;
        if (_stopping)
            connection.RequestClose(ReasonCode.ServerShuttingDown, "the gateway stops");
        start.SetResult();
        await using (stopping.Register(() => connection.RequestClose(ReasonCode.ServerShuttingDown, "the gateway stops")).ConfigureAwait(false))
            await run.ConfigureAwait(false);
    }

    private static async Task RunAsync(Connection connection, Task start)
    {
        await start.ConfigureAwait(false);
        await connection.RunAsync().ConfigureAwait(false);
    }

    private void Tick()
    {
        BrokerCore core = _core!;
        long now = core.NowMs;
        // After a standstill (a paused machine) what clients have sent in time is still to be read: they have until the next tick.
        _isLate = !_isLate && _tickedMs > 0 && now - _tickedMs > 4 * TickTime.TotalMilliseconds;
        _tickedMs = now;
        if (!_isLate)
        {
            foreach ((Connection connection, Task _) in _connections)
                connection.CheckDeadlines(now);
        }
        core.Tick(now);
    }

    private void CloseListeners()
    {
        foreach (Listener listener in _listeners)
            listener.Dispose();
    }

    /// <summary>A connection's place within the limits.</summary>
    /// <param name="Leave">Gives it back; once.</param>
    /// <param name="TurnedAwayFor">Why it is past them, and only to be told so; null when it is not.</param>
    private sealed record Entry(Action Leave, string? TurnedAwayFor);
}
