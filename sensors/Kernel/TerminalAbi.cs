using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sluice.Sensors.Kernel;

/// <summary>Terminal lines with any speed: <c>struct termios2</c> of <c>&lt;asm/termbits.h&gt;</c>, the same on x64 and arm64.</summary>
internal static class TerminalAbi
{
    public static readonly nuint Get = Ioctl.R<Settings>((byte)'T', 0x2A);
    public static readonly nuint Set = Ioctl.W<Settings>((byte)'T', 0x2B);

    /// <summary>TCFLSH with TCIOFLUSH</summary>
    public const uint Flush = 0x540B;
    public const int FlushBoth = 2;

    // c_cflag
    public const uint Speed = 0x100F;        // CBAUD
    public const uint OtherSpeed = 0x1000;   // BOTHER
    public const uint SizeMask = 0x30;       // CSIZE
    public const uint Size7 = 0x20;
    public const uint Size8 = 0x30;
    public const uint TwoStopBits = 0x40;    // CSTOPB
    public const uint Receive = 0x80;        // CREAD
    public const uint Parity = 0x100;        // PARENB
    public const uint OddParity = 0x200;     // PARODD
    public const uint Local = 0x800;         // CLOCAL

    [InlineArray(19)]
    public struct ControlCharacters
    {
        private byte _first;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Settings
    {
        public uint Input;
        public uint Output;
        public uint Control;
        public uint LocalModes;
        public byte Line;
        public ControlCharacters Characters;
        public uint InputSpeed;
        public uint OutputSpeed;
    }
}
