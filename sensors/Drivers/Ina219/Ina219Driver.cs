using Sluice.Sensors.I2c;

namespace Sluice.Sensors.Drivers.Ina219;

/// <summary>Texas Instruments INA219: voltage of a bus, current through a shunt, power. Data sheet SBOS448, sections 8.5 and 8.6.</summary>
public sealed class Ina219Driver : SensorDriver
{
    private const byte Configuration = 0;
    private const byte BusVoltage = 2;
    private const byte Power = 3;
    private const byte Current = 4;
    private const byte Calibration = 5;

    /// <summary>32 V, ±320 mV, 12 bits each, shunt and bus triggered once.</summary>
    private const ushort Settings = 0x399B;

    private readonly I2cDevice _device;
    private readonly double _step;
    private readonly ushort _calibration;

    private Ina219Driver(DriverSetup setup)
    {
        _device = setup.I2c;
        double shunt = setup.Settings.Number("shunt", 0.1, 0.0001, 100);
        double maximum = setup.Settings.Number("max_current", 2, 0.001, 1000);
        _step = CurrentStep(maximum);
        int calibration = (int)(0.04096 / (_step * shunt));
        if (calibration is < 2 or > 0xFFFF)
        {
            setup.Settings.Fail("max_current", $"does not go together with a shunt of {shunt} ohms: the drop at it must be between about 1 and 320 mV");
        }

        // Bit 0 cannot be set.
        _calibration = (ushort)(calibration & 0xFFFE);
    }

    public static DriverKind Kind { get; } = new()
    {
        Name = "ina219",
        Summary = "voltage, current and power (Texas Instruments)",
        Bus = BusKind.I2c,
        Addresses = [0x40, 0x41, 0x44, 0x45],
        Fastest = TimeSpan.FromMilliseconds(5),
        Create = setup => new Ina219Driver(setup),
        SimulateI2c = quantities => new SimulatedIna219(quantities),
    };

    public override IReadOnlyList<string> Metrics => ["voltage", "current", "power"];

    public override TimeSpan Initialize()
    {
        _device.WriteUInt16(Configuration, 0x8000);
        _device.WriteUInt16(Calibration, _calibration);
        return TimeSpan.Zero;
    }

    public override TimeSpan Begin()
    {
        _device.WriteUInt16(Configuration, Settings);

        // 586 us at most for each of the two.
        return Ms(1.3);
    }

    public override void Read(ICollection<Measurement> into)
    {
        ushort bus = _device.ReadUInt16(BusVoltage);
        short current = _device.ReadInt16(Current);
        ushort power = _device.ReadUInt16(Power);

        // Last: a device that lost its power in between has lost it, and what was read before is from before.
        ushort calibration = _device.ReadUInt16(Calibration);
        if (calibration != _calibration)
        {
            throw calibration == 0xFFFF
                ? new SensorException(FaultReason.Stuck, $"{_device}: all bits read 1: nothing drives the lines")
                : new SensorException(FaultReason.PowerOn, $"{_device}: lost its calibration: it was without power");
        }

        if ((bus & 0x02) == 0)
        {
            throw new SensorException(FaultReason.NotReady, $"{_device}: still converts");
        }

        if ((bus & 0x01) != 0)
        {
            throw new SensorException(FaultReason.Range, $"{_device}: current or power overflow; raise max_current");
        }

        into.Add(new Measurement("voltage", "V", Checked.Range((bus >> 3) * 0.004, 0, 32, "voltage", "V")));
        into.Add(new Measurement("current", "A", current * _step));
        into.Add(new Measurement("power", "W", power * 20 * _step));
    }

    /// <summary>The least step for a largest current, rounded up to two digits: 15 A gives 460 uA.</summary>
    private static double CurrentStep(double maximum)
    {
        double least = maximum / 32768;
        double unit = Math.Pow(10, Math.Floor(Math.Log10(least)) - 1);
        return Math.Ceiling(least / unit) * unit;
    }
}
