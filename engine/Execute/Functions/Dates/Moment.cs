namespace Sluice.Engine.Execute.Functions.Dates;

/// <summary>
/// A point in time while a date function works on it ("Date And Time Functions", sqlite.org/lang_datefunc.html): as
/// Julian day, as calendar date, as time of day, each computed from the others when it is asked for.
/// <para>Invariant: at least one of the three is valid, or all fields mean 2000-01-01 00:00:00, or <see cref="IsError"/>.</para>
/// </summary>
internal struct Moment
{
    public const long DayMs = 86_400_000;

    /// <summary>1970-01-01 00:00:00 in milliseconds of the Julian day.</summary>
    public const long UnixEpochMs = 210_866_760_000_000;

    /// <summary>9999-12-31 23:59:59.999, the last moment that is represented.</summary>
    private const long LastMs = 464_269_060_799_999;

    /// <summary>The Julian day number times 86,400,000.</summary>
    public long JulianMs;
    public int Year;
    public int Month;
    public int Day;
    public int Hour;
    public int Minute;
    public double Second;

    /// <summary>Minutes east of UTC that the time of day is still to be corrected by.</summary>
    public int ZoneMinutes;

    /// <summary>How many days a date like 31 February lies beyond its month's end.</summary>
    public int FloorDays;
    public bool HasJulian;
    public bool HasDate;
    public bool HasTime;

    /// <summary><see cref="Second"/> is a bare number of which nobody has said yet whether it counts days or seconds.</summary>
    public bool IsRaw;
    public bool IsError;
    public bool Subsecond;
    public bool IsUtc;
    public bool IsLocal;

    public static Moment FromJulianMs(long value) => new() { JulianMs = value, HasJulian = true };

    public static Moment FromUtc(DateTime utc) =>
        FromJulianMs(((utc.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMillisecond) + UnixEpochMs) with { IsUtc = true };

    /// <summary>A number as a time value: a Julian day, until a modifier says "unixepoch" or "auto".</summary>
    public static Moment FromNumber(double value)
    {
        Moment moment = new() { Second = value, IsRaw = true };
        if (value is >= 0.0 and < 5373484.5)
        {
            moment.JulianMs = (long)((value * 86400000.0) + 0.5);
            moment.HasJulian = true;
        }

        return moment;
    }

    public readonly bool IsInRange => JulianMs is >= 0 and <= LastMs;

    public void Fail()
    {
        this = default;
        IsError = true;
    }

    /// <summary>Forgets date and time of day: the Julian day counts.</summary>
    public void KeepJulianOnly()
    {
        HasDate = false;
        HasTime = false;
        ZoneMinutes = 0;
    }

    /// <summary>The Julian day from date and time of day (Meeus, "Astronomical Algorithms", chapter 7).</summary>
    public void ComputeJulian()
    {
        if (HasJulian)
        {
            return;
        }

        int year = HasDate ? Year : 2000;
        int month = HasDate ? Month : 1;
        int day = HasDate ? Day : 1;
        if (year is < -4713 or > 9999 || IsRaw)
        {
            Fail();
            return;
        }

        if (month <= 2)
        {
            year--;
            month += 12;
        }

        int century = (year + 4800) / 100;
        int gregorian = 38 - century + (century / 4);
        int yearDays = 36525 * (year + 4716) / 100;
        int monthDays = 306001 * (month + 1) / 10000;
        JulianMs = (long)((yearDays + monthDays + day + gregorian - 1524.5) * 86400000);
        HasJulian = true;
        if (!HasTime)
        {
            return;
        }

        JulianMs += (Hour * 3_600_000L) + (Minute * 60_000L) + (long)((Second * 1000) + 0.5);
        if (ZoneMinutes != 0)
        {
            JulianMs -= ZoneMinutes * 60_000L;
            KeepJulianOnly();
            IsUtc = true;
            IsLocal = false;
        }
    }

    public void ComputeDate()
    {
        if (HasDate)
        {
            return;
        }

        if (!HasJulian)
        {
            Year = 2000;
            Month = 1;
            Day = 1;
        }
        else if (!IsInRange)
        {
            Fail();
            return;
        }
        else
        {
            int days = (int)((JulianMs + 43_200_000) / DayMs);
            int alpha = (int)((days + 32044.75) / 36524.25) - 52;
            int a = days + 1 + alpha - ((alpha + 100) / 4) + 25;
            int b = a + 1524;
            int c = (int)((b - 122.1) / 365.25);
            int d = 36525 * (c & 32767) / 100;
            int e = (int)((b - d) / 30.6001);
            Day = b - d - (int)(30.6001 * e);
            Month = e < 14 ? e - 1 : e - 13;
            Year = Month > 2 ? c - 4716 : c - 4715;
        }

        HasDate = true;
    }

    public void ComputeTime()
    {
        if (HasTime)
        {
            return;
        }

        ComputeJulian();
        int dayMs = (int)((JulianMs + 43_200_000) % DayMs);
        Second = dayMs % 60_000 / 1000.0;
        int minutes = dayMs / 60_000;
        Minute = minutes % 60;
        Hour = minutes / 60;
        IsRaw = false;
        HasTime = true;
    }

    public void ComputeDateAndTime()
    {
        ComputeDate();
        ComputeTime();
    }

    /// <summary>Sets <see cref="FloorDays"/> for the present year, month and day.</summary>
    public void ComputeFloor()
    {
        bool leap = Year % 4 == 0 && (Year % 100 != 0 || Year % 400 == 0);
        FloorDays = Day <= 28 ? 0 : Month switch
        {
            2 => Day - (leap ? 29 : 28),
            4 or 6 or 9 or 11 => Day == 31 ? 1 : 0,
            _ => 0,
        };
    }

    /// <summary>Adds months, carrying into the year; the day stays, even where the month is too short for it.</summary>
    public void AddMonths(int months)
    {
        Month += months;
        int years = Month > 0 ? (Month - 1) / 12 : (Month - 12) / 12;
        Year += years;
        Month -= years * 12;
        ComputeFloor();
        HasJulian = false;
    }

    public void AddYears(int years)
    {
        Year += years;
        ComputeFloor();
        HasJulian = false;
    }

    /// <summary>0 for Monday to 6 for Sunday.</summary>
    public readonly int DaysAfterMonday => (int)((JulianMs + 43_200_000) / DayMs % 7);

    /// <summary>0 for Sunday to 6 for Saturday.</summary>
    public readonly int DaysAfterSunday => (int)((JulianMs + 129_600_000) / DayMs % 7);

    public readonly int DaysAfterNewYear
    {
        get
        {
            Moment newYear = this;
            newYear.HasJulian = false;
            newYear.Month = 1;
            newYear.Day = 1;
            newYear.ComputeJulian();
            return (int)((JulianMs - newYear.JulianMs + 43_200_000) / DayMs);
        }
    }
}
