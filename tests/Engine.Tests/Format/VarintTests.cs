using Sluice.Engine.Format;

namespace Sluice.Engine.Tests.Format;

public class VarintTests
{
    /// <summary>Each boundary between two lengths, and the extremes.</summary>
    public static TheoryData<ulong, int> Boundaries()
    {
        TheoryData<ulong, int> data = new() { { 0, 1 }, { ulong.MaxValue, 9 }, { (ulong)long.MaxValue, 9 } };
        for (int length = 1; length <= 8; length++)
        {
            ulong limit = 1UL << (7 * length);
            data.Add(limit - 1, length);
            data.Add(limit, length + 1);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Boundaries))]
    public void A_value_comes_back_and_has_the_shortest_length(ulong value, int length)
    {
        byte[] bytes = new byte[9];
        Assert.Equal(length, Varint.LengthOf(value));
        Assert.Equal(length, Varint.Write(bytes, value));
        Assert.Equal(length, Varint.Read(bytes, out ulong read));
        Assert.Equal(value, read);
        for (int cut = 0; cut < length; cut++)
        {
            Assert.Equal(0, Varint.Read(bytes.AsSpan(0, cut), out _));
        }
    }

    [Fact]
    public void The_bytes_are_those_of_the_file_format()
    {
        byte[] bytes = new byte[9];
        Assert.Equal(2, Varint.Write(bytes, 0x91));
        Assert.Equal([0x81, 0x11], bytes[..2]);
        Assert.Equal(9, Varint.Write(bytes, ulong.MaxValue));
        Assert.Equal([255, 255, 255, 255, 255, 255, 255, 255, 255], bytes);
    }
}
