using Sluice.Sensors.I2c;

namespace Sluice.Sensors.Drivers.Pcf8574;

/// <summary>NXP or TI PCF8574 (PCF8574A at 0x38): eight digital inputs. Data sheet SCPS068, section 8: a pin is an input when 1 was written to it.</summary>
public sealed class Pcf8574Driver(DriverSetup setup) : SensorDriver
{
    private readonly I2cDevice _device = setup.I2c;
    private readonly IReadOnlyList<int> _pins = setup.Settings.Numbers("pins", [0, 1, 2, 3, 4, 5, 6, 7], 0, 7);
    private readonly bool _isActiveLow = setup.Settings.Flag("active_low", false);

    public static DriverKind Kind { get; } = new()
    {
        Name = "pcf8574",
        Summary = "eight digital inputs (NXP, Texas Instruments)",
        Bus = BusKind.I2c,
        Addresses = [0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F],
        Create = setup => new Pcf8574Driver(setup),
        SimulateI2c = quantities => new SimulatedPcf8574(quantities),
    };

    public override IReadOnlyList<string> Metrics => [.. _pins.Select(Metric)];

    public override TimeSpan Initialize()
    {
        _device.Write(0xFF);
        return TimeSpan.Zero;
    }

    public override void Read(ICollection<Measurement> into)
    {
        Span<byte> pins = stackalloc byte[1];
        _device.Read(pins);
        foreach (int pin in _pins)
        {
            bool isHigh = ((pins[0] >> pin) & 1) != 0;
            into.Add(new Measurement(Metric(pin), null, isHigh != _isActiveLow ? 1 : 0));
        }
    }

    private static string Metric(int pin) => $"pin{pin}";
}
