using System.Buffers;
using System.Security.Cryptography;
using System.Text.Unicode;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.Security;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>CONNECT: who may come in, under which name, with which session (MQTT 5.0 section 3.1.4).</summary>
internal sealed partial class Connection
{
    // The level a CONNECT asked for, so that a refusal is in the client's own version. Null before it is known.
    private byte? _refusalLevel;

    // Of the read loop, from CONNECT on.
    private bool _isBridge;
    private ClientAccess _access = ClientAccess.All;

    private ValueTask OnConnect(ReadOnlySpan<byte> body, byte flags)
    {
        _refusalLevel = ConnectPacket.PeekLevel(body);
        ConnectPacket connect = ConnectPacket.Parse(body, flags);
        _version = connect.Version;
        _isBridge = connect.IsBridge;
        bool isV5 = _version == ProtocolVersion.Mqtt50;
        Volatile.Write(ref _limits, new ClientLimits(
            _version,
            Math.Min(connect.Properties?.ReceiveMaximum ?? (isV5 ? ushort.MaxValue : int.MaxValue), _core.Options.MaximumInFlightOut),
            connect.Properties?.MaximumPacketSize ?? long.MaxValue,
            connect.Properties?.TopicAliasMaximum ?? 0,
            WantsReasons: isV5 && connect.Properties?.RequestProblemInformation != 0));
        if (_turnedAwayFor is not null)
            throw new MqttProtocolException(ReasonCode.QuotaExceeded, "3.1.4", _turnedAwayFor);
        if (connect.Properties?.AuthenticationMethod is { } method)
            throw new MqttProtocolException(ReasonCode.BadAuthenticationMethod, "4.12", $"authentication method '{method}' is not supported");
        if (connect.Will is { Properties.PayloadFormatIndicator: 1 } will && !Utf8.IsValid(will.Payload))
            throw new MqttProtocolException(ReasonCode.PayloadFormatInvalid, "3.1.3.2.3", "its will says that it is UTF-8, and is not");
        (string clientId, bool assigned) = ChooseClientId(connect);
        ClientId = clientId;
        return AdmitAsync(connect, clientId, assigned);
    }

    private async ValueTask AdmitAsync(ConnectPacket connect, string clientId, bool assigned)
    {
        Identity identity = await _core.Admission.AdmitAsync(connect, clientId, _transport.Peer, _abort.Token).ConfigureAwait(false);
        _access = identity.Access;
        Volatile.Write(ref _limits, _limits with { Access = _access });
        Volatile.Write(ref _identityEndsUs, identity.EndsUs);
        if (connect.Will is { } will && !MayPublish(_core.Topics.Get(System.Text.Encoding.UTF8.GetBytes(will.Topic))))
            throw new MqttProtocolException(ReasonCode.NotAuthorized, "3.1.4", $"it may not publish its will to '{will.Topic}'");
        ushort keepAlive = GrantKeepAlive(connect.KeepAlive);
        _keepAliveMs = keepAlive * 1500L;
        uint asked = connect.Version == ProtocolVersion.Mqtt50
            ? connect.Properties?.SessionExpiryInterval ?? 0
            : connect.CleanStart ? 0 : Session.NeverExpires;
        uint expiry = Granted(asked);
        PropertySet? properties = connect.Version == ProtocolVersion.Mqtt50
            ? ConnAckProperties(assigned ? clientId : null, keepAlive != connect.KeepAlive ? keepAlive : null, expiry != asked ? expiry : null)
            : null;
        var reply = new ConnAckPacket(false, ReasonCode.Success, properties);
        ThrowIfTooLarge(reply);
        if (_core.Sessions.Attach(connect, clientId, identity.User, expiry, this) is not { } attached)
            throw new MqttProtocolException(ReasonCode.QuotaExceeded, "3.2.2.2", $"{_core.Options.MaximumSessions} sessions are held, which is the limit");
        if (!await attached.Saved.ConfigureAwait(false))
        {
            _ = _core.Sessions.Detach(attached.Session, this, withdrawWill: true, attached.Present ? null : 0);
            throw new MqttProtocolException(ReasonCode.ServerUnavailable, "3.1.4", "its session could not be stored");
        }
        _inboundAtConnect = attached.Session.InboundCount;
        // CONNACK goes out before the session is seen by the pump, so before any message (section 3.2).
        Output.Send(reply with { SessionPresent = attached.Present }, _version);
        Volatile.Write(ref _session, attached.Session);
        Output.Signal();
        MqttLog.Connected(_core.Log, clientId, Address, _version, attached.Present);
    }

    // Sections 3.1.3.1 (5.0) and 3.1.1:3.1.3.1.
    private static (string ClientId, bool Assigned) ChooseClientId(ConnectPacket connect)
    {
        if (connect.ClientId.Length > 0)
            return (connect.ClientId, false);
        bool allowed = connect.Version == ProtocolVersion.Mqtt50 || (connect.Version == ProtocolVersion.Mqtt311 && connect.CleanStart);
        if (!allowed)
            throw new MqttProtocolException(ReasonCode.ClientIdentifierNotValid, "3.1.1:3.1.3.1", "an empty client identifier needs a clean session");
        return ("auto-" + RandomNumberGenerator.GetHexString(20, lowercase: true), connect.Version == ProtocolVersion.Mqtt50);
    }

    private ushort GrantKeepAlive(ushort asked)
    {
        int most = _core.Options.MaximumKeepAliveSeconds;
        // Only 5.0 can be told that it is another (section 3.2.2.3.14).
        if (most == 0 || _version != ProtocolVersion.Mqtt50 || (asked != 0 && asked <= most))
            return asked;
        return (ushort)most;
    }

    private uint Granted(uint askedSeconds) => (uint)Math.Min(askedSeconds, _core.Options.MaximumSessionExpiry.TotalSeconds);

    private PropertySet ConnAckProperties(string? assignedClientId, ushort? keepAlive, uint? expiry) => new()
    {
        AssignedClientIdentifier = assignedClientId,
        ServerKeepAlive = keepAlive,
        SessionExpiryInterval = expiry,
        ReceiveMaximum = (ushort)Math.Min(_core.Options.ReceiveMaximum, ushort.MaxValue),
        TopicAliasMaximum = (ushort)_core.Options.TopicAliasMaximum,
        MaximumPacketSize = (uint)_core.Options.MaximumPacketSizeBytes,
    };

    // A client that cannot take the CONNACK cannot be served (section 3.1.2.11.4).
    private void ThrowIfTooLarge(ConnAckPacket reply)
    {
        if (Limits.MaximumPacketSize == long.MaxValue)
            return;
        var output = new ArrayBufferWriter<byte>();
        reply.Write(output, _version);
        if (output.WrittenCount <= Limits.MaximumPacketSize)
            return;
        _refusalLevel = null;
        throw new MqttProtocolException(
            ReasonCode.PacketTooLarge, "3.1.2.11.4", $"the client accepts packets of {Limits.MaximumPacketSize} bytes, CONNACK has {output.WrittenCount}");
    }
}
