using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Drivers.Mcp9808;

/// <summary>An MCP9808.</summary>
internal sealed class SimulatedMcp9808 : SimulatedWordDevice
{
    private readonly SimulatedQuantities _quantities;
    private bool _hasMeasured;

    public SimulatedMcp9808(SimulatedQuantities quantities)
    {
        _quantities = quantities;
        Reset();
    }

    public override void Reset()
    {
        Array.Clear(Registers);
        _hasMeasured = false;
        Registers[6] = 0x0054;
        Registers[7] = 0x0400;
    }

    /// <summary>Whoever has set it up waits for the first measurement; before that it reads 0 °C.</summary>
    protected override void OnWrite(byte register, ushort value)
    {
        base.OnWrite(register, value);
        _hasMeasured = true;
    }

    protected override ushort OnRead(byte register) =>
        register == 5 && _hasMeasured ? (ushort)((int)Math.Round(_quantities["temperature"] * 16) & 0x1FFF) : Registers[register];
}
