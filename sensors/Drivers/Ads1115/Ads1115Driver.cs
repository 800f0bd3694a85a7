using System.Globalization;
using Sluice.Sensors.I2c;

namespace Sluice.Sensors.Drivers.Ads1115;

/// <summary>Texas Instruments ADS1115 (and ADS1015, of whose 16 bits four are zero): one voltage, single shot. Data sheet SBAS444, section 8.1.</summary>
public sealed class Ads1115Driver : SensorDriver
{
    private const byte Conversion = 0;
    private const byte Configuration = 1;

    /// <summary>The low threshold of the comparator, which is off.</summary>
    private const byte Marker = 2;

    /// <summary>Not its value after power-on, which is 0x8000; the ADS1015 keeps twelve bits.</summary>
    private const ushort Mark = 0x8010;
    private const ushort Start = 0x8000;
    private const ushort SingleShot = 0x0100;

    /// <summary>The comparator off.</summary>
    private const ushort NoComparator = 0x0003;

    private static readonly string[] Inputs = ["0-1", "0-3", "1-3", "2-3", "0", "1", "2", "3"];
    private static readonly string[] Ranges = ["6.144", "4.096", "2.048", "1.024", "0.512", "0.256"];
    private static readonly int[] Rates = [8, 16, 32, 64, 128, 250, 475, 860];

    private readonly I2cDevice _device;
    private readonly double _range;
    private readonly ushort _configuration;
    private readonly TimeSpan _time;

    private Ads1115Driver(DriverSetup setup)
    {
        _device = setup.I2c;
        int input = Array.IndexOf(Inputs, setup.Settings.Choice("input", ["0", .. Inputs]));
        string range = setup.Settings.Choice("range", ["4.096", .. Ranges]);
        int rate = setup.Settings.Choice("rate", 128, Rates);
        _range = double.Parse(range, CultureInfo.InvariantCulture);
        _configuration = (ushort)((input << 12) | (Array.IndexOf(Ranges, range) << 9) | SingleShot | (Math.Max(0, Array.IndexOf(Rates, rate)) << 5) | NoComparator);

        // The internal clock may be 10 % slow; waking up takes 25 us.
        _time = Ms((1100.0 / rate) + 0.1);
    }

    public static DriverKind Kind { get; } = new()
    {
        Name = "ads1115",
        Summary = "voltage, four inputs (Texas Instruments ADS1115, ADS1015)",
        Bus = BusKind.I2c,
        Addresses = [0x48, 0x49, 0x4A, 0x4B],
        Fastest = TimeSpan.FromMilliseconds(3),
        Create = setup => new Ads1115Driver(setup),
        SimulateI2c = quantities => new SimulatedAds1115(quantities),
    };

    public override IReadOnlyList<string> Metrics => ["voltage"];

    public override TimeSpan Initialize()
    {
        _device.WriteUInt16(Marker, Mark);
        return TimeSpan.Zero;
    }

    public override TimeSpan Begin()
    {
        _device.WriteUInt16(Configuration, (ushort)(_configuration | Start));
        return _time;
    }

    public override void Read(ICollection<Measurement> into)
    {
        ushort configuration = _device.ReadUInt16(Configuration);
        if ((configuration & ~Start) != _configuration)
        {
            throw new SensorException(FaultReason.Stuck, $"{_device}: its configuration reads 0x{configuration:x4} and not what was written");
        }

        if ((configuration & Start) == 0)
        {
            throw new SensorException(FaultReason.NotReady, $"{_device}: still converts");
        }

        short raw = _device.ReadInt16(Conversion);

        // Last: a conversion register that lost its power reads 0, which is a voltage, too.
        if (_device.ReadUInt16(Marker) != Mark)
        {
            throw new SensorException(FaultReason.PowerOn, $"{_device}: lost its settings: it was without power");
        }

        if (raw is short.MaxValue or short.MinValue)
        {
            throw new SensorException(FaultReason.Range, $"{_device}: the input is beyond the range of {_range.ToString(CultureInfo.InvariantCulture)} V");
        }

        into.Add(new Measurement("voltage", "V", raw * _range / 32768));
    }
}
