using Sluice.Sensors.Drivers;
using Sluice.Sensors.Serial;

namespace Sluice.Sensors.Modbus;

/// <summary>Makes transports from the keys that all users of a bus have: <c>timeout_ms</c>, and for a serial line <c>speed</c>, <c>parity</c>, <c>stop_bits</c>.</summary>
public static class ModbusSettings
{
    /// <param name="bus">The serial line's device.</param>
    /// <param name="settings">The keys.</param>
    /// <param name="time">The clock of time-outs.</param>
    public static ModbusTransport Rtu(string bus, SensorSettings settings, TimeProvider time) =>
        new ModbusRtu(new SerialLine(bus, SerialSettings.From(settings, 9600)), Timeout(settings), time);

    /// <param name="bus"><c>HOST</c> or <c>HOST:PORT</c>.</param>
    /// <param name="settings">The keys.</param>
    public static ModbusTransport Tcp(string bus, SensorSettings settings)
    {
        int colon = bus.LastIndexOf(':');
        int port = 502;
        if (colon > 0 && !int.TryParse(bus[(colon + 1)..], out port))
        {
            settings.Fail("bus", $"\"{bus}\" is no HOST:PORT");
        }

        return new ModbusTcp(colon > 0 ? bus[..colon] : bus, port, Timeout(settings));
    }

    private static TimeSpan Timeout(SensorSettings settings) => TimeSpan.FromMilliseconds(settings.Integer("timeout_ms", 500, 10, 60_000));
}
