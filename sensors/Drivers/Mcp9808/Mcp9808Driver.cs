using Sluice.Sensors.I2c;

namespace Sluice.Sensors.Drivers.Mcp9808;

/// <summary>Microchip MCP9808: temperature to 1/16 °C. Data sheet DS25095, section 5.</summary>
public sealed class Mcp9808Driver(DriverSetup setup) : SensorDriver
{
    private const byte UpperLimit = 2;
    private const byte Ambient = 5;
    private const byte Manufacturer = 6;
    private const byte DeviceNumber = 7;
    private const byte Resolution = 8;

    /// <summary>125 °C; 0 °C after power-on. Nothing hears the alarm.</summary>
    private const ushort Limit = 0x07D0;

    private readonly I2cDevice _device = setup.I2c;

    public static DriverKind Kind { get; } = new()
    {
        Name = "mcp9808",
        Summary = "temperature (Microchip)",
        Bus = BusKind.I2c,
        Addresses = [0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x1D, 0x1E, 0x1F],
        Fastest = TimeSpan.FromMilliseconds(250),
        Create = setup => new Mcp9808Driver(setup),
        SimulateI2c = quantities => new SimulatedMcp9808(quantities),
        Identify = device => device.ReadUInt16(Manufacturer) == 0x0054 && device.ReadUInt16(DeviceNumber) >> 8 == 0x04,
    };

    public override IReadOnlyList<string> Metrics => ["temperature"];

    public override TimeSpan Initialize()
    {
        ushort manufacturer = _device.ReadUInt16(Manufacturer);
        if (manufacturer != 0x0054)
        {
            throw new SensorException(
                manufacturer is 0 or 0xFFFF ? FaultReason.Stuck : FaultReason.Identity, $"{_device}: manufacturer is 0x{manufacturer:x4}, expected 0x0054");
        }

        _device.WriteUInt16(UpperLimit, Limit);
        _device.WriteByte(Resolution, 3);
        return Ms(250);
    }

    public override void Read(ICollection<Measurement> into)
    {
        ushort raw = _device.ReadUInt16(Ambient);

        // After it: until the first measurement after power-on the register reads 0 °C.
        ushort limit = _device.ReadUInt16(UpperLimit);
        if (limit != Limit)
        {
            throw limit == 0xFFFF
                ? new SensorException(FaultReason.Stuck, $"{_device}: all bits read 1: nothing drives the lines")
                : new SensorException(FaultReason.PowerOn, $"{_device}: lost its settings: it was without power");
        }

        // Bit 12 is the sign of a 13-bit number; the three above are alarms.
        int sixteenths = (raw & 0x0FFF) - ((raw & 0x1000) != 0 ? 0x1000 : 0);
        into.Add(new Measurement("temperature", "°C", Checked.Range(sixteenths / 16.0, -40, 125, "temperature", "°C")));
    }
}
