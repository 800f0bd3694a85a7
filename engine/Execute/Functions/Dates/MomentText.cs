using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions.Dates;

/// <summary>Moments as text ("Date And Time Functions", section 1).</summary>
internal static class MomentText
{
    /// <summary>YYYY-MM-DD HH:MM:SS, with milliseconds where the modifier "subsec" was given.</summary>
    public static SqlValue DateAndTime(in Moment moment)
    {
        TextBuilder text = new();
        AppendDate(text, moment);
        text.Append((byte)' ');
        AppendTime(text, moment);
        return text.ToValue();
    }

    /// <summary>YYYY-MM-DD; a year before 0 has a minus sign.</summary>
    public static void AppendDate(TextBuilder text, in Moment moment)
    {
        if (moment.Year < 0)
        {
            text.Append((byte)'-');
        }

        AppendNumber(text, Math.Abs(moment.Year), 4, '0');
        text.Append((byte)'-');
        AppendNumber(text, moment.Month, 2, '0');
        text.Append((byte)'-');
        AppendNumber(text, moment.Day, 2, '0');
    }

    /// <summary>HH:MM:SS, with milliseconds where the modifier "subsec" was given.</summary>
    public static void AppendTime(TextBuilder text, in Moment moment)
    {
        AppendNumber(text, moment.Hour, 2, '0');
        text.Append((byte)':');
        AppendNumber(text, moment.Minute, 2, '0');
        text.Append((byte)':');
        if (!moment.Subsecond)
        {
            AppendNumber(text, (int)moment.Second, 2, '0');
            return;
        }

        int milliseconds = (int)((1000.0 * moment.Second) + 0.5);
        AppendNumber(text, milliseconds / 1000, 2, '0');
        text.Append((byte)'.');
        AppendNumber(text, milliseconds % 1000, 3, '0');
    }

    /// <summary>A number padded on the left; the padding comes after a minus sign if it is zeros.</summary>
    public static void AppendNumber(TextBuilder text, long number, int width, char pad)
    {
        Span<byte> digits = stackalloc byte[NumberText.MaxLength];
        int length = NumberText.Write(Math.Abs(number), digits);
        int sign = number < 0 ? 1 : 0;
        if (pad == ' ')
        {
            text.Append((byte)' ', width - length - sign);
        }

        text.Append((byte)'-', sign);
        if (pad == '0')
        {
            text.Append((byte)'0', width - length - sign);
        }

        text.Append(digits[..length]);
    }

    /// <summary>SS.SSS.</summary>
    public static void AppendSeconds(TextBuilder text, double second)
    {
        int milliseconds = (int)Math.Round(Math.Min(second, 59.999) * 1000.0, MidpointRounding.AwayFromZero);
        AppendNumber(text, milliseconds / 1000, 2, '0');
        text.Append((byte)'.');
        AppendNumber(text, milliseconds % 1000, 3, '0');
    }
}
