using Sluice.Sensors.Spi;

namespace Sluice.Sensors.Drivers.Mcp3008;

/// <summary>Microchip MCP3008: one of eight voltages, 10 bits. Data sheet DS21295, section 5 and figure 6-1.</summary>
public sealed class Mcp3008Driver(DriverSetup setup) : SensorDriver
{
    private readonly ISpiDevice _device = setup.Spi;
    private readonly int _input = setup.Settings.Integer("input", 0, 0, 7);
    private readonly double _reference = setup.Settings.Number("reference", 3.3, 0.25, 7);

    public static DriverKind Kind { get; } = new()
    {
        Name = "mcp3008",
        Summary = "voltage, eight inputs (Microchip)",
        Bus = BusKind.Spi,

        // 1.35 MHz at 2.7 V.
        Spi = new SpiSettings(Mode: 0, SpeedHz: 1_000_000),
        Create = setup => new Mcp3008Driver(setup),
        SimulateSpi = quantities => new SimulatedMcp3008(quantities),
    };

    public override IReadOnlyList<string> Metrics => ["voltage"];

    public override void Read(ICollection<Measurement> into)
    {
        // Start bit, single-ended, input; then a null bit and ten bits of the value.
        Span<byte> answer = stackalloc byte[3];
        _device.Transfer([0x01, (byte)(0x80 | (_input << 4)), 0x00], answer);
        if ((answer[1] & 0x04) != 0)
        {
            throw new SensorException(FaultReason.Stuck, $"{_device.Name}: the null bit is 1: nothing drives the line");
        }

        int raw = ((answer[1] & 0x03) << 8) | answer[2];
        into.Add(new Measurement("voltage", "V", raw * _reference / 1024));
    }
}
