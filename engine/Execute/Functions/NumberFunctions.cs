using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions;

/// <summary>abs(), round(), sign().</summary>
internal static class NumberFunctions
{
    /// <summary>From here on a real has no digits behind the point.</summary>
    private const double NoFraction = 4503599627370496.0;

    public static SqlValue Abs(ReadOnlySpan<SqlValue> arguments)
    {
        ref readonly SqlValue value = ref arguments[0];
        return value.Type switch
        {
            SqlType.Null => SqlValue.Null,
            SqlType.Integer when value.Integer == long.MinValue => throw new SluiceException(ResultCode.Error, "integer overflow"),
            SqlType.Integer => SqlValue.FromInteger(Math.Abs(value.Integer)),
            _ => SqlValue.FromReal(Math.Abs(SqlConvert.ToReal(value))),
        };
    }

    /// <summary>Half away from zero, on the digits that the value shows; always a real.</summary>
    public static SqlValue Round(ReadOnlySpan<SqlValue> arguments)
    {
        if (arguments[0].IsNull || (arguments.Length == 2 && arguments[1].IsNull))
        {
            return SqlValue.Null;
        }

        double value = SqlConvert.ToReal(arguments[0]);
        long digits = arguments.Length == 2 ? Math.Clamp(SqlConvert.ToInteger(arguments[1]), 0, 30) : 0;
        if (value is < -NoFraction or > NoFraction)
        {
            return SqlValue.FromReal(value);
        }

        if (digits == 0)
        {
            return SqlValue.FromReal(Math.Truncate(value + (value < 0 ? -0.5 : 0.5)));
        }

        TextBuilder text = new();
        PrintfNumbers.AppendReal(text, new PrintfSpecification { Letter = 'f', Precision = (int)digits, Wide = true }, value);
        NumberParser.ParseReal(text.Span, out double rounded);
        return SqlValue.FromReal(rounded);
    }

    /// <summary>-1, 0 or 1; NULL for what is no number.</summary>
    public static SqlValue Sign(ReadOnlySpan<SqlValue> arguments)
    {
        SqlValue value = SqlConvert.TextToNumber(arguments[0]);
        return value.IsNumeric ? SqlValue.FromInteger(Math.Sign(SqlConvert.ToReal(value))) : SqlValue.Null;
    }
}
