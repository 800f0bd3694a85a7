using System.Globalization;

namespace Sluice.Gateway.Configuration;

/// <summary>Durations ("250ms") and sizes ("64MiB") as people write them.</summary>
internal static class Units
{
    public const string DurationForm = "a duration like 250ms, 1s, 1.5m, 2h or 1d";

    public const string SizeForm = "a size like 65536, 64KiB, 64MiB or 1GiB (KB, MB and GB count by thousands)";

    private static readonly (string Unit, double Factor)[] Durations =
        [("us", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("min", 60), ("h", 3600), ("d", 86400)];

    private static readonly (string Unit, double Factor)[] Sizes =
    [
        ("", 1), ("B", 1), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12),
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
    ];

    public static bool TryDuration(string text, out TimeSpan duration)
    {
        bool ok = TrySplit(text, Durations, StringComparison.Ordinal, out double seconds) && seconds < TimeSpan.MaxValue.TotalSeconds;
        duration = ok ? TimeSpan.FromTicks((long)Math.Round(seconds * TimeSpan.TicksPerSecond)) : TimeSpan.Zero;
        return ok;
    }

    public static bool TrySize(string text, out long bytes)
    {
        bool ok = TrySplit(text, Sizes, StringComparison.OrdinalIgnoreCase, out double value) && value < long.MaxValue && value == Math.Floor(value);
        bytes = ok ? (long)value : 0;
        return ok;
    }

    private static bool TrySplit(string text, (string Unit, double Factor)[] units, StringComparison comparison, out double value)
    {
        text = text.Trim();
        int digits = 0;
        while (digits < text.Length && (char.IsAsciiDigit(text[digits]) || text[digits] == '.'))
        {
            digits++;
        }

        string unit = text[digits..].TrimStart();
        foreach ((string name, double factor) in units)
        {
            if (string.Equals(unit, name, comparison)
                && double.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
            {
                value = number * factor;
                return true;
            }
        }

        value = 0;
        return false;
    }
}
