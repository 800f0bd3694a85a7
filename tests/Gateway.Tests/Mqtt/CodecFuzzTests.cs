using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>
/// Packets made from right ones: bytes changed, parts left out, doubled or taken from other packets, and a Remaining Length that fits again, so that what is behind the
/// fixed header is reached. They come whole or in pieces, as from a socket. A packet is refused with <see cref="MqttProtocolException"/>, or it means something: then what
/// is written for it reads back as the same.
/// </summary>
public class CodecFuzzTests
{
    /// <summary>SLUICE_FUZZ_MINUTES; without it a second.</summary>
    private static readonly TimeSpan s_time =
        double.TryParse(Environment.GetEnvironmentVariable("SLUICE_FUZZ_MINUTES"), CultureInfo.InvariantCulture, out double minutes) ? TimeSpan.FromMinutes(minutes) : TimeSpan.FromSeconds(1);

    /// <summary>Where lengths and types change their form.</summary>
    private static readonly byte[] s_edges = [0, 1, 2, 3, 0x0B, 0x26, 0x7F, 0x80, 0x81, 0xC0, 0xED, 0xFF];

    [Fact]
    public void A_packet_is_refused_by_name_or_reads_back_as_it_was_written()
    {
        int seed = Random.Shared.Next();
        var random = new Random(seed);
        (string Name, ProtocolVersion Version, byte[] Bytes)[] samples = [.. PacketSamples.All()];
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Stopwatch watch = Stopwatch.StartNew();
        long read = 0;
        long refused = 0;
        while (watch.Elapsed < s_time)
        {
            (string _, ProtocolVersion version, byte[] sample) = samples[random.Next(samples.Length)];
            byte[] packet = Mutate(sample, samples[random.Next(samples.Length)].Bytes, random);
            try
            {
                byte[] written = PacketSamples.Rewrite(random.Next(2) == 0 ? new ReadOnlySequence<byte>(packet) : Pieces.Of(packet, random), version);
                Assert.Equal(written, PacketSamples.Rewrite(new ReadOnlySequence<byte>(written), version));
                read++;
            }
            catch (MqttProtocolException)
            {
                refused++;
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}, version {version}, {Convert.ToHexString(packet)}", e);
            }
        }
        // Both happen often, or it is no test of either.
        Assert.True(read > 100 && refused > 100, $"{read} read, {refused} refused, seed {seed}");
        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        string figures = $"{read:N0} packets read, {refused:N0} refused in {watch.Elapsed.TotalMinutes:F1} minutes, {grown:N0} bytes more in memory than before, seed {seed}";
        Console.WriteLine(figures);
        Assert.True(grown < 16 * 1024 * 1024, figures);
    }

    private static byte[] Mutate(byte[] sample, byte[] other, Random random)
    {
        int header = HeaderLength(sample);
        List<byte> body = [.. sample[header..]];
        byte first = random.Next(20) == 0 ? (byte)random.Next(256) : sample[0];
        for (int changes = random.Next(0, 4); changes > 0; changes--)
        {
            int at = random.Next(body.Count + 1);
            int count = Math.Min(random.Next(1, 9), body.Count - at);
            switch (random.Next(6))
            {
                case 0 when at < body.Count:
                    body[at] = (byte)random.Next(256);
                    break;
                case 1 when at < body.Count:
                    body[at] = s_edges[random.Next(s_edges.Length)];
                    break;
                case 2:
                    body.RemoveRange(at, count);
                    break;
                case 3:
                    body.InsertRange(at, body.GetRange(at, count));
                    break;
                case 4:
                    int from = random.Next(other.Length);
                    body.InsertRange(at, other[from..Math.Min(from + random.Next(1, 17), other.Length)]);
                    break;
                default:
                    body.Insert(at, s_edges[random.Next(s_edges.Length)]);
                    break;
            }
        }
        var packet = new ArrayBufferWriter<byte>();
        packet.Write([first]);
        uint length = (uint)body.Count;
        do
        {
            packet.Write([(byte)((length & 0x7F) | (length > 0x7F ? 0x80u : 0))]);
            length >>= 7;
        }
        while (length > 0);
        packet.Write(body.ToArray());
        return packet.WrittenSpan.ToArray();
    }

    private static int HeaderLength(byte[] packet)
    {
        int length = 1;
        while (packet[length] >= 0x80)
            length++;
        return length + 1;
    }
}
