using Sluice.Sensors.I2c;
using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Drivers.Htu21d;

/// <summary>An HTU21D: both measurements without hold, soft reset.</summary>
internal sealed class SimulatedHtu21d(SimulatedQuantities quantities) : SimulatedCommandDevice
{
    protected override bool Command(ReadOnlySpan<byte> command) => command switch
    {
        [0xF3] => AnswerWord((quantities["temperature"] + 46.85) / 175.72, 0x00),
        [0xF5] => AnswerWord((quantities["humidity"] + 6) / 125, 0x02),
        [0xFE] => true,
        _ => false,
    };

    private bool AnswerWord(double part, int status)
    {
        int raw = ((int)Math.Clamp(Math.Round(part * 65536), 0, 65535) & 0xFFFC) | status;
        byte[] answer = [(byte)(raw >> 8), (byte)raw, 0];
        answer[2] = Crc8.Htu21d(answer.AsSpan(0, 2));
        return Answer(answer);
    }
}
