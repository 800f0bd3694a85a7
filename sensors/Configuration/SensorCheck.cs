using Sluice.Sensors.Drivers;
using Sluice.Sensors.Gpio;
using Sluice.Sensors.I2c;
using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Configuration;

/// <summary>Settings that were tried.</summary>
/// <param name="Settings">To make the real driver from.</param>
/// <param name="Metrics">What it measures; null where only the device tells.</param>
/// <param name="Lines">The lines that it takes of its GPIO chip.</param>
public sealed record CheckedSettings(SensorSettings Settings, IReadOnlyList<string>? Metrics, IReadOnlyList<string> Lines);

/// <summary>Tries the settings of a kind without touching a device.</summary>
public static class SensorCheck
{
    /// <summary>Has the driver read its keys, so that it complains about wrong ones; returns them for later, with what else is known of it.</summary>
    public static CheckedSettings Check(DriverKind kind, SensorSettings settings, string bus)
    {
        CapturedSettings captured = new(settings);
        using SimulatedI2cBus nothing = new("check");
        using GpioPort port = new(() => throw new SensorException(FaultReason.Missing, "only checked"));
        using SensorDriver driver = kind.Create(new DriverSetup
        {
            Settings = captured,
            I2c = new I2cDevice(nothing, kind.Addresses.Count > 0 ? kind.Addresses[0] : 0x10),
            Spi = new SimulatedNothing(),
            Port = port,
            Chip = () => throw new SensorException(FaultReason.Missing, "only checked"),
            Bus = bus,
        });
        return new CheckedSettings(captured, driver.Metrics, driver.Lines);
    }

    private sealed class SimulatedNothing() : SimulatedSpiDevice("check")
    {
        public override void Reset()
        {
        }

        protected override void Answer(ReadOnlySpan<byte> write, Span<byte> read)
        {
        }
    }
}
