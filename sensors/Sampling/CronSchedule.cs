using System.Globalization;
using System.Numerics;

namespace Sluice.Sensors.Sampling;

/// <summary>
/// A schedule in cron's notation, UTC: <c>minute hour day-of-month month day-of-week</c>, with a field for seconds in front
/// of them if there are six. A field is <c>*</c>, a number, a range <c>a-b</c>, with a step <c>/n</c>, or a list of these.
/// As in cron, when both days are restricted, either is enough; Sunday is 0 or 7.
/// </summary>
public sealed class CronSchedule : Schedule
{
    /// <summary>A day that never comes (30 February) is found out after the longest time between two leap days.</summary>
    private const int MaximumDays = 8 * 366;

    private readonly ulong _seconds;
    private readonly ulong _minutes;
    private readonly ulong _hours;
    private readonly ulong _days;
    private readonly ulong _months;
    private readonly ulong _weekdays;
    private readonly bool _eitherDay;

    /// <exception cref="FormatException">What is wrong with the text.</exception>
    public CronSchedule(string text)
    {
        string[] fields = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length is not (5 or 6))
        {
            throw new FormatException($"\"{text}\" has {fields.Length} fields; cron's are minute, hour, day of month, month, day of week, with seconds before them if wanted");
        }

        int first = fields.Length - 5;
        _seconds = first == 1 ? Parse(fields[0], "second", 0, 59) : 1;
        _minutes = Parse(fields[first], "minute", 0, 59);
        _hours = Parse(fields[first + 1], "hour", 0, 23);
        _days = Parse(fields[first + 2], "day of month", 1, 31);
        _months = Parse(fields[first + 3], "month", 1, 12);
        ulong weekdays = Parse(fields[first + 4], "day of week", 0, 7);
        _weekdays = (weekdays | (weekdays >> 7)) & 0x7F;
        _eitherDay = !fields[first + 2].StartsWith('*') && !fields[first + 4].StartsWith('*');
        DateTimeOffset turn = Next(DateTimeOffset.UnixEpoch);
        if (turn == DateTimeOffset.MaxValue)
        {
            throw new FormatException($"\"{text}\" never comes");
        }

        Period = Next(turn) - turn;
    }

    /// <summary>The time between the first two turns; others may differ.</summary>
    public override TimeSpan Period { get; }

    public override DateTimeOffset Next(DateTimeOffset after)
    {
        DateTime moment = new(after.UtcTicks - (after.UtcTicks % TimeSpan.TicksPerSecond), DateTimeKind.Utc);
        moment = moment.AddSeconds(1);
        for (int day = 0; day < MaximumDays; day++)
        {
            if (IsDay(moment) && WithinDay(moment.TimeOfDay) is { } time)
            {
                return new DateTimeOffset(moment.Date + time, TimeSpan.Zero);
            }

            moment = moment.Date.AddDays(1);
        }

        return DateTimeOffset.MaxValue;
    }

    /// <summary>By whole days: a clock that is set from 1970 to now has passed many turns.</summary>
    public override long Count(DateTimeOffset after, DateTimeOffset until)
    {
        long count = 0;
        DateTime first = after.UtcDateTime;
        DateTime last = until.UtcDateTime;
        for (DateTime day = first.Date; day <= last.Date; day = day.AddDays(1))
        {
            if (IsDay(day))
            {
                count += UpTo(day == last.Date ? last.TimeOfDay : new TimeSpan(23, 59, 59)) - (day == first.Date ? UpTo(first.TimeOfDay) : 0);
            }
        }

        return Math.Max(0, count);
    }

    /// <summary>Turns of a day up to a time, that one included.</summary>
    private long UpTo(TimeSpan time)
    {
        long seconds = BitOperations.PopCount(_seconds);
        long minutes = BitOperations.PopCount(_minutes);
        long count = BitOperations.PopCount(_hours & Below(time.Hours)) * minutes * seconds;
        if (Has(_hours, time.Hours))
        {
            count += BitOperations.PopCount(_minutes & Below(time.Minutes)) * seconds;
            count += Has(_minutes, time.Minutes) ? BitOperations.PopCount(_seconds & Below(time.Seconds + 1)) : 0;
        }

        return count;
    }

    private static ulong Below(int value) => (1UL << value) - 1;

    private TimeSpan? WithinDay(TimeSpan from)
    {
        for (int hour = from.Hours; hour < 24; hour++)
        {
            if (!Has(_hours, hour))
            {
                continue;
            }

            bool isFirstHour = hour == from.Hours;
            for (int minute = isFirstHour ? from.Minutes : 0; minute < 60; minute++)
            {
                if (!Has(_minutes, minute))
                {
                    continue;
                }

                int second = isFirstHour && minute == from.Minutes ? from.Seconds : 0;
                ulong left = _seconds >> second << second;
                if (left != 0)
                {
                    return new TimeSpan(hour, minute, (int)ulong.TrailingZeroCount(left));
                }
            }
        }

        return null;
    }

    private bool IsDay(DateTime day)
    {
        bool byDate = Has(_days, day.Day);
        bool byWeekday = Has(_weekdays, (int)day.DayOfWeek);
        return Has(_months, day.Month) && (_eitherDay ? byDate || byWeekday : byDate && byWeekday);
    }

    private static bool Has(ulong set, int value) => (set & (1UL << value)) != 0;

    private static ulong Parse(string field, string name, int least, int most)
    {
        ulong set = 0;
        foreach (string part in field.Split(','))
        {
            string[] stepped = part.Split('/');
            string[] range = stepped[0].Split('-');
            bool isAll = stepped[0] == "*";
            int step = 1;
            int low = least;
            int high = most;
            bool ok = stepped.Length <= 2 && range.Length <= 2
                && (stepped.Length == 1 || (TryNumber(stepped[1], out step) && step > 0))
                && (isAll || TryNumber(range[0], out low));
            high = isAll || stepped.Length == 2 ? most : low;
            ok = ok && (range.Length == 1 || TryNumber(range[1], out high)) && low >= least && high <= most && low <= high;
            if (!ok)
            {
                throw new FormatException($"\"{part}\" is no {name}: write *, {least} to {most}, a range like {least}-{most}, or with a step like */5");
            }

            for (int value = low; value <= high; value += step)
            {
                set |= 1UL << value;
            }
        }

        return set;
    }

    private static bool TryNumber(string text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
