using System.Text.Json;

namespace Sluice.Gateway.Pipeline;

/// <summary>
/// What a message may say in <c>ts</c>: an ISO 8601 text (without an offset it is UTC), or a number since the Unix epoch
/// whose size tells its unit. Below 1e11 it is seconds (until the year 5138), below 1e14 milliseconds, below 1e17
/// microseconds, else nanoseconds: for every moment after 1973 there is one answer.
/// </summary>
internal static class Timestamps
{
    private const double SecondsBelow = 1e11;
    private const double MillisecondsBelow = 1e14;
    private const double MicrosecondsBelow = 1e17;

    private static readonly long LeastUs = -(DateTime.UnixEpoch.Ticks / TimeSpan.TicksPerMicrosecond);
    private static readonly long MostUs = (DateTime.MaxValue.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    /// <summary>Microseconds since the Unix epoch from the reader's value, or false.</summary>
    public static bool TryRead(ref Utf8JsonReader json, out long us)
    {
        us = 0;
        if (json.TokenType == JsonTokenType.Number)
        {
            return json.TryGetInt64(out long whole) ? TryFromInteger(whole, out us) : json.TryGetDouble(out double real) && TryFromReal(real, out us);
        }

        if (json.TokenType != JsonTokenType.String || !json.TryGetDateTime(out DateTime time))
        {
            return false;
        }

        DateTime utc = time.Kind == DateTimeKind.Local ? time.ToUniversalTime() : time;
        us = FromTicks(utc.Ticks);
        return true;
    }

    /// <summary>Microseconds since the Unix epoch.</summary>
    public static long FromTime(DateTimeOffset time) => FromTicks(time.UtcTicks);

    /// <summary>The moment of microseconds since the Unix epoch.</summary>
    public static DateTime ToUtc(long us) => DateTime.UnixEpoch.AddTicks(Math.Clamp(us, LeastUs, MostUs) * TimeSpan.TicksPerMicrosecond);

    private static long FromTicks(long ticks) => (long)Math.Floor((decimal)(ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond);

    private static bool TryFromInteger(long value, out long us)
    {
        double size = Math.Abs((double)value);
        us = size switch
        {
            < SecondsBelow => value * 1_000_000,
            < MillisecondsBelow => value * 1_000,
            < MicrosecondsBelow => value,
            _ => (value / 1_000) - (value % 1_000 < 0 ? 1 : 0),
        };
        return us >= LeastUs && us <= MostUs;
    }

    private static bool TryFromReal(double value, out long us)
    {
        double scaled = Math.Abs(value) switch
        {
            < SecondsBelow => value * 1e6,
            < MillisecondsBelow => value * 1e3,
            < MicrosecondsBelow => value,
            _ => value / 1e3,
        };
        bool inRange = scaled >= LeastUs && scaled <= MostUs;
        us = inRange ? (long)Math.Round(scaled) : 0;
        return inRange;
    }
}
