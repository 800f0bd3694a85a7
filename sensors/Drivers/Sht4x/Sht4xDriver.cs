using Sluice.Sensors.I2c;

namespace Sluice.Sensors.Drivers.Sht4x;

/// <summary>Sensirion SHT40, SHT41, SHT45: temperature and humidity. Data sheet "SHT4x", sections 4.5 and 4.6.</summary>
public sealed class Sht4xDriver(DriverSetup setup) : SensorDriver
{
    private readonly I2cDevice _device = setup.I2c;

    public static DriverKind Kind { get; } = new()
    {
        Name = "sht4x",
        Summary = "temperature and humidity (Sensirion SHT40, SHT41, SHT45)",
        Bus = BusKind.I2c,
        Addresses = [0x44, 0x45, 0x46],
        Fastest = TimeSpan.FromMilliseconds(15),
        Create = setup => new Sht4xDriver(setup),
        SimulateI2c = quantities => new SimulatedSht4x(quantities),
        Identify = IsSht4x,
    };

    public override IReadOnlyList<string> Metrics => ["temperature", "humidity"];

    public override TimeSpan Initialize()
    {
        _device.Write(0x94);
        return Ms(1);
    }

    public override TimeSpan Begin()
    {
        // High precision.
        _device.Write(0xFD);
        return Ms(8.3);
    }

    public override void Read(ICollection<Measurement> into)
    {
        Span<byte> answer = stackalloc byte[6];
        _device.Read(answer);
        double temperature = -45 + (175 * Checked.Word(answer, 0, _device) / 65535.0);

        // Uncropped by design: values a little beyond 0 and 100 % are to be cropped by the reader (section 4.6).
        double humidity = Math.Clamp(-6 + (125 * Checked.Word(answer, 1, _device) / 65535.0), 0, 100);
        into.Add(new Measurement("temperature", "°C", Checked.Range(temperature, -40, 125, "temperature", "°C")));
        into.Add(new Measurement("humidity", "%", humidity));
    }

    /// <summary>Its serial number has checksums, which is as good as an identification.</summary>
    private static bool IsSht4x(I2cDevice device)
    {
        device.Write(0x89);
        Hold(Ms(1));
        Span<byte> serial = stackalloc byte[6];
        device.Read(serial);
        return serial[2] == Crc8.Sensirion(serial[..2]) && serial[5] == Crc8.Sensirion(serial[3..5]);
    }
}
