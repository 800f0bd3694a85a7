using System.Text;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.Security;
using Sluice.Gateway.Mqtt.State;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>What the parts of one broker share: its stores, its clock, and the way of a message to the subscribers.</summary>
internal sealed class BrokerCore
{
    /// <summary>How often rows of retained messages that are gone are looked for. By then all changes of the time before are committed.</summary>
    private const long SweepMs = 60_000;

    private long _queuedBytes;

    // Of the broker's clock.
    private long _sweptMs;
    private long? _sweepBelow;

    /// <param name="options">Validated.</param>
    /// <param name="ingress">Takes messages and rows.</param>
    /// <param name="store">Reads the broker's rows; null when there are none to read.</param>
    /// <param name="log">Where the log goes.</param>
    /// <param name="time">The clock.</param>
    public BrokerCore(MqttOptions options, IIngress ingress, StateStore? store, ILogger log, TimeProvider time)
    {
        Store = store;
        State = new StateWriter(ingress, time);
        Options = options;
        Ingress = ingress;
        Log = log;
        Time = time;
        Retained = new RetainedStore(options);
        Sessions = new SessionRegistry(this);
        Unacknowledged = new FailureCount(Counters);
        LogLimits = new BrokerLogLimits(time);
        System = new SystemTopics(this);
        Admission = new Admission(options.Security, log, time);
        Unfinished = new UnfinishedBytes(Math.Max(options.MaximumUnfinishedBytes, options.MaximumPacketSizeBytes));
        UnfinishedConnects = new UnfinishedBytes(options.MaximumUnfinishedConnectBytes);
        MessageRate = RateLimits.Of(options.MaximumMessagesPerSecondInAll, time);
    }

    public MqttOptions Options { get; }

    public IIngress Ingress { get; }

    /// <summary>Reads the broker's rows; null when there are none to read.</summary>
    public StateStore? Store { get; }

    /// <summary>Writes the broker's rows.</summary>
    public StateWriter State { get; }

    /// <summary>By source, the identifiers of QoS 2 messages from other brokers that were between PUBLISH and PUBREL at the start.</summary>
    public ILookup<string, ushort> SourceReceived { get; private set; } = Array.Empty<ushort>().ToLookup(_ => "");

    /// <summary>By source, the topic filters that its session may have been subscribed to at the start.</summary>
    public ILookup<string, string> SourceFilters { get; private set; } = Array.Empty<string>().ToLookup(_ => "");

    /// <summary>Bytes of all messages that wait for subscribers or are in flight to them.</summary>
    public long QueuedBytes => Interlocked.Read(ref _queuedBytes);

    public ILogger Log { get; }

    public TimeProvider Time { get; }

    public BrokerLogLimits LogLimits { get; }

    public BrokerCounters Counters { get; } = new();

    public Admission Admission { get; }

    /// <summary>Packets of clients that have not come whole.</summary>
    public UnfinishedBytes Unfinished { get; }

    /// <summary>Those of connections that have not shown a CONNECT yet.</summary>
    public UnfinishedBytes UnfinishedConnects { get; }

    /// <summary>Messages of all clients; null without a limit.</summary>
    public TokenBucket? MessageRate { get; }

    public SubscriptionTree Subscriptions { get; } = new();

    public RetainedStore Retained { get; }

    public SessionRegistry Sessions { get; }

    public TopicCache Topics { get; } = new();

    public SystemTopics System { get; }

    /// <summary>Figures of this moment.</summary>
    public BrokerStatistics Statistics => Counters.Snapshot(Sessions.Connected, Sessions.Count, Subscriptions.Count, Retained.Count, QueuedBytes);

    /// <summary>Takes the results of messages that nobody waits for (QoS 0): failures are counted.</summary>
    public IAcknowledgement Unacknowledged { get; }

    /// <summary>Milliseconds of the monotonic clock; only differences mean anything.</summary>
    public long NowMs => (long)Time.GetElapsedTime(0).TotalMilliseconds;

