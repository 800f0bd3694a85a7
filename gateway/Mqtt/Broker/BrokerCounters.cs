using Sluice.Gateway.Ingress;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>The running counts behind <see cref="BrokerStatistics"/>. Any thread adds; hot paths add once a batch.</summary>
internal sealed class BrokerCounters
{
    private readonly long[] _dropped = new long[Enum.GetValues<DropReason>().Length];
    private readonly long[] _closed = new long[Enum.GetValues<CloseReason>().Length];
    private long _connectionsAccepted;
    private long _protocolErrors;
    private long _refused;
    private long _messagesIn;
    private long _messagesOut;
    private long _bytesIn;
    private long _bytesOut;
    private long _acknowledgementsOut;

    public void ConnectionAccepted() => Interlocked.Increment(ref _connectionsAccepted);

    public void ProtocolError() => Interlocked.Increment(ref _protocolErrors);

    public void Refused() => Interlocked.Increment(ref _refused);

    public void Closed(CloseReason reason) => Interlocked.Increment(ref _closed[(int)reason]);

    public void Received(long bytes, long messages)
    {
        Interlocked.Add(ref _bytesIn, bytes);
        if (messages > 0)
            Interlocked.Add(ref _messagesIn, messages);
    }

    public void Sent(long bytes, long messages, long acknowledgements)
    {
        Interlocked.Add(ref _bytesOut, bytes);
        if (messages > 0)
            Interlocked.Add(ref _messagesOut, messages);
        if (acknowledgements > 0)
            Interlocked.Add(ref _acknowledgementsOut, acknowledgements);
    }

    public void Dropped(DropReason reason, long count = 1) => Interlocked.Add(ref _dropped[(int)reason], count);

    /// <summary>A message that the ingress did not store.</summary>
    public void Dropped(IngressResult result) => Dropped(result switch
    {
        IngressResult.NotAuthorized => DropReason.NotAuthorized,
        IngressResult.PayloadFormatInvalid => DropReason.PayloadFormatInvalid,
        _ => DropReason.IngressFailed,
    });

    public BrokerStatistics Snapshot(int clients, int sessions, int subscriptions, int retained, long queuedBytes) => new()
    {
        ClientsConnected = clients,
        Sessions = sessions,
        Subscriptions = subscriptions,
        Retained = retained,
        QueuedBytes = queuedBytes,
        ConnectionsAccepted = Interlocked.Read(ref _connectionsAccepted),
        ProtocolErrors = Interlocked.Read(ref _protocolErrors),
        Refused = Interlocked.Read(ref _refused),
        Closed = Enum.GetValues<CloseReason>().ToDictionary(reason => reason, reason => Interlocked.Read(ref _closed[(int)reason])),
        MessagesIn = Interlocked.Read(ref _messagesIn),
        MessagesOut = Interlocked.Read(ref _messagesOut),
        BytesIn = Interlocked.Read(ref _bytesIn),
        BytesOut = Interlocked.Read(ref _bytesOut),
        AcknowledgementsOut = Interlocked.Read(ref _acknowledgementsOut),
        Dropped = Enum.GetValues<DropReason>().ToDictionary(reason => reason, reason => Interlocked.Read(ref _dropped[(int)reason])),
    };
}
