using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Drivers.Hx711;

/// <summary>An HX711 at two lines of a simulated chip: the quantity <c>load</c>, a whole number of 24 bits.</summary>
internal sealed class SimulatedHx711
{
    private readonly SimulatedGpioChip _chip;
    private readonly SimulatedQuantities _quantities;
    private readonly int _data;
    private int _pulse;
    private int _value;

    public SimulatedHx711(SimulatedGpioChip chip, int clock, int data, SimulatedQuantities quantities)
    {
        _chip = chip;
        _data = data;
        _quantities = quantities;
        chip.OutputChanged = (offset, level) =>
        {
            if (offset == clock && level)
            {
                OnPulse();
            }
        };
    }

    private void OnPulse()
    {
        if (_pulse == 0)
        {
            _value = (int)Math.Round(_quantities["load"]);
        }

        bool isBit = _pulse < 24;
        _chip.Drive(_data, isBit && ((_value >> (23 - _pulse)) & 1) != 0);
        _pulse = isBit ? _pulse + 1 : 0;
    }
}
