using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Drivers.Hx711;

/// <summary>
/// An HX711 at two lines of a simulated chip: the quantity <c>load</c>, a whole number of 24 bits at gain 128. As the real one it
/// sleeps when a pulse lasts for more than 60 us, and wakes up with its first input at gain 128; unlike it, it always has a value ready.
/// </summary>
internal sealed class SimulatedHx711
{
    private static readonly TimeSpan LongestPulse = TimeSpan.FromMicroseconds(60);

    /// <summary>Between the last pulse of a value and the first of the next one: conversions come 10 a second.</summary>
    private static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(5);

    private readonly SimulatedGpioChip _chip;
    private readonly SimulatedQuantities _quantities;
    private readonly TimeProvider _time;
    private readonly int _data;
    private long _risen;
    private int _pulse;
    private int _gain = 128;
    private int _value;

    public SimulatedHx711(SimulatedGpioChip chip, int clock, int data, SimulatedQuantities quantities, TimeProvider time)
    {
        _chip = chip;
        _data = data;
        _quantities = quantities;
        _time = time;
        chip.OutputChanged += (offset, level) =>
        {
            if (offset == clock)
            {
                OnClock(level);
            }
        };
    }

    private void OnClock(bool level)
    {
        TimeSpan sinceRise = _time.GetElapsedTime(_risen);
        if (!level)
        {
            if (sinceRise > LongestPulse)
            {
                (_pulse, _gain) = (0, 128);
                _chip.Drive(_data, false);
            }

            return;
        }

        _risen = _time.GetTimestamp();
        if (_pulse >= 24 && sinceRise > Gap)
        {
            _pulse = 0;
        }

        if (_pulse == 0)
        {
            _value = (int)Math.Round(_quantities["load"] * _gain / 128);
        }

        bool isBit = _pulse < 24;
        _chip.Drive(_data, isBit && ((_value >> (23 - _pulse)) & 1) != 0);
        _gain = ++_pulse switch { 25 => 128, 26 => 32, 27 => 64, _ => _gain };
    }
}
