using Sluice.Engine.Execute.Expressions;

namespace Sluice.Engine.Execute.Functions;

/// <summary>printf's conversions of numbers, without the padding to the width.</summary>
internal static class PrintfNumbers
{
    /// <summary>SQLITE_FP_PRECISION_LIMIT: as many digits as a real is ever asked for.</summary>
    private const int MaxPrecision = 100_000_000;

    private const int PlainDigits = 16;
    private const int WideDigits = 26;

    /// <summary>%d %i %u %x %X %o %r %p.</summary>
    public static void AppendInteger(TextBuilder text, in PrintfSpecification specification, long value)
    {
        bool signed = specification.Letter is 'd' or 'i' or 'r';
        byte sign = !signed ? (byte)0 : value < 0 ? (byte)'-' : specification.PositiveSign;
        ulong magnitude = signed && value < 0 ? unchecked(0UL - (ulong)value) : (ulong)value;
        Span<byte> digits = stackalloc byte[NumberText.MaxLength];
        int length = WriteDigits(magnitude, specification.Letter, digits);
        int precision = specification.Precision;
        if (specification.Zero)
        {
            precision = Math.Max(precision, specification.Width - (sign != 0 ? 1 : 0));
        }

        int zeros = Math.Max(precision - length, 0);
        text.Append(sign, sign != 0 ? 1 : 0);
        if (specification.Alternate && magnitude != 0)
        {
            text.Append(specification.Letter switch
            {
                'x' => "0x"u8,
                'X' or 'p' => "0X"u8,
                'o' => "0"u8,
                _ => default,
            });
        }

        if (specification.Comma && specification.Letter is 'd' or 'i' or 'u')
        {
            AppendGrouped(text, zeros, digits[..length]);
            return;
        }

        text.Append((byte)'0', zeros);
        text.Append(digits[..length]);
    }

    /// <summary>%f %e %E %g %G.</summary>
    public static void AppendReal(TextBuilder text, in PrintfSpecification specification, double value)
    {
        int precision = specification.Precision < 0 ? 6 : Math.Min(specification.Precision, MaxPrecision);
        byte sign = value < 0 ? (byte)'-' : specification.PositiveSign;
        if (double.IsInfinity(value) && !specification.Zero)
        {
            text.Append(sign, sign != 0 ? 1 : 0);
            text.Append("Inf"u8);
            return;
        }

        Span<byte> buffer = stackalloc byte[NumberText.MaxLength];
        // Infinity with zeros for padding is a 9 with 999 zeros.
        DecimalDigits digits = double.IsInfinity(value) ? DecimalDigits.Infinity(buffer) : new(Math.Abs(value), buffer);
        char letter = (char)(specification.Letter | 0x20);
        if (letter == 'g')
        {
            precision = Math.Max(precision, 1);
        }

        int significant = letter switch { 'f' => digits.PointAt + precision, 'g' => precision, _ => precision + 1 };
        digits.Round(Math.Min(significant, specification.Wide ? WideDigits : PlainDigits));
        if (letter == 'f' && value < 0 && specification is { Alternate: true, Plus: false, Space: false } && digits.IsZero)
        {
            // "%#f" does not say -0.00.
            sign = 0;
        }

        RealLayout layout = new()
        {
            Exponential = letter == 'e',
            FractionDigits = precision,
            AlwaysPoint = specification.Alternate || specification.Wide,
            TrimZeros = letter == 'g' ? !specification.Alternate : specification.Wide,
            KeepOneZero = specification.Wide,
            Comma = specification.Comma,
            ExponentLetter = specification.Letter is 'E' or 'G' ? (byte)'E' : (byte)'e',
        };
        if (letter == 'g')
        {
            int exponent = digits.PointAt - 1;
            layout.Exponential = exponent < -4 || exponent > precision - 1;
            layout.FractionDigits = layout.Exponential ? precision - 1 : precision - 1 - exponent;
        }

        int start = text.Length;
        text.Append(sign, sign != 0 ? 1 : 0);
        int digitsAt = text.Length;
        layout.Append(text, digits);
        if (specification is { Zero: true, Left: false })
        {
            text.Insert(digitsAt, (byte)'0', specification.Width - (text.Length - start));
        }
    }

    /// <summary>"%.Ng" of a finite number.</summary>
    public static void AppendGeneral(TextBuilder text, double value, int precision) =>
        AppendReal(text, new PrintfSpecification { Letter = 'g', Precision = precision }, value);

    private static int WriteDigits(ulong value, char letter, Span<byte> target)
    {
        (uint radix, string alphabet) = letter switch
        {
            'x' => (16u, "0123456789abcdef"),
            'X' or 'p' => (16u, "0123456789ABCDEF"),
            'o' => (8u, "01234567"),
            _ => (10u, "0123456789"),
        };
        int at = target.Length;
        ulong rest = value;
        if (letter == 'r')
        {
            ReadOnlySpan<byte> suffix = OrdinalSuffix(value);
            at -= suffix.Length;
            suffix.CopyTo(target[at..]);
        }

        do
        {
            target[--at] = (byte)alphabet[(int)(rest % radix)];
            rest /= radix;
        }
        while (rest != 0);

        target[at..].CopyTo(target);
        return target.Length - at;
    }

    private static ReadOnlySpan<byte> OrdinalSuffix(ulong value) => (value % 10, value / 10 % 10) switch
    {
        (_, 1) => "th"u8,
        (1, _) => "st"u8,
        (2, _) => "nd"u8,
        (3, _) => "rd"u8,
        _ => "th"u8,
    };

    private static void AppendGrouped(TextBuilder text, int zeros, ReadOnlySpan<byte> digits)
    {
        int total = zeros + digits.Length;
        for (int i = 0; i < total; i++)
        {
            if (i > 0 && (total - i) % 3 == 0)
            {
                text.Append((byte)',');
            }

            text.Append(i < zeros ? (byte)'0' : digits[i - zeros]);
        }
    }
}
