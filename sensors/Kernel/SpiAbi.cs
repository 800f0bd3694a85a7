using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sluice.Sensors.Kernel;

/// <summary>The SPI character device: <c>&lt;linux/spi/spidev.h&gt;</c>.</summary>
internal static class SpiAbi
{
    private const byte Type = (byte)'k';

    /// <summary>SPI_IOC_MESSAGE(1): its size is that of one transfer.</summary>
    public static readonly nuint Message = Ioctl.W<TransferBytes>(Type, 0);
    public static readonly nuint WriteMode = Ioctl.W<byte>(Type, 1);
    public static readonly nuint WriteBitsPerWord = Ioctl.W<byte>(Type, 3);
    public static readonly nuint WriteMaximumSpeed = Ioctl.W<uint>(Type, 4);

    /// <summary>struct spi_ioc_transfer</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Transfer
    {
        public ulong WriteBuffer;
        public ulong ReadBuffer;
        public uint Length;
        public uint SpeedHz;
        public ushort DelayUs;
        public byte BitsPerWord;
        public byte ChipSelectChange;
        public byte WriteLines;
        public byte ReadLines;
        public byte WordDelayUs;
        public byte Padding;
    }

    /// <summary>char[sizeof(struct spi_ioc_transfer)]</summary>
    [InlineArray(32)]
    private struct TransferBytes
    {
        private byte _first;
    }
}
