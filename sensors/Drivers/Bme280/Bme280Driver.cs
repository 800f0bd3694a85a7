using Sluice.Sensors.I2c;

namespace Sluice.Sensors.Drivers.Bme280;

/// <summary>
/// Bosch BME280 (temperature, humidity, pressure) and BMP280 (without humidity), in forced mode: it sleeps between
/// measurements. Registers and times: BST-BME280-DS002, sections 5.3 and 9.1.
/// </summary>
public sealed class Bme280Driver : SensorDriver
{
    private const byte Identification = 0xD0;
    private const byte ResetRegister = 0xE0;
    private const byte ControlHumidity = 0xF2;
    private const byte Status = 0xF3;
    private const byte ControlMeasure = 0xF4;
    private const byte Configuration = 0xF5;
    private const byte FirstResult = 0xF7;

    // What a channel reads after power-on and when it is skipped.
    private const int NoValue20 = 0x80000;
    private const int NoValue16 = 0x8000;

    private readonly I2cDevice _device;
    private readonly bool _hasHumidity;
    private readonly byte _oversampling;
    private readonly TimeSpan _measuringTime;
    private Bme280Calibration? _calibration;

    private Bme280Driver(DriverSetup setup, bool hasHumidity)
    {
        _device = setup.I2c;
        _hasHumidity = hasHumidity;
        int times = setup.Settings.Choice("oversampling", 1, 1, 2, 4, 8, 16);
        _oversampling = (byte)(int.Log2(times) + 1);

        // Section 9.1: the longest time, for three channels with the same oversampling.
        _measuringTime = Ms(1.25 + (2.3 * times) + (2.3 * times) + 0.575 + (hasHumidity ? (2.3 * times) + 0.575 : 0));
    }

    public static DriverKind Bme280 { get; } = new()
    {
        Name = "bme280",
        Summary = "temperature, humidity and pressure (Bosch)",
        Bus = BusKind.I2c,
        Addresses = [0x76, 0x77],
        Fastest = TimeSpan.FromMilliseconds(20),
        Create = setup => new Bme280Driver(setup, hasHumidity: true),
        SimulateI2c = quantities => new SimulatedBme280(quantities, hasHumidity: true),
        Identify = device => device.ReadByte(Identification) == 0x60,
    };

    public static DriverKind Bmp280 { get; } = new()
    {
        Name = "bmp280",
        Summary = "temperature and pressure (Bosch)",
        Bus = BusKind.I2c,
        Addresses = [0x76, 0x77],
        Fastest = TimeSpan.FromMilliseconds(20),
        Create = setup => new Bme280Driver(setup, hasHumidity: false),
        SimulateI2c = quantities => new SimulatedBme280(quantities, hasHumidity: false),
        Identify = device => device.ReadByte(Identification) == 0x58,
    };

    public override IReadOnlyList<string> Metrics => _hasHumidity ? ["temperature", "humidity", "pressure"] : ["temperature", "pressure"];

    public override TimeSpan Initialize()
    {
        byte identification = _device.ReadByte(Identification);
        byte expected = _hasHumidity ? (byte)0x60 : (byte)0x58;
        if (identification != expected)
        {
            throw new SensorException(
                identification is 0x00 or 0xFF ? FaultReason.Stuck : FaultReason.Identity,
                $"{_device}: identification is 0x{identification:x2}, expected 0x{expected:x2}{(identification == 0x58 ? " (it is a BMP280: kind: bmp280)" : identification == 0x60 ? " (it is a BME280: kind: bme280)" : "")}");
        }

        Span<byte> first = stackalloc byte[Bme280Calibration.FirstBlock];
        _device.WriteRead([0x88], first);
        Span<byte> second = stackalloc byte[_hasHumidity ? Bme280Calibration.SecondBlock : 0];
        if (_hasHumidity)
        {
            _device.WriteRead([0xE1], second);
        }

        _calibration = new Bme280Calibration(first, second);
        _device.WriteByte(Configuration, 0);
        return TimeSpan.Zero;
    }

    public override TimeSpan Begin()
    {
        if (_hasHumidity)
        {
            // Takes effect with the write to 0xF4 (section 5.4.3).
            _device.WriteByte(ControlHumidity, _oversampling);
        }

        _device.WriteByte(ControlMeasure, (byte)((_oversampling << 5) | (_oversampling << 2) | 0b01));
        return _measuringTime;
    }

    public override void Read(ICollection<Measurement> into)
    {
        byte status = _device.ReadByte(Status);
        if (status == 0xFF)
        {
            // Its upper bits are never set.
            throw new SensorException(FaultReason.Stuck, $"{_device}: all bits read 1: nothing drives the lines");
        }

        if ((status & 0x08) != 0)
        {
            throw new SensorException(FaultReason.NotReady, $"{_device}: still measures");
        }

        Span<byte> raw = stackalloc byte[_hasHumidity ? 8 : 6];
        _device.WriteRead([FirstResult], raw);
        int pressure = (raw[0] << 12) | (raw[1] << 4) | (raw[2] >> 4);
        int temperature = (raw[3] << 12) | (raw[4] << 4) | (raw[5] >> 4);
        if (temperature == 0 && pressure == 0)
        {
            throw new SensorException(FaultReason.Stuck, $"{_device}: all bits read 0: the data line is held low");
        }

        if (temperature == NoValue20 || pressure == NoValue20)
        {
            throw new SensorException(FaultReason.PowerOn, $"{_device}: the registers hold their power-on values, nothing was measured");
        }

        int fine = _calibration!.Fine(temperature);
        into.Add(new Measurement("temperature", "°C", Checked.Range(Bme280Calibration.Temperature(fine) / 100.0, -40, 85, "temperature", "°C")));
        if (_hasHumidity)
        {
            int humidity = (raw[6] << 8) | raw[7];
            if (humidity == NoValue16)
            {
                throw new SensorException(FaultReason.PowerOn, $"{_device}: the humidity register holds its power-on value");
            }

            into.Add(new Measurement("humidity", "%", _calibration.Humidity(humidity, fine) / 1024.0));
        }

        double pascal = (_calibration.Pressure(pressure, fine) ?? throw new SensorException(FaultReason.Range, $"{_device}: pressure cannot be computed")) / 256.0;
        into.Add(new Measurement("pressure", "hPa", Checked.Range(pascal / 100, 300, 1100, "pressure", "hPa")));
    }
}
