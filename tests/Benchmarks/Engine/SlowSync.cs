using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Sluice.Engine.Data;

namespace Sluice.Benchmarks.Engine;

/// <summary>
/// The shim slowsync.c, which makes every sync of a process take longer by a given time: compiled by the process that starts the
/// measurements, preloaded into those that measure.
/// </summary>
internal static class SlowSync
{
    /// <summary>Compiles the shim into a folder; returns the library's path.</summary>
    public static string Compile(string folder)
    {
        string library = Path.Combine(folder, "slowsync.so");
        string source = Path.Combine(AppContext.BaseDirectory, "slowsync.c");
        using Process compiler = Process.Start("gcc", ["-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"]);
        compiler.WaitForExit();
        return compiler.ExitCode == 0 ? library : throw new InvalidOperationException("gcc could not compile slowsync.c");
    }

    public static void Preload(ProcessStartInfo start, string library, int delayUs)
    {
        start.Environment["LD_PRELOAD"] = library;
        start.Environment["SLOWSYNC_US"] = delayUs.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Lets the engine's calls of libc go through the shim. .NET looks a function up in libc itself, where a preloaded library does not
    /// show; the program as a whole has it first. SQLite's native library is linked and needs no help.
    /// </summary>
    public static void LeadEngineThroughShim() =>
        NativeLibrary.SetDllImportResolver(
            typeof(SluiceConnection).Assembly,
            static (name, _, _) => name == "libc" ? NativeLibrary.GetMainProgramHandle() : 0);

    /// <summary>Syncs of this process so far.</summary>
    public static unsafe long Count()
    {
        nint function = NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "slowsync_count");
        return ((delegate* unmanaged<long>)function)();
    }
}
