using Sluice.Engine.Execute.Expressions;

namespace Sluice.Engine.Execute.Functions.Dates;

/// <summary>strftime ("Date And Time Functions", section 1).</summary>
internal static class MomentFormat
{
    /// <summary>Writes a moment whose parts are all computed; false for a substitution that does not exist.</summary>
    public static bool TryFormat(ReadOnlySpan<byte> format, in Moment moment, TextBuilder text)
    {
        while (format.Length > 0)
        {
            int plain = format.IndexOf((byte)'%');
            if (plain < 0)
            {
                text.Append(format);
                return true;
            }

            text.Append(format[..plain]);
            if (plain + 1 >= format.Length || !TryAppend((char)format[plain + 1], moment, text))
            {
                return false;
            }

            format = format[(plain + 2)..];
        }

        return true;
    }

    private static bool TryAppend(char letter, in Moment moment, TextBuilder text)
    {
        switch (letter)
        {
            case 'd' or 'e':
                MomentText.AppendNumber(text, moment.Day, 2, Pad(letter == 'd'));
                return true;
            case 'f':
                MomentText.AppendSeconds(text, moment.Second);
                return true;
            case 'F':
                MomentText.AppendNumber(text, moment.Year, 4, '0');
                text.Append((byte)'-');
                MomentText.AppendNumber(text, moment.Month, 2, '0');
                text.Append((byte)'-');
                MomentText.AppendNumber(text, moment.Day, 2, '0');
                return true;
            case 'G' or 'g' or 'V':
                AppendIsoWeek(letter, moment, text);
                return true;
            case 'H' or 'k':
                MomentText.AppendNumber(text, moment.Hour, 2, Pad(letter == 'H'));
                return true;
            case 'I' or 'l':
                MomentText.AppendNumber(text, TwelveHour(moment.Hour), 2, Pad(letter == 'I'));
                return true;
            case 'j':
                MomentText.AppendNumber(text, moment.DaysAfterNewYear + 1, 3, '0');
                return true;
            case 'J':
                PrintfNumbers.AppendGeneral(text, moment.JulianMs / 86400000.0, 16);
                return true;
            case 'm':
                MomentText.AppendNumber(text, moment.Month, 2, '0');
                return true;
            case 'M':
                MomentText.AppendNumber(text, moment.Minute, 2, '0');
                return true;
            case 'p':
                text.Append(moment.Hour >= 12 ? "PM"u8 : "AM"u8);
                return true;
            case 'P':
                text.Append(moment.Hour >= 12 ? "pm"u8 : "am"u8);
                return true;
            case 'R' or 'T':
                AppendClock(moment, text, seconds: letter == 'T');
                return true;
            case 's':
                AppendUnix(moment, text);
                return true;
            case 'S':
                MomentText.AppendNumber(text, (int)moment.Second, 2, '0');
                return true;
            case 'u':
                MomentText.AppendNumber(text, moment.DaysAfterMonday + 1, 1, '0');
                return true;
            case 'w':
                MomentText.AppendNumber(text, moment.DaysAfterSunday, 1, '0');
                return true;
            case 'U':
                MomentText.AppendNumber(text, (moment.DaysAfterNewYear - moment.DaysAfterSunday + 7) / 7, 2, '0');
                return true;
            case 'W':
                MomentText.AppendNumber(text, (moment.DaysAfterNewYear - moment.DaysAfterMonday + 7) / 7, 2, '0');
                return true;
            case 'Y':
                MomentText.AppendNumber(text, moment.Year, 4, '0');
                return true;
            case '%':
                text.Append((byte)'%');
                return true;
            default:
                return false;
        }
    }

    private static char Pad(bool zeros) => zeros ? '0' : ' ';

    private static int TwelveHour(int hour)
    {
        int clock = hour > 12 ? hour - 12 : hour;
        return clock == 0 ? 12 : clock;
    }

    private static void AppendClock(in Moment moment, TextBuilder text, bool seconds)
    {
        MomentText.AppendNumber(text, moment.Hour, 2, '0');
        text.Append((byte)':');
        MomentText.AppendNumber(text, moment.Minute, 2, '0');
        if (seconds)
        {
            text.Append((byte)':');
            MomentText.AppendNumber(text, (int)moment.Second, 2, '0');
        }
    }

    private static void AppendUnix(in Moment moment, TextBuilder text)
    {
        long milliseconds = moment.JulianMs - Moment.UnixEpochMs;
        if (!moment.Subsecond)
        {
            MomentText.AppendNumber(text, (moment.JulianMs / 1000) - (Moment.UnixEpochMs / 1000), 1, '0');
            return;
        }

        text.Append((byte)'-', milliseconds < 0 ? 1 : 0);
        MomentText.AppendNumber(text, Math.Abs(milliseconds) / 1000, 1, '0');
        text.Append((byte)'.');
        MomentText.AppendNumber(text, Math.Abs(milliseconds) % 1000, 3, '0');
    }

    /// <summary>A week belongs to the year of its Thursday (ISO 8601).</summary>
    private static void AppendIsoWeek(char letter, in Moment moment, TextBuilder text)
    {
        Moment thursday = moment;
        thursday.JulianMs += (3 - moment.DaysAfterMonday) * Moment.DayMs;
        thursday.HasDate = false;
        thursday.ComputeDate();
        (long number, int width) = letter switch
        {
            'g' => (thursday.Year % 100, 2),
            'G' => (thursday.Year, 4),
            _ => ((thursday.DaysAfterNewYear / 7) + 1, 2),
        };
        MomentText.AppendNumber(text, number, width, '0');
    }
}
