using Sluice.Sensors.I2c;

namespace Sluice.Sensors.Drivers.Scd4x;

/// <summary>Sensirion SCD40, SCD41: CO2, temperature and humidity, measuring every five seconds by itself. Data sheet "SCD4x", section 3.</summary>
public sealed class Scd4xDriver(DriverSetup setup) : SensorDriver
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    private readonly I2cDevice _device = setup.I2c;
    private bool _isStarted;

    public static DriverKind Kind { get; } = new()
    {
        Name = "scd4x",
        Summary = "CO2, temperature and humidity (Sensirion SCD40, SCD41)",
        Bus = BusKind.I2c,
        Addresses = [0x62],
        Fastest = Period,
        Create = setup => new Scd4xDriver(setup),
        SimulateI2c = quantities => new SimulatedScd4x(quantities),
    };

    public override IReadOnlyList<string> Metrics => ["co2", "temperature", "humidity"];

    public override TimeSpan Initialize()
    {
        // It may still measure from before the gateway's start, and then takes no other command.
        _device.Write(0x3F, 0x86);
        _isStarted = false;
        return Ms(500);
    }

    public override TimeSpan Begin()
    {
        if (_isStarted)
        {
            return TimeSpan.Zero;
        }

        _device.Write(0x21, 0xB1);
        _isStarted = true;
        return Period;
    }

    public override void Read(ICollection<Measurement> into)
    {
        Span<byte> answer = stackalloc byte[9];
        Ask([0xE4, 0xB8], answer[..3]);
        if ((Checked.Word(answer, 0, _device) & 0x07FF) == 0)
        {
            throw new SensorException(FaultReason.NotReady, $"{_device}: no new measurement yet");
        }

        Ask([0xEC, 0x05], answer);
        int co2 = Checked.Word(answer, 0, _device);
        double temperature = -45 + (175 * Checked.Word(answer, 1, _device) / 65535.0);
        double humidity = 100 * Checked.Word(answer, 2, _device) / 65535.0;
        into.Add(new Measurement("co2", "ppm", Checked.Range(co2, 1, 40000, "co2", "ppm")));
        into.Add(new Measurement("temperature", "°C", Checked.Range(temperature, -10, 60, "temperature", "°C")));
        into.Add(new Measurement("humidity", "%", humidity));
    }

    private void Ask(ReadOnlySpan<byte> command, Span<byte> answer)
    {
        _device.Write(command);
        Hold(Ms(1));
        _device.Read(answer);
    }
}
