using Sluice.Sensors.I2c;

namespace Sluice.Sensors.Simulation;

/// <summary>An I2C bus in this process, with devices that have their real register maps.</summary>
public sealed class SimulatedI2cBus(string name) : II2cBus
{
    private readonly Dictionary<int, SimulatedI2cDevice> _devices = [];

    public string Name => name;

    /// <summary>How often it was asked to recover; a hang that lasts is over then.</summary>
    public int Recoveries { get; private set; }

    public void Attach(int address, SimulatedI2cDevice device) => _devices.Add(address, device);

    public void Transfer(int address, ReadOnlySpan<byte> write, Span<byte> read)
    {
        if (!_devices.TryGetValue(address, out SimulatedI2cDevice? device))
        {
            throw Nack(address);
        }

        SimulatedFault? fault = device.Faults.Draw();
        switch (fault)
        {
            case SimulatedFault.Nack:
                throw Nack(address);
            case SimulatedFault.Hang:
                throw new SensorException(FaultReason.Timeout, $"{name}: device 0x{address:x2}: timed out: a line is held low or the clock is stretched too long");
            case SimulatedFault.Slow:
                using (ManualResetEventSlim never = new(false))
                {
                    never.Wait(device.Faults.Slowness);
                }

                break;
            case SimulatedFault.PowerLoss:
                device.Reset();
                break;
        }

        if (!write.IsEmpty && !device.Write(write))
        {
            throw Nack(address);
        }

        if (!read.IsEmpty && !device.Read(read))
        {
            throw Nack(address);
        }

        Damage(fault, read);
    }

    public bool? Probe(int address) => _devices.ContainsKey(address);

    public bool Recover()
    {
        Recoveries++;
        foreach (SimulatedI2cDevice device in _devices.Values)
        {
            device.Faults.Recover();
        }

        return true;
    }

    public void Dispose()
    {
    }

    /// <summary>What a fault does to the bytes that are read.</summary>
    internal static void Damage(SimulatedFault? fault, Span<byte> read)
    {
        switch (fault)
        {
            case SimulatedFault.StuckHigh:
                read.Fill(0xFF);
                break;
            case SimulatedFault.StuckLow:
                read.Clear();
                break;
            case SimulatedFault.Corrupt when !read.IsEmpty:
                read[0] ^= 0x10;
                break;
        }
    }

    private SensorException Nack(int address) =>
        new(FaultReason.Nack, $"{name}: device 0x{address:x2}: no device answers at the address");
}

/// <summary>A device on a simulated I2C bus.</summary>
public abstract class SimulatedI2cDevice
{
    public SimulatedFaults Faults { get; init; } = new();

    /// <summary>Takes what is written; false does not acknowledge it.</summary>
    public abstract bool Write(ReadOnlySpan<byte> bytes);

    /// <summary>Gives what is read; false does not acknowledge the address, as devices do that have nothing yet.</summary>
    public abstract bool Read(Span<byte> bytes);

    /// <summary>The state after power-on.</summary>
    public abstract void Reset();
}

/// <summary>A device of 8-bit registers with a pointer that goes on by itself: most of them are so.</summary>
public abstract class SimulatedRegisterDevice : SimulatedI2cDevice
{
    private byte _pointer;

    /// <summary>The registers.</summary>
    protected byte[] Registers { get; } = new byte[256];

    public override bool Write(ReadOnlySpan<byte> bytes)
    {
        _pointer = bytes[0];
        for (int i = 1; i < bytes.Length; i++)
        {
            OnWrite(_pointer++, bytes[i]);
        }

        return true;
    }

    public override bool Read(Span<byte> bytes)
    {
        OnRead(_pointer, bytes.Length);
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = Registers[_pointer++];
        }

        return true;
    }

    protected virtual void OnWrite(byte register, byte value) => Registers[register] = value;

    /// <summary>Called before registers are read.</summary>
    protected virtual void OnRead(byte register, int count)
    {
    }
}

/// <summary>A device whose pointer names 16-bit registers, the high byte first (ADS1115, INA219, MCP9808).</summary>
public abstract class SimulatedWordDevice : SimulatedI2cDevice
{
    private byte _pointer;

    protected ushort[] Registers { get; } = new ushort[16];

    public override bool Write(ReadOnlySpan<byte> bytes)
    {
        _pointer = (byte)(bytes[0] & 0x0F);
        if (bytes.Length == 3)
        {
            OnWrite(_pointer, (ushort)((bytes[1] << 8) | bytes[2]));
        }
        else if (bytes.Length == 2)
        {
            OnWrite(_pointer, bytes[1]);
        }

        return true;
    }

    public override bool Read(Span<byte> bytes)
    {
        ushort value = OnRead(_pointer);
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(i % 2 == 0 ? value >> 8 : value);
        }

        return true;
    }

    protected virtual void OnWrite(byte register, ushort value) => Registers[register] = value;

    protected virtual ushort OnRead(byte register) => Registers[register];
}
