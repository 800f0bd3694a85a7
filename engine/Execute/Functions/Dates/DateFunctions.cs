using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions.Dates;

/// <summary>
/// date(), time(), datetime(), julianday(), unixepoch(), strftime(), timediff(). Constant only within a statement,
/// because of 'now' and 'localtime'. NULL for whatever is no time value or modifier.
/// </summary>
internal static class DateFunctions
{
    public static void AddTo(FunctionTable<ScalarFunction> table)
    {
        Add(table, "julianday", 0, 1000, JulianDay);
        Add(table, "unixepoch", 0, 1000, UnixEpoch);
        Add(table, "date", 0, 1000, Date);
        Add(table, "time", 0, 1000, Time);
        Add(table, "datetime", 0, 1000, DateAndTime);
        Add(table, "strftime", 0, 1000, Strftime);
        Add(table, "timediff", 2, 2, TimeDifference);
    }

    /// <summary>CURRENT_DATE, CURRENT_TIME and CURRENT_TIMESTAMP are the functions called without arguments.</summary>
    public static SqlValue Date(ReadOnlySpan<SqlValue> arguments, IStatementContext context)
    {
        if (!TryRead(arguments, context, out Moment moment))
        {
            return SqlValue.Null;
        }

        moment.ComputeDate();
        TextBuilder text = new();
        MomentText.AppendDate(text, moment);
        return text.ToValue();
    }

    public static SqlValue Time(ReadOnlySpan<SqlValue> arguments, IStatementContext context)
    {
        if (!TryRead(arguments, context, out Moment moment))
        {
            return SqlValue.Null;
        }

        moment.ComputeTime();
        TextBuilder text = new();
        MomentText.AppendTime(text, moment);
        return text.ToValue();
    }

    public static SqlValue DateAndTime(ReadOnlySpan<SqlValue> arguments, IStatementContext context)
    {
        if (!TryRead(arguments, context, out Moment moment))
        {
            return SqlValue.Null;
        }

        moment.ComputeDateAndTime();
        return MomentText.DateAndTime(moment);
    }

    private static SqlValue JulianDay(ReadOnlySpan<SqlValue> arguments, IStatementContext context) =>
        TryRead(arguments, context, out Moment moment) ? SqlValue.FromReal(moment.JulianMs / 86400000.0) : SqlValue.Null;

    private static SqlValue UnixEpoch(ReadOnlySpan<SqlValue> arguments, IStatementContext context)
    {
        if (!TryRead(arguments, context, out Moment moment))
        {
            return SqlValue.Null;
        }

        return moment.Subsecond
            ? SqlValue.FromReal((moment.JulianMs - Moment.UnixEpochMs) / 1000.0)
            : SqlValue.FromInteger((moment.JulianMs / 1000) - (Moment.UnixEpochMs / 1000));
    }

    private static SqlValue Strftime(ReadOnlySpan<SqlValue> arguments, IStatementContext context)
    {
        if (arguments.Length == 0 || arguments[0].IsNull || !TryRead(arguments[1..], context, out Moment moment))
        {
            return SqlValue.Null;
        }

        moment.ComputeDateAndTime();
        TextBuilder text = new();
        SqlValue format = SqlConvert.ToText(arguments[0]);
        return MomentFormat.TryFormat(Utf8.UntilNul(format.Bytes), moment, text) ? text.ToValue() : SqlValue.Null;
    }

