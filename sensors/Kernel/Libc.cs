using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sluice.Sensors.Kernel;

/// <summary>The C library's calls that devices need. Signatures are those of x64 and arm64 Linux; the errno of a failed call is kept by the runtime.</summary>
internal static unsafe partial class Libc
{
    // <asm-generic/fcntl.h>
    public const int ReadWrite = 0x2;
    public const int NoControllingTerminal = 0x100;
    public const int NonBlocking = 0x800;
    public const int CloseOnExec = 0x80000;

    // <asm-generic/poll.h>
    public const short PollIn = 0x1;
    public const short PollOut = 0x4;
    public const short PollError = 0x8;
    public const short PollHangUp = 0x10;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Ioctl(SafeFileHandle file, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(SafeFileHandle file, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(SafeFileHandle file, void* buffer, nuint count);

    /// <param name="path">What is looked for.</param>
    /// <param name="resolved">Takes the path without links, ended by a zero: room for 4096 bytes (PATH_MAX).</param>
    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint RealPath(string path, byte* resolved);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(PollEntry* entries, nuint count, int timeoutMs);
}

/// <summary><c>struct pollfd</c> of <c>&lt;poll.h&gt;</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollEntry
{
    public int File;
    public short Events;
    public short Results;
}
