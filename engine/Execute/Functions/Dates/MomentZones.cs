namespace Sluice.Engine.Execute.Functions.Dates;

/// <summary>"localtime" and "utc", by the time zone of the statement, which is the machine's.</summary>
internal static class MomentZones
{
    /// <summary>1970-01-01 and 2038-01-18: outside, the rules of a year with the same leap days are used, as in SQLite.</summary>
    private const long FirstMs = Moment.UnixEpochMs;
    private const long LastMs = 213_014_145_600_000;

    public static bool ToLocal(TimeZoneInfo zone, ref Moment moment)
    {
        if (!moment.IsLocal)
        {
            Shift(zone, ref moment);
        }

        moment.IsUtc = false;
        moment.IsLocal = true;
        return true;
    }

    /// <summary>Finds the moment whose local time this is, by correcting a guess; three corrections at most.</summary>
    public static bool ToUtc(TimeZoneInfo zone, ref Moment moment)
    {
        if (moment.IsUtc)
        {
            return true;
        }

        moment.ComputeJulian();
        long wanted = moment.JulianMs;
        long guess = wanted;
        long error = 0;
        int corrections = 0;
        do
        {
            guess -= error;
            Moment local = Moment.FromJulianMs(guess);
            Shift(zone, ref local);
            local.ComputeJulian();
            error = local.JulianMs - wanted;
        }
        while (error != 0 && corrections++ < 3);

        moment = Moment.FromJulianMs(guess) with { IsUtc = true };
        return true;
    }

    private static void Shift(TimeZoneInfo zone, ref Moment moment)
    {
        moment.ComputeJulian();
        Moment near = moment;
        int years = 0;
        if (moment.JulianMs is < FirstMs or > LastMs)
        {
            near.ComputeDateAndTime();
            years = 2000 + (near.Year % 4) - near.Year;
            near.Year += years;
            near.HasJulian = false;
            near.ComputeJulian();
        }

        if (near.IsError)
        {
            moment.Fail();
            return;
        }

        DateTime utc = DateTime.UnixEpoch.AddMilliseconds((near.JulianMs / 1000 * 1000) - Moment.UnixEpochMs);
        DateTime local = TimeZoneInfo.ConvertTimeFromUtc(utc, zone);
        moment = moment with
        {
            Year = local.Year - years,
            Month = local.Month,
            Day = local.Day,
            Hour = local.Hour,
            Minute = local.Minute,
            Second = local.Second + (moment.JulianMs % 1000 * 0.001),
            HasDate = true,
            HasTime = true,
            HasJulian = false,
            IsRaw = false,
            ZoneMinutes = 0,
            IsError = false,
        };
    }
}
