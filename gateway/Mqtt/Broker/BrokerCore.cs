using System.Text;
using Sluice.Engine;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.Security;
using Sluice.Gateway.Mqtt.State;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>What the parts of one broker share: its stores, its clock, and the way of a message to the subscribers.</summary>
internal sealed class BrokerCore
{
    private long _queuedBytes;

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
        Admission = new Admission(options.Security, log, time);
        MessageRate = RateLimits.Of(options.MaximumMessagesPerSecondInAll, time);
    }

    public MqttOptions Options { get; }

    public IIngress Ingress { get; }

    /// <summary>Reads the broker's rows; null when there are none to read.</summary>
    public StateStore? Store { get; }

    /// <summary>Writes the broker's rows.</summary>
    public StateWriter State { get; }

    /// <summary>Bytes of all messages that wait for subscribers or are in flight to them.</summary>
    public long QueuedBytes => Interlocked.Read(ref _queuedBytes);

    public ILogger Log { get; }

    public TimeProvider Time { get; }

    public BrokerLogLimits LogLimits { get; }

    public BrokerCounters Counters { get; } = new();

    public Admission Admission { get; }

    /// <summary>Messages of all clients; null without a limit.</summary>
    public TokenBucket? MessageRate { get; }

    public SubscriptionTree Subscriptions { get; } = new();

    public RetainedStore Retained { get; }

    public SessionRegistry Sessions { get; }

    public TopicCache Topics { get; } = new();

    /// <summary>Takes the results of messages that nobody waits for (QoS 0, wills): failures are counted.</summary>
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
    public bool HasRoomFor(PublishedMessage message) => QueuedBytes + message.CostBytes <= Options.MaximumQueuedBytesInAll;

    /// <summary>A queue has so many bytes more, or fewer.</summary>
    public void NoteQueued(long bytes) => Interlocked.Add(ref _queuedBytes, bytes);

    /// <summary>Hands a QoS 0 message to every session whose subscriptions match.</summary>
    public static void Forward(PublishedMessage message, TopicMatch matches)
    {
        foreach ((Session session, Delivery delivery) in matches.Deliveries(message))
            session.Offer(delivery, DeliveryState.Ready, rows: null);
    }

    /// <summary>Keeps a retained message, in memory at once; its row is for the caller to have written.</summary>
    public void Retain(PublishedMessage message, RowChanges rows)
    {
        bool isKept = Retained.Keep(message, out long version);
        if (!isKept)
            Counters.Dropped(DropReason.RetainedFull);
        rows.KeepRetained(isKept ? message : message with { Payload = [] }, version, ToUtcUs(message.ExpiresMs));
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
        catch (SluiceException e)
        {
            MqttLog.QueueNotRead(Log, session.ClientId, e.Message);
            return null;
        }
    }

    /// <summary>Takes over what a restart left.</summary>
    public void Recover(SavedState state)
    {
        Sessions.Recover(state);
        foreach (SavedRetained retained in state.Retained)
            Retained.Recover(Published(retained.Message, retained.Publisher), retained.Version);
        if (state.Sessions.Count + state.Retained.Count > 0)
            MqttLog.Recovered(Log, state.Sessions.Count, state.Queued.Sum(queue => queue.Count()), state.Retained.Count);
    }

    /// <summary>A message out of the database.</summary>
    private PublishedMessage Published(SavedMessage saved, string? publisher) => new(
        Topics.Get(Encoding.UTF8.GetBytes(saved.Topic)), saved.Payload, saved.QualityOfService, saved.Retain, saved.Properties, FromUtcUs(saved.ExpiresUs), publisher);

    /// <summary>Publishes a will: stored like any message, then forwarded. Runs on its own; a failure is logged and counted.</summary>
    public void PublishWill(Session session, Will will)
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
        var publication = new Publication(this, Unacknowledged, 0);
        if (Ingress.Forwards(topic))
            publication.Offer(message, Subscriptions.Match(topic));
        var incoming = new IngressMessage
        {
            Topic = topic,
            ClientId = session.ClientId,
            Payload = will.Payload,
            ReceivedUs = UtcUs,
            QualityOfService = (byte)will.QualityOfService,
            Retain = will.Retain,
            Acknowledgement = publication,
            Rows = publication.Rows,
        };
        _ = StoreWillAsync(session, incoming);
    }

    private async Task StoreWillAsync(Session session, IngressMessage message)
    {
        try
        {
            await Ingress.EnqueueAsync(in message, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            message.Complete(IngressResult.Failed);
            MqttLog.WillNotStored(Log, session.ClientId, message.Topic.Text, e);
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
