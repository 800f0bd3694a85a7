using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Drivers.Bh1750;

/// <summary>A BH1750: one time H-resolution mode.</summary>
internal sealed class SimulatedBh1750(SimulatedQuantities quantities) : SimulatedCommandDevice
{
    protected override bool Command(ReadOnlySpan<byte> command)
    {
        if (command is not [0x20])
        {
            return command is [0x00] or [0x01] or [0x07];
        }

        ushort raw = (ushort)Math.Clamp(Math.Round(quantities["illuminance"] * 1.2), 0, 65535);
        return Answer([(byte)(raw >> 8), (byte)raw]);
    }
}
