using System.Runtime.InteropServices;

namespace Sluice.Sensors.Kernel;

/// <summary>Error numbers of Linux (the same on x64 and arm64) and what they mean for a sensor.</summary>
internal static class Errno
{
    public const int Interrupted = 4;
    public const int Again = 11;
    public const int NoDevice = 19;

    /// <summary>The error of the last call, as a fault with its reason.</summary>
    public static SensorException Fault(string what) => Fault(Marshal.GetLastPInvokeError(), what);

    /// <summary>An error as a fault. The kernel's I2C fault codes are those of its Documentation/i2c/fault-codes.rst.</summary>
    public static SensorException Fault(int error, string what)
    {
        (FaultReason reason, string words) = error switch
        {
            6 => (FaultReason.Nack, "no device answers at the address (ENXIO)"),
            121 => (FaultReason.Nack, "no acknowledgement from the device (EREMOTEIO)"),
            110 => (FaultReason.Timeout, "timed out: a line is held low or the clock is stretched too long (ETIMEDOUT)"),
            Again => (FaultReason.Busy, "arbitration lost to another master (EAGAIN)"),
            16 => (FaultReason.Busy, "in use, perhaps by a driver of the kernel (EBUSY)"),
            74 => (FaultReason.Crc, "checksum (PEC) wrong (EBADMSG)"),
            71 => (FaultReason.Io, "the device does not keep to the protocol (EPROTO)"),
            2 => (FaultReason.Missing, "is not there (ENOENT): is the bus enabled (raspi-config, device tree)?"),
            NoDevice => (FaultReason.Missing, "the device is gone (ENODEV)"),
            1 or 13 => (FaultReason.Permission, $"not permitted for user {Environment.UserName}: add it to the group of the device"),
            _ => (FaultReason.Io, Marshal.GetPInvokeErrorMessage(error)),
        };
        return new SensorException(reason, $"{what}: {words}");
    }
}
