using Sluice.Sensors.Spi;

namespace Sluice.Sensors.Drivers.Max31865;

/// <summary>Maxim MAX31865: temperature by a platinum resistor (Pt100, Pt1000), one-shot. Data sheet 19-6478, register map and table 9.</summary>
public sealed class Max31865Driver : SensorDriver
{
    private const byte Bias = 0x80;
    private const byte OneShot = 0x20;
    private const byte ThreeWire = 0x10;
    private const byte ClearFault = 0x02;
    private const byte Filter50Hz = 0x01;

    private readonly ISpiDevice _device;
    private readonly byte _configuration;
    private readonly double _reference;
    private readonly double _nominal;

    private Max31865Driver(DriverSetup setup)
    {
        _device = setup.Spi;
        _nominal = setup.Settings.Number("nominal", 100, 10, 10000);
        _reference = setup.Settings.Number("reference", 4.3 * _nominal, 10, 100000);
        bool isThreeWire = setup.Settings.Choice("wires", 2, 2, 3, 4) == 3;
        bool is50Hz = setup.Settings.Choice("mains", 50, 50, 60) == 50;
        _configuration = (byte)(Bias | (isThreeWire ? ThreeWire : 0) | (is50Hz ? Filter50Hz : 0));
    }

    public static DriverKind Kind { get; } = new()
    {
        Name = "max31865",
        Summary = "temperature by Pt100 or Pt1000 (Maxim)",
        Bus = BusKind.Spi,
        Spi = new SpiSettings(Mode: 1, SpeedHz: 1_000_000),
        Fastest = TimeSpan.FromMilliseconds(100),
        Create = setup => new Max31865Driver(setup),
        SimulateSpi = quantities => new SimulatedMax31865(quantities),
    };

    public override IReadOnlyList<string> Metrics => ["temperature"];

    public override TimeSpan Initialize()
    {
        Write((byte)(_configuration | ClearFault));

        // The filter at the inputs charges; five time constants of the usual circuit.
        return Ms(10);
    }

    public override TimeSpan Begin()
    {
        Write((byte)(_configuration | OneShot));
        return Ms((_configuration & Filter50Hz) != 0 ? 66 : 55);
    }

    public override void Read(ICollection<Measurement> into)
    {
        // Configuration, both bytes of the result, thresholds, fault status.
        Span<byte> answer = stackalloc byte[9];
        _device.Transfer([0x00, 0, 0, 0, 0, 0, 0, 0, 0], answer);
        byte configuration = answer[1];
        if ((configuration & 0xD1) != _configuration)
        {
            bool isStuck = configuration is 0x00 or 0xFF;
            throw new SensorException(
                isStuck ? FaultReason.Stuck : FaultReason.PowerOn, $"{_device.Name}: its configuration reads 0x{configuration:x2} and not 0x{_configuration:x2}");
        }

        int raw = (answer[2] << 8) | answer[3];
        if ((raw & 1) != 0)
        {
            throw new SensorException(FaultReason.Device, $"{_device.Name}: {Describe(answer[8])}");
        }

        // A Pt100's table ends at -200 °C; the converter's last bit is 0.04 °C.
        double ratio = (raw >> 1) / 32768.0 * _reference / _nominal;
        into.Add(new Measurement("temperature", "°C", Checked.Range(PlatinumResistor.Temperature(ratio), -200.1, 850, "temperature", "°C")));
    }

    /// <summary>The fault status register, table 7.</summary>
    private static string Describe(byte status) => status switch
    {
        _ when (status & 0x80) != 0 => "the resistance is too high: the probe is open",
        _ when (status & 0x40) != 0 => "the resistance is too low: the probe is shorted",
        _ when (status & 0x38) != 0 => "a wire of the probe is open or shorted",
        _ when (status & 0x04) != 0 => "over- or undervoltage at the probe",
        _ => "reports a fault",
    };

    private void Write(byte configuration)
    {
        Span<byte> nothing = stackalloc byte[2];
        _device.Transfer([0x80, configuration], nothing);
    }
}
