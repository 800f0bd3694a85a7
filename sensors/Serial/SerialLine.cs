using Sluice.Sensors.Drivers;
using Sluice.Sensors.Kernel;

namespace Sluice.Sensors.Serial;

/// <summary>How a serial line is set.</summary>
/// <param name="Speed">Bits a second, any that the hardware can.</param>
/// <param name="Parity">N, E or O.</param>
/// <param name="DataBits">7 or 8.</param>
/// <param name="StopBits">1 or 2.</param>
public readonly record struct SerialSettings(int Speed, char Parity, int DataBits, int StopBits)
{
    /// <summary>The keys <c>speed</c>, <c>parity</c>, <c>data_bits</c>, <c>stop_bits</c>.</summary>
    public static SerialSettings From(SensorSettings settings, int speed) => new(
        settings.Integer("speed", speed, 50, 4_000_000),
        settings.Choice("parity", "none", "even", "odd")[0] switch { 'e' => 'E', 'o' => 'O', _ => 'N' },
        settings.Choice("data_bits", 8, 7, 8),
        settings.Choice("stop_bits", 1, 1, 2));

    /// <summary>The time of one character: start bit, data, parity, stop.</summary>
    public TimeSpan Character => TimeSpan.FromSeconds((1.0 + DataBits + (Parity == 'N' ? 0 : 1) + StopBits) / Speed);
}

/// <summary>A serial line of the kernel, in raw mode without flow control; opened when it is first used and again after it was gone (USB).</summary>
public sealed unsafe class SerialLine(string path, SerialSettings settings) : IDisposable
{
    private KernelFile? _file;

    public string Name => path;

    public SerialSettings Settings => settings;

    /// <summary>Sends all of it.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        KernelFile file = Open();
        try
        {
            file.Write(bytes);
        }
        catch (SensorException)
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What is there, or comes within the time; 0 bytes when nothing does.</summary>
    public int Read(Span<byte> into, TimeSpan timeout)
    {
        KernelFile file = Open();
        try
        {
            if (!file.WaitReadable(timeout))
            {
                return 0;
            }

            // Readable and nothing to read is how a line says that it hung up.
            int count = file.Read(into);
            return count > 0 ? count : throw Errno.Fault(Errno.NoDevice, path);
        }
        catch (SensorException)
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Forgets what has come and was not read.</summary>
    public void Discard() => Open().Control(TerminalAbi.Flush, (void*)TerminalAbi.FlushBoth, "flush");

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

        KernelFile file = KernelFile.Open(path, Libc.ReadWrite | Libc.NoControllingTerminal | Libc.NonBlocking);
        try
        {
            TerminalAbi.Settings raw = default;
            file.Control(TerminalAbi.Get, ref raw, "TCGETS2");
            raw.Input = 0;
            raw.Output = 0;
            raw.LocalModes = 0;
            raw.Control = TerminalAbi.OtherSpeed | TerminalAbi.Receive | TerminalAbi.Local
                | (settings.DataBits == 7 ? TerminalAbi.Size7 : TerminalAbi.Size8)
                | (settings.StopBits == 2 ? TerminalAbi.TwoStopBits : 0)
                | settings.Parity switch { 'E' => TerminalAbi.Parity, 'O' => TerminalAbi.Parity | TerminalAbi.OddParity, _ => 0 };
            raw.InputSpeed = (uint)settings.Speed;
            raw.OutputSpeed = (uint)settings.Speed;
            file.Control(TerminalAbi.Set, ref raw, "TCSETS2");
            file.Control(TerminalAbi.Flush, (void*)TerminalAbi.FlushBoth, "flush");
        }
        catch
        {
            file.Dispose();
            throw;
        }

        return _file = file;
    }
}
