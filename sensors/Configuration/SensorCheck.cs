using Sluice.Sensors.Drivers;
using Sluice.Sensors.Gpio;
using Sluice.Sensors.I2c;
using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Configuration;

/// <summary>Tries the settings of a kind without touching a device.</summary>
public static class SensorCheck
{
    /// <summary>Has the driver read its keys, so that it complains about wrong ones; returns them for later.</summary>
    public static SensorSettings Check(DriverKind kind, SensorSettings settings, string bus)
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
        return captured;
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
