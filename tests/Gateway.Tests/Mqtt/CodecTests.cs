using System.Buffers;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Tests.Mqtt;

public class CodecTests
{
    public static TheoryData<string, int> Samples()
    {
        var data = new TheoryData<string, int>();
        foreach ((string name, ProtocolVersion version, byte[] _) in PacketSamples.All())
            data.Add(name, (int)version);
        return data;
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void What_is_written_reads_back_and_writes_the_same_bytes(string name, int version)
    {
        byte[] bytes = Find(name, version);
        Assert.Equal(bytes, PacketSamples.Rewrite(new ReadOnlySequence<byte>(bytes), (ProtocolVersion)version));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_packet_split_at_every_byte_is_the_same_packet(string name, int version)
    {
        byte[] bytes = Find(name, version);
        for (int at = 1; at < bytes.Length; at++)
            Assert.Equal(bytes, PacketSamples.Rewrite(Pieces.Of(bytes[..at], bytes[at..]), (ProtocolVersion)version));
        ReadOnlySequence<byte> single = Pieces.Of([.. bytes.Select(b => new[] { b })]);
        Assert.Equal(bytes, PacketSamples.Rewrite(single, (ProtocolVersion)version));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_packet_that_has_not_all_arrived_waits_for_more(string name, int version)
    {
        byte[] bytes = Find(name, version);
        for (int length = 0; length < bytes.Length; length++)
        {
            var part = new ReadOnlySequence<byte>(bytes, 0, length);
            Assert.False(PacketHeader.TryRead(ref part, int.MaxValue, out _, out _));
            Assert.Equal(length, part.Length);
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_body_cut_short_or_with_bits_flipped_is_refused_or_read_but_nothing_else(string name, int version)
    {
        byte[] bytes = Find(name, version);
        for (int length = 2; length < bytes.Length; length++)
        {
            // The first Remaining Length byte of small samples is the length itself: the body really ends there.
            byte[] cut = bytes[..length];
            if (bytes[1] < 0x80)
                cut[1] = (byte)(length - 2);
            Tolerate(cut, version);
        }
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            byte[] flipped = (byte[])bytes.Clone();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Tolerate(flipped, version);
        }
    }

    [Fact]
    public void Random_bytes_are_refused_or_read_but_nothing_else()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        (string Name, ProtocolVersion Version, byte[] Bytes)[] samples = [.. PacketSamples.All()];
        for (int i = 0; i < 20_000; i++)
        {
            (string _, ProtocolVersion version, byte[] sample) = samples[random.Next(samples.Length)];
            byte[] bytes = (byte[])sample.Clone();
            for (int changes = random.Next(1, 6); changes > 0; changes--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                Tolerate(bytes, (int)version);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}, round {i}, {Convert.ToHexString(bytes)}", e);
            }
        }
    }

    [Theory]
    // fixed header
    [InlineData(5, "00 00", ReasonCode.MalformedPacket)]
    [InlineData(5, "36 04 0001 61 00", ReasonCode.MalformedPacket)]
    [InlineData(5, "38 04 0001 61 00", ReasonCode.MalformedPacket)]
    [InlineData(5, "C1 00", ReasonCode.MalformedPacket)]
    [InlineData(5, "60 02 0001", ReasonCode.MalformedPacket)]
    [InlineData(5, "C0 80 80 80 80 01", ReasonCode.MalformedPacket)]
    [InlineData(5, "C0 80 00", ReasonCode.MalformedPacket)]
    [InlineData(4, "C0 01 00", ReasonCode.MalformedPacket)]
    // packet identifiers
    [InlineData(5, "32 06 0001 61 0000 00", ReasonCode.MalformedPacket)]
    [InlineData(4, "82 06 0000 0001 61 00", ReasonCode.MalformedPacket)]
    [InlineData(4, "40 02 0000", ReasonCode.MalformedPacket)]
    // topics and filters
    [InlineData(4, "30 05 0003 612F2B", ReasonCode.MalformedPacket)]
    [InlineData(4, "30 02 0000", ReasonCode.MalformedPacket)]
    [InlineData(5, "30 03 0000 00", ReasonCode.ProtocolError)]
    [InlineData(4, "82 08 0001 0003 612F61 03", ReasonCode.MalformedPacket)]
    [InlineData(4, "82 09 0001 0004 612F2361 00", ReasonCode.MalformedPacket)]
    [InlineData(4, "82 02 0001", ReasonCode.ProtocolError)]
    [InlineData(5, "82 10 0001 00 000A 2473686172652F672F61 04", ReasonCode.ProtocolError)]
    [InlineData(5, "A2 0B 0001 00 0006 2473686172 65", ReasonCode.ProtocolError)]
    // strings
    [InlineData(4, "30 05 0003 610062", ReasonCode.MalformedPacket)]
    [InlineData(4, "30 05 0003 EDA080", ReasonCode.MalformedPacket)]
    [InlineData(4, "30 05 0003 EFBFBF", ReasonCode.MalformedPacket)]
    [InlineData(4, "30 04 0002 C285", ReasonCode.MalformedPacket)]
    [InlineData(4, "30 06 0004 F09FBFBE", ReasonCode.MalformedPacket)]
    // properties
    [InlineData(5, "30 08 0001 61 04 0101 0101", ReasonCode.ProtocolError)]
    [InlineData(5, "30 06 0001 61 02 0102", ReasonCode.ProtocolError)]
    [InlineData(5, "30 07 0001 61 03 230000", ReasonCode.TopicAliasInvalid)]
    [InlineData(5, "30 07 0001 61 03 210001", ReasonCode.MalformedPacket)]
    [InlineData(5, "30 06 0001 61 02 0400", ReasonCode.MalformedPacket)]
    [InlineData(5, "30 05 0001 61 05 01", ReasonCode.MalformedPacket)]
    [InlineData(5, "30 06 0001 61 02 0B00", ReasonCode.ProtocolError)]
    // reason codes
    [InlineData(5, "40 03 0001 01", ReasonCode.MalformedPacket)]
    [InlineData(5, "E0 01 01", ReasonCode.MalformedPacket)]
    // connect
    [InlineData(4, "10 0D 0004 4D515454 06 02 0000 0001 61", ReasonCode.UnsupportedProtocolVersion)]
    [InlineData(4, "10 0D 0004 4D515454 04 03 0000 0001 61", ReasonCode.MalformedPacket)]
    [InlineData(4, "10 0D 0004 4D515454 04 1A 0000 0001 61", ReasonCode.MalformedPacket)]
    [InlineData(4, "10 0D 0004 4D515454 04 42 0000 0001 61", ReasonCode.MalformedPacket)]
    [InlineData(4, "10 0E 0004 4D515454 04 02 0000 0001 61 00", ReasonCode.MalformedPacket)]
    public void A_violation_is_named_with_the_reason_owed(int version, string hex, ReasonCode reason)
    {
        byte[] bytes = Convert.FromHexString(hex.Replace(" ", ""));
        MqttProtocolException thrown = Assert.Throws<MqttProtocolException>(
            () => PacketSamples.Rewrite(new ReadOnlySequence<byte>(bytes), (ProtocolVersion)version));
        Assert.Equal(reason, thrown.Reason);
        Assert.Contains("section", thrown.Message);
    }

    [Fact]
    public void A_packet_past_the_limit_is_refused_from_its_header_alone()
    {
        var header = new ReadOnlySequence<byte>([0x30, 0xFF, 0xFF, 0x7F]);
        MqttProtocolException thrown = Assert.Throws<MqttProtocolException>(() => PacketHeader.TryRead(ref header, 1000, out _, out _));
        Assert.Equal(ReasonCode.PacketTooLarge, thrown.Reason);
    }

    [Fact]
    public void Parsing_a_publish_allocates_nothing()
    {
        byte[] bytes = Find("publish 1", 5);
        long length = 0;
        long Parse()
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++)
            {
                var sequence = new ReadOnlySequence<byte>(bytes);
                PacketHeader.TryRead(ref sequence, int.MaxValue, out PacketHeader header, out ReadOnlySequence<byte> body);
                length += PublishPacket.Parse(body.FirstSpan, header.Flags, ProtocolVersion.Mqtt50).Payload.Length;
            }
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Parse();
        Assert.Equal(0, Parse());
        Assert.Equal(800, length);
    }

    [Fact]
    public void Properties_of_the_hop_are_not_passed_on()
    {
        var set = new PropertySet { MessageExpiryInterval = 5, TopicAlias = 3, ContentType = "x" };
        set.SubscriptionIdentifiers.Add(4);
        set.UserProperties.Add(new("k", "v"));
        var kept = new PropertySet { ContentType = "x" };
        kept.UserProperties.Add(new("k", "v"));
        Assert.Equal(PublishPacket.EncodeProperties(kept), PublishPacket.ForwardedProperties(PublishPacket.EncodeProperties(set)));
    }

    private static void Tolerate(byte[] bytes, int version)
    {
        try
        {
            PacketSamples.Rewrite(new ReadOnlySequence<byte>(bytes), (ProtocolVersion)version);
        }
        catch (MqttProtocolException)
        {
            // Refused, as it may be.
        }
        catch (InvalidDataException)
        {
            // The changed length says that more is to come.
        }
    }

    private static byte[] Find(string name, int version) =>
        PacketSamples.All().Single(s => s.Name == name && (int)s.Version == version).Bytes;
}
