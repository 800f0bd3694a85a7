using Sluice.Sensors.I2c;
using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Drivers.Mlx90614;

/// <summary>An MLX90614 at its address 0x5A: the quantities <c>temperature</c> and <c>ambient</c>, with packet error codes.</summary>
internal sealed class SimulatedMlx90614(SimulatedQuantities quantities) : SimulatedI2cDevice
{
    private const byte WriteAddress = 0x5A << 1;

    private byte _command;

    public override void Reset() => _command = 0;

    public override bool Write(ReadOnlySpan<byte> bytes)
    {
        _command = bytes[0];
        return bytes is [0x06] or [0x07];
    }

    public override bool Read(Span<byte> bytes)
    {
        int raw = (int)Math.Round((quantities[_command == 0x07 ? "temperature" : "ambient"] + 273.15) / 0.02);
        ReadOnlySpan<byte> message = [WriteAddress, _command, WriteAddress | 1, (byte)raw, (byte)(raw >> 8)];
        ReadOnlySpan<byte> answer = [message[3], message[4], Crc8.SmBus(message)];
        bytes.Fill(0xFF);
        answer[..Math.Min(answer.Length, bytes.Length)].CopyTo(bytes);
        return true;
    }
}
