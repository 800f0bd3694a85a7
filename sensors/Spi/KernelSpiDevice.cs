using Sluice.Sensors.Kernel;

namespace Sluice.Sensors.Spi;

/// <summary>A device of the kernel's spidev; opened with the first transfer and again after it was gone.</summary>
/// <param name="path">For example <c>/dev/spidev0.0</c>.</param>
/// <param name="settings">The clock.</param>
public sealed unsafe class KernelSpiDevice(string path, SpiSettings settings) : ISpiDevice
{
    private KernelFile? _file;

    public string Name => path;

    public void Transfer(ReadOnlySpan<byte> write, Span<byte> read)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(read.Length, write.Length);
        KernelFile file = Open();
        fixed (byte* writing = write)
        fixed (byte* reading = read)
        {
            SpiAbi.Transfer transfer = new()
            {
                WriteBuffer = (ulong)writing,
                ReadBuffer = (ulong)reading,
                Length = (uint)write.Length,
                SpeedHz = settings.SpeedHz,
                BitsPerWord = 8,
            };
            try
            {
                file.Control(SpiAbi.Message, &transfer, "transfer");
            }
            catch (SensorException e) when (e.Reason == FaultReason.Missing)
            {
                Dispose();
                throw;
            }
        }
    }

    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    private KernelFile Open()
    {
        if (_file is not null)
        {
            return _file;
        }

        KernelFile file = KernelFile.Open(path, Libc.ReadWrite);
        try
        {
            byte mode = settings.Mode;
            byte bits = 8;
            uint speed = settings.SpeedHz;
            file.Control(SpiAbi.WriteMode, ref mode, "mode");
            file.Control(SpiAbi.WriteBitsPerWord, ref bits, "bits per word");
            file.Control(SpiAbi.WriteMaximumSpeed, ref speed, "speed");
        }
        catch
        {
            file.Dispose();
            throw;
        }

        return _file = file;
    }
}
