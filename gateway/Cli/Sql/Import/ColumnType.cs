namespace Sluice.Gateway.Cli.Sql;

/// <summary>
/// The type of a new column, found from all its fields: INTEGER or REAL only if no field loses anything by becoming a number, such as the zeros of
/// 00123 or the digits past the fifteenth.
/// </summary>
internal sealed class ColumnType
{
    /// <summary>Decimal digits that a double always keeps.</summary>
    private const int RealDigits = 15;

    /// <summary>Decimal digits of which every number fits into 64 bits.</summary>
    private const int IntegerDigits = 18;

    private bool _hasIntegers;
    private bool _hasLongIntegers;
    private bool _hasReals;
    private bool _hasTexts;

    public bool IsNumeric => Name != "TEXT";

    public string Name => _hasTexts || (_hasLongIntegers && _hasReals) || !(_hasIntegers || _hasReals) ? "TEXT"
        : _hasReals ? "REAL"
        : "INTEGER";

    public void Add(string field)
    {
        if (_hasTexts || field.Length == 0)
        {
            return;
        }

        ReadOnlySpan<char> digits = field.AsSpan(field[0] == '-' ? 1 : 0);
        int whole = CountDigits(digits);
        if (whole == 0 || (whole > 1 && digits[0] == '0'))
        {
            _hasTexts = true;
            return;
        }

        ReadOnlySpan<char> rest = digits[whole..];
        if (rest.IsEmpty)
        {
            // -0 as a number is 0.
            _hasTexts = whole > IntegerDigits || field == "-0";
            _hasIntegers = true;
            _hasLongIntegers |= whole > RealDigits;
            return;
        }

        int fraction = 0;
        if (rest[0] == '.')
        {
            fraction = CountDigits(rest[1..]);
            rest = fraction > 0 ? rest[(1 + fraction)..] : rest;
        }

        _hasTexts = whole + fraction > RealDigits || !IsExponent(rest);
        _hasReals = true;
    }

    /// <summary>Nothing, or an exponent that is within a double's range.</summary>
    private static bool IsExponent(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
        {
            return true;
        }

        if (text[0] is not ('e' or 'E'))
        {
            return false;
        }

        text = text[1..];
        text = text is ['+' or '-', ..] ? text[1..] : text;
        return text.Length is 1 or 2 && CountDigits(text) == text.Length;
    }

    private static int CountDigits(ReadOnlySpan<char> text)
    {
        int count = 0;
        while (count < text.Length && char.IsAsciiDigit(text[count]))
        {
            count++;
        }

        return count;
    }
}
