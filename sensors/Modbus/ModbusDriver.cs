using Sluice.Sensors.Drivers;

namespace Sluice.Sensors.Modbus;

/// <summary>Values of a Modbus device, over a serial line or TCP.</summary>
public sealed class ModbusDriver : SensorDriver
{
    private readonly ModbusTransport _transport;
    private readonly byte _unit;
    private readonly ModbusTable _table;
    private readonly string _order;
    private readonly List<ModbusValue> _values = [];

    /// <param name="settings">The keys <c>unit</c>, <c>table</c>, <c>order</c>, <c>values</c>.</param>
    /// <param name="transport">Owned from now on.</param>
    /// <param name="unit">The unit when there is no such key.</param>
    public ModbusDriver(SensorSettings settings, ModbusTransport transport, int unit)
    {
        _transport = transport;
        _unit = (byte)settings.Integer("unit", unit, 1, 255);
        _order = settings.Choice("order", "abcd", "cdab", "badc", "dcba");
        _table = settings.Choice("table", "holding", "input", "coil", "discrete") switch
        {
            "input" => ModbusTable.Input,
            "coil" => ModbusTable.Coil,
            "discrete" => ModbusTable.Discrete,
            _ => ModbusTable.Holding,
        };
        bool isBits = _table is ModbusTable.Coil or ModbusTable.Discrete;
        foreach (string text in settings.Required("values", "\"voltage=3000 uint16 0.1 V, energy=3002 uint32 0.01 kWh\"").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (ModbusValue.Parse(text) is { } value && (value.Type == "bit" || !isBits))
            {
                _values.Add(value);
            }
            else
            {
                settings.Fail("values", $"\"{text}\" is not NAME=ADDRESS TYPE [SCALE [UNIT]], where TYPE is {(isBits ? "bit" : $"one of {string.Join(", ", ModbusValue.Types)}")}");
            }
        }
    }

    public static DriverKind Rtu { get; } = new()
    {
        Name = "modbus-rtu",
        Summary = "values of a Modbus device on a serial line",
        Bus = BusKind.Serial,
        Fastest = TimeSpan.FromMilliseconds(20),
        Create = setup => new ModbusDriver(setup.Settings, setup.Modbus(() => ModbusSettings.Rtu(setup.Bus, setup.Settings, setup.Time)), unit: 1),
    };

    public static DriverKind Tcp { get; } = new()
    {
        Name = "modbus-tcp",
        Summary = "values of a Modbus device on the network",
        Bus = BusKind.Network,
        Fastest = TimeSpan.FromMilliseconds(20),
        Create = setup => new ModbusDriver(setup.Settings, setup.Modbus(() => ModbusSettings.Tcp(setup.Bus, setup.Settings)), unit: 255),
    };

    public override IReadOnlyList<string> Metrics => [.. _values.Select(value => value.Metric)];

    public override void Read(ICollection<Measurement> into)
    {
        foreach (ModbusValue value in _values)
        {
            byte[] request = ModbusPdu.Read(_table, value.Address, value.Registers);
            byte[] answer = _transport.Exchange(_unit, request);
            ReadOnlySpan<byte> data = ModbusPdu.Answer(request, answer, $"{_transport.Name} unit {_unit} {value.Metric}");
            into.Add(new Measurement(value.Metric, value.Unit, value.Decode(data, _order)));
        }
    }

    protected override void Dispose(bool disposing) => _transport.Dispose();
}
