using Sluice.Gateway.Ingress;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// One QoS 2 message from its PUBLISH to its PUBREL (MQTT 5.0 section 4.3.3, receiver). It belongs to the session, so a PUBLISH that
/// is sent again, on this connection or the next, finds it and is not stored twice: it only waits for the same result.
/// </summary>
internal sealed class InboundReceipt(Session session, ushort packetIdentifier) : IAcknowledgement
{
    private readonly Lock _lock = new();
    private readonly List<(ConnectionOutput Output, long Token)> _waiting = [];
    private Action? _whenDone;
    private IngressResult? _result;

    public ushort PacketIdentifier => packetIdentifier;

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

    /// <summary>Has an action run when the message is durable; false when it is already. Only a client that does not wait for PUBREC needs it.</summary>
    public bool Defer(Action action)
    {
        lock (_lock)
        {
            if (_result is not null)
                return false;
            _whenDone = action;
            return true;
        }
    }

    /// <inheritdoc/>
    public void Complete(long token, IngressResult result)
    {
        (ConnectionOutput Output, long Token)[] waiting;
        Action? whenDone;
        lock (_lock)
        {
            _result = result;
            waiting = [.. _waiting];
            _waiting.Clear();
            whenDone = _whenDone;
            _whenDone = null;
        }
        if (result.IsDone())
            session.SettleInbound(packetIdentifier);
        else
            session.ForgetInbound(this);
        foreach ((ConnectionOutput output, long place) in waiting)
            output.Complete(place, result);
        if (result.IsDone())
            whenDone?.Invoke();
    }
}
