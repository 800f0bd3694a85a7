using System.Buffers.Text;
using System.Globalization;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>Numbers to text as SQLite prints them ("Built-in printf()", format "%!.15g" for reals).</summary>
internal static class NumberText
{
    /// <summary>Enough for any number that is written here.</summary>
    public const int MaxLength = 32;

    private const int SignificantDigits = 15;

    public static int Write(long value, Span<byte> target)
    {
        Utf8Formatter.TryFormat(value, target, out int written);
        return written;
    }

    /// <summary>15 significant digits, trailing zeros removed but always a digit after the point: 0.1, 100.0, 1.0e+20, Inf.</summary>
    public static int Write(double value, Span<byte> target)
    {
        if (!double.IsFinite(value))
        {
            ReadOnlySpan<byte> text = value > 0 ? "Inf"u8 : double.IsNaN(value) ? "NaN"u8 : "-Inf"u8;
            text.CopyTo(target);
            return text.Length;
        }

        if (value == 0)
        {
            "0.0"u8.CopyTo(target);
            return 3;
        }

        if (Math.Abs(value) < 1e15 && value == Math.Truncate(value))
        {
            int length = Write((long)value, target);
            ".0"u8.CopyTo(target[length..]);
            return length + 2;
        }

        return WriteRounded(value, target);
    }

    private static int WriteRounded(double value, Span<byte> target)
    {
        // "d.dddddddddddddde+ddd": one digit, a point, fourteen digits, an exponent of three.
        Span<byte> scientific = stackalloc byte[MaxLength];
        Math.Abs(value).TryFormat(scientific, out int length, "e14", CultureInfo.InvariantCulture);
        Span<byte> digits = stackalloc byte[SignificantDigits];
        digits[0] = scientific[0];
        scientific.Slice(2, SignificantDigits - 1).CopyTo(digits[1..]);
        Utf8Parser.TryParse(scientific[(SignificantDigits + 2)..length], out int exponent, out _);

        int count = SignificantDigits;
        while (count > 1 && digits[count - 1] == '0')
        {
            count--;
        }

        int at = 0;
        if (value < 0)
        {
            target[at++] = (byte)'-';
        }

        return exponent is < -4 or >= SignificantDigits
            ? WriteExponential(digits[..count], exponent, target, at)
            : WritePlain(digits[..count], exponent, target, at);
    }

    private static int WritePlain(ReadOnlySpan<byte> digits, int exponent, Span<byte> target, int at)
    {
        for (int place = Math.Max(exponent, 0); place >= 0 || exponent - place < digits.Length; place--)
        {
            if (place == -1)
            {
                target[at++] = (byte)'.';
            }

            int index = exponent - place;
            target[at++] = index >= 0 && index < digits.Length ? digits[index] : (byte)'0';
        }

        if (exponent >= digits.Length - 1)
        {
            target[at++] = (byte)'.';
            target[at++] = (byte)'0';
        }

        return at;
    }

    private static int WriteExponential(ReadOnlySpan<byte> digits, int exponent, Span<byte> target, int at)
    {
        target[at++] = digits[0];
        target[at++] = (byte)'.';
        if (digits.Length == 1)
        {
            target[at++] = (byte)'0';
        }

        digits[1..].CopyTo(target[at..]);
        at += digits.Length - 1;
        target[at++] = (byte)'e';
        target[at++] = exponent < 0 ? (byte)'-' : (byte)'+';
        int magnitude = Math.Abs(exponent);
        if (magnitude >= 100)
        {
            target[at++] = (byte)('0' + (magnitude / 100));
        }

        target[at++] = (byte)('0' + (magnitude / 10 % 10));
        target[at++] = (byte)('0' + (magnitude % 10));
        return at;
    }
}
