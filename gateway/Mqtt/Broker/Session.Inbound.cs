using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.State;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>QoS 2 messages from the client, between PUBLISH and PUBREL (MQTT 5.0 section 4.3.3, receiver).</summary>
internal sealed partial class Session
{
    private readonly Dictionary<ushort, InboundReceipt> _inbound = [];

    /// <summary>QoS 2 messages between PUBLISH and PUBREL.</summary>
    public int InboundCount
    {
        get
        {
            lock (_lock)
                return _inbound.Count;
        }
    }

    /// <summary>The receipt of a QoS 2 message between PUBLISH and PUBREL; null when there is none.</summary>
    public InboundReceipt? FindInbound(ushort identifier)
    {
        lock (_lock)
            return _inbound.GetValueOrDefault(identifier);
    }

    /// <summary>A new QoS 2 message has come.</summary>
    public InboundReceipt AddInbound(ushort identifier)
    {
        var receipt = new InboundReceipt(this, identifier);
        lock (_lock)
            _inbound.Add(identifier, receipt);
        return receipt;
    }

    /// <summary>A QoS 2 message of before a restart.</summary>
    public void RecoverInbound(ushort identifier)
    {
        var receipt = new InboundReceipt(this, identifier);
        receipt.Complete(0, IngressResult.Stored);
        _inbound[identifier] = receipt;
    }

    /// <summary>
    /// PUBREL: the identifier is free again and PUBCOMP goes out, when that is durable: a message that the client sends with the identifier
    /// afterwards is another one, whatever happens in between.
    /// </summary>
    public ValueTask ReleaseInbound(ushort identifier, Connection connection)
    {
        if (FindInbound(identifier) is not { } receipt)
        {
            connection.Send(PacketType.PubComp, identifier, ReasonCode.PacketIdentifierNotFound);
            return default;
        }
        if (receipt.Defer(() => _ = ReleaseInbound(identifier, connection).AsTask()))
            return default;
        if (IsStored)
            return SaveRelease(receipt, connection);
        FinishInbound(receipt, connection);
        return default;
    }

    /// <summary>The message is durable. When the session ended meanwhile, the identifier's row is nobody's.</summary>
    public void SettleInbound(ushort identifier)
    {
        lock (_lock)
        {
            if (!_ended || !IsStored)
                return;
        }
        var rows = new RowChanges();
        rows.DeleteReceived(Id, identifier);
        _core.State.SaveSurely(ClientId, rows);
    }

    /// <summary>The message was refused: its identifier is free again.</summary>
    public void ForgetInbound(InboundReceipt receipt)
    {
        lock (_lock)
        {
            if (_inbound.TryGetValue(receipt.PacketIdentifier, out InboundReceipt? known) && ReferenceEquals(known, receipt))
                _inbound.Remove(receipt.PacketIdentifier);
        }
    }

    private ValueTask SaveRelease(InboundReceipt receipt, Connection connection)
    {
        var rows = new RowChanges();
        rows.DeleteReceived(Id, receipt.PacketIdentifier);
        return _core.State.Save(ClientId, rows, isDurable =>
        {
            if (isDurable)
                FinishInbound(receipt, connection);
            else
                connection.RequestClose(ReasonCode.UnspecifiedError, "the end of a QoS 2 message could not be stored");
        });
    }

    private void FinishInbound(InboundReceipt receipt, Connection connection)
    {
        ForgetInbound(receipt);
        connection.Send(PacketType.PubComp, receipt.PacketIdentifier, ReasonCode.Success);
    }
}
