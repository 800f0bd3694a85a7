using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sluice.Benchmarks.Broker;

/// <summary>
/// One MQTT 3.1.1 client of the load generator, of its only thread. It publishes 100-byte JSON readings to a topic of its own, or subscribes, and counts
/// what comes: PUBACKs with their latency, PUBLISHes.
/// </summary>
internal sealed class LoadConnection : IDisposable
{
    private const byte ConnAck = 0x20;
    private const byte PubAck = 0x40;
    private const byte SubAck = 0x90;

    /// <summary>Digits of a time in microseconds.</summary>
    private const int TimeDigits = 16;

    private readonly Socket _socket;
    private readonly Epoll _epoll;
    private readonly int _index;
    private readonly byte[] _received;
    private readonly long[] _sentAt;
    private readonly List<double>? _latenciesMs;

    // By quality of service, 0 and 1.
    private readonly Template[] _templates;

    private byte[] _output = [];
    private int _begin;
    private int _end;
    private int _kept;
    private bool _waitsForRoom;
    private ushort _identifier;

    /// <param name="port">The broker's, on 127.0.0.1.</param>
    /// <param name="index">Names client and topic, and the socket in <paramref name="epoll"/>.</param>
    /// <param name="size">Of a payload, in bytes.</param>
    /// <param name="bufferBytes">For what is received.</param>
    /// <param name="mostUnderWay">QoS 1 messages without a PUBACK whose times are known; a power of two.</param>
    /// <param name="latenciesMs">Given the latency of one PUBACK in sixteen; null for none.</param>
    /// <param name="epoll">Watches the socket.</param>
    public LoadConnection(int port, int index, int size, int bufferBytes, int mostUnderWay, List<double>? latenciesMs, Epoll epoll)
    {
        _index = index;
        _epoll = epoll;
        _latenciesMs = latenciesMs;
        _received = new byte[bufferBytes];
        _sentAt = new long[mostUnderWay];
        string topic = $"sensors/dev-{index:D5}/temp";
        _templates = [Template.Of(topic, size, 0), Template.Of(topic, size, 1)];
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        // From many addresses of this machine, whose ports do not run out.
        _socket.Bind(new IPEndPoint(new IPAddress([127, 0, 0, (byte)(2 + (index % 50))]), 0));
        _socket.Connect(IPAddress.Loopback, port);
        _socket.Blocking = false;
        epoll.Watch(_socket, index);
        byte[] id = Encoding.ASCII.GetBytes($"bench-{index}");
        Queue([0x10, (byte)(12 + id.Length), 0, 4, (byte)'M', (byte)'Q', (byte)'T', (byte)'T', 4, 2, 0, 0, 0, (byte)id.Length, .. id]);
    }

    public bool IsConnected { get; private set; }

    public bool IsSubscribed { get; private set; }

    /// <summary>PUBLISHes put on their way.</summary>
    public long Published { get; private set; }

    /// <summary>QoS 1 messages without a PUBACK.</summary>
    public int Outstanding { get; private set; }

    public long Acknowledged { get; private set; }

    /// <summary>PUBLISHes received.</summary>
    public long Delivered { get; private set; }

    /// <summary>True when all that was put on its way is with the kernel.</summary>
    public bool IsIdle => _begin == _end;

    public void Subscribe(string filter)
    {
        byte[] text = Encoding.ASCII.GetBytes(filter);
        Queue([0x82, (byte)(5 + text.Length), 0, 1, 0, (byte)text.Length, .. text, 0]);
    }