    /// <summary>Microseconds since the Unix epoch, UTC.</summary>
    public long UtcUs => (Time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    /// <summary>When a message with this Message Expiry Interval expires, on <see cref="NowMs"/>'s clock.</summary>
    public long ExpiresMs(uint? intervalSeconds) => intervalSeconds is { } s ? NowMs + s * 1000L : PublishedMessage.NeverExpires;

    /// <summary>A moment of <see cref="NowMs"/>'s clock in microseconds since the Unix epoch; null for never.</summary>
    public long? ToUtcUs(long ms) => ms == PublishedMessage.NeverExpires ? null : UtcUs + ((ms - NowMs) * 1000);

    /// <summary>The reverse of <see cref="ToUtcUs"/>.</summary>
    public long FromUtcUs(long? us) => us is { } at ? NowMs + ((at - UtcUs) / 1000) : PublishedMessage.NeverExpires;

    /// <summary>Whether all queues together have room for one more message.</summary>
    public bool HasRoomFor(int costBytes) => QueuedBytes + costBytes <= Options.MaximumQueuedBytesInAll;

    /// <summary>A queue has so many bytes more, or fewer.</summary>
    public void NoteQueued(long bytes) => Interlocked.Add(ref _queuedBytes, bytes);

    /// <summary>Hands a QoS 0 message to every session whose subscriptions match.</summary>
    public static void Forward(PublishedMessage message, TopicMatch matches)
    {
        foreach ((Session session, Delivery delivery) in matches.Deliveries(message))
            session.Offer(delivery, DeliveryState.Ready, rows: null);
    }

    /// <summary>The broker's clock.</summary>
    public void Tick(long nowMs)
    {
        Sessions.Tick(nowMs);
        System.Tick(nowMs);
        if (nowMs - _sweptMs < SweepMs)
            return;
        _sweptMs = nowMs;
        if (_sweepBelow is { } version)
        {
            var rows = new RowChanges();
            rows.DeleteRetained(version + 1, UtcUs);
            _ = State.SaveAsync("", rows);
        }
        _sweepBelow = Retained.Sweep(nowMs);
    }

    /// <summary>Keeps a retained message, in memory at once; its row is for the caller to have written, and the change to be settled then.</summary>
    public RetainedChange Retain(PublishedMessage message, RowChanges rows)
    {
        RetainedChange change = Retained.Keep(message);
        if (change.Message is null && message.Payload.Length > 0)
            Counters.Dropped(DropReason.RetainedFull);
        rows.KeepRetained(change.Message ?? message with { Payload = [] }, change.Version, ToUtcUs(message.ExpiresMs));
        return change;
    }

    /// <summary>Messages that only the database holds, by their numbers; null when it cannot be read now.</summary>
    public async Task<IReadOnlyDictionary<long, Delivery>?> LoadAsync(Session session, List<QueuedDelivery> wanted)
    {
        if (Store is null || wanted.Count == 0)
            return null;
        try
        {
            Dictionary<long, SavedMessage> found =
                await Store.ReadQueueAsync(session.Id, wanted[0].Number, wanted[^1].Number, Options.MaximumLoadedMessages).ConfigureAwait(false);
            return found.ToDictionary(pair => pair.Key, pair => new Delivery(Published(pair.Value, null), pair.Value.QualityOfService, pair.Value.Retain, pair.Value.Identifiers));
        }
        catch (Exception e)
        {
            MqttLog.QueueNotRead(Log, session.ClientId, e.Message);
            return null;
        }
    }

    /// <summary>Takes over what a restart left.</summary>
    public void Recover(SavedState state)
    {
        SourceReceived = state.SourceReceived;
        SourceFilters = state.SourceFilters;
        Sessions.Recover(state);
        foreach (SavedRetained retained in state.Retained)
            Retained.Recover(Published(retained.Message, retained.Publisher), retained.Version);
        if (state.Sessions.Count + state.Retained.Count > 0)
            MqttLog.Recovered(Log, state.Sessions.Count, state.Queued.Sum(queue => queue.Count()), state.Retained.Count);
    }

    /// <summary>A message out of the database.</summary>
    private PublishedMessage Published(SavedMessage saved, string? publisher) => new(
        Topics.Get(Encoding.UTF8.GetBytes(saved.Topic)), saved.Payload, saved.QualityOfService, saved.Retain, saved.Properties, FromUtcUs(saved.ExpiresUs), publisher);

    /// <summary>Publishes a will: stored like any message, then forwarded. Completes when the writers have taken it.</summary>
    /// <param name="session">Whose it is.</param>
    /// <param name="will">The will.</param>
    /// <param name="rows">Written in its transaction; added to.</param>
    /// <param name="then">Told what became of it.</param>
    public Task PublishWillAsync(Session session, Will will, RowChanges rows, Action<IngressResult> then)
    {
        TopicName topic = Topics.Get(Encoding.UTF8.GetBytes(will.Topic));
        PropertySet? properties = will.Properties;
        var forwarded = new PropertySet
        {
            PayloadFormatIndicator = properties?.PayloadFormatIndicator,
            ContentType = properties?.ContentType,
            ResponseTopic = properties?.ResponseTopic,
            CorrelationData = properties?.CorrelationData,
        };
        foreach (KeyValuePair<string, string> property in properties?.UserProperties ?? [])
            forwarded.UserProperties.Add(property);
        var message = new PublishedMessage(
            topic, will.Payload, will.QualityOfService, will.Retain, PublishPacket.EncodeProperties(forwarded),
            ExpiresMs(properties?.MessageExpiryInterval), session.ClientId);
        return StoreWillAsync(session, message, rows, new WillResult(then));
    }

    /// <summary>A message that comes neither from a client's PUBLISH nor from the gateway itself: stored like any, and forwarded.</summary>
    /// <param name="message">As published.</param>
    /// <param name="incoming">The same for the ingress.</param>
    public async ValueTask ReceiveAsync(PublishedMessage message, IngressMessage incoming)
    {
        var publication = new Publication(this, incoming.Acknowledgement ?? Unacknowledged, incoming.Token, incoming.Rows);
        if (Ingress.Forwards(message.Topic))
            publication.Offer(message, Subscriptions.Match(message.Topic));
        IngressMessage owed = incoming with { Acknowledgement = publication, Token = 0, Rows = publication.Rows };
        try
        {
            await Ingress.EnqueueAsync(in owed, CancellationToken.None).ConfigureAwait(false);
        }
        catch
        {
            owed.Complete(IngressResult.Failed);
            throw;
        }
    }

    private async Task StoreWillAsync(Session session, PublishedMessage will, RowChanges rows, WillResult result)
    {
        try
        {
            await ReceiveAsync(will, new IngressMessage
            {
                Topic = will.Topic,
                ClientId = session.ClientId,
                Payload = will.Payload,
                ReceivedUs = UtcUs,
                QualityOfService = (byte)will.QualityOfService,
                Retain = will.Retain,
                Rows = rows,
                Acknowledgement = result,
            }).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            result.Complete(0, IngressResult.Failed);
            // It is tried again and again.
            if (LogLimits.NotStored.Allows(out long others))
                MqttLog.WillNotStored(Log, session.ClientId, will.Topic.Text, others, e);
        }
    }

    // Told once, also where the ingress refuses the message and throws.
    private sealed class WillResult(Action<IngressResult> then) : IAcknowledgement
    {
        private int _isTold;

        public void Complete(long token, IngressResult result)
        {
            if (Interlocked.Exchange(ref _isTold, 1) == 0)
                then(result);
        }
    }

    private sealed class FailureCount(BrokerCounters counters) : IAcknowledgement
    {
        public void Complete(long token, IngressResult result)
        {
            if (!result.IsDone())
                counters.Dropped(DropReason.IngressFailed);
        }
    }
}
