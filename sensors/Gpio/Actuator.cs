using Sluice.Sensors.Modbus;

namespace Sluice.Sensors.Gpio;

/// <summary>An output that is switched by command, such as a relay.</summary>
public sealed record ActuatorDefinition
{
    /// <summary>Its name in topics and messages.</summary>
    public required string Name { get; init; }

    /// <summary>The chip: a device or a label; or the bus of a Modbus device.</summary>
    public required string Bus { get; init; }

    /// <summary>The line's name or offset; empty for an output of a Modbus device.</summary>
    public string Line { get; init; } = "";

    /// <summary>The output of a Modbus device; null for a GPIO line.</summary>
    public ModbusPoint? Modbus { get; init; }

    public bool IsActiveLow { get; init; }

    /// <summary>The state at the start, at the end, and after <see cref="Timeout"/>.</summary>
    public bool SafeState { get; init; }

    /// <summary>How long another state than the safe one may last after its command; zero for as long as it likes.</summary>
    public TimeSpan Timeout { get; init; }

    /// <summary>Actuators that must be off while this one is on, and the other way round; off is then the safe state of all of them.</summary>
    public IReadOnlyList<string> Interlock { get; init; } = [];
}

/// <summary>What became of a command.</summary>
public enum ActuatorResult
{
    Done,

    /// <summary>There is no actuator of that name.</summary>
    Unknown,

    /// <summary>Another one stands in the way.</summary>
    Interlocked,

    /// <summary>The output cannot be set; it is tried again in its safe state.</summary>
    Failed,
}
