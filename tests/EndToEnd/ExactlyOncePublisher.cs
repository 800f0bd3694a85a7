using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Sluice.EndToEnd;

/// <summary>
/// A device that publishes 0, 1, 2, ... with QoS 2 (MQTT 5.0 section 4.3.3, sender) and loses its connection at random packets, in the middle of them too. It resumes
/// its session each time: what got no PUBREC is sent again with DUP, what got one goes on with PUBREL. It knows nothing of the gateway's code.
/// </summary>
internal sealed class ExactlyOncePublisher(string device, int port, int seed)
{
    /// <summary>Few identifiers, so that each is used again soon.</summary>
    private const int Window = 8;

    private const byte Publish = 0x34;
    private const byte Duplicate = 0x08;
    private const byte PubRec = 0x50;
    private const byte PubRel = 0x62;
    private const byte PubComp = 0x70;

    private readonly Random _random = new(seed);

    // By packet identifier, in the order in which they were sent.
    private readonly List<Exchange> _open = [];
    private bool _wasConnected;
    private int _next;
    private int _completed;

    /// <summary>Readings whose exchange is over.</summary>
    public int Completed => Volatile.Read(ref _completed);

    /// <summary>Connections that it lost, by its own hand or the broker's.</summary>
    public int Lost { get; private set; }

    /// <summary>Publishes until it is told to stop, then ends what it began. Returns how many readings it sent.</summary>
    public async Task<int> RunAsync(CancellationToken stop, CancellationToken deadline)
    {
        while (!stop.IsCancellationRequested || _open.Count > 0)
        {
            deadline.ThrowIfCancellationRequested();
            try
            {
                using TcpClient client = new() { NoDelay = true };
                await client.ConnectAsync("127.0.0.1", port, deadline);
                await ServeAsync(client.GetStream(), stop, deadline);
                return _next;
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                Lost++;
                await Task.Delay(_random.Next(1, 50), deadline);
            }
        }

        return _next;
    }

    private async Task ServeAsync(NetworkStream stream, CancellationToken stop, CancellationToken deadline)
    {
        await SendAsync(stream, Connect(), deadline);
        (byte type, byte[] body) = await ReadAsync(stream, deadline);
        Assert.Equal((0x20, 0), (type, body[1]));
        Assert.True(body[0] == 1 || !_wasConnected, $"{device}: the session is gone");
        _wasConnected = true;
        foreach (Exchange exchange in _open)
        {
            await SendAsync(stream, exchange.IsReceived ? Ack(PubRel, exchange.Identifier) : Message(exchange, Duplicate), deadline);
        }

        while (!stop.IsCancellationRequested || _open.Count > 0)
        {
            while (_open.Count < Window && !stop.IsCancellationRequested)
            {
                ushort identifier = (ushort)Enumerable.Range(1, Window + 1).First(id => _open.All(exchange => exchange.Identifier != id));
                Exchange exchange = new(identifier, _next++);
                _open.Add(exchange);
                await SendAsync(stream, Message(exchange, 0), deadline);
            }

            (type, body) = await ReadAsync(stream, deadline);
            if (type == 0xE0)
            {
                // A connection that it gave up may be served after this one, and takes the session over (0x8E). Any other word is an error.
                Assert.Equal(0x8E, body[0]);
                throw new IOException("taken over");
            }

            ushort about = BinaryPrimitives.ReadUInt16BigEndian(body);
            Exchange answered = _open.First(exchange => exchange.Identifier == about);
            if (type == PubRec)
            {
                Assert.True(body.Length == 2 || body[2] == 0, $"{device}: PUBREC with reason {body[^1]:x}");
                answered.IsReceived = true;
                await SendAsync(stream, Ack(PubRel, about), deadline);
            }
            else
            {
                // Not found (0x92) where the first PUBCOMP was lost: the exchange is over all the same.
                Assert.Equal(PubComp, type);
                _open.Remove(answered);
                Interlocked.Increment(ref _completed);
            }
        }
    }

    private async Task SendAsync(NetworkStream stream, byte[] packet, CancellationToken deadline)
    {
        int part = _random.Next(100) == 0 ? _random.Next(packet.Length + 1) : packet.Length;
        await stream.WriteAsync(packet.AsMemory(0, part), deadline);
        MayLose(part < packet.Length);
    }

    private async Task<(byte Type, byte[] Body)> ReadAsync(NetworkStream stream, CancellationToken deadline)
    {
        MayLose(_random.Next(100) == 0);
        byte[] head = new byte[2];
        await stream.ReadExactlyAsync(head, deadline);
        byte[] body = new byte[head[1]];
        await stream.ReadExactlyAsync(body, deadline);
        return (head[0], body);
    }

    private static void MayLose(bool lose)
    {
        if (lose)
        {
            throw new IOException("lost by choice");
        }
    }

    private byte[] Connect()
    {
        // Version 5, no clean start, a session of an hour (section 3.1.2.11.2).
        byte[] client = Encoding.UTF8.GetBytes(device);
        return Packet(0x10, [0, 4, .. "MQTT"u8, 5, 0, 0, 0, 5, 0x11, 0, 0, 0x0E, 0x10, 0, (byte)client.Length, .. client]);
    }

    private byte[] Message(Exchange exchange, byte duplicate)
    {
        byte[] topic = Encoding.UTF8.GetBytes($"sensors/{device}/n");
        return Packet(
            (byte)(Publish | duplicate),
            [0, (byte)topic.Length, .. topic, 0, (byte)exchange.Identifier, 0, .. Encoding.UTF8.GetBytes($"{exchange.Value}")]);
    }

    private static byte[] Ack(byte type, ushort identifier) => Packet(type, [0, (byte)identifier]);

    private static byte[] Packet(byte type, byte[] body) => [type, checked((byte)body.Length), .. body];

    private sealed class Exchange(ushort identifier, int value)
    {
        public ushort Identifier => identifier;

        public int Value => value;

        public bool IsReceived { get; set; }
    }
}