    /// <summary>Publishes so many messages; in QoS 1 the time is noted for their latency.</summary>
    public void Publish(int count, int qos)
    {
        long now = Stopwatch.GetTimestamp();
        long us = (DateTime.UtcNow.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;
        Template template = _templates[qos];
        Reserve(template.Packet.Length * count);
        for (; count > 0; count--)
        {
            Span<byte> packet = _output.AsSpan(_end, template.Packet.Length);
            template.Packet.CopyTo(packet);
            if (qos == 1)
            {
                _identifier = _identifier == ushort.MaxValue ? (ushort)1 : (ushort)(_identifier + 1);
                BinaryPrimitives.WriteUInt16BigEndian(packet[template.IdentifierAt..], _identifier);
                _sentAt[_identifier & (_sentAt.Length - 1)] = now;
                Outstanding++;
            }

            _ = Utf8Formatter.TryFormat(us++, packet[template.TimeAt..], out _);
            _end += packet.Length;
            Published++;
        }

        Flush();
    }

    /// <summary>Writes what waits, as far as the kernel takes it.</summary>
    public void Flush()
    {
        while (_begin < _end)
        {
            int sent = _socket.Send(_output.AsSpan(_begin, _end - _begin), SocketFlags.None, out SocketError error);
            if (error is not (SocketError.Success or SocketError.WouldBlock))
            {
                throw new InvalidOperationException($"connection {_index}: {error} while sending");
            }

            _begin += sent;
            if (error == SocketError.WouldBlock)
            {
                break;
            }
        }

        if (_begin == _end)
        {
            _begin = _end = 0;
        }

        if (_waitsForRoom != _begin < _end)
        {
            _waitsForRoom = !_waitsForRoom;
            _epoll.WatchOutput(_socket, _index, _waitsForRoom);
        }
    }

    /// <summary>Reads what is there and takes note of it.</summary>
    public void Receive()
    {
        int read = _socket.Receive(_received.AsSpan(_kept), SocketFlags.None, out SocketError error);
        if (error == SocketError.WouldBlock)
        {
            return;
        }

        if (error != SocketError.Success || read == 0)
        {
            throw new InvalidOperationException($"connection {_index}: the broker closed the connection ({error})");
        }

        ReadOnlySpan<byte> rest = _received.AsSpan(0, _kept + read);
        long now = Stopwatch.GetTimestamp();
        while (TryCut(ref rest, out ReadOnlySpan<byte> packet))
        {
            Take(packet, now);
        }

        rest.CopyTo(_received);
        _kept = rest.Length;
    }

    public void Dispose() => _socket.Dispose();

    private static bool TryCut(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> packet)
    {
        packet = default;
        if (rest.Length < 2)
        {
            return false;
        }

        // Remaining Length, of one or two bytes here.
        int length = rest[1] < 0x80 ? 2 + rest[1] : rest.Length < 3 ? int.MaxValue : 3 + (rest[1] & 0x7F) + (rest[2] << 7);
        if (rest.Length < length)
        {
            return false;
        }

        packet = rest[..length];
        rest = rest[length..];
        return true;
    }

    private void Take(ReadOnlySpan<byte> packet, long now)
    {
        switch (packet[0] & 0xF0)
        {
            case PubAck:
                Acknowledged++;
                Outstanding--;
                ushort identifier = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
                // One in sixteen is enough for percentiles.
                if ((identifier & 15) == 0)
                {
                    _latenciesMs?.Add((now - _sentAt[identifier & (_sentAt.Length - 1)]) * 1000.0 / Stopwatch.Frequency);
                }

                break;
            case 0x30:
                Delivered++;
                break;
            case ConnAck when packet[3] == 0:
                IsConnected = true;
                break;
            case SubAck when packet[4] < 0x80:
                IsSubscribed = true;
                break;
            default:
                throw new InvalidOperationException($"connection {_index}: the broker sent {Convert.ToHexString(packet)}");
        }
    }

    private void Queue(ReadOnlySpan<byte> packet)
    {
        Reserve(packet.Length);
        packet.CopyTo(_output.AsSpan(_end));
        _end += packet.Length;
        Flush();
    }

    private void Reserve(int length)
    {
        if (_end + length > _output.Length)
        {
            Array.Resize(ref _output, Math.Max(_end + length, _output.Length * 2));
        }
    }

    /// <summary>A PUBLISH, whose identifier (QoS 1) and time are put in for each message.</summary>
    private sealed record Template(byte[] Packet, int IdentifierAt, int TimeAt)
    {
        public static Template Of(string topic, int size, int qos)
        {
            byte[] name = Encoding.ASCII.GetBytes(topic);
            string json = "{\"ts\":" + new string('0', TimeDigits) + ",\"value\":21.5,\"unit\":\"C\",\"pad\":\"";
            byte[] payload = Encoding.ASCII.GetBytes(json.PadRight(size - 2, 'x') + "\"}");
            byte[] identifier = qos == 0 ? [] : [0, 0];
            int remaining = 2 + name.Length + identifier.Length + payload.Length;
            byte[] length = remaining < 0x80 ? [(byte)remaining] : [(byte)((remaining & 0x7F) | 0x80), (byte)(remaining >> 7)];
            int identifierAt = 1 + length.Length + 2 + name.Length;
            return new Template(
                [(byte)(0x30 | (qos << 1)), .. length, 0, (byte)name.Length, .. name, .. identifier, .. payload],
                identifierAt,
                identifierAt + identifier.Length + "{\"ts\":".Length);
        }
    }
}
