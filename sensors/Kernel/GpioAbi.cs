using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sluice.Sensors.Kernel;

/// <summary>The GPIO character device, version 2 of its interface: <c>&lt;linux/gpio.h&gt;</c>, kernel 5.10 and later.</summary>
internal static class GpioAbi
{
    /// <summary>GPIO_V2_LINES_MAX</summary>
    public const int MaximumLines = 64;

    /// <summary>GPIO_V2_LINE_NUM_ATTRS_MAX</summary>
    public const int MaximumAttributes = 10;

    private const byte Type = 0xB4;

    public static readonly nuint GetChipInfo = Ioctl.R<ChipInfo>(Type, 0x01);
    public static readonly nuint GetLineInfo = Ioctl.WR<LineInfo>(Type, 0x05);
    public static readonly nuint GetLine = Ioctl.WR<LineRequest>(Type, 0x07);
    public static readonly nuint GetValues = Ioctl.WR<LineValues>(Type, 0x0E);
    public static readonly nuint SetValues = Ioctl.WR<LineValues>(Type, 0x0F);

    /// <summary>enum gpio_v2_line_flag</summary>
    [Flags]
    public enum LineFlags : ulong
    {
        Used = 1 << 0,
        ActiveLow = 1 << 1,
        Input = 1 << 2,
        Output = 1 << 3,
        EdgeRising = 1 << 4,
        EdgeFalling = 1 << 5,
        OpenDrain = 1 << 6,
        OpenSource = 1 << 7,
        BiasPullUp = 1 << 8,
        BiasPullDown = 1 << 9,
        BiasDisabled = 1 << 10,
        EventClockRealtime = 1 << 11,
    }

    /// <summary>enum gpio_v2_line_attr_id</summary>
    public enum AttributeId : uint
    {
        Flags = 1,
        OutputValues = 2,
        Debounce = 3,
    }

    /// <summary>enum gpio_v2_line_event_id</summary>
    public const uint RisingEdge = 1;

    /// <summary>char[GPIO_MAX_NAME_SIZE]</summary>
    [InlineArray(32)]
    public struct Name
    {
        private byte _first;

        public override readonly string ToString()
        {
            ReadOnlySpan<byte> bytes = this;
            int end = bytes.IndexOf((byte)0);
            return System.Text.Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
        }
    }

    [InlineArray(MaximumLines)]
    public struct Offsets
    {
        private uint _first;
    }

    [InlineArray(4)]
    public struct Padding4
    {
        private uint _first;
    }

    [InlineArray(5)]
    public struct Padding5
    {
        private uint _first;
    }

    [InlineArray(6)]
    public struct Padding6
    {
        private uint _first;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct ChipInfo
    {
        public Name Name;
        public Name Label;
        public uint Lines;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct LineValues
    {
        public ulong Bits;
        public ulong Mask;
    }

    /// <summary>The value is flags, output values, or a debounce period in microseconds in its first four bytes.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 16)]
    public struct LineAttribute
    {
        [FieldOffset(0)]
        public AttributeId Id;

        [FieldOffset(8)]
        public ulong Value;

        [FieldOffset(8)]
        public uint DebounceUs;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct LineConfigAttribute
    {
        public LineAttribute Attribute;
        public ulong Mask;
    }

    [InlineArray(MaximumAttributes)]
    public struct LineConfigAttributes
    {
        private LineConfigAttribute _first;
    }

    [InlineArray(MaximumAttributes)]
    public struct LineAttributes
    {
        private LineAttribute _first;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct LineConfig
    {
        public LineFlags Flags;
        public uint AttributeCount;
        public Padding5 Padding;
        public LineConfigAttributes Attributes;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct LineRequest
    {
        public Offsets Offsets;
        public Name Consumer;
        public LineConfig Config;
        public uint LineCount;
        public uint EventBufferSize;
        public Padding5 Padding;
        public int File;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct LineInfo
    {
        public Name Name;
        public Name Consumer;
        public uint Offset;
        public uint AttributeCount;
        public LineFlags Flags;
        public LineAttributes Attributes;
        public Padding4 Padding;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct LineEvent
    {
        public ulong TimestampNs;
        public uint Id;
        public uint Offset;
        public uint Sequence;
        public uint LineSequence;
        public Padding6 Padding;
    }
}
