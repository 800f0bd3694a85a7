using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Drivers.Max31865;

/// <summary>A MAX31865 with a Pt100 and a reference of 430 ohms; the quantity <c>temperature</c>, or <c>resistance</c> when it is set.</summary>
internal sealed class SimulatedMax31865 : SimulatedSpiDevice
{
    private readonly SimulatedQuantities _quantities;
    private readonly byte[] _registers = new byte[8];

    public SimulatedMax31865(SimulatedQuantities quantities)
        : base("simulated MAX31865")
    {
        _quantities = quantities;
        Reset();
    }

    /// <summary>Its reference resistor in ohms.</summary>
    public double Reference { get; init; } = 430;

    /// <summary>An open probe.</summary>
    public bool IsOpen { get; set; }

    public override void Reset()
    {
        Array.Clear(_registers);
        _registers[3] = 0xFF;
        _registers[4] = 0xFF;
    }

    protected override void Answer(ReadOnlySpan<byte> write, Span<byte> read)
    {
        read[0] = 0xFF;
        int register = write[0] & 0x7F;
        for (int i = 1; i < write.Length; i++, register++)
        {
            if ((write[0] & 0x80) == 0)
            {
                read[i] = _registers[register & 7];
                continue;
            }

            read[i] = 0xFF;
            if (register == 0)
            {
                Configure(write[i]);
            }
        }
    }

    private void Configure(byte value)
    {
        if ((value & 0x02) != 0)
        {
            _registers[7] = 0;
        }

        if ((value & 0x20) != 0)
        {
            double ohms = 100 * PlatinumResistor.Ratio(_quantities["temperature"]);
            int raw = IsOpen ? 0x7FFF : (int)Math.Round(ohms / Reference * 32768);
            _registers[7] = (byte)(IsOpen ? 0x80 : 0);
            _registers[1] = (byte)(raw >> 7);
            _registers[2] = (byte)((raw << 1) | (IsOpen ? 1 : 0));
        }

        _registers[0] = (byte)(value & 0xD1);
    }
}
