namespace Sluice.Sensors.Modbus;

/// <summary>
/// The transport of a bus for all sensors and outputs at it: a serial line carries one question at a time, and many devices take
/// one or few connections. Its users may dispose it; it is closed by <see cref="Close"/>.
/// </summary>
/// <param name="inner">Owned from now on.</param>
public sealed class SharedModbus(ModbusTransport inner) : ModbusTransport
{
    private readonly Lock _gate = new();

    public override string Name => inner.Name;

    public override byte[] Exchange(byte unit, ReadOnlySpan<byte> request)
    {
        lock (_gate)
        {
            return inner.Exchange(unit, request);
        }
    }

    /// <summary>Ends it for all.</summary>
    public void Close()
    {
        lock (_gate)
        {
            inner.Dispose();
        }
    }

    protected override void Dispose(bool disposing)
    {
    }
}
