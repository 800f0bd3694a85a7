using Sluice.Sensors.I2c;

namespace Sluice.Sensors.Drivers.Htu21d;

/// <summary>TE HTU21D (and SHT20, SHT21, Si7021): temperature and humidity, two conversions without holding the bus. Data sheet HPC199.</summary>
public sealed class Htu21dDriver(DriverSetup setup) : SensorDriver
{
    private readonly I2cDevice _device = setup.I2c;
    private ushort? _temperature;

    public static DriverKind Kind { get; } = new()
    {
        Name = "htu21d",
        Summary = "temperature and humidity (TE HTU21D, SHT20, SHT21, Si7021)",
        Bus = BusKind.I2c,
        Addresses = [0x40],
        Fastest = TimeSpan.FromMilliseconds(80),
        Create = setup => new Htu21dDriver(setup),
        SimulateI2c = quantities => new SimulatedHtu21d(quantities),
    };

    public override IReadOnlyList<string> Metrics => ["temperature", "humidity"];

    public override TimeSpan Initialize()
    {
        _device.Write(0xFE);
        return Ms(15);
    }

    public override TimeSpan Begin()
    {
        _temperature = null;
        _device.Write(0xF3);
        return Ms(50);
    }

    public override TimeSpan? Continue()
    {
        if (_temperature is not null)
        {
            return null;
        }

        _temperature = ReadWord(isHumidity: false);
        _device.Write(0xF5);
        return Ms(16);
    }

    public override void Read(ICollection<Measurement> into)
    {
        ushort humidity = ReadWord(isHumidity: true);
        double temperature = -46.85 + (175.72 * _temperature!.Value / 65536);
        into.Add(new Measurement("temperature", "°C", Checked.Range(temperature, -40, 125, "temperature", "°C")));
        into.Add(new Measurement("humidity", "%", Math.Clamp(-6 + (125.0 * humidity / 65536), 0, 100)));
    }

    /// <summary>A result: its two lowest bits are not of the value but tell what was measured.</summary>
    private ushort ReadWord(bool isHumidity)
    {
        Span<byte> answer = stackalloc byte[3];
        _device.Read(answer);
        byte crc = Crc8.Htu21d(answer[..2]);
        if (answer[2] != crc)
        {
            throw new SensorException(FaultReason.Crc, $"{_device}: checksum 0x{answer[2]:x2}, computed 0x{crc:x2}");
        }

        if (((answer[1] & 0x02) != 0) != isHumidity)
        {
            // All zeros have a right checksum: of humidity they are refused here, of temperature by their value.
            throw new SensorException(FaultReason.Stuck, $"{_device}: the answer is not to what was asked");
        }

        return (ushort)((answer[0] << 8) | (answer[1] & 0xFC));
    }
}
