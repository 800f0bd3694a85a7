using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>A client that does what it is told, right or wrong, and reads one packet at a time.</summary>
internal sealed class RawClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Stream _stream;
    private readonly Socket? _socket;
    private byte[] _received = [];
    private ushort _lastIdentifier;

    /// <summary>A client over a stream; over the socket under it, if it is to fill that.</summary>
    public RawClient(Stream stream, ProtocolVersion version, Socket? socket = null)
    {
        _stream = stream;
        _socket = socket;
        Version = version;
    }

    public ProtocolVersion Version { get; }

    public ConnAckPacket ConnAck { get; set; } = new(false, ReasonCode.Success);

    /// <summary>Reads from the socket that brought bytes.</summary>
    public int Reads { get; private set; }

    public static async Task<RawClient> OpenAsync(int port, ProtocolVersion version)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return new RawClient(new NetworkStream(socket, ownsSocket: true), version, socket);
    }

    public async Task SendAsync(byte[] bytes)
    {
        using var deadline = new CancellationTokenSource(Patience);
        await _stream.WriteAsync(bytes, deadline.Token);
    }

    /// <summary>Sends CONNECT; the answer, whatever it says.</summary>
    public async Task<ConnAckPacket> ConnectAsync(string clientId, string? user = null, string? password = null, Will? will = null, bool clean = true)
    {
        await SendAsync(o => new ConnectPacket
        {
            Version = Version,
            ClientId = clientId,
            CleanStart = clean,
            UserName = user,
            Password = password is null ? null : Encoding.UTF8.GetBytes(password),
            Will = will,
        }.Write(o));
        ConnAck = ConnAckPacket.Parse((await ReadAsync(PacketType.ConnAck)).Body, Version);
        return ConnAck;
    }

    public Task SendAsync(Action<IBufferWriter<byte>> write) => SendAsync(PacketSamples.Bytes(write));

    /// <summary>How many of the bytes the socket takes before it makes the sender wait.</summary>
    public int SendWhatFits(byte[] bytes)
    {
        _socket!.Blocking = false;
        int sent = 0;
        while (sent < bytes.Length && _socket.Poll(TimeSpan.FromMilliseconds(300), SelectMode.SelectWrite))
            sent += _socket.Send(bytes, sent, bytes.Length - sent, SocketFlags.None);
        _socket.Blocking = true;
        return sent;
    }

    public byte[] Publish(string topic, string payload, int qos = 0, ushort identifier = 0, bool retain = false, bool duplicate = false, PropertySet? properties = null)
    {
        return PacketSamples.Bytes(output => new PublishPacket
        {
            Topic = Encoding.UTF8.GetBytes(topic),
            Payload = Encoding.UTF8.GetBytes(payload),
            QualityOfService = (QualityOfService)qos,
            PacketIdentifier = identifier,
            Retain = retain,
            Duplicate = duplicate,
            Properties = PublishPacket.EncodeProperties(properties),
        }.Write(output, Version));
    }

    public Task PublishAsync(string topic, string payload, int qos = 0, ushort identifier = 0, bool retain = false, bool duplicate = false, PropertySet? properties = null) =>
        SendAsync(Publish(topic, payload, qos, identifier, retain, duplicate, properties));

    /// <summary>Subscribes and gives back the first reason code.</summary>
    public async Task<ReasonCode> SubscribeAsync(SubscriptionRequest request, uint identifier = 0)
    {
        PropertySet? properties = null;
        if (identifier != 0)
            (properties = new PropertySet()).SubscriptionIdentifiers.Add(identifier);
        await SendAsync(o => new SubscribePacket(++_lastIdentifier, [request], properties).Write(o, Version));
        (PacketHeader _, byte[] body) = await ReadAsync(PacketType.SubAck);
        return SubAckPacket.Parse(body, PacketType.SubAck, Version).Reasons[0];
    }

    public Task<ReasonCode> SubscribeAsync(string filter, int qos = 0) => SubscribeAsync(new SubscriptionRequest(filter, (QualityOfService)qos));

    /// <summary>Asks for a PINGRESP, so that everything sent before is dealt with; any other packet is a failure.</summary>
    public async Task PingAsync()
    {
        await SendAsync([0xC0, 0]);
        await ReadAsync(PacketType.PingResp);
    }

    public async Task<(PacketHeader Header, byte[] Body)> ReadAsync(PacketType expected)
    {
        (PacketHeader header, byte[] body) = await ReadAsync() ?? throw new EndOfStreamException($"hung up, expected {expected}");
        Assert.Equal(expected, header.Type);
        return (header, body);
    }

    public async Task<AckPacket> ReadAckAsync(PacketType expected)
    {
        (PacketHeader _, byte[] body) = await ReadAsync(expected);
        return AckPacket.Parse(body, expected, Version);
    }

    public async Task<Received> ReadPublishAsync()
    {
        (PacketHeader header, byte[] body) = await ReadAsync(PacketType.Publish);
        return Parse(header, body);
    }

    /// <summary>Sends PUBACK, PUBREC, PUBREL or PUBCOMP.</summary>
    public Task AcknowledgeAsync(PacketType type, ushort identifier) => SendAsync(o => new AckPacket(type, identifier).Write(o, Version));

    public Received Parse(PacketHeader header, byte[] body)
    {
        PublishPacket packet = PublishPacket.Parse(body, header.Flags, Version);
        return new Received(
            Encoding.UTF8.GetString(packet.Topic), Encoding.UTF8.GetString(packet.Payload), (int)packet.QualityOfService,
            packet.Retain, packet.Duplicate, packet.PacketIdentifier, PropertySet.Parse(packet.Properties, PacketType.Publish));
    }

    /// <summary>Expects the end of the connection, after a DISCONNECT with this reason in 5.0.</summary>
    public async Task ExpectClosedAsync(ReasonCode reason)
    {
        if (Version == ProtocolVersion.Mqtt50)
        {
            (PacketHeader _, byte[] body) = await ReadAsync(PacketType.Disconnect);
            Assert.Equal(reason, DisconnectPacket.Parse(body, Version).Reason);
        }
        Assert.Null(await ReadAsync());
    }

    /// <summary>The next packet; null when the peer hung up.</summary>
    public async Task<(PacketHeader Header, byte[] Body)?> ReadAsync()
    {
        using var deadline = new CancellationTokenSource(Patience);
        byte[] chunk = new byte[64 * 1024];
        while (true)
        {
            var sequence = new ReadOnlySequence<byte>(_received);
            if (PacketHeader.TryRead(ref sequence, int.MaxValue, out PacketHeader header, out ReadOnlySequence<byte> body))
            {
                byte[] copy = body.ToArray();
                _received = sequence.ToArray();
                return (header, copy);
            }
            int read;
            try
            {
                read = await _stream.ReadAsync(chunk, deadline.Token);
            }
            catch (IOException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset } or WebSocketException)
            {
                return null;
            }
            if (read == 0)
                return null;
            Reads++;
            _received = [.. _received, .. chunk[..read]];
        }
    }

    /// <summary>All bytes that come until the peer hangs up.</summary>
    public async Task<byte[]> ReadRestAsync()
    {
        using var deadline = new CancellationTokenSource(Patience);
        var rest = new MemoryStream();
        await _stream.CopyToAsync(rest, deadline.Token);
        return [.. _received, .. rest.ToArray()];
    }

    public void Dispose() => _stream.Dispose();

    internal sealed record Received(
        string Topic, string Payload, int QoS, bool Retain, bool Duplicate, ushort Identifier, PropertySet Properties);
}
