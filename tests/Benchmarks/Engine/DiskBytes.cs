using System.Globalization;
using System.Runtime.InteropServices;

namespace Sluice.Benchmarks.Engine;

/// <summary>
/// Bytes written so far: <see cref="Written"/> by this process with write calls (proc(5), io: wchar), <see cref="ToDisk"/> by the disk of a folder (the
/// kernel's block/stat, sectors written), file system and all other programs included, so the machine has to be quiet; NaN where the folder is on no disk of its own.
/// <para>Not wchar's neighbour write_bytes: it counts the whole of a folio, up to megabytes of a file's cache, for each byte that makes it dirty, and the disk gets
/// the dirty blocks only.</para>
/// </summary>
internal readonly partial record struct DiskBytes(long Written, double ToDisk)
{
    /// <summary>The unit of the kernel's figures, whatever the disk's sectors are.</summary>
    private const int SectorBytes = 512;

    private const int SectorsWrittenField = 6;

    public static DiskBytes Now(string folder)
    {
        Sync();
        string written = File.ReadLines("/proc/self/io").First(line => line.StartsWith("wchar: ", StringComparison.Ordinal));
        return new DiskBytes(long.Parse(written.AsSpan("wchar: ".Length), CultureInfo.InvariantCulture), OfDisk(folder));
    }

    private static double OfDisk(string folder)
    {
        string statistics = $"/sys/dev/block/{DeviceOf(folder)}/stat";
        return File.Exists(statistics)
            ? long.Parse(File.ReadAllText(statistics).Split(' ', StringSplitOptions.RemoveEmptyEntries)[SectorsWrittenField], CultureInfo.InvariantCulture) * SectorBytes
            : double.NaN;
    }

    /// <summary>Major and minor number of the mount with the longest path that the folder is below (proc(5), mountinfo).</summary>
    private static string DeviceOf(string folder)
    {
        string path = Path.GetFullPath(folder) + '/';
        return File.ReadLines("/proc/self/mountinfo")
            .Select(line => line.Split(' '))
            .Where(fields => path.StartsWith(fields[4].TrimEnd('/') + '/', StringComparison.Ordinal))
            .MaxBy(fields => fields[4].Length)![2];
    }

    [LibraryImport("libc", EntryPoint = "sync")]
    private static partial void Sync();
}
