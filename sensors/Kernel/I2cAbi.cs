using System.Runtime.InteropServices;

namespace Sluice.Sensors.Kernel;

/// <summary>The I2C character device: <c>&lt;linux/i2c-dev.h&gt;</c> and <c>&lt;linux/i2c.h&gt;</c>.</summary>
internal static unsafe class I2cAbi
{
    public const uint Retries = 0x0701;
    public const uint Timeout = 0x0702;
    public const uint Slave = 0x0703;
    public const uint Functions = 0x0705;
    public const uint ReadWrite = 0x0707;
    public const uint SmBus = 0x0720;

    /// <summary>I2C_M_RD</summary>
    public const ushort MessageRead = 0x0001;

    /// <summary>I2C_FUNC_I2C</summary>
    public const uint FunctionI2c = 0x00000001;

    /// <summary>I2C_FUNC_SMBUS_QUICK</summary>
    public const uint FunctionQuick = 0x00010000;

    /// <summary>I2C_SMBUS_QUICK, I2C_SMBUS_BYTE</summary>
    public const uint SizeQuick = 0;
    public const uint SizeByte = 1;

    /// <summary>I2C_SMBUS_READ, I2C_SMBUS_WRITE</summary>
    public const byte SmBusRead = 1;
    public const byte SmBusWrite = 0;

    /// <summary>struct i2c_msg</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Message
    {
        public ushort Address;
        public ushort Flags;
        public ushort Length;
        public byte* Buffer;
    }

    /// <summary>struct i2c_rdwr_ioctl_data</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Transfer
    {
        public Message* Messages;
        public uint Count;
    }

    /// <summary>struct i2c_smbus_ioctl_data</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct SmBusCall
    {
        public byte ReadWrite;
        public byte Command;
        public uint Size;
        public byte* Data;
    }
}
