using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Sluice.Sensors.Tests.Modbus;

/// <summary>The independent server (server.c), compiled here; null where gcc or libmodbus is not there.</summary>
internal sealed class ModbusServer : IDisposable
{
    private readonly Process _process;
    private readonly string _folder;

    private ModbusServer(Process process, string folder)
    {
        _process = process;
        _folder = folder;
    }

    public static bool IsPossible => File.Exists("/usr/include/modbus/modbus.h") && File.Exists("/usr/bin/gcc");

    public static ModbusServer Start(string kind, string where)
    {
        string folder = Directory.CreateTempSubdirectory("sluice-modbus-").FullName;
        string program = Path.Combine(folder, "server");
        string source = Path.Combine(AppContext.BaseDirectory, "Modbus", "server.c");
        using (Process gcc = Process.Start("gcc", ["-O1", "-o", program, source, "-lmodbus"]))
        {
            gcc.WaitForExit();
            Assert.Equal(0, gcc.ExitCode);
        }

        Process process = Process.Start(new ProcessStartInfo(program, [kind, where]) { RedirectStandardOutput = true })!;
        Assert.Equal("ready", process.StandardOutput.ReadLine());
        return new ModbusServer(process, folder);
    }

    public static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>A pseudo-terminal: what is written to the one end is read at the other.</summary>
internal sealed partial class PseudoTerminal : IDisposable
{
    private readonly int _master;

    public PseudoTerminal()
    {
        _master = posix_openpt(2 | 0x100);
        Assert.True(_master >= 0 && grantpt(_master) == 0 && unlockpt(_master) == 0, "no pseudo-terminal");
        Path = Marshal.PtrToStringUTF8(ptsname(_master))!;
    }

    /// <summary>The end that has a name.</summary>
    public string Path { get; }

    /// <summary>The end that has none, as a file that is this process's.</summary>
    public FileStream Open() => new(new Microsoft.Win32.SafeHandles.SafeFileHandle(_master, ownsHandle: false), FileAccess.ReadWrite, 0);

    public void Dispose() => close(_master);

    [LibraryImport("libc")]
    private static partial int posix_openpt(int flags);

    [LibraryImport("libc")]
    private static partial int grantpt(int file);

    [LibraryImport("libc")]
    private static partial int unlockpt(int file);

    [LibraryImport("libc")]
    private static partial nint ptsname(int file);

    [LibraryImport("libc")]
    private static partial int close(int file);
}
