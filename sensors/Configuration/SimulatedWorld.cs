using Sluice.Sensors.Drivers.Hx711;
using Sluice.Sensors.Gpio;
using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Configuration;

/// <summary>
/// The simulated buses of a configuration, with a device for each sensor on them. A bus whose name is <c>simulated</c>, or begins
/// with <c>simulated-</c>, is one of them; a pulse counter's line gets pulses, an input's line changes now and then.
/// </summary>
public sealed class SimulatedWorld : IDisposable
{
    /// <summary>Lines of a simulated chip.</summary>
    private const int Lines = 64;

    /// <summary>How often pulses are made up to the present.</summary>
    private static readonly TimeSpan PulseStep = TimeSpan.FromMilliseconds(250);

    private const ulong GlitchNs = 50_000;

    private readonly TimeProvider _time;
    private readonly Dictionary<string, SimulatedI2cBus> _buses = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SimulatedGpioChip> _chips = new(StringComparer.Ordinal);
    private readonly List<Action> _steps = [];
    private ITimer? _timer;

    public SimulatedWorld(TimeProvider time)
    {
        _time = time;
    }

    public static bool IsSimulated(string bus) => bus == "simulated" || bus.StartsWith("simulated-", StringComparison.Ordinal);

    /// <summary>A bus by its name.</summary>
    public SimulatedI2cBus Bus(string name)
    {
        if (!_buses.TryGetValue(name, out SimulatedI2cBus? bus))
        {
            bus = new SimulatedI2cBus(name);
            _buses.Add(name, bus);
        }

        return bus;
    }

    /// <summary>A GPIO chip by its name.</summary>
    public SimulatedGpioChip Chip(string name)
    {
        if (!_chips.TryGetValue(name, out SimulatedGpioChip? chip))
        {
            chip = new SimulatedGpioChip(name, Lines);
            _chips.Add(name, chip);
        }

        return chip;
    }

    /// <summary>Puts the device of a sensor onto its I2C bus; it then has the faults that are returned.</summary>
    public SimulatedFaults Attach(SensorDefinition sensor)
    {
        SimulatedI2cDevice device = sensor.Kind.SimulateI2c!(new SimulatedQuantities(_time, sensor.Seed));
        Bus(sensor.Bus).Attach(sensor.Address, device);
        Configure(device.Faults, sensor);
        return device.Faults;
    }

    /// <summary>The device of a sensor behind a chip select.</summary>
    public SimulatedSpiDevice Spi(SensorDefinition sensor)
    {
        SimulatedSpiDevice device = sensor.Kind.SimulateSpi!(new SimulatedQuantities(_time, sensor.Seed));
        Configure(device.Faults, sensor);
        return device;
    }

    /// <summary>Has something happen at the lines of a sensor on a GPIO chip; they then have the faults that are returned.</summary>
    public SimulatedFaults Drive(SensorDefinition sensor)
    {
        SimulatedGpioChip chip = Chip(sensor.Bus);
        SimulatedQuantities quantities = new(_time, sensor.Seed);
        SimulatedFaults faults = new(sensor.Seed);
        Configure(faults, sensor);
        if (sensor.Kind == Hx711Driver.Kind)
        {
            _ = new SimulatedHx711(chip, sensor.Settings.Integer("clock", 0, 0, 1023), sensor.Settings.Integer("data", 1, 0, 1023), quantities, _time);
        }
        else if (((IGpioChip)chip).TryFind(sensor.Settings.Text("line") ?? "0") is { } line)
        {
            // One that the chip does not have is the driver's to tell.
            _steps.Add(sensor.Kind == PulseCounterDriver.Kind
                ? Pulses(chip, line, quantities, TimeSpan.FromMilliseconds(sensor.Settings.Number("debounce_ms", 0, 0, 10_000)), faults)
                : Contact(chip, line, sensor.Seed, faults));
        }

        return faults;
    }

    /// <summary>As many pulses as the simulated meter has counted since the step before, long enough for the debounce.</summary>
    private static Action Pulses(SimulatedGpioChip chip, int line, SimulatedQuantities quantities, TimeSpan debounce, SimulatedFaults faults)
    {
        ulong width = (ulong)(1.5 * debounce.TotalNanoseconds) + GlitchNs;
        ulong at = 0;
        double last = quantities["counter"];
        return () =>
        {
            at = Math.Max(at, SimulatedGpioChip.NowNs);
            chip.Settle(at);
            for (double now = quantities["counter"]; last < now; last++)
            {
                chip.Drive(line, true, at);
                chip.Drive(line, false, at + width);
                at += 2 * width;
            }

            Glitch(chip, line, false, at, faults);
        };
    }

    /// <summary>A contact that changes now and then.</summary>
    private Action Contact(SimulatedGpioChip chip, int line, ulong seed, SimulatedFaults faults) => () =>
    {
        bool level = Noise.Uniform(seed, _time.GetUtcNow().ToUnixTimeSeconds() / 20) < 0.4;
        ulong at = SimulatedGpioChip.NowNs;
        chip.Settle(at);
        chip.Drive(line, level, at);
        Glitch(chip, line, level, at + GlitchNs, faults);
    };

    private static void Glitch(SimulatedGpioChip chip, int line, bool level, ulong at, SimulatedFaults faults)
    {
        if (faults.Draw() == SimulatedFault.Glitch)
        {
            chip.Drive(line, !level, at);
            chip.Drive(line, level, at + GlitchNs);
        }
    }

    /// <summary>Begins.</summary>
    public void Start()
    {
        if (_steps.Count > 0)
        {
            _timer = _time.CreateTimer(_ => _steps.ForEach(step => step()), null, PulseStep, PulseStep);
        }
    }

    private static void Configure(SimulatedFaults faults, SensorDefinition sensor)
    {
        foreach ((SimulatedFault fault, double probability) in sensor.Faults)
        {
            faults.Sometimes(fault, probability);
        }
    }

    public void Dispose() => _timer?.Dispose();
}
