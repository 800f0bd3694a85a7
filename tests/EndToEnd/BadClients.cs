using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sluice.EndToEnd;

/// <summary>Clients as one does not want them, each kind in numbers, until they are told to stop. They know nothing of the gateway's code.</summary>
internal sealed class BadClients(int port, int seed)
{
    private int _broken;
    private int _visits;
    private long _flooded;

    /// <summary>Connections that a malformed packet ended.</summary>
    public int Broken => _broken;

    /// <summary>Connections that were opened and closed again without a word.</summary>
    public int Visits => _visits;

    /// <summary>Bytes that were sent without a pause.</summary>
    public long FloodedBytes => Interlocked.Read(ref _flooded);

    public Task RunAsync(CancellationToken stop) => Task.WhenAll(
        [
            .. Enumerable.Range(0, 200).Select(_ => TrickleAsync(Connect("slow", keepAlive: 60), first: null, stop)),
            .. Enumerable.Range(0, 50).Select(i => TrickleAsync(LargePublish(), Connect($"dribble-{i}", keepAlive: 0), stop)),
            .. Enumerable.Range(0, 200).Select(i => SayNothingAsync(Connect($"silent-{i}", keepAlive: 1), stop)),
            .. Enumerable.Range(0, 20).Select(i => SayNothingAsync([.. Connect($"deaf-{i}", keepAlive: 0), .. Subscribe("sensors/flood/#")], stop)),
            .. Enumerable.Range(0, 2).Select(i => FloodAsync(i, stop)),
            .. Enumerable.Range(0, 2).Select(i => BreakAsync(new Random(seed + i), stop)),
            VisitAsync(stop),
        ]);

    public static byte[] Connect(string client, ushort keepAlive) =>
        Packet(0x10, [0, 4, .. "MQTT"u8, 4, 2, (byte)(keepAlive >> 8), (byte)keepAlive, .. Text(client)]);

    public static byte[] Publish(string topic, string payload, int qos = 0, ushort identifier = 0) => Packet(
        (byte)(0x30 | (qos << 1)), [.. Text(topic), .. qos == 0 ? Array.Empty<byte>() : [(byte)(identifier >> 8), (byte)identifier], .. Encoding.UTF8.GetBytes(payload)]);

    public static async Task<Socket> OpenAsync(int port)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static byte[] Subscribe(string filter) => Packet(0x82, [0, 1, .. Text(filter), 0]);

    // Of a packet that is just small enough to be accepted.
    private static byte[] LargePublish() => Publish("sensors/dribble/n", new string('1', (1024 * 1024) - 100));

    private static byte[] Text(string text) => [(byte)(text.Length >> 8), (byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    private static byte[] Packet(byte first, byte[] body)
    {
        List<byte> packet = [first];
        int length = body.Length;
        do
        {
            packet.Add((byte)((length & 0x7F) | (length > 0x7F ? 0x80 : 0)));
            length >>= 7;
        }
        while (length > 0);
        return [.. packet, .. body];
    }

    /// <summary>One byte now and then, or, of a long packet, a piece that keeps the broker waiting for the rest.</summary>
    private Task TrickleAsync(byte[] packet, byte[]? first, CancellationToken stop) => AgainAsync(
        async socket =>
        {
            if (first is not null)
            {
                await socket.SendAsync(first, stop);
            }

            int piece = Math.Max(packet.Length / 100, 1);
            for (int at = 0; at + piece < packet.Length; at += piece)
            {
                await socket.SendAsync(packet.AsMemory(at, piece), stop);
                await Task.Delay(200, stop);
            }
        },
        stop);

    /// <summary>Says what it has to say, and then neither speaks nor reads, nor closes.</summary>
    private Task SayNothingAsync(byte[] words, CancellationToken stop) => AgainAsync(
        async socket =>
        {
            await socket.SendAsync(words, stop);
            await Task.Delay(Timeout.Infinite, stop);
        },
        stop);

    private Task FloodAsync(int number, CancellationToken stop) => AgainAsync(
        async socket =>
        {
            await socket.SendAsync(Connect($"flood-{number}", keepAlive: 0), stop);
            byte[] packets = [.. Enumerable.Range(0, 500).SelectMany(i => Publish($"sensors/flood/{number}", $"{i}"))];
            while (true)
            {
                Interlocked.Add(ref _flooded, await socket.SendAsync(packets, stop));
            }
        },
        stop);

    private Task BreakAsync(Random random, CancellationToken stop) => AgainAsync(
        async socket =>
        {
            byte[] right = [.. Publish("sensors/broken/n", "1", qos: 1, identifier: 1), .. Subscribe("a/+"), 0x62, 2, 0, 1, 0xC0, 0];
            right[random.Next(right.Length)] = (byte)random.Next(256);
            byte[] half = random.Next(4) == 0 ? Connect("broken", keepAlive: 0)[..random.Next(1, 10)] : Connect($"broken-{random.Next(20)}", keepAlive: 0);
            await socket.SendAsync((byte[])[.. half, .. right], stop);
            // What asks for more bytes than come is answered by nothing.
            using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
            patience.CancelAfter(TimeSpan.FromSeconds(1));
            await socket.ReceiveAsync(new byte[64], patience.Token);
            Interlocked.Increment(ref _broken);
        },
        stop);

    private Task VisitAsync(CancellationToken stop) => AgainAsync(
        socket =>
        {
            Interlocked.Increment(ref _visits);
            return Task.CompletedTask;
        },
        stop);

    private async Task AgainAsync(Func<Socket, Task> visit, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using Socket socket = await OpenAsync(port);
                await visit(socket);
            }
            catch (SocketException)
            {
                // Refused or thrown out; it comes again, and not at once.
                await Task.Delay(100, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                // It has waited long enough, or is told to stop.
            }
        }
    }
}
