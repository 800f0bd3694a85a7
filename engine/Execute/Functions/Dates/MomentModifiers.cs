using Sluice.Engine.Execute.Expressions;

namespace Sluice.Engine.Execute.Functions.Dates;

/// <summary>The modifiers that follow a time value ("Date And Time Functions", section 3).</summary>
internal static class MomentModifiers
{
    /// <summary>
    /// Applies one modifier; false if it is none or does not fit here. <paramref name="index"/> counts from 1: some
    /// modifiers say what the time value's number means and must come first. The time zone is asked for only by who names it.
    /// </summary>
    public static bool TryApply(ReadOnlySpan<byte> text, int index, IStatementContext context, ref Moment moment)
    {
        if (text.Length == 0)
        {
            return false;
        }

        switch (text[0] | 0x20)
        {
            case 'a' when Is(text, "auto"u8) && index == 1:
                return Auto(ref moment);
            case 'c' when Is(text, "ceiling"u8):
                moment.ComputeJulian();
                moment.KeepJulianOnly();
                return true;
            case 'f' when Is(text, "floor"u8):
                moment.ComputeJulian();
                moment.JulianMs -= moment.FloorDays * Moment.DayMs;
                moment.KeepJulianOnly();
                return true;
            case 'j' when Is(text, "julianday"u8) && index == 1 && moment.HasJulian && moment.IsRaw:
                moment.IsRaw = false;
                return true;
            case 'l' when Is(text, "localtime"u8):
                return MomentZones.ToLocal(context.LocalZone, ref moment);
            case 'u' when Is(text, "unixepoch"u8) && moment.IsRaw && index == 1:
                return UnixEpoch(ref moment);
            case 'u' when Is(text, "utc"u8):
                return MomentZones.ToUtc(context.LocalZone, ref moment);
            case 'w':
                return Weekday(text, ref moment);
            case 's':
                return StartOf(text, ref moment);
        }

        return (text[0] is (byte)'+' or (byte)'-' || NumberParser.IsDigit(text[0])) && MomentOffsets.TryApply(text, ref moment);
    }

    private static bool Is(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word) => MomentParser.EqualsIgnoreCase(text, word);

    private static bool StartsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word) =>
        text.Length >= word.Length && Is(text[..word.Length], word);

    /// <summary>A number is a Julian day where it can be one, else seconds since 1970.</summary>
    private static bool Auto(ref Moment moment)
    {
        if (!moment.IsRaw || moment.HasJulian)
        {
            moment.IsRaw = false;
        }
        else if (moment.Second is >= -210866760000.0 and <= 253402300799.0)
        {
            SetUnixSeconds(ref moment);
        }

        return true;
    }

    private static bool UnixEpoch(ref Moment moment)
    {
        double julianMs = (moment.Second * 1000.0) + Moment.UnixEpochMs;
        if (julianMs is < 0.0 or >= 464269060800000.0)
        {
            return false;
        }

        SetUnixSeconds(ref moment);
        return true;
    }

    private static void SetUnixSeconds(ref Moment moment)
    {
        moment.KeepJulianOnly();
        moment.JulianMs = (long)((moment.Second * 1000.0) + Moment.UnixEpochMs + 0.5);
        moment.HasJulian = true;
        moment.IsRaw = false;
    }

    /// <summary>"weekday N": forward to the next such day, or not at all if it is one.</summary>
    private static bool Weekday(ReadOnlySpan<byte> text, ref Moment moment)
    {
        if (!StartsWith(text, "weekday "u8)
            || NumberParser.ParseReal(text[8..], out double day) is NumberForm.None or NumberForm.RealPrefix
            || day is < 0.0 or >= 7.0 || day != Math.Truncate(day))
        {
            return false;
        }

        moment.ComputeDateAndTime();
        moment.ZoneMinutes = 0;
        moment.HasJulian = false;
        moment.ComputeJulian();
        int today = moment.DaysAfterSunday;
        int wanted = (int)day;
        moment.JulianMs += (today > wanted ? wanted - today + 7 : wanted - today) * Moment.DayMs;
        moment.KeepJulianOnly();
        return true;
    }

    private static bool StartOf(ReadOnlySpan<byte> text, ref Moment moment)
    {
        if (MomentParser.IsSubsecond(text))
        {
            moment.Subsecond = true;
            return true;
        }

        if (!StartsWith(text, "start of "u8) || !(moment.HasJulian || moment.HasDate || moment.HasTime))
        {
            return false;
        }

        ReadOnlySpan<byte> unit = text[9..];
        bool year = Is(unit, "year"u8);
        bool month = year || Is(unit, "month"u8);
        if (!month && !Is(unit, "day"u8))
        {
            return false;
        }

        moment.ComputeDate();
        moment.HasTime = true;
        moment.Hour = 0;
        moment.Minute = 0;
        moment.Second = 0;
        moment.IsRaw = false;
        moment.ZoneMinutes = 0;
        moment.HasJulian = false;
        moment.Day = month ? 1 : moment.Day;
        moment.Month = year ? 1 : moment.Month;
        return true;
    }
}
