using Sluice.Sensors.I2c;

namespace Sluice.Sensors.Drivers.Bh1750;

/// <summary>ROHM BH1750FVI: illuminance, one measurement in high resolution. Data sheet "BH1750FVI", instruction set and measurement procedure.</summary>
public sealed class Bh1750Driver(DriverSetup setup) : SensorDriver
{
    private readonly I2cDevice _device = setup.I2c;

    public static DriverKind Kind { get; } = new()
    {
        Name = "bh1750",
        Summary = "illuminance (ROHM BH1750FVI)",
        Bus = BusKind.I2c,
        Addresses = [0x23, 0x5C],
        Fastest = TimeSpan.FromMilliseconds(200),
        Create = setup => new Bh1750Driver(setup),
        SimulateI2c = quantities => new SimulatedBh1750(quantities),
    };

    public override IReadOnlyList<string> Metrics => ["illuminance"];

    public override TimeSpan Begin()
    {
        // One time H-resolution mode; it powers itself up and down.
        _device.Write(0x20);
        return Ms(180);
    }

    public override void Read(ICollection<Measurement> into)
    {
        Span<byte> answer = stackalloc byte[2];
        _device.Read(answer);
        int raw = (answer[0] << 8) | answer[1];
        if (raw == 0xFFFF)
        {
            throw new SensorException(FaultReason.Range, $"{_device}: brighter than the device measures");
        }

        into.Add(new Measurement("illuminance", "lx", raw / 1.2));
    }
}
