using System.Buffers.Binary;

namespace Sluice.Sensors.Modbus;

/// <summary>Which of a device's tables a value is in (MODBUS Application Protocol 1.1b3, section 4.3).</summary>
public enum ModbusTable
{
    Holding,
    Input,
    Coil,
    Discrete,
}

/// <summary>Requests and answers of the MODBUS Application Protocol 1.1b3, without what a line or TCP adds. Pure.</summary>
public static class ModbusPdu
{
    /// <summary>Registers of one read (section 6.3).</summary>
    public const int MaximumRegisters = 125;

    /// <summary>Coils of one read (section 6.1).</summary>
    public const int MaximumCoils = 2000;

    private const byte ReadCoils = 0x01;
    private const byte ReadDiscrete = 0x02;
    private const byte ReadHolding = 0x03;
    private const byte ReadInput = 0x04;
    private const byte WriteCoil = 0x05;
    private const byte WriteRegister = 0x06;
    private const byte WriteRegisters = 0x10;
    private const byte ExceptionBit = 0x80;

    /// <summary>Sections 6.1 to 6.4.</summary>
    public static byte[] Read(ModbusTable table, ushort address, ushort count)
    {
        bool isBits = table is ModbusTable.Coil or ModbusTable.Discrete;
        ArgumentOutOfRangeException.ThrowIfZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, isBits ? MaximumCoils : MaximumRegisters);
        byte function = table switch
        {
            ModbusTable.Coil => ReadCoils,
            ModbusTable.Discrete => ReadDiscrete,
            ModbusTable.Holding => ReadHolding,
            _ => ReadInput,
        };
        return Request(function, address, count);
    }

    /// <summary>Section 6.5.</summary>
    public static byte[] Write(ushort address, bool coil) => Request(WriteCoil, address, coil ? (ushort)0xFF00 : (ushort)0);

    /// <summary>Sections 6.6 and 6.12.</summary>
    public static byte[] Write(ushort address, ReadOnlySpan<ushort> registers)
    {
        if (registers.Length == 1)
        {
            return Request(WriteRegister, address, registers[0]);
        }

        ArgumentOutOfRangeException.ThrowIfZero(registers.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(registers.Length, 123);
        byte[] request = [.. Request(WriteRegisters, address, (ushort)registers.Length), (byte)(2 * registers.Length), .. new byte[2 * registers.Length]];
        for (int i = 0; i < registers.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(6 + (2 * i)), registers[i]);
        }

        return request;
    }

    /// <summary>How many bytes the answer has, as its first two tell; null for a function that is not known.</summary>
    public static int? AnswerLength(byte function, byte second) => function switch
    {
        >= ExceptionBit => 2,
        ReadCoils or ReadDiscrete or ReadHolding or ReadInput => 2 + second,
        WriteCoil or WriteRegister or WriteRegisters => 5,
        _ => null,
    };

    /// <summary>The data of an answer to a read, or nothing for a write.</summary>
    /// <exception cref="SensorException">It is an exception, or not the answer to this request.</exception>
    public static ReadOnlySpan<byte> Answer(ReadOnlySpan<byte> request, ReadOnlySpan<byte> answer, string device)
    {
        if (answer.Length >= 2 && answer[0] == (request[0] | ExceptionBit))
        {
            throw new SensorException(FaultReason.Device, $"{device}: exception {answer[1]}: {Describe(answer[1])}");
        }

        if (answer.Length < 2 || answer[0] != request[0])
        {
            throw new SensorException(FaultReason.Io, $"{device}: the answer is not to what was asked");
        }

        if (request[0] is WriteCoil or WriteRegister or WriteRegisters)
        {
            return answer[1..].SequenceEqual(request[1..5]) ? [] : throw new SensorException(FaultReason.Io, $"{device}: the write was answered with something else");
        }

        int count = BinaryPrimitives.ReadUInt16BigEndian(request[3..]);
        int expected = request[0] is ReadCoils or ReadDiscrete ? (count + 7) / 8 : 2 * count;
        return answer[1] == expected && answer.Length == expected + 2
            ? answer[2..]
            : throw new SensorException(FaultReason.Io, $"{device}: {answer.Length - 2} bytes instead of {expected}");
    }

    private static byte[] Request(byte function, ushort address, ushort value) =>
        [function, (byte)(address >> 8), (byte)address, (byte)(value >> 8), (byte)value];

    /// <summary>Section 7.</summary>
    private static string Describe(byte code) => code switch
    {
        1 => "illegal function: the device does not know this kind of request",
        2 => "illegal data address: it has no such register",
        3 => "illegal data value",
        4 => "server device failure",
        5 => "acknowledge: it needs longer",
        6 => "server device busy",
        8 => "memory parity error",
        10 => "gateway path unavailable",
        11 => "gateway target device failed to respond",
        _ => "unknown",
    };
}
