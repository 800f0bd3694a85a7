using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Drivers.Ads1115;

/// <summary>An ADS1115. Its inputs are the quantities <c>input0</c> to <c>input3</c>, in volts.</summary>
internal sealed class SimulatedAds1115 : SimulatedWordDevice
{
    private static readonly double[] Ranges = [6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256];
    private static readonly (int Plus, int Minus)[] Inputs = [(0, 1), (0, 3), (1, 3), (2, 3), (0, -1), (1, -1), (2, -1), (3, -1)];

    private readonly SimulatedQuantities _quantities;

    public SimulatedAds1115(SimulatedQuantities quantities)
    {
        _quantities = quantities;
        Reset();
    }

    public override void Reset()
    {
        Array.Clear(Registers);
        Registers[1] = 0x8583;
        Registers[2] = 0x8000;
        Registers[3] = 0x7FFF;
    }

    protected override void OnWrite(byte register, ushort value)
    {
        Registers[register] = value;
        if (register == 1 && (value & 0x8000) != 0)
        {
            (int plus, int minus) = Inputs[(value >> 12) & 7];
            double volts = _quantities[$"input{plus}"] - (minus < 0 ? 0 : _quantities[$"input{minus}"]);
            Registers[0] = (ushort)(short)Math.Clamp(Math.Round(volts / Ranges[(value >> 9) & 7] * 32768), short.MinValue, short.MaxValue);
        }
    }
}
