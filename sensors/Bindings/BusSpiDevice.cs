using System.Device.Spi;
using Sluice.Sensors.Spi;

namespace Sluice.Sensors.Bindings;

/// <summary>A device behind one of our chip selects as System.Device.Gpio's <see cref="SpiDevice"/>.</summary>
public sealed class BusSpiDevice(ISpiDevice device) : SpiDevice
{
    public override SpiConnectionSettings ConnectionSettings { get; } = new(0, 0);

    public override void Read(Span<byte> buffer) => device.Transfer(new byte[buffer.Length], buffer);

    public override void Write(ReadOnlySpan<byte> buffer) => device.Transfer(buffer, new byte[buffer.Length]);

    public override void TransferFullDuplex(ReadOnlySpan<byte> writeBuffer, Span<byte> readBuffer) => device.Transfer(writeBuffer, readBuffer);

    public override byte ReadByte()
    {
        Span<byte> value = stackalloc byte[1];
        Read(value);
        return value[0];
    }

    public override void WriteByte(byte value) => Write([value]);
}
