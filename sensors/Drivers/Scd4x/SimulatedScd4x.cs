using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Drivers.Scd4x;

/// <summary>An SCD4x: start and stop of periodic measurement, data ready, read.</summary>
internal sealed class SimulatedScd4x(SimulatedQuantities quantities) : SimulatedCommandDevice
{
    private bool _measures;

    public override void Reset()
    {
        base.Reset();
        _measures = false;
    }

    protected override bool Command(ReadOnlySpan<byte> command)
    {
        switch (command)
        {
            case [0x21, 0xB1] when !_measures:
                _measures = true;
                return true;
            case [0x3F, 0x86]:
                _measures = false;
                return true;
            case [0xE4, 0xB8]:
                return AnswerWords((ushort)(_measures ? 0x8006 : 0x8000));
            case [0xEC, 0x05] when _measures:
                return AnswerWords(
                    (ushort)Math.Round(quantities["co2"]), Scale(quantities["temperature"], -45, 175), Scale(quantities["humidity"], 0, 100));
            default:
                return false;
        }
    }
}
