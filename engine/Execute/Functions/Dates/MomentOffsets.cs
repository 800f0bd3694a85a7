using Sluice.Engine.Execute.Expressions;

namespace Sluice.Engine.Execute.Functions.Dates;

/// <summary>
/// The modifiers that add a span: "NNN days" (and the like), "±HH:MM[:SS[.SSS]]" and "±YYYY-MM-DD[ HH:MM[:SS]]"
/// ("Date And Time Functions", sections 3.1 and 3.2).
/// </summary>
internal static class MomentOffsets
{
    public static bool TryApply(ReadOnlySpan<byte> text, ref Moment moment)
    {
        int end = NumberEnd(text);
        if (NumberParser.ParseReal(text[..end], out double number) is NumberForm.None or NumberForm.RealPrefix)
        {
            return false;
        }

        if (MomentParser.Is(text, end, '-'))
        {
            return AddDate(text, end - 1, ref moment);
        }

        if (MomentParser.Is(text, end, ':'))
        {
            ReadOnlySpan<byte> time = NumberParser.IsDigit(text[0]) ? text : text[1..];
            return AddTime(time, text[0] == '-', ref moment);
        }

        return AddUnits(text[end..], number, ref moment);
    }

    /// <summary>Where the number ends: at a space, a colon, or a hyphen behind a year of four or five digits.</summary>
    private static int NumberEnd(ReadOnlySpan<byte> text)
    {
        int at = 1;
        for (; at < text.Length; at++)
        {
            bool year = text[at] == '-' && at is 5 or 6 && MomentParser.TryDigits(text, 1, at - 1, 0, 14712, out _);
            if (text[at] == ':' || NumberParser.IsSpace(text[at]) || (text[at] == '-' && year))
            {
                break;
            }
        }

        return at;
    }

    private static bool AddDate(ReadOnlySpan<byte> text, int yearDigits, ref Moment moment)
    {
        bool negative = text[0] == '-';
        int at = 1 + yearDigits;
        if (!(negative || text[0] == '+')
            || !MomentParser.TryDigits(text, 1, yearDigits, 0, 14712, out int years)
            || !MomentParser.TryDigits(text, at + 1, 2, 0, 11, out int months) || !MomentParser.Is(text, at + 3, '-')
            || !MomentParser.TryDigits(text, at + 4, 2, 0, 30, out int days))
        {
            return false;
        }

        moment.ComputeDateAndTime();
        int sign = negative ? -1 : 1;
        moment.Year += sign * years;
        moment.AddMonths(sign * months);
        moment.ComputeJulian();
        moment.HasTime = false;
        moment.HasDate = false;
        moment.JulianMs += sign * days * Moment.DayMs;
        at += 6;
        if (at == text.Length)
        {
            return true;
        }

        return NumberParser.IsSpace(text[at]) && AddTime(text[(at + 1)..], negative, ref moment);
    }

    private static bool AddTime(ReadOnlySpan<byte> text, bool negative, ref Moment moment)
    {
        Moment time = default;
        if (!MomentParser.TryParseTime(text, ref time))
        {
            return false;
        }

        time.ComputeJulian();
        long offset = (time.JulianMs - 43_200_000) % Moment.DayMs;
        moment.ComputeJulian();
        moment.KeepJulianOnly();
        moment.JulianMs += negative ? -offset : offset;
        return true;
    }

    private static bool AddUnits(ReadOnlySpan<byte> text, double number, ref Moment moment)
    {
        while (text.Length > 0 && NumberParser.IsSpace(text[0]))
        {
            text = text[1..];
        }

        if (text.Length is < 3 or > 10)
        {
            return false;
        }

        if ((text[^1] | 0x20) == 's')
        {
            text = text[..^1];
        }

        moment.ComputeJulian();
        moment.FloorDays = 0;
        double rounder = number < 0 ? -0.5 : 0.5;
        (double limit, double seconds) = UnitOf(text);
        bool applies = number > -limit && number < limit;
        if (applies)
        {
            if (MomentParser.EqualsIgnoreCase(text, "month"u8))
            {
                moment.ComputeDateAndTime();
                moment.AddMonths((int)number);
                number -= (int)number;
            }
            else if (MomentParser.EqualsIgnoreCase(text, "year"u8))
            {
                moment.ComputeDateAndTime();
                moment.AddYears((int)number);
                number -= (int)number;
            }

            moment.ComputeJulian();
            moment.JulianMs += (long)((number * 1000.0 * seconds) + rounder);
        }

        moment.KeepJulianOnly();
        return applies;
    }

    /// <summary>Beyond which count a unit leaves the calendar, and its length in seconds; a part of a month or year counts as 30 or 365 days.</summary>
    private static (double Limit, double Seconds) UnitOf(ReadOnlySpan<byte> unit)
    {
        if (MomentParser.EqualsIgnoreCase(unit, "second"u8))
        {
            return (4.6427e+14, 1.0);
        }

        if (MomentParser.EqualsIgnoreCase(unit, "minute"u8))
        {
            return (7.7379e+12, 60.0);
        }

        if (MomentParser.EqualsIgnoreCase(unit, "hour"u8))
        {
            return (1.2897e+11, 3600.0);
        }

        if (MomentParser.EqualsIgnoreCase(unit, "day"u8))
        {
            return (5373485.0, 86400.0);
        }

        if (MomentParser.EqualsIgnoreCase(unit, "month"u8))
        {
            return (176546.0, 2592000.0);
        }

        return MomentParser.EqualsIgnoreCase(unit, "year"u8) ? (14713.0, 31536000.0) : (0.0, 0.0);
    }
}
