using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Drivers.Pcf8574;

/// <summary>A PCF8574. What drives its pins is the quantity <c>pins</c>, a number of eight bits; a pin to which 0 was written reads 0.</summary>
internal sealed class SimulatedPcf8574(SimulatedQuantities quantities) : SimulatedI2cDevice
{
    private byte _latch = 0xFF;

    public override void Reset() => _latch = 0xFF;

    public override bool Write(ReadOnlySpan<byte> bytes)
    {
        _latch = bytes[^1];
        return true;
    }

    public override bool Read(Span<byte> bytes)
    {
        bytes.Fill((byte)(_latch & (int)quantities["pins"]));
        return true;
    }
}
