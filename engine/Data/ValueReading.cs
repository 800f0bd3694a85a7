using System.Globalization;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Data;

/// <summary>
/// SQL values to .NET values. Where SQLite would convert silently to something else (text that is no number to 0) this
/// is an error that names column and value; numbers become text and the other way round where nothing is lost but a fraction.
/// </summary>
internal static class ValueReading
{
    private const NumberStyles DecimalStyles = NumberStyles.Number | NumberStyles.AllowExponent;

    internal static object ToObject(in SqlValue value) => value.Type switch
    {
        SqlType.Null => DBNull.Value,
        SqlType.Integer => value.Integer,
        SqlType.Real => value.Real,
        SqlType.Text => value.DecodeText(),
        _ => value.Bytes.ToArray(),
    };

    internal static long ToInt64(in SqlValue value, in ValuePlace place)
    {
        switch (value.Type)
        {
            case SqlType.Integer:
                return value.Integer;
            case SqlType.Real:
                return Truncate(value.Real, value, place);
            case SqlType.Null:
                throw place.IsNull();
        }

        string text = value.DecodeText();
        if (long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out long number))
        {
            return number;
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double real)
            ? Truncate(real, value, place)
            : throw place.CannotRead(value, "an integer");
    }

    internal static long ToInteger(in SqlValue value, in ValuePlace place, long min, long max)
    {
        long number = ToInt64(value, place);
        return number >= min && number <= max
            ? number
            : throw place.Overflows(value, $"the range {min} to {max}");
    }

    internal static double ToDouble(in SqlValue value, in ValuePlace place) => value.Type switch
    {
        SqlType.Real => value.Real,
        SqlType.Integer => value.Integer,
        SqlType.Null => throw place.IsNull(),
        _ => double.TryParse(value.DecodeText(), NumberStyles.Float, CultureInfo.InvariantCulture, out double real)
            ? real
            : throw place.CannotRead(value, "a real number"),
    };

    internal static decimal ToDecimal(in SqlValue value, in ValuePlace place) => value.Type switch
    {
        SqlType.Integer => value.Integer,
        SqlType.Real => Math.Abs(value.Real) < (double)decimal.MaxValue
            ? (decimal)value.Real
            : throw place.Overflows(value, "the range of decimal"),
        SqlType.Null => throw place.IsNull(),
        _ => decimal.TryParse(value.DecodeText(), DecimalStyles, CultureInfo.InvariantCulture, out decimal number)
            ? number
            : throw place.Malformed(value, "a decimal number"),
    };

    internal static string ToText(in SqlValue value, in ValuePlace place) => value.Type switch
    {
        SqlType.Text or SqlType.Blob => value.DecodeText(),
        SqlType.Integer => value.Integer.ToString(CultureInfo.InvariantCulture),
        SqlType.Real => SqlConvert.ToText(value).DecodeText(),
        _ => throw place.IsNull(),
    };

    internal static byte[] ToBytes(in SqlValue value, in ValuePlace place) => value.Type switch
    {
        SqlType.Text or SqlType.Blob => value.Bytes.ToArray(),
        SqlType.Null => throw place.IsNull(),
        _ => throw place.CannotRead(value, "bytes"),
    };

    internal static char ToChar(in SqlValue value, in ValuePlace place)
    {
        if (value.Type == SqlType.Text && value.DecodeText() is { Length: 1 } text)
        {
            return text[0];
        }

        return value.Type == SqlType.Integer
            ? (char)ToInteger(value, place, char.MinValue, char.MaxValue)
            : throw (value.IsNull ? place.IsNull() : place.CannotRead(value, "one character"));
    }

    internal static Guid ToGuid(in SqlValue value, in ValuePlace place)
    {
        if (value is { Type: SqlType.Blob, ByteLength: 16 })
        {
            return new Guid(value.Bytes);
        }

        return value.Type is SqlType.Text or SqlType.Blob && Guid.TryParse(value.DecodeText(), out Guid guid)
            ? guid
            : throw (value.IsNull ? place.IsNull() : place.Malformed(value, "a Guid"));
    }

    /// <summary>Text with an offset gives UTC; text without one and Julian days give an unspecified kind.</summary>
    internal static DateTime ToDateTime(in SqlValue value, in ValuePlace place)
    {
        if (value.IsNumeric)
        {
            return ValueBinding.TryFromJulianDay(ToDouble(value, place), out DateTime time)
                ? time
                : throw place.CannotRead(value, "a date (numbers are Julian days; take Unix times as numbers)");
        }

        return value.Type == SqlType.Text
            && DateTime.TryParse(value.DecodeText(), CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out DateTime parsed)
            ? parsed
            : throw (value.IsNull ? place.IsNull() : place.Malformed(value, "a date"));
    }

    /// <summary>Text without an offset and Julian days are UTC.</summary>
    internal static DateTimeOffset ToDateTimeOffset(in SqlValue value, in ValuePlace place)
    {
        if (value.IsNumeric)
        {
            return new DateTimeOffset(DateTime.SpecifyKind(ToDateTime(value, place), DateTimeKind.Utc));
        }

        return value.Type == SqlType.Text
            && DateTimeOffset.TryParse(value.DecodeText(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset parsed)
            ? parsed
            : throw (value.IsNull ? place.IsNull() : place.Malformed(value, "a date with an offset"));
    }

    internal static DateOnly ToDateOnly(in SqlValue value, in ValuePlace place)
    {
        if (value.Type != SqlType.Text)
        {
            return DateOnly.FromDateTime(ToDateTime(value, place));
        }

        string text = value.DecodeText();
        return DateOnly.TryParse(text, CultureInfo.InvariantCulture, out DateOnly date)
            ? date
            : HasDate(text) ? DateOnly.FromDateTime(ToDateTime(value, place)) : throw place.Malformed(value, "a date");
    }

    internal static TimeOnly ToTimeOnly(in SqlValue value, in ValuePlace place)
    {
        if (value.Type == SqlType.Text && TimeOnly.TryParse(value.DecodeText(), CultureInfo.InvariantCulture, out TimeOnly time))
        {
            return time;
        }

        TimeSpan span = ToTimeSpan(value, place);
        return span >= TimeSpan.Zero && span < TimeSpan.FromDays(1)
            ? TimeOnly.FromTimeSpan(span)
            : throw place.Malformed(value, "a time of day");
    }

    internal static TimeSpan ToTimeSpan(in SqlValue value, in ValuePlace place)
    {
        if (value.IsNumeric)
        {
            double days = ToDouble(value, place);
            return Math.Abs(days) < TimeSpan.MaxValue.TotalDays
                ? TimeSpan.FromDays(days)
                : throw place.CannotRead(value, "a TimeSpan (numbers are days)");
        }

        return value.Type == SqlType.Text && TimeSpan.TryParse(value.DecodeText(), CultureInfo.InvariantCulture, out TimeSpan span)
            ? span
            : throw (value.IsNull ? place.IsNull() : place.Malformed(value, "a TimeSpan"));
    }

    /// <summary>The value as <typeparamref name="T"/>; NULL becomes null where the type has one.</summary>
    internal static T To<T>(in SqlValue value, in ValuePlace place)
    {
        if (typeof(T) == typeof(SqlValue))
        {
            return (T)(object)value;
        }

        // The compiler folds these tests for a value type, and no boxing remains.
        if (typeof(T) == typeof(long))
        {
            return (T)(object)ToInt64(value, place);
        }

        if (typeof(T) == typeof(int))
        {
            return (T)(object)(int)ToInteger(value, place, int.MinValue, int.MaxValue);
        }

        if (typeof(T) == typeof(double))
        {
            return (T)(object)ToDouble(value, place);
        }

        if (value.IsNull && default(T) is null)
        {
            return typeof(T) == typeof(DBNull) || typeof(T) == typeof(object) ? (T)(object)DBNull.Value : default!;
        }

        return (T)ToObject(value, Nullable.GetUnderlyingType(typeof(T)) ?? typeof(T), place);
    }

    private static object ToObject(in SqlValue value, Type type, in ValuePlace place)
    {
        if (type.IsEnum)
        {
            return Enum.ToObject(type, ToObject(value, Enum.GetUnderlyingType(type), place));
        }

        switch (Type.GetTypeCode(type))
        {
            case TypeCode.Boolean:
                return ToInt64(value, place) != 0;
            case TypeCode.Byte:
                return (byte)ToInteger(value, place, byte.MinValue, byte.MaxValue);
            case TypeCode.SByte:
                return (sbyte)ToInteger(value, place, sbyte.MinValue, sbyte.MaxValue);
            case TypeCode.Int16:
                return (short)ToInteger(value, place, short.MinValue, short.MaxValue);
            case TypeCode.UInt16:
                return (ushort)ToInteger(value, place, ushort.MinValue, ushort.MaxValue);
            case TypeCode.Int32:
                return (int)ToInteger(value, place, int.MinValue, int.MaxValue);
            case TypeCode.UInt32:
                return (uint)ToInteger(value, place, uint.MinValue, uint.MaxValue);
            case TypeCode.Int64:
                return ToInt64(value, place);
            case TypeCode.UInt64:
                return (ulong)ToInteger(value, place, 0, long.MaxValue);
            case TypeCode.Single:
                return (float)ToDouble(value, place);
            case TypeCode.Double:
                return ToDouble(value, place);
            case TypeCode.Decimal:
                return ToDecimal(value, place);
            case TypeCode.Char:
                return ToChar(value, place);
            case TypeCode.String:
                return ToText(value, place);
            case TypeCode.DateTime:
                return ToDateTime(value, place);
        }

        return type switch
        {
            _ when type == typeof(object) => ToObject(value),
            _ when type == typeof(byte[]) => ToBytes(value, place),
            _ when type == typeof(ReadOnlyMemory<byte>) => new ReadOnlyMemory<byte>(ToBytes(value, place)),
            _ when type == typeof(Guid) => ToGuid(value, place),
            _ when type == typeof(DateTimeOffset) => ToDateTimeOffset(value, place),
            _ when type == typeof(DateOnly) => ToDateOnly(value, place),
            _ when type == typeof(TimeOnly) => ToTimeOnly(value, place),
            _ when type == typeof(TimeSpan) => ToTimeSpan(value, place),
            _ when type == typeof(Stream) => new MemoryStream(ToBytes(value, place), writable: false),
            _ when type == typeof(TextReader) => new StringReader(ToText(value, place)),
            _ => throw new InvalidCastException(
                $"{place} cannot be read as {type.FullName}: the type has no SQL counterpart."),
        };
    }

    /// <summary>Whether a text that may be a date has one: of a time alone .NET makes a time of today, or of the year 1 if asked to.</summary>
    private static bool HasDate(string text) =>
        DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.NoCurrentDateDefault, out DateTime ofYearOne)
        && DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTime ofToday)
        && ofYearOne == ofToday;

    private static long Truncate(double real, in SqlValue value, in ValuePlace place) =>
        real is >= long.MinValue and < 9223372036854775808.0
            ? (long)real
            : throw place.Overflows(value, "the range of a 64-bit integer");
}
