using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Drivers.Mcp3008;

/// <summary>An MCP3008 with a reference of 3.3 V. Its inputs are the quantities <c>input0</c> to <c>input7</c>, in volts.</summary>
internal sealed class SimulatedMcp3008(SimulatedQuantities quantities) : SimulatedSpiDevice("simulated MCP3008")
{
    public override void Reset()
    {
    }

    protected override void Answer(ReadOnlySpan<byte> write, Span<byte> read)
    {
        int raw = (int)Math.Clamp(quantities[$"input{(write[1] >> 4) & 7}"] / 3.3 * 1024, 0, 1023);
        read[0] = 0xFF;
        read[1] = (byte)(0xF8 | (raw >> 8));
        read[2] = (byte)raw;
    }
}
