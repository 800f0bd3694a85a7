using Sluice.Sensors.Drivers;
using Sluice.Sensors.Gpio;
using Sluice.Sensors.I2c;
using Sluice.Sensors.Modbus;
using Sluice.Sensors.Sampling;
using Sluice.Sensors.Simulation;
using Sluice.Sensors.Spi;

namespace Sluice.Sensors.Configuration;

/// <summary>Makes buses, workers and drivers from a configuration and runs them: one bus and one worker for all sensors at it.</summary>
public sealed class SensorHost : IAsyncDisposable
{
    private readonly SensorConfiguration _configuration;
    private readonly TimeProvider _time;
    private readonly Func<string, BusWorker> _makeWorker;
    private readonly SimulatedWorld _world;
    private readonly Dictionary<string, BusWorker> _workers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RecoveringI2cBus> _i2c = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SimulatedFaults> _faults = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ISpiDevice> _spi = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SharedModbus> _modbus = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<GpioPort>> _ports = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SensorDefinition> _definitions;

    /// <param name="configuration">Checked.</param>
    /// <param name="output">Takes the readings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="makeWorker">Makes the worker of a bus; null for one with a thread each.</param>
    public SensorHost(SensorConfiguration configuration, ISensorOutput output, TimeProvider time, Func<string, BusWorker>? makeWorker = null)
    {
        _configuration = configuration;
        _time = time;
        _makeWorker = makeWorker ?? BusWorker.Threaded;
        _world = new SimulatedWorld(time);
        _definitions = configuration.Sensors.ToDictionary(sensor => sensor.Name, StringComparer.Ordinal);
        Sampler = new Sampler([.. configuration.Sensors.Select(Make)], output, time);
        Actuators = new ActuatorSet(
            configuration.Actuators, OpenOutput, time);
    }

    public Sampler Sampler { get; }

    public ActuatorSet Actuators { get; }

    /// <summary>How often each I2C bus was recovered.</summary>
    public IReadOnlyList<(string Bus, long Recoveries)> Recoveries => [.. _i2c.Select(pair => (pair.Key, pair.Value.Recoveries))];

    /// <summary>Edges that were lost at each GPIO chip.</summary>
    public IReadOnlyList<(string Chip, long Lost)> LostEdges => [.. _ports.Select(pair => (pair.Key, pair.Value.Sum(port => port.Lost)))];

    /// <summary>The faults that the simulated device of a sensor can be made to have; null where there is none.</summary>
    public SimulatedFaults? Faults(string sensor) => _faults.GetValueOrDefault(sensor);

    /// <summary>A simulated GPIO chip, to drive its lines and to pull it out; null where there is none of that name.</summary>
    public SimulatedGpioChip? Chip(string bus) => SimulatedWorld.IsSimulated(bus) ? _world.Chip(bus) : null;

    /// <summary>What a sensor was made from.</summary>
    public SensorDefinition Definition(SampledSensor sensor) => _definitions[sensor.Name];

    /// <summary>Sensors whose values go on from before a restart; before <see cref="Start"/>.</summary>
    public IEnumerable<(SampledSensor Sensor, IRestorable Driver)> Restorable =>
        from sensor in Sampler.Sensors
        where sensor.Driver is IRestorable
        select (sensor, (IRestorable)sensor.Driver);

    /// <summary>Takes the outputs in their safe states and begins to read.</summary>
    public void Start()
    {
        Actuators.Start();

        // Inputs tell their level when their line is taken, and the sampler must be there to hear it.
        Sampler.Start();
        foreach (GpioPort port in _ports.Values.SelectMany(ports => ports))
        {
            port.Start();
        }

        _world.Start();
    }

    public async ValueTask DisposeAsync()
    {
        Actuators.Dispose();
        _world.Dispose();
        await Sampler.DisposeAsync();
        foreach (IDisposable part in (IEnumerable<IDisposable>)[.. _ports.Values.SelectMany(ports => ports), .. _workers.Values, .. _i2c.Values, .. _spi.Values])
        {
            part.Dispose();
        }

        foreach (SharedModbus modbus in _modbus.Values)
        {
            modbus.Close();
        }
    }

