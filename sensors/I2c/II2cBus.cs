namespace Sluice.Sensors.I2c;

/// <summary>An I2C bus with its devices: the kernel's, or a simulated one. One caller at a time.</summary>
public interface II2cBus : IDisposable
{
    /// <summary>What messages call it, for example <c>/dev/i2c-1</c>.</summary>
    string Name { get; }

    /// <summary>
    /// One transfer: writes, then reads after a repeated start. Either part may be empty, not both.
    /// </summary>
    /// <param name="address">The 7-bit address.</param>
    /// <param name="write">At most 8192 bytes (I2C_RDWR's bound).</param>
    /// <param name="read">Filled wholly.</param>
    /// <exception cref="SensorException">The transfer failed; how much of it took place is not known.</exception>
    void Transfer(int address, ReadOnlySpan<byte> write, Span<byte> read);

    /// <summary>Whether a device acknowledges the address, found out without writing data to it; null where a driver of the kernel has the device.</summary>
    bool? Probe(int address);

    /// <summary>Tries to free a bus that hangs; true if something was done.</summary>
    bool Recover();
}
