using Sluice.Sensors.Drivers;
using Sluice.Sensors.Gpio;
using Sluice.Sensors.Sampling;
using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Configuration;

/// <summary>A configured sensor.</summary>
public sealed record SensorDefinition
{
    /// <summary>Unique.</summary>
    public required string Name { get; init; }

    /// <summary>The device that its readings belong to.</summary>
    public required string Device { get; init; }

    public required DriverKind Kind { get; init; }

    /// <summary>The bus: <c>/dev/i2c-1</c>, <c>/dev/spidev0.0</c>, a GPIO chip, <c>simulated</c>; empty where there is none.</summary>
    public string Bus { get; init; } = "";

    /// <summary>The I2C address.</summary>
    public int Address { get; init; }

    /// <summary>The keys of its kind.</summary>
    public required SensorSettings Settings { get; init; }

    public required SamplingPlan Plan { get; init; }

    /// <summary>For simulated ones: the same seed gives the same values.</summary>
    public ulong Seed { get; init; }

    /// <summary>What goes wrong with a simulated device, with the probability for each transfer.</summary>
    public IReadOnlyDictionary<SimulatedFault, double> Faults { get; init; } = new Dictionary<SimulatedFault, double>();

    /// <summary>Whether its device is simulated in this process.</summary>
    public bool IsSimulated => SimulatedWorld.IsSimulated(Bus);

    /// <summary>The metric of its quality, that is stored when a sensor fails and when it is well again.</summary>
    public string QualityMetric => $"{SampledSensor.ShortName(Name)}.quality";
}

/// <summary>All sensors and outputs of a machine.</summary>
public sealed record SensorConfiguration
{
    public IReadOnlyList<SensorDefinition> Sensors { get; init; } = [];

    public IReadOnlyList<ActuatorDefinition> Actuators { get; init; } = [];

    /// <summary>Where sysfs is mounted.</summary>
    public string Sysfs { get; init; } = "/sys";
}