    /// <summary>What to add to the second moment to reach the first, as "±YYYY-MM-DD HH:MM:SS.SSS".</summary>
    private static SqlValue TimeDifference(ReadOnlySpan<SqlValue> arguments, IStatementContext context)
    {
        if (!TryRead(arguments[..1], context, out Moment to) || !TryRead(arguments[1..], context, out Moment from))
        {
            return SqlValue.Null;
        }

        bool negative = to.JulianMs < from.JulianMs;
        Moment later = negative ? from : to;
        Moment earlier = negative ? to : from;
        later.ComputeDateAndTime();
        earlier.ComputeDateAndTime();

        // One moment walks by whole years and months towards the other; what is left is days and less. It is always
        // the second argument that walks: forward if it is the earlier one, else backward.
        Moment walker = from;
        walker.ComputeDateAndTime();
        Moment goal = negative ? earlier : later;
        int years = later.Year - earlier.Year;
        walker.Year = goal.Year;
        int months = later.Month - earlier.Month;
        if (months < 0)
        {
            years--;
            months += 12;
        }

        walker.Month = goal.Month;
        walker.HasJulian = false;
        walker.ComputeJulian();
        while (negative ? walker.JulianMs < goal.JulianMs : walker.JulianMs > goal.JulianMs)
        {
            if (--months < 0)
            {
                months = 11;
                years--;
            }

            StepMonth(ref walker, negative ? 1 : -1);
        }

        // The rest is shown as a date from 0000-01-01 on, whose days count from 1.
        const long yearZeroMs = 148_699_540_800_000;
        Moment rest = Moment.FromJulianMs(Math.Abs(goal.JulianMs - walker.JulianMs) + yearZeroMs);
        rest.ComputeDateAndTime();
        TextBuilder text = new();
        text.Append(negative ? (byte)'-' : (byte)'+');
        MomentText.AppendNumber(text, years, 4, '0');
        text.Append((byte)'-');
        MomentText.AppendNumber(text, months, 2, '0');
        text.Append((byte)'-');
        MomentText.AppendNumber(text, rest.Day - 1, 2, '0');
        text.Append((byte)' ');
        MomentText.AppendTime(text, rest with { Subsecond = true });
        return text.ToValue();
    }

    private static void StepMonth(ref Moment moment, int step)
    {
        moment.Month += step;
        if (moment.Month is < 1 or > 12)
        {
            moment.Month = moment.Month < 1 ? 12 : 1;
            moment.Year += step;
        }

        moment.HasJulian = false;
        moment.ComputeJulian();
    }

    /// <summary>The time is asked for only by who says 'now': in a definition there is none.</summary>
    private static bool TryParse(ReadOnlySpan<byte> text, IStatementContext context, out Moment moment)
    {
        bool isNow = MomentParser.EqualsIgnoreCase(text, "now"u8) || MomentParser.IsSubsecond(text);
        return MomentParser.TryParse(text, isNow ? context.UtcNow : default, out moment);
    }

    /// <summary>The moment that a time value and its modifiers mean, its Julian day computed; now, if there are none.</summary>
    private static bool TryRead(ReadOnlySpan<SqlValue> arguments, IStatementContext context, out Moment moment)
    {
        if (arguments.Length == 0)
        {
            moment = Moment.FromUtc(context.UtcNow);
            return true;
        }

        moment = default;
        if (arguments[0].IsNumeric)
        {
            moment = Moment.FromNumber(SqlConvert.ToReal(arguments[0]));
        }
        else if (arguments[0].IsNull || !TryParse(Utf8.UntilNul(arguments[0].Bytes), context, out moment))
        {
            return false;
        }

        for (int i = 1; i < arguments.Length; i++)
        {
            SqlValue modifier = SqlConvert.ToText(arguments[i]);
            if (modifier.IsNull || !MomentModifiers.TryApply(Utf8.UntilNul(modifier.Bytes), i, context, ref moment))
            {
                return false;
            }
        }

        moment.ComputeJulian();
        if (moment.IsError || !moment.IsInRange)
        {
            return false;
        }

        if (arguments.Length == 1 && moment.HasDate && moment.Day > 28)
        {
            // 2023-02-31 is 2023-03-03.
            moment.HasDate = false;
        }

        return true;
    }

    private static void Add(FunctionTable<ScalarFunction> table, string name, int min, int max, ContextBody body) =>
        table.Add(name, min, max, new DateFunction(name, body));
}
