using Sluice.Engine.Format;

namespace Sluice.Engine.Tests.Format;

public class OrderTests
{
    /// <summary>In ascending order; equal neighbours are marked by the same rank.</summary>
    private static readonly (int Rank, SqlValue Value)[] Ordered =
    [
        (0, SqlValue.Null),
        (1, SqlValue.FromReal(double.NegativeInfinity)),
        (2, SqlValue.FromReal(-9223372036854777856.0)),
        (3, SqlValue.FromInteger(long.MinValue)), (3, SqlValue.FromReal(-9223372036854775808.0)),
        (4, SqlValue.FromInteger(long.MinValue + 1)),
        (5, SqlValue.FromReal(-1.5)), (6, SqlValue.FromInteger(-1)), (7, SqlValue.FromReal(-0.5)),
        (8, SqlValue.FromInteger(0)), (8, SqlValue.FromReal(0.0)), (8, SqlValue.FromReal(-0.0)),
        (9, SqlValue.FromReal(double.Epsilon)), (10, SqlValue.FromInteger(1)), (11, SqlValue.FromReal(1.5)),
        (12, SqlValue.FromInteger((1L << 53) - 1)),
        (13, SqlValue.FromInteger(1L << 53)), (13, SqlValue.FromReal(9007199254740992.0)),
        (14, SqlValue.FromInteger((1L << 53) + 1)), (15, SqlValue.FromReal(9007199254740994.0)),
        (16, SqlValue.FromInteger(long.MaxValue)), (17, SqlValue.FromReal(9223372036854775808.0)), (18, SqlValue.FromReal(double.PositiveInfinity)),
        (19, SqlValue.FromText("")), (20, SqlValue.FromText("A")), (21, SqlValue.FromText("AA")), (22, SqlValue.FromText("a")), (23, SqlValue.FromText("é")),
        (24, SqlValue.FromBlob([])), (25, SqlValue.FromBlob([0])), (26, SqlValue.FromBlob([0, 0])), (27, SqlValue.FromBlob([255])),
    ];

    [Fact]
    public void Values_compare_by_class_then_exactly()
    {
        foreach ((int rank, SqlValue value) in Ordered)
        {
            foreach ((int otherRank, SqlValue other) in Ordered)
            {
                int expected = rank.CompareTo(otherRank);
                Assert.True(expected == Math.Sign(ValueOrder.Compare(value, other, Collation.Binary)), $"{value} and {other}");
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Keys_compare_as_their_values_do(bool descending)
    {
        KeyOrder order = new([new KeyColumn(Collation.Binary, descending)], unique: false);
        foreach ((int rank, SqlValue value) in Ordered)
        {
            foreach ((int otherRank, SqlValue other) in Ordered)
            {
                int expected = descending ? otherRank.CompareTo(rank) : rank.CompareTo(otherRank);
                Assert.Equal(expected, Math.Sign(KeyComparer.Compare(Key(value, 1), [other], order)));
                Assert.Equal(expected != 0 ? expected : -1, Math.Sign(KeyComparer.Compare(Key(value, 1), Key(other, 2), order)));
                Assert.Equal(expected != 0 ? expected : 1, Math.Sign(KeyComparer.Compare(Key(value, 2), [other, SqlValue.FromInteger(1)], order)));
            }
        }
    }

    [Fact]
    public void Collations_decide_between_texts()
    {
        KeyOrder order = new([new KeyColumn(Collation.NoCase, false), new KeyColumn(Collation.RTrim, true)], unique: false);
        Payload key = Key(SqlValue.FromText("Abc"), SqlValue.FromText("x  "), 5);
        Assert.Equal(0, KeyComparer.Compare(key, [SqlValue.FromText("aBC"), SqlValue.FromText("x")], order));
        Assert.Equal(1, Math.Sign(KeyComparer.Compare(key, [SqlValue.FromText("abc"), SqlValue.FromText("y")], order)));
        Assert.Equal(0, KeyComparer.Compare(key, [], order));
    }

    [Fact]
    public void A_probe_longer_than_the_key_is_a_damaged_key()
    {
        KeyOrder order = new([new KeyColumn(Collation.Binary, false)], unique: false);
        Assert.Throws<CorruptRecordException>(() =>
            KeyComparer.Compare(Key(SqlValue.FromInteger(1), 1), [SqlValue.FromInteger(1), SqlValue.FromInteger(1), SqlValue.Null], order));
    }

    private static Payload Key(SqlValue value, long rowid)
    {
        byte[] record = RecordWriter.Encode([value], rowid);
        return new Payload(record, 0, record.Length);
    }

    private static Payload Key(SqlValue first, SqlValue second, long rowid)
    {
        byte[] record = RecordWriter.Encode([first, second], rowid);
        return new Payload(record, 0, record.Length);
    }
}
