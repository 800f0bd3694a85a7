using System.Text;
using Sluice.Sensors.Kernel;

namespace Sluice.Sensors.Gpio;

/// <summary>A chip of the kernel's GPIO character device, version 2.</summary>
public sealed class KernelGpioChip : IGpioChip
{
    private static readonly byte[] ConsumerName = Encoding.UTF8.GetBytes("sluice");

    private readonly KernelFile _file;

    /// <param name="name">The device (<c>/dev/gpiochip0</c>), or the chip's label (<c>pinctrl-bcm2711</c>), which stays when numbers change.</param>
    /// <exception cref="SensorException">There is no such chip.</exception>
    public KernelGpioChip(string name)
    {
        (_file, Name, int count) = name.StartsWith('/') ? Open(name) : Find(name);
        List<GpioLineInfo> lines = new(count);
        for (int offset = 0; offset < count; offset++)
        {
            GpioAbi.LineInfo info = new() { Offset = (uint)offset };
            _file.Control(GpioAbi.GetLineInfo, ref info, "line info");
            bool isUsed = info.Flags.HasFlag(GpioAbi.LineFlags.Used);
            string consumer = info.Consumer.ToString();
            lines.Add(new GpioLineInfo(offset, info.Name.ToString(), isUsed && consumer.Length == 0 ? "kernel" : consumer));
        }

        Lines = lines;
    }

    public string Name { get; }

    public IReadOnlyList<GpioLineInfo> Lines { get; }

    /// <summary>The chip's label.</summary>
    public static string Label(string path)
    {
        using KernelFile file = KernelFile.Open(path, Libc.ReadWrite);
        GpioAbi.ChipInfo info = default;
        file.Control(GpioAbi.GetChipInfo, ref info, "chip info");
        return info.Label.ToString();
    }

    public IGpioLines Request(IReadOnlyList<GpioLineSettings> lines, int eventBuffer)
    {
        GpioAbi.LineRequest request = GpioRequest.Compose(lines, eventBuffer);
        ConsumerName.CopyTo(request.Consumer);
        _file.Control(GpioAbi.GetLine, ref request, $"lines {string.Join(", ", lines.Select(line => line.Offset))}");
        return new KernelGpioLines(KernelFile.Own(Name, request.File));
    }

    public void Dispose() => _file.Dispose();

    private static (KernelFile File, string Path, int Lines) Open(string path)
    {
        KernelFile file = KernelFile.Open(path, Libc.ReadWrite);
        GpioAbi.ChipInfo info = default;
        file.Control(GpioAbi.GetChipInfo, ref info, "chip info");
        return (file, path, (int)info.Lines);
    }

    private static (KernelFile File, string Path, int Lines) Find(string label)
    {
        foreach (string path in Directory.EnumerateFiles("/dev", "gpiochip*").Order(StringComparer.Ordinal))
        {
            if (Label(path) == label)
            {
                return Open(path);
            }
        }

        throw new SensorException(FaultReason.Missing, $"no GPIO chip has the label \"{label}\"; sluice sensors scan lists the chips");
    }
}
