using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Drivers.Vl53l0x;

/// <summary>A VL53L0X: identification, private page with the stop variable, calibrations, single ranging; the quantity <c>distance</c> in metres.</summary>
internal sealed class SimulatedVl53l0x : SimulatedRegisterDevice
{
    private const byte StopVariable = 0x3C;

    private readonly SimulatedQuantities _quantities;

    public SimulatedVl53l0x(SimulatedQuantities quantities)
    {
        _quantities = quantities;
        Reset();
    }

    private bool IsPrivate => Registers[0xFF] == 0x01;

    public override void Reset()
    {
        Array.Clear(Registers);
        Registers[0xC0] = 0xEE;
        Registers[0x84] = 0x11;
        Registers[0x91] = StopVariable;
    }

    protected override void OnWrite(byte register, byte value)
    {
        Registers[register] = value;
        if (register == 0x0B)
        {
            Registers[0x13] = 0;
        }
        else if (register == 0x00 && !IsPrivate && (value & 0x01) != 0)
        {
            Range();
        }
    }

    private void Range()
    {
        Registers[0x13] = 0x04;
        bool isReference = Registers[0x01] is 0x01 or 0x02;
        if (isReference || Registers[0x91] != StopVariable)
        {
            return;
        }

        double metres = _quantities["distance"];
        int millimetres = metres is > 0 and < 2.2 ? (int)Math.Round(metres * 1000) : 8190;
        Registers[0x14] = (byte)(millimetres == 8190 ? 0x20 : 0x58);
        Registers[0x1E] = (byte)(millimetres >> 8);
        Registers[0x1F] = (byte)millimetres;
    }
}
