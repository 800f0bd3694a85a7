using System.Runtime.InteropServices;
using Sluice.Sensors.Kernel;

namespace Sluice.Sensors.I2c;

/// <summary>
/// An adapter of the kernel. Opened with the first transfer and again after it was gone, so that the gateway starts before
/// a USB adapter is there and goes on when it comes back.
/// </summary>
public sealed unsafe class KernelI2cBus : II2cBus
{
    /// <summary>
    /// How long the adapter waits for a device, in I2C_TIMEOUT's units of 10 ms. A device that stretches the clock (SCD4x:
    /// 30 ms, HTU21D with hold: 50 ms) is within it; one that holds the line for ever holds up its bus by no more.
    /// </summary>
    private const int TimeoutTens = 10;

    private readonly string _sysfs;
    private KernelFile? _file;
    private nuint _functions;

    /// <param name="path">The device, for example <c>/dev/i2c-1</c>.</param>
    /// <param name="sysfs">Where sysfs is mounted; for <see cref="Recover"/>.</param>
    public KernelI2cBus(string path, string sysfs = "/sys")
    {
        Name = path;
        _sysfs = sysfs;
    }

    public string Name { get; }

    public void Transfer(int address, ReadOnlySpan<byte> write, Span<byte> read)
    {
        KernelFile file = Open();
        fixed (byte* writing = write)
        fixed (byte* reading = read)
        {
            I2cAbi.Message* messages = stackalloc I2cAbi.Message[2];
            uint count = 0;
            if (!write.IsEmpty)
            {
                messages[count++] = new I2cAbi.Message { Address = (ushort)address, Length = (ushort)write.Length, Buffer = writing };
            }

            if (!read.IsEmpty)
            {
                messages[count++] = new I2cAbi.Message
                {
                    Address = (ushort)address, Flags = I2cAbi.MessageRead, Length = (ushort)read.Length, Buffer = reading,
                };
            }

            I2cAbi.Transfer transfer = new() { Messages = messages, Count = count };
            try
            {
                file.Control(I2cAbi.ReadWrite, &transfer, $"device 0x{address:x2}");
            }
            catch (SensorException e) when (e.Reason == FaultReason.Missing)
            {
                Close();
                throw;
            }
        }
    }

    public bool? Probe(int address)
    {
        KernelFile file = Open();
        try
        {
            file.Control(I2cAbi.Slave, (void*)address, "I2C_SLAVE");
        }
        catch (SensorException e) when (e.Reason == FaultReason.Busy)
        {
            return null;
        }

        // As i2cdetect does: a quick write could change an EEPROM's state at 0x30 to 0x37 and 0x50 to 0x5f, so those are read.
        byte value;
        bool isRead = address is (>= 0x30 and <= 0x37) or (>= 0x50 and <= 0x5f) || (_functions & I2cAbi.FunctionQuick) == 0;
        I2cAbi.SmBusCall call = isRead
            ? new I2cAbi.SmBusCall { ReadWrite = I2cAbi.SmBusRead, Size = I2cAbi.SizeByte, Data = &value }
            : new I2cAbi.SmBusCall { ReadWrite = I2cAbi.SmBusWrite, Size = I2cAbi.SizeQuick };
        try
        {
            file.Control(I2cAbi.SmBus, &call, $"probing 0x{address:x2}");
            return true;
        }
        catch (SensorException e) when (e.Reason is FaultReason.Nack or FaultReason.Io)
        {
            return false;
        }
    }

    /// <summary>
    /// Has the kernel's driver let go of the adapter and take it again, which resets it and clocks out a device that holds the
    /// data line where the driver can do that. Needs the right to write the driver's <c>unbind</c> and <c>bind</c> in sysfs (root).
    /// </summary>
    public bool Recover()
    {
        Close();

        // The folder of the adapter is below that of the device that the driver has, such as fe804000.i2c/i2c-1.
        if (Path.GetDirectoryName(RealPath(Path.Combine(_sysfs, "class/i2c-dev", Path.GetFileName(Name), "device"))) is not { } device
            || RealPath(Path.Combine(device, "driver")) is not { } driver)
        {
            return false;
        }

        try
        {
            string target = Path.GetFileName(device);
            File.WriteAllText(Path.Combine(driver, "unbind"), target);
            File.WriteAllText(Path.Combine(driver, "bind"), target);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    public void Dispose() => Close();

    /// <summary>Where a path of sysfs leads, whose folders are links, too; null when it is not there.</summary>
    private static string? RealPath(string path)
    {
        byte* resolved = stackalloc byte[4096];
        return Libc.RealPath(path, resolved) == 0 ? null : Marshal.PtrToStringUTF8((nint)resolved);
    }

    private KernelFile Open()
    {
        if (_file is not null)
        {
            return _file;
        }

        KernelFile file = KernelFile.Open(Name, Libc.ReadWrite);
        try
        {
            nuint functions = 0;
            file.Control(I2cAbi.Functions, &functions, "I2C_FUNCS");
            _functions = functions;
            if ((functions & I2cAbi.FunctionI2c) == 0)
            {
                throw new SensorException(FaultReason.Io, $"{Name}: the adapter speaks SMBus only, not I2C");
            }

            file.Control(I2cAbi.Timeout, (void*)TimeoutTens, "I2C_TIMEOUT");
            file.Control(I2cAbi.Retries, null, "I2C_RETRIES");
        }
        catch
        {
            file.Dispose();
            throw;
        }

        return _file = file;
    }

    private void Close()
    {
        _file?.Dispose();
        _file = null;
    }
}
