using System.Buffers.Binary;
using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sluice.Benchmarks;

/// <summary>
/// A publisher of MQTT 3.1.1 over raw sockets, run as a process of its own so that its CPU is not the broker's.
/// Each connection keeps a window of QoS 1 PUBLISHes unacknowledged and sends as many new ones as PUBACKs arrive.
/// Prints one line: acknowledged a second, latency percentiles in milliseconds, its own CPU in percent of one core.
/// </summary>
internal static class MqttLoad
{
    public static Command CreateCommand()
    {
        Option<int> port = new("--port") { Description = "The broker's TCP port on 127.0.0.1.", Required = true };
        Option<int> connections = new("--connections") { Description = "Publishing connections.", DefaultValueFactory = _ => 50 };
        Option<int> window = new("--window") { Description = "Unacknowledged PUBLISHes a connection.", DefaultValueFactory = _ => 100 };
        Option<double> seconds = new("--seconds") { Description = "How long, in seconds.", DefaultValueFactory = _ => 5 };
        Option<int> size = new("--size") { Description = "Payload, in bytes.", DefaultValueFactory = _ => 100 };
        Command command = new("load", "Only the load generator, against any broker.") { port, connections, window, seconds, size };
        command.SetAction((parse, _) => RunAsync(
            parse.GetValue(port), parse.GetValue(connections), parse.GetValue(window), TimeSpan.FromSeconds(parse.GetValue(seconds)), parse.GetValue(size)));
        return command;
    }

    private static async Task RunAsync(int port, int connections, int window, TimeSpan length, int size)
    {
        Publisher[] publishers = new Publisher[connections];
        for (int i = 0; i < connections; i++)
        {
            publishers[i] = await Publisher.ConnectAsync(port, i, window, size);
        }

        using Process self = Process.GetCurrentProcess();
        TimeSpan cpuBefore = self.TotalProcessorTime;
        Stopwatch watch = Stopwatch.StartNew();
        await Task.WhenAll(publishers.Select(publisher => publisher.RunAsync(watch, length)));
        double elapsed = watch.Elapsed.TotalSeconds;
        self.Refresh();
        double cpu = (self.TotalProcessorTime - cpuBefore).TotalSeconds / elapsed * 100;
        long acked = publishers.Sum(publisher => publisher.Acked);
        double[] latencies = publishers.SelectMany(publisher => publisher.LatenciesMs).Order().ToArray();
        double At(double quantile) => latencies.Length == 0 ? 0 : latencies[(int)(quantile * (latencies.Length - 1))];
        Console.WriteLine(FormattableString.Invariant(
            $"acked/s {acked / elapsed:F0}  p50 {At(0.5):F2} ms  p99 {At(0.99):F2} ms  max {At(1):F2} ms  generator cpu {cpu:F0} %"));
    }

    private sealed class Publisher
    {
        private readonly Socket _socket;
        private readonly int _window;
        private readonly byte[] _packets;
        private readonly int _packetLength;
        private readonly int _identifierOffset;
        private readonly long[] _sentAt;
        private ushort _next;

        private Publisher(Socket socket, int index, int window, int size)
        {
            _socket = socket;
            _window = window;
            _sentAt = new long[ushort.MaxValue + 1];
            byte[] topic = Encoding.ASCII.GetBytes($"sensors/dev-{index:D4}/temp");
            byte[] payload = Encoding.ASCII.GetBytes("{\"value\":21.5,\"ts\":1763890000123456,\"unit\":\"C\"}".PadRight(size));
            int remaining = 2 + topic.Length + 2 + payload.Length;
            List<byte> packet = [0x32];
            do
            {
                packet.Add((byte)((remaining & 0x7f) | (remaining > 0x7f ? 0x80 : 0)));
                remaining >>= 7;
            }
            while (remaining > 0);
            packet.AddRange([(byte)(topic.Length >> 8), (byte)topic.Length, .. topic]);
            _identifierOffset = packet.Count;
            packet.AddRange([0, 0, .. payload]);
            _packetLength = packet.Count;
            _packets = new byte[_packetLength * window];
            for (int i = 0; i < window; i++)
            {
                packet.CopyTo(_packets, i * _packetLength);
            }
        }

        public long Acked { get; private set; }

        public List<double> LatenciesMs { get; } = [];

        public static async Task<Publisher> ConnectAsync(int port, int index, int window, int size)
        {
            Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(IPAddress.Loopback, port);
            byte[] id = Encoding.ASCII.GetBytes($"bench-{index}");
            await socket.SendAsync((byte[])[0x10, (byte)(12 + id.Length), 0, 4, (byte)'M', (byte)'Q', (byte)'T', (byte)'T', 4, 2, 0, 0, 0, (byte)id.Length, .. id]);
            byte[] answer = new byte[4];
            int got = 0;
            while (got < 4)
            {
                int read = await socket.ReceiveAsync(answer.AsMemory(got));
                if (read == 0)
                {
                    throw new InvalidOperationException($"connection {index}: the broker closed instead of a CONNACK");
                }

                got += read;
            }

            return answer[0] == 0x20 && answer[3] == 0
                ? new Publisher(socket, index, window, size)
                : throw new InvalidOperationException($"connection {index}: the broker answered {Convert.ToHexString(answer)} to CONNECT");
        }

        public async Task RunAsync(Stopwatch watch, TimeSpan length)
        {
            byte[] received = new byte[64 * 1024];
            int kept = 0;
            int outstanding = 0;
            await SendAsync(_window);
            outstanding += _window;
            while (outstanding > 0)
            {
                int read = await _socket.ReceiveAsync(received.AsMemory(kept));
                if (read == 0)
                {
                    throw new InvalidOperationException("the broker closed the connection");
                }

                int available = kept + read;
                int acks = available / 4;
                long now = Stopwatch.GetTimestamp();
                for (int i = 0; i < acks; i++)
                {
                    ushort identifier = BinaryPrimitives.ReadUInt16BigEndian(received.AsSpan((i * 4) + 2));
                    if (received[i * 4] != 0x40)
                    {
                        throw new InvalidOperationException($"expected a PUBACK, got packet 0x{received[i * 4]:X2}");
                    }

                    // One in sixteen is enough for percentiles and keeps the generator light.
                    if ((identifier & 15) == 0)
                    {
                        LatenciesMs.Add((now - _sentAt[identifier]) * 1000.0 / Stopwatch.Frequency);
                    }
                }

                kept = available - (acks * 4);
                received.AsSpan(acks * 4, kept).CopyTo(received);
                Acked += acks;
                outstanding -= acks;
                if (acks > 0 && watch.Elapsed < length)
                {
                    await SendAsync(acks);
                    outstanding += acks;
                }
            }

            await _socket.SendAsync((byte[])[0xE0, 0]);
            _socket.Dispose();
        }

        private async Task SendAsync(int count)
        {
            long now = Stopwatch.GetTimestamp();
            for (int done = 0; done < count;)
            {
                int part = Math.Min(count - done, _window);
                for (int i = 0; i < part; i++)
                {
                    _next = _next == ushort.MaxValue ? (ushort)1 : (ushort)(_next + 1);
                    _sentAt[_next] = now;
                    BinaryPrimitives.WriteUInt16BigEndian(_packets.AsSpan((i * _packetLength) + _identifierOffset), _next);
                }

                ReadOnlyMemory<byte> rest = _packets.AsMemory(0, part * _packetLength);
                while (rest.Length > 0)
                {
                    rest = rest[await _socket.SendAsync(rest)..];
                }

                done += part;
            }
        }
    }
}
