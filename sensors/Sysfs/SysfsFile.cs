using System.Globalization;

namespace Sluice.Sensors.Sysfs;

/// <summary>The small files of sysfs, with the kernel's errors as faults.</summary>
internal static class SysfsFile
{
    private const int ErrorAgain = 11;
    private const int ErrorNoData = 61;
    private const int ErrorTimedOut = 110;

    /// <summary>Sets a file.</summary>
    public static void Write(string path, string text) => Try(path, () =>
    {
        File.WriteAllText(path, text);
        return "";
    });

    /// <summary>What a file holds, without the line's end.</summary>
    public static string Read(string path) => Try(path, () => File.ReadAllText(path).TrimEnd('\n'));

    /// <summary>What a file holds, or null when there is no such file.</summary>
    public static string? TryRead(string path) => File.Exists(path) ? Read(path) : null;

    /// <summary>A number.</summary>
    public static double Number(string path) => Parse(path, Read(path));

    /// <summary>A number, or null when there is no such file.</summary>
    public static double? TryNumber(string path) => TryRead(path) is { } text ? Parse(path, text) : null;

    /// <summary>Folders below one, in order of their names; none when it is not there.</summary>
    public static IReadOnlyList<string> Folders(string folder, string pattern) =>
        Directory.Exists(folder) ? [.. Directory.EnumerateDirectories(folder, pattern).Order(StringComparer.Ordinal)] : [];

    private static string Try(string path, Func<string> access)
    {
        try
        {
            return access();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SensorException(FaultReason.Missing, $"{path} is not there: is the device connected and its kernel driver loaded?", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new SensorException(FaultReason.Permission, $"{path}: not permitted for user {Environment.UserName}", e);
        }
        catch (IOException e)
        {
            // .NET on Linux keeps the errno in HResult.
            FaultReason reason = (e.HResult & 0xFFFF) switch
            {
                ErrorAgain or ErrorNoData => FaultReason.NotReady,
                ErrorTimedOut => FaultReason.Timeout,
                _ => FaultReason.Io,
            };
            throw new SensorException(reason, $"{path}: {e.Message}", e);
        }
    }

    private static double Parse(string path, string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            ? value
            : throw new SensorException(FaultReason.Io, $"{path} holds \"{text}\", which is no number");
}
