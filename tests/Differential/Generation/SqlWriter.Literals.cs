using System.Globalization;

namespace Sluice.Differential.Generation;

internal sealed partial class SqlWriter
{
    private static readonly string[] s_limits =
    [
        "9223372036854775807", "-9223372036854775808", "9223372036854775806", "-9223372036854775807", "4294967296", "2147483647", "-2147483648",
        "9007199254740993", "-9007199254740993", "1000000000000", "0x7fffffffffffffff", "0xff", "1_000_000", "255", "65536",
    ];

    private static readonly string[] s_reals =
    [
        "0.0", "-0.0", "0.5", "1.5", "-2.25", "3.0", "1e10", "1e-10", "123456.789", "9.007199254740993e15", "1e308", "-1e308", "1e-308", ".5", "5.", "1e18",
        "9223372036854775807.0", "-9223372036854775808.0", "9.2233720368547758e18", "0.1", "100.0", "2.0", "1e15", "1e16", "123456789012345678.0", "1.0e+2", "9e999",
    ];

    private static readonly string[] s_texts =
    [
        "", "a", "b", "A", "B", "abc", "ABC", "Abc", "abc ", "abc  ", " abc", "abd", "ab", "z", "1", "01", "10", "2", "-1", "+7", "1.0", "1.5", "1e2", "1e", ".5", "5.", "-", "0x10",
        " 12 ", "12abc", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1e400", "inf", "nan", "NULL", "x y", "a%b", "a_b", "50%", "[a-c]*", "a*", "?b?",
        "ä", "Ä", "ß", "日本", "😀", "it''s", "2024-02-29", "12:30", "{\"a\":1}", "[1,2,3]", "true", "the quick brown fox jumps over the lazy dog",
    ];

    private static readonly string[] s_blobs = ["x''", "x'61'", "x'616263'", "x'31'", "x'4142'", "X'312e35'", "x'6162632020'", "x'7a'"];

    private string Literal(Kind kind)
    {
        if (dice.Percent(6))
        {
            return "NULL";
        }

        return kind switch
        {
            Kind.Integer => IntegerLiteral(),
            Kind.Real => RealLiteral(),
            Kind.Text => $"'{dice.Of(s_texts)}'",
            Kind.Blob => dice.Of(s_blobs),
            _ => Literal(dice.Of(Kind.Integer, Kind.Real, Kind.Text, Kind.Text, Kind.Blob)),
        };
    }

    private string IntegerLiteral() => dice.Below(100) switch
    {
        < 70 => dice.Between(-3, 12).ToString(CultureInfo.InvariantCulture),
        < 85 => dice.Of(s_limits),
        < 90 => dice.Of("TRUE", "FALSE"),
        _ => dice.Between(-5000, 5000).ToString(CultureInfo.InvariantCulture),
    };

    private string RealLiteral() => dice.Percent(60)
        ? dice.Of(s_reals)
        : Math.Round((dice.Fraction() - 0.3) * dice.Of(10, 1000, 1000000), dice.Between(0, 6)).ToString("0.0#####", CultureInfo.InvariantCulture);

    /// <summary>A value for a column of this kind.</summary>
    private string Value(Column column, bool isStrict)
    {
        if (column.IsSmall)
        {
            return dice.Percent(8) ? "NULL" : dice.Between(-3, 15).ToString(CultureInfo.InvariantCulture);
        }

        Kind kind = isStrict || dice.Percent(85) ? column.Kind : AnyKind();
        if (kind is Kind.Integer && dice.Percent(10))
        {
            return dice.Long().ToString(CultureInfo.InvariantCulture);
        }

        return Literal(kind);
    }
}
