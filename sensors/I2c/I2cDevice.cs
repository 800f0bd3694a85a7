using System.Buffers.Binary;

namespace Sluice.Sensors.I2c;

/// <summary>A device at its address, with the register accesses that drivers are made of.</summary>
public sealed class I2cDevice
{
    /// <summary>Bytes of a register block that is written at once; no driver here needs more.</summary>
    private const int MaximumBlock = 32;

    private readonly II2cBus _bus;

    /// <param name="bus">Shared with other devices.</param>
    /// <param name="address">The 7-bit address, 0x03 to 0x77 (the others are reserved: I2C specification UM10204, table 4).</param>
    public I2cDevice(II2cBus bus, int address)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(address, 0x03);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(address, 0x77);
        _bus = bus;
        Address = address;
    }

    public int Address { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{_bus.Name} 0x{Address:x2}";

    public void Write(params ReadOnlySpan<byte> bytes) => _bus.Transfer(Address, bytes, []);

    public void Read(Span<byte> bytes) => _bus.Transfer(Address, [], bytes);

    /// <summary>Writes, then reads after a repeated start.</summary>
    public void WriteRead(ReadOnlySpan<byte> write, Span<byte> read) => _bus.Transfer(Address, write, read);

    public byte ReadByte(byte register)
    {
        Span<byte> value = stackalloc byte[1];
        WriteRead([register], value);
        return value[0];
    }

    /// <summary>A register of two bytes, the high one first.</summary>
    public ushort ReadUInt16(byte register)
    {
        Span<byte> value = stackalloc byte[2];
        WriteRead([register], value);
        return BinaryPrimitives.ReadUInt16BigEndian(value);
    }

    public short ReadInt16(byte register) => (short)ReadUInt16(register);

    public void WriteByte(byte register, byte value) => Write(register, value);

    public void WriteUInt16(byte register, ushort value) => Write(register, (byte)(value >> 8), (byte)value);

    /// <summary>
    /// SMBus "read word" with a packet error code: low byte first, then the CRC-8 over the whole message (System Management
    /// Bus specification 3.2, sections 6.4 and 6.5.5). Computed here, so any adapter that speaks I2C can do it.
    /// </summary>
    public ushort ReadWordWithPec(byte command)
    {
        Span<byte> answer = stackalloc byte[3];
        WriteRead([command], answer);
        ReadOnlySpan<byte> message = [(byte)(Address << 1), command, (byte)((Address << 1) | 1), answer[0], answer[1]];
        byte expected = Crc8.SmBus(message);
        return answer[2] == expected
            ? BinaryPrimitives.ReadUInt16LittleEndian(answer)
            : throw new SensorException(FaultReason.Crc, $"{this}: packet error code 0x{answer[2]:x2}, computed 0x{expected:x2}");
    }

    /// <summary>SMBus "write word" with a packet error code.</summary>
    public void WriteWordWithPec(byte command, ushort value)
    {
        ReadOnlySpan<byte> message = [(byte)(Address << 1), command, (byte)value, (byte)(value >> 8)];
        Span<byte> bytes = stackalloc byte[MaximumBlock];
        message[1..].CopyTo(bytes);
        bytes[3] = Crc8.SmBus(message);
        Write(bytes[..4]);
    }
}
