using Sluice.Engine.Execute.Expressions;

namespace Sluice.Engine.Execute.Functions;

/// <summary>How the digits of a real are laid out: plain or with an exponent, and what becomes of zeros at the end.</summary>
internal struct RealLayout
{
    public bool Exponential;
    public int FractionDigits;

    /// <summary>Write the point even where no digit follows.</summary>
    public bool AlwaysPoint;
    public bool TrimZeros;

    /// <summary>Where trimming leaves nothing behind the point, write one zero instead of removing the point.</summary>
    public bool KeepOneZero;
    public bool Comma;
    public byte ExponentLetter;

    public readonly void Append(TextBuilder text, in DecimalDigits decimals)
    {
        ReadOnlySpan<byte> digits = decimals.Digits;
        int start = text.Length;
        int next = 0;
        int place = Exponential ? 0 : decimals.PointAt - 1;
        if (place < 0)
        {
            text.Append((byte)'0');
        }

        for (int left = place; left >= 0; left--)
        {
            text.Append(next < digits.Length ? digits[next] : (byte)'0');
            next++;
            if (Comma && left > 1 && left % 3 == 0)
            {
                text.Append((byte)',');
            }
        }

        bool point = FractionDigits > 0 || AlwaysPoint;
        if (point)
        {
            text.Append((byte)'.');
        }

        int zeros = Math.Clamp(-1 - place, 0, Math.Max(FractionDigits, 0));
        text.Append((byte)'0', zeros);
        int shown = Math.Clamp(digits.Length - next, 0, Math.Max(FractionDigits - zeros, 0));
        if (shown > 0)
        {
            text.Append(digits.Slice(next, shown));
        }

        text.Append((byte)'0', FractionDigits - zeros - shown);
        if (TrimZeros && point)
        {
            Trim(text, start);
        }

        if (Exponential)
        {
            AppendExponent(text, decimals.PointAt - 1);
        }
    }

    private readonly void Trim(TextBuilder text, int start)
    {
        int length = text.Span[start..].TrimEnd((byte)'0').Length + start;
        text.Truncate(length);
        if (text.Span[^1] != '.')
        {
            return;
        }

        if (KeepOneZero)
        {
            text.Append((byte)'0');
        }
        else
        {
            text.Truncate(length - 1);
        }
    }

    private readonly void AppendExponent(TextBuilder text, int exponent)
    {
        text.Append(ExponentLetter);
        text.Append(exponent < 0 ? (byte)'-' : (byte)'+');
        int magnitude = Math.Abs(exponent);
        if (magnitude >= 100)
        {
            text.Append((byte)('0' + (magnitude / 100)));
        }

        text.Append((byte)('0' + (magnitude / 10 % 10)));
        text.Append((byte)('0' + (magnitude % 10)));
    }
}
