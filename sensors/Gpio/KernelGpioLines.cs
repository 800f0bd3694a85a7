using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sluice.Sensors.Kernel;

namespace Sluice.Sensors.Gpio;

/// <summary>Lines that the kernel gave.</summary>
/// <param name="file">The request; owned from now on.</param>
internal sealed class KernelGpioLines(KernelFile file) : IGpioLines
{
    // The reader's own, as large as what it asks for.
    private GpioAbi.LineEvent[] _raw = [];

    public ulong Read()
    {
        GpioAbi.LineValues values = new() { Mask = ulong.MaxValue };
        file.Control(GpioAbi.GetValues, ref values, "read");
        return values.Bits;
    }

    public void Write(ulong mask, ulong bits)
    {
        GpioAbi.LineValues values = new() { Mask = mask, Bits = bits };
        file.Control(GpioAbi.SetValues, ref values, "write");
    }

    public int ReadEvents(Span<GpioEvent> events, TimeSpan timeout)
    {
        if (!file.WaitReadable(timeout))
        {
            return 0;
        }

        if (_raw.Length < events.Length)
        {
            _raw = new GpioAbi.LineEvent[events.Length];
        }

        // One read gives all there are, as far as they fit; fewer mean that the kernel has no more.
        int bytes = file.Read(MemoryMarshal.AsBytes(_raw.AsSpan(0, events.Length)));
        int count = bytes / Unsafe.SizeOf<GpioAbi.LineEvent>();
        for (int i = 0; i < count; i++)
        {
            ref GpioAbi.LineEvent e = ref _raw[i];
            events[i] = new GpioEvent((int)e.Offset, e.Id == GpioAbi.RisingEdge, e.TimestampNs, e.Sequence, e.LineSequence);
        }

        return count;
    }

    public void Dispose() => file.Dispose();
}
