using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.Security;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>What the parts of one broker share: its stores, its clock, and the way of a message to the subscribers.</summary>
internal sealed class BrokerCore
{
    public BrokerCore(MqttOptions options, IIngress ingress, ILogger log, TimeProvider time)
    {
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

    /// <summary>Keeps a retained message and hands it to every session whose subscriptions match.</summary>
    public void Forward(PublishedMessage message) => Forward(message, Subscriptions.Match(message.Topic));

    /// <summary>The same with the matches known already.</summary>
    public void Forward(PublishedMessage message, TopicMatch matches)
    {
        if (message.Retain && !Retained.Keep(message))
            Counters.Dropped(DropReason.RetainedFull);
        foreach (SubscriberMatch match in matches.Sessions)
        {
            if (match.Deliver(message) is { } delivery)
                match.Session.Offer(delivery);
        }
        foreach (ShareMatch share in matches.Shares)
        {
            Subscription chosen = share.Choose();
            if (new SubscriberMatch(chosen.Session, chosen, []).Deliver(message) is { } delivery)
                chosen.Session.Offer(delivery);
        }
    }

    /// <summary>Publishes a will: stored like any message, then forwarded. Runs on its own; a failure is logged and counted.</summary>
    public void PublishWill(Session session, Will will)
    {
        TopicName topic = Topics.Get(System.Text.Encoding.UTF8.GetBytes(will.Topic));
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
            ExpiresMs(properties?.MessageExpiryInterval), session);
        var incoming = new IngressMessage
        {
            Topic = topic,
            ClientId = session.ClientId,
            Payload = will.Payload,
            ReceivedUs = UtcUs,
            QualityOfService = (byte)will.QualityOfService,
            Retain = will.Retain,
            Acknowledgement = Unacknowledged,
        };
        _ = StoreWillAsync(session, incoming);
        Forward(message);
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
            if (result > IngressResult.NotRouted)
                counters.Dropped(DropReason.IngressFailed);
        }
    }
}
