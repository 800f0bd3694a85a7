using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Drivers.Mcp23017;

/// <summary>An MCP23017. What drives its pins is the quantity <c>pins</c>, a number of sixteen bits, port A low.</summary>
internal sealed class SimulatedMcp23017 : SimulatedRegisterDevice
{
    private readonly SimulatedQuantities _quantities;

    public SimulatedMcp23017(SimulatedQuantities quantities)
    {
        _quantities = quantities;
        Reset();
    }

    public override void Reset()
    {
        Array.Clear(Registers);
        Registers[0] = 0xFF;
        Registers[1] = 0xFF;
    }

    protected override void OnRead(byte register, int count)
    {
        int pins = (int)_quantities["pins"];
        for (int port = 0; port < 2; port++)
        {
            byte driven = (byte)(pins >> (8 * port));
            Registers[0x12 + port] = (byte)((driven ^ Registers[0x02 + port]) & Registers[port]);
        }
    }
}
