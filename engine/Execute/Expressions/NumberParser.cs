using System.Globalization;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>What <see cref="NumberParser.ParseReal"/> found in a text.</summary>
internal enum NumberForm
{
    /// <summary>No number, or an integer followed by something else.</summary>
    None,

    /// <summary>A prefix with a decimal point or an exponent, followed by something else.</summary>
    RealPrefix,

    /// <summary>The whole text is an integer, spaces around it apart.</summary>
    Integer,

    /// <summary>The whole text is a number with a decimal point or an exponent.</summary>
    Real,
}

/// <summary>What <see cref="NumberParser.ParseInteger"/> found in a text.</summary>
internal enum IntegerForm
{
    /// <summary>The whole text is an integer of 64 bits.</summary>
    Whole,

    /// <summary>An integer prefix, maybe of no digit, followed by something else.</summary>
    Prefix,

    /// <summary>Beyond 64 bits; the value is clamped.</summary>
    TooLarge,
}

/// <summary>
/// Text to number by SQLite's rules: white space of ASCII may stand around a number, a longest prefix counts where the
/// whole is none, hexadecimal is not recognised, and "Inf" and "NaN" are no numbers.
/// </summary>
internal static class NumberParser
{
    private static readonly double[] _powersOfTen =
    [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ];

    public static bool IsSpace(byte value) => value == ' ' || (value >= '\t' && value <= '\r');

    public static bool IsDigit(byte value) => (uint)(value - '0') <= 9;

    /// <summary>The value of the longest numeric prefix (0 without one), and what the text is as a whole.</summary>
    public static NumberForm ParseReal(ReadOnlySpan<byte> text, out double value)
    {
        value = 0;
        int at = 0;
        while (at < text.Length && IsSpace(text[at]))
        {
            at++;
        }

        int start = at;
        bool negative = false;
        if (at < text.Length && text[at] is (byte)'-' or (byte)'+')
        {
            negative = text[at] == '-';
            at++;
        }

        ulong mantissa = 0;
        int digits = 0;
        int significant = 0;
        for (; at < text.Length && IsDigit(text[at]); at++, digits++)
        {
            Take(text[at], ref mantissa, ref significant);
        }

        bool point = at < text.Length && text[at] == '.';
        int scale = 0;
        if (point)
        {
            at++;
            for (; at < text.Length && IsDigit(text[at]); at++, digits++, scale++)
            {
                Take(text[at], ref mantissa, ref significant);
            }
        }

        if (digits == 0)
        {
            return NumberForm.None;
        }

        int end = at;
        int exponent = 0;
        bool exponentMark = at < text.Length && text[at] is (byte)'e' or (byte)'E';
        bool exponentComplete = !exponentMark;
        if (exponentMark)
        {
            exponent = ParseExponent(text, ref at);
            exponentComplete = IsDigit(text[at - 1]);
            end = exponentComplete ? at : end;
        }

        value = Compute(text[start..end], negative, mantissa, significant, exponentComplete ? exponent - scale : -scale);
        while (at < text.Length && IsSpace(text[at]))
        {
            at++;
        }

        if (at == text.Length && exponentComplete)
        {
            return point || exponentMark ? NumberForm.Real : NumberForm.Integer;
        }

        return point || (exponentMark && exponentComplete) ? NumberForm.RealPrefix : NumberForm.None;
    }

    /// <summary>The value of the longest integer prefix, clamped to 64 bits.</summary>
    public static IntegerForm ParseInteger(ReadOnlySpan<byte> text, out long value)
    {
        int at = 0;
        while (at < text.Length && IsSpace(text[at]))
        {
            at++;
        }

        bool negative = false;
        if (at < text.Length && text[at] is (byte)'-' or (byte)'+')
        {
            negative = text[at] == '-';
            at++;
        }

        int first = at;
        ulong magnitude = 0;
        bool tooLarge = false;
        for (; at < text.Length && IsDigit(text[at]); at++)
        {
            uint digit = (uint)(text[at] - '0');
            if (magnitude > (ulong.MaxValue - digit) / 10)
            {
                tooLarge = true;
            }
            else
            {
                magnitude = (magnitude * 10) + digit;
            }
        }

        bool any = at > first;
        while (any && at < text.Length && IsSpace(text[at]))
        {
            at++;
        }

        ulong limit = negative ? 1UL << 63 : long.MaxValue;
        if (tooLarge || magnitude > limit)
        {
            value = negative ? long.MinValue : long.MaxValue;
            return IntegerForm.TooLarge;
        }

        value = negative ? unchecked((long)(0 - magnitude)) : (long)magnitude;
        return any && at == text.Length ? IntegerForm.Whole : IntegerForm.Prefix;
    }

    private static void Take(byte digit, ref ulong mantissa, ref int significant)
    {
        if (significant > 0 || digit != '0')
        {
            significant++;
        }

        if (significant <= 19)
        {
            mantissa = (mantissa * 10) + (uint)(digit - '0');
        }
    }

    private static int ParseExponent(ReadOnlySpan<byte> text, ref int at)
    {
        at++;
        bool negative = false;
        if (at < text.Length && text[at] is (byte)'-' or (byte)'+')
        {
            negative = text[at] == '-';
            at++;
        }

        int exponent = 0;
        for (; at < text.Length && IsDigit(text[at]); at++)
        {
            exponent = Math.Min((exponent * 10) + (text[at] - '0'), 100_000);
        }

        return negative ? -exponent : exponent;
    }

    /// <summary>
    /// The double nearest to the decimal number. With at most 15 digits and a power of ten that is itself exact, one
    /// multiplication or division is correctly rounded; the rest is left to the framework.
    /// </summary>
    private static double Compute(ReadOnlySpan<byte> number, bool negative, ulong mantissa, int significant, int power)
    {
        double result;
        if (mantissa == 0)
        {
            result = 0;
        }
        else if (significant <= 15 && power is >= -22 and <= 22)
        {
            result = power < 0 ? mantissa / _powersOfTen[-power] : mantissa * _powersOfTen[power];
        }
        else
        {
            return double.Parse(number, NumberStyles.Float, CultureInfo.InvariantCulture);
        }

        return negative ? -result : result;
    }
}
