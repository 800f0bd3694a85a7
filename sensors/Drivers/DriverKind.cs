using Sluice.Sensors.Gpio;
using Sluice.Sensors.I2c;
using Sluice.Sensors.Modbus;
using Sluice.Sensors.Simulation;
using Sluice.Sensors.Spi;

namespace Sluice.Sensors.Drivers;

/// <summary>What a kind of sensor is connected to.</summary>
public enum BusKind
{
    /// <summary>To nothing: its values are made up.</summary>
    None,
    I2c,
    Spi,
    Gpio,

    /// <summary>Files that a driver of the kernel keeps in sysfs: 1-Wire, IIO, hwmon, thermal zones.</summary>
    Sysfs,

    /// <summary>A serial line.</summary>
    Serial,

    /// <summary>A TCP connection.</summary>
    Network,
}

/// <summary>A kind of sensor: what a configuration calls it and how it is made.</summary>
public sealed class DriverKind
{
    /// <summary>The name in a configuration, <c>bme280</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What it measures, in a few words.</summary>
    public required string Summary { get; init; }

    public required BusKind Bus { get; init; }

    /// <summary>The I2C addresses that it can have, the usual one first.</summary>
    public IReadOnlyList<int> Addresses { get; init; } = [];

    /// <summary>How it wants its SPI clock.</summary>
    public SpiSettings Spi { get; init; }

    /// <summary>The shortest interval that makes sense: its time for one measurement.</summary>
    public TimeSpan Fastest { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Makes the driver; it touches no bus before its first turn.</summary>
    public required Func<DriverSetup, SensorDriver> Create { get; init; }

    /// <summary>Makes the simulated device with the real register map; null where there is none.</summary>
    public Func<SimulatedQuantities, SimulatedI2cDevice>? SimulateI2c { get; init; }

    /// <summary>Makes the simulated device behind a chip select; null where there is none.</summary>
    public Func<SimulatedQuantities, SimulatedSpiDevice>? SimulateSpi { get; init; }

    /// <summary>Whether the device at an address is of this kind, for scans: reads an identification; null where there is none to read.</summary>
    public Func<I2cDevice, bool>? Identify { get; init; }
}

/// <summary>What a driver is made from.</summary>
public sealed class DriverSetup
{
    public required SensorSettings Settings { get; init; }

    /// <summary>For <see cref="BusKind.I2c"/>.</summary>
    public I2cDevice I2c { get => field ?? throw Absent(); init => field = value; }

    /// <summary>For <see cref="BusKind.Spi"/>.</summary>
    public ISpiDevice Spi { get => field ?? throw Absent(); init => field = value; }

    /// <summary>For <see cref="BusKind.Gpio"/>: opens the configured chip.</summary>
    public Func<IGpioChip> Chip { get => field ?? throw Absent(); init => field = value; }

    /// <summary>For <see cref="BusKind.Gpio"/>: the reader of the configured chip's inputs.</summary>
    public GpioPort Port { get => field ?? throw Absent(); init => field = value; }

    /// <summary>The configured bus: a path, a host and port.</summary>
    public string Bus { get; init; } = "";

    /// <summary>Where sysfs is mounted.</summary>
    public string Sysfs { get; init; } = "/sys";

    /// <summary>The transport of the configured bus, which others at it share: made by the function when there is none yet.</summary>
    public Func<Func<ModbusTransport>, ModbusTransport> Modbus { get; init; } = make => make();

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>For what is made up: the same seed gives the same values.</summary>
    public ulong Seed { get; init; }

    private static InvalidOperationException Absent() => new("The kind's bus is another one.");
}
