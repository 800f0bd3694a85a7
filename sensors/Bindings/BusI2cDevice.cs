using System.Device.I2c;

namespace Sluice.Sensors.Bindings;

/// <summary>A device on one of our buses, simulated or the kernel's, as System.Device.Gpio's <see cref="System.Device.I2c.I2cDevice"/>.</summary>
public sealed class BusI2cDevice(I2c.I2cDevice device) : System.Device.I2c.I2cDevice
{
    /// <summary>The bus's number is not known here: 0.</summary>
    public override I2cConnectionSettings ConnectionSettings { get; } = new(0, device.Address);

    public override void Read(Span<byte> buffer) => device.Read(buffer);

    public override void Write(ReadOnlySpan<byte> buffer) => device.Write(buffer);

    public override void WriteRead(ReadOnlySpan<byte> writeBuffer, Span<byte> readBuffer) => device.WriteRead(writeBuffer, readBuffer);

    public override byte ReadByte()
    {
        Span<byte> value = stackalloc byte[1];
        device.Read(value);
        return value[0];
    }

    public override void WriteByte(byte value) => device.Write(value);
}
