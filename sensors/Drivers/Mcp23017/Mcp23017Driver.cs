using Sluice.Sensors.I2c;

namespace Sluice.Sensors.Drivers.Mcp23017;

/// <summary>Microchip MCP23017: sixteen digital inputs. Data sheet DS20001952, table 3-1 (registers with IOCON.BANK = 0).</summary>
public sealed class Mcp23017Driver : SensorDriver
{
    private const byte Direction = 0x00;
    private const byte Polarity = 0x02;
    private const byte PullUps = 0x0C;

    /// <summary>DEFVAL, which matters for interrupts only; 0 after power-on.</summary>
    private const byte Marker = 0x06;
    private const ushort Mark = 0xA55A;
    private const byte Ports = 0x12;

    private readonly I2cDevice _device;
    private readonly IReadOnlyList<int> _pins;
    private readonly ushort _pullUps;
    private readonly ushort _inverted;

    private Mcp23017Driver(DriverSetup setup)
    {
        _device = setup.I2c;
        _pins = setup.Settings.Numbers("pins", [.. Enumerable.Range(0, 16)], 0, 15);
        _pullUps = (ushort)(setup.Settings.Flag("pull_up", true) ? 0xFFFF : 0);
        _inverted = (ushort)(setup.Settings.Flag("active_low", false) ? 0xFFFF : 0);
    }

    public static DriverKind Kind { get; } = new()
    {
        Name = "mcp23017",
        Summary = "sixteen digital inputs (Microchip)",
        Bus = BusKind.I2c,
        Addresses = [0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27],
        Create = setup => new Mcp23017Driver(setup),
        SimulateI2c = quantities => new SimulatedMcp23017(quantities),
    };

    public override IReadOnlyList<string> Metrics => [.. _pins.Select(Metric)];

    public override TimeSpan Initialize()
    {
        WritePair(Direction, 0xFFFF);
        WritePair(Polarity, _inverted);
        WritePair(PullUps, _pullUps);
        WritePair(Marker, Mark);
        return TimeSpan.Zero;
    }

    public override void Read(ICollection<Measurement> into)
    {
        ushort levels = ReadPair(Ports);

        // After them: without its pull-ups and polarity the levels are others.
        if (ReadPair(Marker) is not Mark and var mark)
        {
            throw mark == 0xFFFF
                ? new SensorException(FaultReason.Stuck, $"{_device}: all bits read 1: nothing drives the lines")
                : new SensorException(FaultReason.PowerOn, $"{_device}: lost its settings: it was without power");
        }

        foreach (int pin in _pins)
        {
            into.Add(new Measurement(Metric(pin), null, (levels >> pin) & 1));
        }
    }

    private static string Metric(int pin) => $"{(pin < 8 ? 'a' : 'b')}{pin % 8}";

    /// <summary>A register of port A and the one of port B after it.</summary>
    private ushort ReadPair(byte register)
    {
        Span<byte> pair = stackalloc byte[2];
        _device.WriteRead([register], pair);
        return (ushort)(pair[0] | (pair[1] << 8));
    }

    private void WritePair(byte register, ushort value) => _device.Write(register, (byte)value, (byte)(value >> 8));
}
