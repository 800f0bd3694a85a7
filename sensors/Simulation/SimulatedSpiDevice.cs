using Sluice.Sensors.Spi;

namespace Sluice.Sensors.Simulation;

/// <summary>A device behind a chip select in this process.</summary>
public abstract class SimulatedSpiDevice(string name) : ISpiDevice
{
    public string Name => name;

    public SimulatedFaults Faults { get; init; } = new();

    public void Transfer(ReadOnlySpan<byte> write, Span<byte> read)
    {
        SimulatedFault? fault = Faults.Draw();
        if (fault == SimulatedFault.PowerLoss)
        {
            Reset();
        }

        Answer(write, read);

        // SPI has no acknowledgement: a device that is not there reads as whatever the line floats to.
        SimulatedI2cBus.Damage(fault == SimulatedFault.Nack ? SimulatedFault.StuckHigh : fault, read);
    }

    public void Dispose() => GC.SuppressFinalize(this);

    /// <summary>The state after power-on.</summary>
    public abstract void Reset();

    protected abstract void Answer(ReadOnlySpan<byte> write, Span<byte> read);
}
