using System.Runtime.InteropServices;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>What the C library knows of terminals (termios(3), ioctl_tty(2)); Linux.</summary>
internal static unsafe partial class NativeTerminal
{
    public const int StandardInput = 0;
    public const int StandardOutput = 1;
    public const int StandardError = 2;

    /// <summary>More than struct termios has on any Linux (60 bytes).</summary>
    public const int TermiosBytes = 256;

    /// <summary>tcsetattr: when what was written is out.</summary>
    public const int AfterOutput = 1;

    /// <summary>poll: there is something to read.</summary>
    public const short PollIn = 1;

    /// <summary>The signal that Ctrl-Z gives.</summary>
    public const int TerminalStop = 20;

    public const int Interrupted = 4;

    private const string Library = "libc";
    private const nuint GetWindowSize = 0x5413;

    public static bool IsTerminal(int descriptor) => IsATerminal(descriptor) == 1;

    /// <summary>Columns and rows, or nulls where the terminal does not say.</summary>
    public static (int Columns, int Rows)? Size(int descriptor)
    {
        WindowSize size;
        return Control(descriptor, GetWindowSize, &size) == 0 && size.Columns > 0 ? (size.Columns, size.Rows) : null;
    }

    [LibraryImport(Library, EntryPoint = "tcgetattr", SetLastError = true)]
    public static partial int GetAttributes(int descriptor, byte* termios);

    [LibraryImport(Library, EntryPoint = "tcsetattr", SetLastError = true)]
    public static partial int SetAttributes(int descriptor, int when, byte* termios);

    [LibraryImport(Library, EntryPoint = "cfmakeraw")]
    public static partial void MakeRaw(byte* termios);

    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int descriptor, byte* buffer, nuint length);

    [LibraryImport(Library, EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(PollEntry* entries, nuint count, int timeoutMs);

    [LibraryImport(Library, EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);

    [LibraryImport(Library, EntryPoint = "isatty")]
    private static partial int IsATerminal(int descriptor);

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(int descriptor, nuint request, WindowSize* size);

    [StructLayout(LayoutKind.Sequential)]
    public struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct WindowSize
    {
        public ushort Rows;
        public ushort Columns;
        public ushort WidthPixels;
        public ushort HeightPixels;
    }
}
