using System.Globalization;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Functions.Dates;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions.Telemetry;

/// <summary>
/// time_bucket(width, ts): the beginning of the bucket of that width in which a time lies; an extension of ours.
/// <para>A number as width is in the unit of ts and buckets are counted from 0. A text like '5 minutes' is a fixed length of time, from
/// milliseconds to weeks; ts is then a number that counts from 1970-01-01 in seconds, milliseconds, microseconds or nanoseconds, whichever puts it
/// between 1973 and 5138, or a time value as text, for which the bucket is a text too. Buckets of weeks begin on Mondays.</para>
/// </summary>
internal static class TimeBucket
{
    private const long SecondMs = 1000;
    private const long WeekMs = 7 * Moment.DayMs;

    /// <summary>1970-01-01 was a Thursday.</summary>
    private const long FirstMondayMs = 4 * Moment.DayMs;

    public static SqlValue Bucket(ReadOnlySpan<SqlValue> arguments)
    {
        SqlValue width = arguments[0];
        SqlValue time = arguments[1];
        if (width.IsNull || time.IsNull)
        {
            return SqlValue.Null;
        }

        if (width.IsNumeric)
        {
            return Of(width, SqlConvert.TextToNumber(time));
        }

        long widthMs = WidthMs(SqlConvert.ToText(width).DecodeText());
        return time.IsNumeric ? OfNumber(widthMs, time) : OfText(widthMs, SqlConvert.ToText(time));
    }

    /// <summary>A bucket in the unit of both.</summary>
    private static SqlValue Of(in SqlValue width, in SqlValue time)
    {
        if (!time.IsNumeric)
        {
            return SqlValue.Null;
        }

        if (width.Type == SqlType.Integer && time.Type == SqlType.Integer)
        {
            return width.Integer > 0 ? SqlValue.FromInteger(Floor(time.Integer, width.Integer, 0)) : throw NotPositive();
        }

        double size = SqlConvert.ToReal(width);
        return size > 0 ? SqlValue.FromReal(Math.Floor(SqlConvert.ToReal(time) / size) * size) : throw NotPositive();
    }

    private static SqlValue OfNumber(long widthMs, in SqlValue time)
    {
        double magnitude = Math.Abs(SqlConvert.ToReal(time));
        (long unitsOfMs, long msOfUnit) = magnitude switch
        {
            < 1e11 => (1, SecondMs),
            < 1e14 => (1, 1),
            < 1e17 => (1000, 1),
            _ => (1_000_000L, 1L),
        };
        if (msOfUnit == SecondMs && widthMs % SecondMs != 0)
        {
            throw new SluiceException(ResultCode.Error, "time_bucket: a width below a second needs times in milliseconds or finer");
        }

        long width = widthMs * unitsOfMs / msOfUnit;
        long origin = OriginMs(widthMs) * unitsOfMs / msOfUnit;
        long whole = time.Type == SqlType.Integer ? time.Integer : (long)Math.Floor(SqlConvert.ToReal(time));
        return SqlValue.FromInteger(Floor(whole, width, origin));
    }

    private static SqlValue OfText(long widthMs, in SqlValue time)
    {
        if (!MomentParser.TryParse(Utf8.UntilNul(time.Bytes), default, out Moment moment))
        {
            return SqlValue.Null;
        }

        moment.ComputeJulian();
        if (moment.IsError || !moment.IsInRange)
        {
            return SqlValue.Null;
        }

        long ms = Floor(moment.JulianMs - Moment.UnixEpochMs, widthMs, OriginMs(widthMs));
        Moment begin = Moment.FromJulianMs(ms + Moment.UnixEpochMs) with { Subsecond = widthMs % SecondMs != 0 };
        begin.ComputeDateAndTime();
        return MomentText.DateAndTime(begin);
    }

    private static long OriginMs(long widthMs) => widthMs % WeekMs == 0 ? FirstMondayMs : 0;

    /// <summary>The largest multiple of the width, counted from the origin, that is not above the value.</summary>
    private static long Floor(long value, long width, long origin)
    {
        long rest = (long)((((Int128)value - origin) % width + width) % width);
        Int128 begin = (Int128)value - rest;
        return begin >= long.MinValue ? (long)begin : throw new SluiceException(ResultCode.Error, "integer overflow");
    }

    /// <summary>A number and a unit: '15 s', '5 minutes', '1 week'.</summary>
    private static long WidthMs(string text)
    {
        string trimmed = text.Trim();
        int digits = 0;
        while (digits < trimmed.Length && char.IsAsciiDigit(trimmed[digits]))
        {
            digits++;
        }

        long unitMs = trimmed[digits..].Trim().ToLowerInvariant() switch
        {
            "ms" or "millisecond" or "milliseconds" => 1,
            "s" or "sec" or "second" or "seconds" => SecondMs,
            "m" or "min" or "minute" or "minutes" => 60 * SecondMs,
            "h" or "hour" or "hours" => 3600 * SecondMs,
            "d" or "day" or "days" => Moment.DayMs,
            "w" or "week" or "weeks" => WeekMs,
            _ => 0,
        };
        if (unitMs == 0 || !int.TryParse(trimmed.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out int count))
        {
            throw new SluiceException(ResultCode.Error, $"time_bucket: '{text}' is not a width of time; a number of milliseconds, seconds, minutes, hours, days or weeks is");
        }

        return count > 0 ? count * unitMs : throw NotPositive();
    }

    private static SluiceException NotPositive() => new(ResultCode.Error, "time_bucket: the width must be above 0");
}