    private SampledSensor Make(SensorDefinition sensor)
    {
        DriverSetup setup = sensor.Kind.Bus switch
        {
            BusKind.I2c => Setup(sensor, i2c: new I2cDevice(I2c(sensor), sensor.Address)),
            BusKind.Spi => Setup(sensor, spi: Spi(sensor)),
            BusKind.Gpio => Setup(sensor, port: Port(sensor)),
            _ => Setup(sensor),
        };
        SensorDriver driver = sensor.Kind.Create(setup);
        return new SampledSensor(sensor.Name, sensor.Device, driver, Worker(sensor), sensor.Plan);
    }

    private DriverSetup Setup(SensorDefinition sensor, I2cDevice? i2c = null, ISpiDevice? spi = null, GpioPort? port = null) => new()
    {
        Settings = sensor.Settings,
        I2c = i2c!,
        Spi = spi!,
        Port = port!,
        Chip = () => OpenChip(sensor.Bus),
        Modbus = make => Modbus(sensor.Bus, make),
        Bus = sensor.Bus,
        Sysfs = _configuration.Sysfs,
        Time = _time,
        Seed = sensor.Seed,
    };

    private BusWorker Worker(SensorDefinition sensor)
    {
        // A conversion on 1-Wire holds its bus for most of a second; other files of sysfs do not wait for it.
        string key = sensor.Bus.Length > 0 ? sensor.Bus : sensor.Kind.Bus == BusKind.Sysfs ? sensor.Kind.Name : "simulated";
        if (!_workers.TryGetValue(key, out BusWorker? worker))
        {
            worker = _makeWorker(key);
            _workers.Add(key, worker);
        }

        return worker;
    }

    private RecoveringI2cBus I2c(SensorDefinition sensor)
    {
        if (!_i2c.TryGetValue(sensor.Bus, out RecoveringI2cBus? bus))
        {
            II2cBus inner = sensor.IsSimulated ? _world.Bus(sensor.Bus) : new KernelI2cBus(sensor.Bus, _configuration.Sysfs);
            bus = new RecoveringI2cBus(inner, _time);
            _i2c.Add(sensor.Bus, bus);
        }

        if (sensor.IsSimulated)
        {
            _faults.Add(sensor.Name, _world.Attach(sensor));
        }

        return bus;
    }

    private ISpiDevice Spi(SensorDefinition sensor)
    {
        if (sensor.IsSimulated)
        {
            SimulatedSpiDevice simulated = _world.Spi(sensor);
            _faults.Add(sensor.Name, simulated.Faults);
            return simulated;
        }

        // Sensors at different inputs of one converter share its device.
        if (!_spi.TryGetValue(sensor.Bus, out ISpiDevice? device))
        {
            device = new KernelSpiDevice(sensor.Bus, sensor.Kind.Spi);
            _spi.Add(sensor.Bus, device);
        }

        return device;
    }

    private GpioPort Port(SensorDefinition sensor)
    {
        if (!_ports.TryGetValue(sensor.Bus, out List<GpioPort>? ports))
        {
            ports = [];
            _ports.Add(sensor.Bus, ports);
        }

        if (ports.Count == 0 || ports[^1].IsFull)
        {
            ports.Add(new GpioPort(() => OpenChip(sensor.Bus)));
        }

        if (sensor.IsSimulated)
        {
            _faults.Add(sensor.Name, _world.Drive(sensor));
        }

        return ports[^1];
    }

    private IOutputPort OpenOutput(ActuatorDefinition output, bool state) => output.Modbus is { } point
        ? new ModbusOutput(Modbus(output.Bus, () => point.IsTcp ? ModbusSettings.Tcp(output.Bus, point.Settings) : ModbusSettings.Rtu(output.Bus, point.Settings, _time)), point, state)
        : new GpioOutput(OpenChip(output.Bus), output.Line, output.IsActiveLow, state);

    private SharedModbus Modbus(string bus, Func<ModbusTransport> make)
    {
        if (!_modbus.TryGetValue(bus, out SharedModbus? shared))
        {
            shared = new SharedModbus(make());
            _modbus.Add(bus, shared);
        }

        return shared;
    }

    private IGpioChip OpenChip(string bus) => SimulatedWorld.IsSimulated(bus) ? _world.Chip(bus) : new KernelGpioChip(bus);
}
