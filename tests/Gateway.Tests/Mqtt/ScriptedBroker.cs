using System.Net;
using System.Net.Sockets;
using Sluice.Gateway.Mqtt.Client;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>Another broker that does what a test says: it accepts one connection after another, and the test is the broker's side of each.</summary>
internal sealed class ScriptedBroker : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public ScriptedBroker()
    {
        _listener.Start();
    }

    public MqttServer Server => new("127.0.0.1", ((IPEndPoint)_listener.LocalEndpoint).Port, IsEncrypted: false);

    /// <summary>A connection is there to be accepted.</summary>
    public bool IsAsked => _listener.Pending();

    /// <summary>The next connection, whose CONNECT has been read and answered.</summary>
    public async Task<RawClient> AcceptAsync(bool sessionPresent = false, ReasonCode reason = ReasonCode.Success)
    {
        using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(20));
        Socket socket = await _listener.AcceptSocketAsync(deadline.Token);
        socket.NoDelay = true;
        RawClient peer = new(new NetworkStream(socket, ownsSocket: true), ProtocolVersion.Mqtt50);
        await peer.ReadAsync(PacketType.Connect);
        await peer.SendAsync(o => new ConnAckPacket(sessionPresent, reason, new PropertySet()).Write(o, ProtocolVersion.Mqtt50));
        return peer;
    }

    /// <summary>Reads SUBSCRIBE, grants all, and gives the filters.</summary>
    public static async Task<string[]> GrantAsync(RawClient peer)
    {
        SubscribePacket subscribe = SubscribePacket.Parse((await peer.ReadAsync(PacketType.Subscribe)).Body, peer.Version);
        await peer.SendAsync(o => new SubAckPacket(
            PacketType.SubAck, subscribe.PacketIdentifier, [.. subscribe.Requests.Select(_ => ReasonCode.Success)]).Write(o, peer.Version));
        return [.. subscribe.Requests.Select(request => request.Filter)];
    }

    /// <summary>Reads UNSUBSCRIBE, answers each filter with a reason, and gives the filters.</summary>
    public static async Task<string[]> EndAsync(RawClient peer, ReasonCode reason = ReasonCode.Success)
    {
        UnsubscribePacket unsubscribe = UnsubscribePacket.Parse((await peer.ReadAsync(PacketType.Unsubscribe)).Body, peer.Version);
        await peer.SendAsync(o => new SubAckPacket(
            PacketType.UnsubAck, unsubscribe.PacketIdentifier, [.. unsubscribe.Filters.Select(_ => reason)]).Write(o, peer.Version));
        return [.. unsubscribe.Filters];
    }

    public void Dispose() => _listener.Dispose();
}
