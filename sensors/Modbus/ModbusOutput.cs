using System.Buffers.Binary;
using Sluice.Sensors.Drivers;
using Sluice.Sensors.Gpio;

namespace Sluice.Sensors.Modbus;

/// <summary>Where a Modbus device has an output: a coil, or a holding register with a value for each state.</summary>
public sealed record ModbusPoint
{
    /// <summary>True over TCP, false on a serial line.</summary>
    public required bool IsTcp { get; init; }

    public required byte Unit { get; init; }

    /// <summary>True for a coil, false for a holding register.</summary>
    public required bool IsCoil { get; init; }

    /// <summary>As on the line, from 0.</summary>
    public required ushort Address { get; init; }

    /// <summary>What a register holds for on.</summary>
    public ushort On { get; init; } = 1;

    /// <summary>What a register holds for off.</summary>
    public ushort Off { get; init; }

    /// <summary>The keys of its bus.</summary>
    public required SensorSettings Settings { get; init; }
}

/// <summary>An output of a Modbus device.</summary>
public sealed class ModbusOutput : IOutputPort
{
    private readonly ModbusTransport _transport;
    private readonly ModbusPoint _point;

    /// <param name="transport">Of the device's bus; not owned.</param>
    /// <param name="point">Where the output is.</param>
    /// <param name="state">Written at once.</param>
    public ModbusOutput(ModbusTransport transport, ModbusPoint point, bool state)
    {
        _transport = transport;
        _point = point;
        Write(state);
    }

    public void Write(bool state) =>
        Ask(_point.IsCoil ? ModbusPdu.Write(_point.Address, coil: state) : ModbusPdu.Write(_point.Address, [state ? _point.On : _point.Off]));

    public bool Read()
    {
        byte[] data = Ask(ModbusPdu.Read(_point.IsCoil ? ModbusTable.Coil : ModbusTable.Holding, _point.Address, 1));
        return _point.IsCoil ? (data[0] & 1) != 0 : BinaryPrimitives.ReadUInt16BigEndian(data) != _point.Off;
    }

    public void Dispose()
    {
    }

    private byte[] Ask(byte[] request) =>
        ModbusPdu.Answer(
            request, _transport.Exchange(_point.Unit, request), $"{_transport.Name} unit {_point.Unit} {(_point.IsCoil ? "coil" : "register")} {_point.Address}").ToArray();
}
