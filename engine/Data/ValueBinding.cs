using System.Globalization;
using Sluice.Engine.Format;

namespace Sluice.Engine.Data;

/// <summary>
/// .NET values to SQL values, with the text formats that Microsoft.Data.Sqlite writes, so that files are exchanged
/// with programs that use it ("Data types", learn.microsoft.com/dotnet/standard/data/sqlite/types).
/// </summary>
internal static class ValueBinding
{
    /// <summary>Milliseconds from the Julian epoch (noon, 24 November 4714 BC) to 0001-01-01T00:00:00.</summary>
    private const long JulianMsOfYearOne = 148_731_163_200_000;

    private const double MsPerDay = 86_400_000.0;

    private const string DateTimeFormat = @"yyyy\-MM\-dd HH\:mm\:ss.FFFFFFF";
    private const string DateTimeOffsetFormat = @"yyyy\-MM\-dd HH\:mm\:ss.FFFFFFFzzz";
    private const string DateFormat = @"yyyy\-MM\-dd";
    private const string DecimalFormat = "0.0###########################";

    /// <summary>The storage class that a value of this type gets if none is asked for.</summary>
    internal static SqlType DefaultStorage(object? value) => value switch
    {
        null or DBNull => SqlType.Null,
        SqlValue sql => sql.Type,
        bool or byte or sbyte or short or ushort or int or uint or long or ulong or Enum => SqlType.Integer,
        float or double => SqlType.Real,
        byte[] or ReadOnlyMemory<byte> or Memory<byte> or ArraySegment<byte> => SqlType.Blob,
        _ => SqlType.Text,
    };

    /// <param name="value">The value; null and DBNull are NULL.</param>
    /// <param name="storage">The storage class asked for, or null.</param>
    /// <param name="size">The most characters or bytes of it, or 0 for all.</param>
    /// <param name="name">The parameter's name for messages.</param>
    internal static SqlValue ToSql(object? value, SqlType? storage, int size, string name) => value switch
    {
        null or DBNull => SqlValue.Null,
        SqlValue sql => sql,
        string text => SqlValue.FromText(size > 0 && size < text.Length ? text[..size] : text),
        bool flag => SqlValue.FromBoolean(flag),
        byte number => SqlValue.FromInteger(number),
        sbyte number => SqlValue.FromInteger(number),
        short number => SqlValue.FromInteger(number),
        ushort number => SqlValue.FromInteger(number),
        int number => SqlValue.FromInteger(number),
        uint number => SqlValue.FromInteger(number),
        long number => SqlValue.FromInteger(number),
        ulong number => FromUInt64(number, name),
        float number => FromReal(number, name),
        double number => FromReal(number, name),
        decimal number => SqlValue.FromText(number.ToString(DecimalFormat, CultureInfo.InvariantCulture)),
        char character when storage == SqlType.Integer => SqlValue.FromInteger(character),
        char character => SqlValue.FromText(character.ToString()),
        byte[] bytes => FromBytes(bytes, size),
        ReadOnlyMemory<byte> bytes => FromBytes(bytes.Span, size),
        Memory<byte> bytes => FromBytes(bytes.Span, size),
        ArraySegment<byte> bytes => FromBytes(bytes.AsSpan(), size),
        Guid guid when storage == SqlType.Blob => SqlValue.FromBlob(guid.ToByteArray()),
        Guid guid => SqlValue.FromText(guid.ToString().ToUpperInvariant()),
        DateTime time when storage == SqlType.Real => SqlValue.FromReal(ToJulianDay(time)),
        DateTime time => SqlValue.FromText(time.ToString(DateTimeFormat, CultureInfo.InvariantCulture)),
        DateTimeOffset time when storage == SqlType.Real => SqlValue.FromReal(ToJulianDay(time.UtcDateTime)),
        DateTimeOffset time => SqlValue.FromText(time.ToString(DateTimeOffsetFormat, CultureInfo.InvariantCulture)),
        DateOnly date when storage == SqlType.Real => SqlValue.FromReal(ToJulianDay(date.ToDateTime(TimeOnly.MinValue))),
        DateOnly date => SqlValue.FromText(date.ToString(DateFormat, CultureInfo.InvariantCulture)),
        TimeOnly time when storage == SqlType.Real => SqlValue.FromReal(time.ToTimeSpan().TotalDays),
        TimeOnly time => SqlValue.FromText(time.ToTimeSpan().ToString("c", CultureInfo.InvariantCulture)),
        TimeSpan span when storage == SqlType.Real => SqlValue.FromReal(span.TotalDays),
        TimeSpan span => SqlValue.FromText(span.ToString("c", CultureInfo.InvariantCulture)),
        Enum constant => FromEnum(constant, name),
        _ => throw new InvalidOperationException(
            $"The parameter '{name}' has a value of the type {value.GetType().FullName}, which has no SQL type; "
            + "convert it to a number, text, bytes or a date first."),
    };

    internal static double ToJulianDay(DateTime time) =>
        ((time.Ticks / TimeSpan.TicksPerMillisecond) + JulianMsOfYearOne) / MsPerDay;

    /// <summary>The date of a Julian day, to the millisecond; false if it is outside the years 1 to 9999.</summary>
    internal static bool TryFromJulianDay(double day, out DateTime time)
    {
        double ms = Math.Floor((day * MsPerDay) + 0.5) - JulianMsOfYearOne;
        if (!(ms >= 0 && ms <= DateTime.MaxValue.Ticks / TimeSpan.TicksPerMillisecond))
        {
            time = default;
            return false;
        }

        time = new DateTime((long)ms * TimeSpan.TicksPerMillisecond);
        return true;
    }

    /// <summary>A copy: the caller may change its buffer after the command has run, the engine keeps values as they are.</summary>
    private static SqlValue FromBytes(ReadOnlySpan<byte> bytes, int size) =>
        SqlValue.FromBlob((size > 0 && size < bytes.Length ? bytes[..size] : bytes).ToArray());

    private static SqlValue FromReal(double number, string name) =>
        double.IsNaN(number)
            ? throw new InvalidOperationException($"The parameter '{name}' is NaN, which SQL does not have; use NULL.")
            : SqlValue.FromReal(number);

    private static SqlValue FromUInt64(ulong number, string name) =>
        number <= long.MaxValue
            ? SqlValue.FromInteger((long)number)
            : throw new OverflowException($"The parameter '{name}' is {number}, which is above the largest integer of SQL, {long.MaxValue}.");

    private static SqlValue FromEnum(Enum constant, string name) =>
        constant.GetTypeCode() == TypeCode.UInt64
            ? FromUInt64(Convert.ToUInt64(constant, CultureInfo.InvariantCulture), name)
            : SqlValue.FromInteger(Convert.ToInt64(constant, CultureInfo.InvariantCulture));
}
