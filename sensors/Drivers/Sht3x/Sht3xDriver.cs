using Sluice.Sensors.I2c;

namespace Sluice.Sensors.Drivers.Sht3x;

/// <summary>Sensirion SHT30, SHT31, SHT35: temperature and humidity, single shot. Data sheet "SHT3x-DIS", sections 4.3 and 4.13.</summary>
public sealed class Sht3xDriver(DriverSetup setup) : SensorDriver
{
    private readonly I2cDevice _device = setup.I2c;

    public static DriverKind Kind { get; } = new()
    {
        Name = "sht3x",
        Summary = "temperature and humidity (Sensirion SHT30, SHT31, SHT35)",
        Bus = BusKind.I2c,
        Addresses = [0x44, 0x45],
        Fastest = TimeSpan.FromMilliseconds(20),
        Create = setup => new Sht3xDriver(setup),
        SimulateI2c = quantities => new SimulatedSht3x(quantities),
    };

    public override IReadOnlyList<string> Metrics => ["temperature", "humidity"];

    public override TimeSpan Initialize()
    {
        _device.Write(0x30, 0xA2);
        return Ms(1.5);
    }

    public override TimeSpan Begin()
    {
        // High repeatability, no clock stretching.
        _device.Write(0x24, 0x00);
        return Ms(15.5);
    }

    public override void Read(ICollection<Measurement> into)
    {
        Span<byte> answer = stackalloc byte[6];
        _device.Read(answer);
        double temperature = -45 + (175 * Checked.Word(answer, 0, _device) / 65535.0);
        double humidity = 100 * Checked.Word(answer, 1, _device) / 65535.0;
        into.Add(new Measurement("temperature", "°C", Checked.Range(temperature, -40, 125, "temperature", "°C")));
        into.Add(new Measurement("humidity", "%", humidity));
    }
}
