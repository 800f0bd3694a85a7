using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Drivers.Sht3x;

/// <summary>An SHT3x: single shot with high repeatability, soft reset.</summary>
internal sealed class SimulatedSht3x(SimulatedQuantities quantities) : SimulatedCommandDevice
{
    protected override bool Command(ReadOnlySpan<byte> command) => command switch
    {
        [0x24, 0x00] => AnswerWords(Scale(quantities["temperature"], -45, 175), Scale(quantities["humidity"], 0, 100)),
        [0x30, 0xA2] => true,
        _ => false,
    };
}
