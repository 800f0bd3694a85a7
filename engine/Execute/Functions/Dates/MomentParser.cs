using Sluice.Engine.Execute.Expressions;

namespace Sluice.Engine.Execute.Functions.Dates;

/// <summary>Time values as text ("Date And Time Functions", section 2).</summary>
internal static class MomentParser
{
    /// <summary>
    /// Reads YYYY-MM-DD, YYYY-MM-DD HH:MM[:SS[.SSS]], HH:MM[:SS[.SSS]], each with a time zone, "now", "subsec" or a
    /// number. False for anything else.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, DateTime utcNow, out Moment moment)
    {
        if (TryParseDate(text, out moment))
        {
            return true;
        }

        moment = default;
        if (TryParseTime(text, ref moment))
        {
            return true;
        }

        if (EqualsIgnoreCase(text, "now"u8))
        {
            moment = Moment.FromUtc(utcNow);
            return true;
        }

        if (NumberParser.ParseReal(text, out double number) is NumberForm.Integer or NumberForm.Real)
        {
            moment = Moment.FromNumber(number);
            return true;
        }

        if (IsSubsecond(text))
        {
            moment = Moment.FromUtc(utcNow) with { Subsecond = true };
            return true;
        }

        return false;
    }

    public static bool IsSubsecond(ReadOnlySpan<byte> text) => EqualsIgnoreCase(text, "subsec"u8) || EqualsIgnoreCase(text, "subsecond"u8);

    public static bool EqualsIgnoreCase(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word) => System.Text.Ascii.EqualsIgnoreCase(text, word);

    /// <summary>So many digits at <paramref name="at"/> with a value from <paramref name="min"/> to <paramref name="max"/>.</summary>
    public static bool TryDigits(ReadOnlySpan<byte> text, int at, int count, int min, int max, out int value)
    {
        value = 0;
        if (at + count > text.Length)
        {
            return false;
        }

        foreach (byte digit in text.Slice(at, count))
        {
            if (!NumberParser.IsDigit(digit))
            {
                return false;
            }

            value = (value * 10) + (digit - '0');
        }

        return value >= min && value <= max;
    }

    public static bool Is(ReadOnlySpan<byte> text, int at, char character) => at < text.Length && text[at] == character;

    /// <summary>HH:MM[:SS[.SSS]] with an optional time zone, up to the end of the text. 24:00 is allowed.</summary>
    public static bool TryParseTime(ReadOnlySpan<byte> text, ref Moment moment)
    {
        if (!TryDigits(text, 0, 2, 0, 24, out int hour) || !Is(text, 2, ':') || !TryDigits(text, 3, 2, 0, 59, out int minute))
        {
            return false;
        }

        int at = 5;
        int second = 0;
        double fraction = 0;
        if (Is(text, at, ':'))
        {
            if (!TryDigits(text, at + 1, 2, 0, 59, out second))
            {
                return false;
            }

            at += 3;
            fraction = ReadFraction(text, ref at);
        }

        moment.HasJulian = false;
        moment.IsRaw = false;
        moment.HasTime = true;
        moment.Hour = hour;
        moment.Minute = minute;
        moment.Second = second + fraction;
        return TryParseZone(text[at..], ref moment);
    }

    private static bool TryParseDate(ReadOnlySpan<byte> text, out Moment moment)
    {
        moment = default;
        bool negative = Is(text, 0, '-');
        if (negative)
        {
            text = text[1..];
        }

        if (!TryDigits(text, 0, 4, 0, 9999, out int year) || !Is(text, 4, '-')
            || !TryDigits(text, 5, 2, 1, 12, out int month) || !Is(text, 7, '-')
            || !TryDigits(text, 8, 2, 1, 31, out int day))
        {
            return false;
        }

        ReadOnlySpan<byte> rest = text[10..];
        while (rest.Length > 0 && (NumberParser.IsSpace(rest[0]) || rest[0] == 'T'))
        {
            rest = rest[1..];
        }

        if (!TryParseTime(rest, ref moment))
        {
            if (rest.Length > 0)
            {
                return false;
            }

            moment.HasTime = false;
        }

        moment.HasJulian = false;
        moment.HasDate = true;
        moment.Year = negative ? -year : year;
        moment.Month = month;
        moment.Day = day;
        moment.ComputeFloor();
        if (moment.ZoneMinutes != 0)
        {
            moment.ComputeJulian();
        }

        return true;
    }

    private static double ReadFraction(ReadOnlySpan<byte> text, ref int at)
    {
        if (!Is(text, at, '.') || at + 1 >= text.Length || !NumberParser.IsDigit(text[at + 1]))
        {
            return 0;
        }

        double value = 0;
        double scale = 1;
        for (at++; at < text.Length && NumberParser.IsDigit(text[at]); at++)
        {
            value = (value * 10.0) + (text[at] - '0');
            scale *= 10.0;
        }

        // Cut, so that rounding never carries into the next second.
        return Math.Min(value / scale, 0.999);
    }

    private static bool TryParseZone(ReadOnlySpan<byte> text, ref Moment moment)
    {
        text = SkipSpaces(text);
        moment.ZoneMinutes = 0;
        if (text.Length == 0)
        {
            return true;
        }

        byte sign = text[0];
        text = text[1..];
        if (sign is (byte)'Z' or (byte)'z')
        {
            moment.IsUtc = true;
            moment.IsLocal = false;
            return SkipSpaces(text).Length == 0;
        }

        if (sign is not ((byte)'+' or (byte)'-')
            || !TryDigits(text, 0, 2, 0, 14, out int hours) || !Is(text, 2, ':') || !TryDigits(text, 3, 2, 0, 59, out int minutes))
        {
            return false;
        }

        moment.ZoneMinutes = (sign == '-' ? -1 : 1) * (minutes + (hours * 60));
        if (moment.ZoneMinutes == 0)
        {
            moment.IsUtc = true;
            moment.IsLocal = false;
        }

        return SkipSpaces(text[5..]).Length == 0;
    }

    private static ReadOnlySpan<byte> SkipSpaces(ReadOnlySpan<byte> text)
    {
        while (text.Length > 0 && NumberParser.IsSpace(text[0]))
        {
            text = text[1..];
        }

        return text;
    }
}
