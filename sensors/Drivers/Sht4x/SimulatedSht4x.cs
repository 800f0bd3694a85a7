using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Drivers.Sht4x;

/// <summary>An SHT4x: measurement with high precision, serial number, soft reset.</summary>
internal sealed class SimulatedSht4x(SimulatedQuantities quantities) : SimulatedCommandDevice
{
    protected override bool Command(ReadOnlySpan<byte> command) => command switch
    {
        [0xFD] => AnswerWords(Scale(quantities["temperature"], -45, 175), Scale(quantities["humidity"], -6, 125)),
        [0x89] => AnswerWords(0x0F12, 0x3456),
        [0x94] => true,
        _ => false,
    };
}
