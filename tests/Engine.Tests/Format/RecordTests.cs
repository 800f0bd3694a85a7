using Sluice.Engine.Format;

namespace Sluice.Engine.Tests.Format;

public class RecordTests
{
    private static readonly SqlValue[] Samples =
    [
        SqlValue.Null,
        .. new long[]
        {
            0, 1, 2, -1, 127, 128, -128, -129, 32767, 32768, -32768, -32769, 8388607, 8388608, -8388608, -8388609, int.MaxValue, int.MaxValue + 1L,
            int.MinValue, int.MinValue - 1L, (1L << 47) - 1, 1L << 47, -(1L << 47), -(1L << 47) - 1, long.MaxValue, long.MinValue,
        }.Select(SqlValue.FromInteger),
        SqlValue.FromReal(0.5), SqlValue.FromReal(-1e300), SqlValue.FromReal(double.PositiveInfinity),
        SqlValue.FromText(""), SqlValue.FromText("x"), SqlValue.FromText(new string('ä', 5000)),
        SqlValue.FromBlob([]), SqlValue.FromBlob([1, 2, 3]), SqlValue.FromBlob(new byte[70000]),
    ];

    [Fact]
    public void Every_value_comes_back_in_any_order_of_asking()
    {
        byte[] record = RecordWriter.Encode(Samples, 42);
        RecordReader reader = default;
        reader.Reset(new Payload(record, 0, record.Length));
        Random random = new(1);
        int[] order = Enumerable.Range(0, Samples.Length).ToArray();
        random.Shuffle(order);
        foreach (int i in order)
        {
            AssertSame(Samples[i], reader.Get(i));
        }

        Assert.Equal(Samples.Length + 1, reader.ColumnCount);
        Assert.Equal(42, reader.Get(Samples.Length).Integer);
        Assert.True(reader.Get(Samples.Length + 1).IsNull);
        Assert.False(reader.Has(Samples.Length + 1));
        Assert.Equal(42, KeyRecord.Rowid(new Payload(record, 0, record.Length)));
    }

    [Fact]
    public void A_reader_is_used_again_for_another_record_within_a_larger_array()
    {
        byte[] first = RecordWriter.Encode([SqlValue.FromInteger(7), SqlValue.FromText("abc")]);
        byte[] second = [99, 99, .. RecordWriter.Encode([SqlValue.FromText("z")]), 99];
        RecordReader reader = default;
        reader.Reset(new Payload(first, 0, first.Length));
        Assert.Equal("abc", reader.Get(1).DecodeText());
        reader.Reset(new Payload(second, 2, second.Length - 3));
        Assert.Equal("z", reader.Get(0).DecodeText());
        Assert.Equal(1, reader.ColumnCount);
    }

    [Fact]
    public void A_header_of_126_types_counts_itself_with_two_bytes()
    {
        SqlValue[] values = new SqlValue[127];
        byte[] record = RecordWriter.Encode(values);
        Assert.Equal(129, record.Length);
        RecordReader reader = default;
        reader.Reset(new Payload(record, 0, record.Length));
        Assert.Equal(127, reader.ColumnCount);
    }

    [Fact]
    public void No_damage_to_a_record_gives_anything_but_values_or_the_exception_for_it()
    {
        byte[] record = RecordWriter.Encode([SqlValue.FromInteger(300), SqlValue.FromText("hello"), SqlValue.FromReal(2.5), SqlValue.FromBlob([1, 2])]);
        RecordReader reader = default;
        int refused = 0;
        for (int at = 0; at < record.Length; at++)
        {
            for (int value = 0; value < 256; value++)
            {
                byte[] damaged = (byte[])record.Clone();
                damaged[at] = (byte)value;
                try
                {
                    reader.Reset(new Payload(damaged, 0, damaged.Length));
                    for (int i = reader.ColumnCount; i >= 0; i--)
                    {
                        _ = reader.Get(i).ToString();
                    }
                }
                catch (CorruptRecordException)
                {
                    refused++;
                }
            }
        }

        Assert.True(refused > 100);
    }

    [Fact]
    public void A_value_that_is_cut_off_is_refused()
    {
        byte[] record = RecordWriter.Encode([SqlValue.FromText("hello")]);
        RecordReader reader = default;
        CorruptRecordException error = Assert.Throws<CorruptRecordException>(() =>
        {
            reader.Reset(new Payload(record, 0, record.Length - 1));
            reader.Get(0);
        });
        Assert.Equal(ResultCode.Corrupt, error.Code);
        Assert.Contains("column 0 of 5 bytes where 4 are left", error.Message);
    }

    private static void AssertSame(in SqlValue expected, in SqlValue actual)
    {
        Assert.Equal(expected.Type, actual.Type);
        Assert.Equal(0, ValueOrder.Compare(expected, actual, Collation.Binary));
    }
}
