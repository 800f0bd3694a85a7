namespace Sluice.Sensors.Spi;

/// <summary>A device behind one chip select: the kernel's, or a simulated one. One caller at a time.</summary>
public interface ISpiDevice : IDisposable
{
    /// <summary>What messages call it, for example <c>/dev/spidev0.0</c>.</summary>
    string Name { get; }

    /// <summary>One transfer in both directions at once, with the chip selected throughout.</summary>
    /// <param name="write">What is sent, at most 4096 bytes (spidev's default bufsiz).</param>
    /// <param name="read">What comes meanwhile: as long as <paramref name="write"/>.</param>
    void Transfer(ReadOnlySpan<byte> write, Span<byte> read);
}

/// <summary>How a device wants its clock.</summary>
/// <param name="Mode">0 to 3: clock polarity times two plus clock phase.</param>
/// <param name="SpeedHz">The highest clock.</param>
public readonly record struct SpiSettings(byte Mode, uint SpeedHz);
