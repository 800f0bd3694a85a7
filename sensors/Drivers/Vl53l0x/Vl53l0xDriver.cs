using Sluice.Sensors.I2c;

namespace Sluice.Sensors.Drivers.Vl53l0x;

/// <summary>
/// ST VL53L0X: distance by time of flight, single ranging with the device's own settings (without ST's tuning table). The
/// registers have no data sheet; the sequence is that of ST's API (STSW-IMG005): data initialization, reference calibrations
/// (VHV, phase), single shot.
/// </summary>
public sealed class Vl53l0xDriver(DriverSetup setup) : SensorDriver
{
    private const byte Start = 0x00;
    private const byte Sequence = 0x01;
    private const byte InterruptConfiguration = 0x0A;
    private const byte InterruptClear = 0x0B;
    private const byte InterruptStatus = 0x13;
    private const byte RangeStatus = 0x14;
    private const byte HighVoltage = 0x84;
    private const byte StandardMode = 0x88;
    private const byte Model = 0xC0;

    /// <summary>The device status "range complete" of ST's API.</summary>
    private const int RangeComplete = 11;

    private readonly I2cDevice _device = setup.I2c;
    private byte _stopVariable;

    public static DriverKind Kind { get; } = new()
    {
        Name = "vl53l0x",
        Summary = "distance by time of flight (ST)",
        Bus = BusKind.I2c,
        Addresses = [0x29],
        Fastest = TimeSpan.FromMilliseconds(50),
        Create = setup => new Vl53l0xDriver(setup),
        SimulateI2c = quantities => new SimulatedVl53l0x(quantities),
        Identify = device => device.ReadByte(Model) == 0xEE,
    };

    public override IReadOnlyList<string> Metrics => ["distance"];

    public override TimeSpan Initialize()
    {
        byte model = _device.ReadByte(Model);
        if (model != 0xEE)
        {
            throw new SensorException(model is 0 or 0xFF ? FaultReason.Stuck : FaultReason.Identity, $"{_device}: model is 0x{model:x2}, expected 0xee");
        }

        _device.WriteByte(StandardMode, 0x00);
        OpenPrivate();
        _stopVariable = _device.ReadByte(0x91);
        ClosePrivate();

        // An interrupt for a new value, active low.
        _device.WriteByte(InterruptConfiguration, 0x04);
        _device.WriteByte(HighVoltage, (byte)(_device.ReadByte(HighVoltage) & ~0x10));
        _device.WriteByte(InterruptClear, 0x01);
        Calibrate(0x01, 0x41);
        Calibrate(0x02, 0x01);
        _device.WriteByte(Sequence, 0xE8);
        return TimeSpan.Zero;
    }

    public override TimeSpan Begin()
    {
        OpenPrivate();
        _device.WriteByte(0x91, _stopVariable);
        ClosePrivate();
        _device.WriteByte(Start, 0x01);

        // The timing budget after power-on is 33 ms.
        return Ms(40);
    }

    public override void Read(ICollection<Measurement> into)
    {
        if ((_device.ReadByte(InterruptStatus) & 0x07) == 0)
        {
            throw new SensorException(FaultReason.NotReady, $"{_device}: still measures");
        }

        Span<byte> result = stackalloc byte[12];
        _device.WriteRead([RangeStatus], result);
        _device.WriteByte(InterruptClear, 0x01);
        int status = (result[0] & 0x78) >> 3;
        int millimetres = (result[10] << 8) | result[11];
        if (status != RangeComplete || millimetres is 0 or >= 8190)
        {
            throw new SensorException(FaultReason.Range, $"{_device}: no target within reach (status {status})");
        }

        into.Add(new Measurement("distance", "m", millimetres / 1000.0));
    }

    private void Calibrate(byte sequence, byte start)
    {
        _device.WriteByte(Sequence, sequence);
        _device.WriteByte(Start, start);
        for (int ms = 0; (_device.ReadByte(InterruptStatus) & 0x07) == 0; ms++)
        {
            if (ms == 100)
            {
                throw new SensorException(FaultReason.Timeout, $"{_device}: the reference calibration does not end");
            }

            Hold(Ms(1));
        }

        _device.WriteByte(InterruptClear, 0x01);
        _device.WriteByte(Start, 0x00);
    }

    private void OpenPrivate()
    {
        _device.WriteByte(0x80, 0x01);
        _device.WriteByte(0xFF, 0x01);
        _device.WriteByte(0x00, 0x00);
    }

    private void ClosePrivate()
    {
        _device.WriteByte(0x00, 0x01);
        _device.WriteByte(0xFF, 0x00);
        _device.WriteByte(0x80, 0x00);
    }
}
