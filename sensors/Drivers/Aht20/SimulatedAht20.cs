using Sluice.Sensors.I2c;
using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Drivers.Aht20;

/// <summary>An AHT20: status, calibration, measurement.</summary>
internal sealed class SimulatedAht20(SimulatedQuantities quantities) : SimulatedCommandDevice
{
    private byte _status = 0x10;

    public override void Reset()
    {
        base.Reset();
        _status = 0x10;
    }

    protected override bool Command(ReadOnlySpan<byte> command)
    {
        switch (command)
        {
            case [0x71]:
                return Answer([_status]);
            case [0xBE, 0x08, 0x00]:
                _status = 0x18;
                return true;
            case [0xAC, 0x33, 0x00]:
                int humidity = (int)Math.Round(quantities["humidity"] / 100 * (1 << 20));
                int temperature = (int)Math.Round((quantities["temperature"] + 50) / 200 * (1 << 20));
                byte[] answer =
                [
                    _status, (byte)(humidity >> 12), (byte)(humidity >> 4), (byte)((humidity << 4) | (temperature >> 16)),
                    (byte)(temperature >> 8), (byte)temperature, 0,
                ];
                answer[6] = Crc8.Sensirion(answer.AsSpan(0, 6));
                return Answer(answer);
            default:
                return false;
        }
    }
}
