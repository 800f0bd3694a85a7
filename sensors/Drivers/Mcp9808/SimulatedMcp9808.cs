using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Drivers.Mcp9808;

/// <summary>An MCP9808.</summary>
internal sealed class SimulatedMcp9808 : SimulatedWordDevice
{
    private readonly SimulatedQuantities _quantities;

    public SimulatedMcp9808(SimulatedQuantities quantities)
    {
        _quantities = quantities;
        Reset();
    }

    public override void Reset()
    {
        Array.Clear(Registers);
        Registers[6] = 0x0054;
        Registers[7] = 0x0400;
    }

    protected override ushort OnRead(byte register) =>
        register == 5 ? (ushort)((int)Math.Round(_quantities["temperature"] * 16) & 0x1FFF) : Registers[register];
}
