namespace Sluice.Sensors.Gpio;

/// <summary>What an output is connected to. One caller at a time; what fails is a <see cref="SensorException"/>, and the port is then opened anew.</summary>
public interface IOutputPort : IDisposable
{
    /// <summary>Sets it.</summary>
    void Write(bool state);

    /// <summary>What it is set to, as the device says: tells whether it is still there.</summary>
    bool Read();
}

/// <summary>An output line of a GPIO chip.</summary>
public sealed class GpioOutput : IOutputPort
{
    private readonly IGpioChip _chip;
    private readonly IGpioLines _lines;

    /// <param name="chip">Owned from now on.</param>
    /// <param name="line">The line's name or offset.</param>
    /// <param name="isActiveLow">True when on is a low voltage.</param>
    /// <param name="state">The state that the line has from the moment on in which it is taken.</param>
    public GpioOutput(IGpioChip chip, string line, bool isActiveLow, bool state)
    {
        _chip = chip;
        try
        {
            _lines = chip.Request([new GpioLineSettings { Offset = chip.Find(line), IsOutput = true, IsActiveLow = isActiveLow, InitialValue = state }], 0);
        }
        catch
        {
            chip.Dispose();
            throw;
        }
    }

    public void Write(bool state) => _lines.Write(1, state ? 1UL : 0);

    public bool Read() => (_lines.Read() & 1) != 0;

    public void Dispose()
    {
        _lines.Dispose();
        _chip.Dispose();
    }
}
