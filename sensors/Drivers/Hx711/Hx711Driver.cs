using Sluice.Sensors.Gpio;

namespace Sluice.Sensors.Drivers.Hx711;

/// <summary>
/// Avia HX711: a load cell's 24-bit converter behind two GPIO lines. Data sheet "HX711", serial interface: 24 pulses fetch the
/// value, one to three more choose input and gain of the next one. A pulse must not last 60 us, or the device goes to sleep and
/// its next value is not to be trusted; that is checked by the clock.
/// </summary>
public sealed class Hx711Driver : SensorDriver
{
    private const ulong ClockBit = 0b01;
    private const ulong DataBit = 0b10;
    private static readonly TimeSpan LongestPulse = TimeSpan.FromMicroseconds(60);

    /// <summary>The first value after power-on, or of another input or gain, takes 400 ms at 10 values a second.</summary>
    private static readonly TimeSpan SettleTime = Ms(400);

    private readonly Func<IGpioChip> _open;
    private readonly TimeProvider _time;
    private readonly int _clock;
    private readonly int _data;
    private readonly int _extraPulses;
    private IGpioChip? _chip;
    private IGpioLines? _lines;
    private bool _isReset;

    private Hx711Driver(DriverSetup setup)
    {
        _open = setup.Chip;
        _time = setup.Time;
        _clock = setup.Settings.Integer("clock", 0, 0, 1023);
        _data = setup.Settings.Integer("data", 1, 0, 1023);
        _extraPulses = setup.Settings.Choice("gain", 128, 128, 64, 32) switch { 128 => 1, 32 => 2, _ => 3 };
        if (_clock == _data)
        {
            setup.Settings.Fail("data", $"is line {_data}, as clock is; give the lines of both");
        }
    }

    public static DriverKind Kind { get; } = new()
    {
        Name = "hx711",
        Summary = "load cell (Avia HX711) at two GPIO lines",
        Bus = BusKind.Gpio,
        Fastest = TimeSpan.FromMilliseconds(100),
        Create = setup => new Hx711Driver(setup),
    };

    public override IReadOnlyList<string> Metrics => ["load"];

    public override IReadOnlyList<string> Lines => [$"{_clock}", $"{_data}"];

    public override TimeSpan Initialize()
    {
        Dispose(true);
        _chip = _open();
        _lines = _chip.Request([new GpioLineSettings { Offset = _clock, IsOutput = true }, new GpioLineSettings { Offset = _data }], 0);

        // A clock that is high for longer than a pulse may be puts it to sleep, and low wakes it up as after power-on: pulses of
        // an attempt that broke off are forgotten.
        _lines.Write(ClockBit, ClockBit);
        Hold(Ms(1));
        _lines.Write(ClockBit, 0);
        _isReset = true;
        return SettleTime;
    }

    public override TimeSpan Begin()
    {
        if (!_isReset || _extraPulses == 1)
        {
            return TimeSpan.Zero;
        }

        // The first value is of the first input at gain 128, whatever is asked for; its pulses choose the next one.
        Fetch();
        _isReset = false;
        return SettleTime;
    }

    public override void Read(ICollection<Measurement> into)
    {
        int value = Fetch();
        if (value is 0x7FFFFF or -0x800000)
        {
            throw new SensorException(FaultReason.Range, "the load cell's signal is beyond the converter's range");
        }

        into.Add(new Measurement("load", null, value));
    }

    /// <summary>Takes the value that is ready.</summary>
    private int Fetch()
    {
        IGpioLines lines = _lines!;
        if ((lines.Read() & DataBit) != 0)
        {
            throw new SensorException(FaultReason.NotReady, $"{_chip!.Name} line {_data}: no value is ready; is the HX711 connected?");
        }

        int raw = 0;
        for (int bit = 0; bit < 24 + _extraPulses; bit++)
        {
            long begin = _time.GetTimestamp();
            lines.Write(ClockBit, ClockBit);
            int level = (lines.Read() & DataBit) != 0 ? 1 : 0;
            lines.Write(ClockBit, 0);
            if (_time.GetElapsedTime(begin) > LongestPulse)
            {
                throw new SensorException(FaultReason.Timeout, "a clock pulse lasted too long: the machine was busy elsewhere");
            }

            raw = bit < 24 ? (raw << 1) | level : raw;
        }

        return raw << 8 >> 8;
    }

    protected override void Dispose(bool disposing)
    {
        _lines?.Dispose();
        _chip?.Dispose();
        (_lines, _chip) = (null, null);
    }
}
