using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Drivers.Ina219;

/// <summary>An INA219 with a shunt of 0.1 ohms: the quantities <c>voltage</c> and <c>current</c>.</summary>
internal sealed class SimulatedIna219 : SimulatedWordDevice
{
    private readonly SimulatedQuantities _quantities;

    public SimulatedIna219(SimulatedQuantities quantities)
    {
        _quantities = quantities;
        Reset();
    }

    /// <summary>Its shunt in ohms.</summary>
    public double Shunt { get; init; } = 0.1;

    public override void Reset()
    {
        Array.Clear(Registers);
        Registers[0] = 0x399F;
    }

    protected override void OnWrite(byte register, ushort value)
    {
        switch (register)
        {
            case 0 when (value & 0x8000) != 0:
                Reset();
                break;
            case 0:
                Registers[0] = value;
                Convert();
                break;
            case 5:
                Registers[5] = (ushort)(value & 0xFFFE);
                break;
        }
    }

    /// <summary>Section 8.5: current = shunt voltage * calibration / 4096, power = current * bus voltage / 5000.</summary>
    private void Convert()
    {
        int shunt = (int)Math.Round(_quantities["current"] * Shunt / 10e-6);
        int bus = (int)Math.Round(_quantities["voltage"] / 0.004);
        int current = shunt * Registers[5] / 4096;
        Registers[1] = (ushort)shunt;
        Registers[2] = (ushort)((bus << 3) | 0x02);
        Registers[4] = (ushort)current;
        Registers[3] = (ushort)(Math.Abs(current) * bus / 5000);
    }
}
