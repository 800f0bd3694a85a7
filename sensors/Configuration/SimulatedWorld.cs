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

    /// <summary>Has something happen at the line of a sensor on a GPIO chip.</summary>
    public void Drive(SensorDefinition sensor)
    {
        SimulatedGpioChip chip = Chip(sensor.Bus);
        SimulatedQuantities quantities = new(_time, sensor.Seed);
        if (sensor.Kind == Hx711Driver.Kind)
        {
            _ = new SimulatedHx711(chip, sensor.Settings.Integer("clock", 0, 0, 1023), sensor.Settings.Integer("data", 1, 0, 1023), quantities, _time);
            return;
        }

        // One that the chip does not have is the driver's to tell.
        if (((IGpioChip)chip).TryFind(sensor.Settings.Text("line") ?? "0") is not { } line)
        {
            return;
        }

        if (sensor.Kind == PulseCounterDriver.Kind)
        {
            // As many pulses as the simulated meter has counted since the step before.
            double last = quantities["counter"];
            _steps.Add(() =>
            {
                for (double now = quantities["counter"]; last < now; last++)
                {
                    chip.Drive(line, true);
                    chip.Drive(line, false);
                }
            });
        }
        else
        {
            _steps.Add(() => chip.Drive(line, Noise.Uniform(sensor.Seed, _time.GetUtcNow().ToUnixTimeSeconds() / 20) < 0.4));
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
