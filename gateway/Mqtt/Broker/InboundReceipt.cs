using Sluice.Gateway.Ingress;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// One QoS 2 message from its PUBLISH to its PUBREL (MQTT 5.0 section 4.3.3, receiver). It belongs to the session, so a PUBLISH that
/// is sent again, on this connection or the next, finds it and is not stored twice: it only waits for the same result.
/// Subscribers get the message when it is stored, so once.
/// </summary>
internal sealed class InboundReceipt : IAcknowledgement
{
    private readonly Lock _lock = new();
    private readonly BrokerCore _core;
    private readonly Session _session;
    private readonly ushort _packetIdentifier;
    private readonly List<(ConnectionOutput Output, long Token)> _waiting = [];
    private PublishedMessage? _message;
    private IngressResult? _result;

    /// <param name="core">The broker.</param>
    /// <param name="session">The publisher's.</param>
    /// <param name="packetIdentifier">The message's.</param>
    /// <param name="message">What subscribers get; null when there is nobody to get it.</param>
    public InboundReceipt(BrokerCore core, Session session, ushort packetIdentifier, PublishedMessage? message)
    {
        _core = core;
        _session = session;
        _packetIdentifier = packetIdentifier;
        _message = message;
    }

    /// <summary>A place in a connection's ring waits for the result.</summary>
    public void Await(ConnectionOutput output, long token)
    {
        IngressResult result;
        lock (_lock)
        {
            if (_result is null)
            {
                _waiting.Add((output, token));
                return;
            }
            result = _result.Value;
        }
        output.Complete(token, result);
    }

    /// <inheritdoc/>
    public void Complete(long token, IngressResult result)
    {
        (ConnectionOutput Output, long Token)[] waiting;
        PublishedMessage? message;
        lock (_lock)
        {
            _result = result;
            waiting = [.. _waiting];
            _waiting.Clear();
            message = _message;
            _message = null;
        }
        if (result > IngressResult.NotRouted)
            _session.ForgetInbound(_packetIdentifier, this);
        else if (message is not null)
            _core.Forward(message);
        foreach ((ConnectionOutput output, long place) in waiting)
            output.Complete(place, result);
    }
}
