using Sluice.Sensors.I2c;

namespace Sluice.Sensors.Drivers.Aht20;

/// <summary>ASAIR AHT20 (and AHT21, AHT25, DHT20): temperature and humidity. Data sheet "AHT20", sections 5.3, 5.4 and 6.</summary>
public sealed class Aht20Driver(DriverSetup setup) : SensorDriver
{
    private const byte Busy = 0x80;
    private const byte Calibrated = 0x08;

    private readonly I2cDevice _device = setup.I2c;

    public static DriverKind Kind { get; } = new()
    {
        Name = "aht20",
        Summary = "temperature and humidity (ASAIR AHT20, AHT21, AHT25, DHT20)",
        Bus = BusKind.I2c,
        Addresses = [0x38],
        Fastest = TimeSpan.FromMilliseconds(100),
        Create = setup => new Aht20Driver(setup),
        SimulateI2c = quantities => new SimulatedAht20(quantities),

        // No identification: its status is asked for with a byte that would set the outputs of a PCF8574A, which may have the address.
    };

    public override IReadOnlyList<string> Metrics => ["temperature", "humidity"];

    public override TimeSpan Initialize()
    {
        if ((_device.ReadByte(0x71) & Calibrated) != 0)
        {
            return TimeSpan.Zero;
        }

        _device.Write(0xBE, 0x08, 0x00);
        return Ms(10);
    }

    public override TimeSpan Begin()
    {
        _device.Write(0xAC, 0x33, 0x00);
        return Ms(80);
    }

    public override void Read(ICollection<Measurement> into)
    {
        Span<byte> answer = stackalloc byte[7];
        _device.Read(answer);
        if (answer[6] != Crc8.Sensirion(answer[..6]))
        {
            throw new SensorException(FaultReason.Crc, $"{_device}: checksum 0x{answer[6]:x2}, computed 0x{Crc8.Sensirion(answer[..6]):x2}");
        }

        if ((answer[0] & Busy) != 0)
        {
            throw new SensorException(FaultReason.NotReady, $"{_device}: still measures");
        }

        int humidity = (answer[1] << 12) | (answer[2] << 4) | (answer[3] >> 4);
        int temperature = ((answer[3] & 0x0F) << 16) | (answer[4] << 8) | answer[5];
        into.Add(new Measurement("temperature", "°C", Checked.Range((temperature * 200.0 / (1 << 20)) - 50, -40, 85, "temperature", "°C")));
        into.Add(new Measurement("humidity", "%", humidity * 100.0 / (1 << 20)));
    }
}
