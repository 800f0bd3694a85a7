using Sluice.Sensors.I2c;

namespace Sluice.Sensors.Drivers.Mlx90614;

/// <summary>
/// Melexis MLX90614: the temperature of what it looks at, without touching it, and its own. SMBus with a packet error code on every
/// word. Data sheet 3901090614, sections 8.4.3.1 (read word) and 8.4.6 (RAM), 8.7 (0.02 K a bit; the highest bit is an error flag).
/// </summary>
public sealed class Mlx90614Driver(DriverSetup setup) : SensorDriver
{
    private const byte Ambient = 0x06;
    private const byte Target = 0x07;

    private readonly I2cDevice _device = setup.I2c;

    public static DriverKind Kind { get; } = new()
    {
        Name = "mlx90614",
        Summary = "temperature of an object, by infrared (Melexis)",
        Bus = BusKind.I2c,
        Addresses = [0x5A],
        Fastest = TimeSpan.FromMilliseconds(100),
        Create = setup => new Mlx90614Driver(setup),
        SimulateI2c = quantities => new SimulatedMlx90614(quantities),
        Identify = device => device.ReadWordWithPec(Ambient) is > 0 and < 0x8000,
    };

    public override IReadOnlyList<string> Metrics => ["temperature", "ambient"];

    public override void Read(ICollection<Measurement> into)
    {
        into.Add(new Measurement("temperature", "°C", Checked.Range(Celsius(Target), -70.01, 382.2, "temperature", "°C")));
        into.Add(new Measurement("ambient", "°C", Checked.Range(Celsius(Ambient), -40.01, 125, "ambient temperature", "°C")));
    }

    private double Celsius(byte register)
    {
        ushort raw = _device.ReadWordWithPec(register);
        return (raw & 0x8000) == 0
            ? (raw * 0.02) - 273.15
            : throw new SensorException(FaultReason.Device, $"{_device}: its error flag is set: it could not compute a temperature");
    }
}
