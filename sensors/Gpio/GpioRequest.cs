using Sluice.Sensors.Kernel;

namespace Sluice.Sensors.Gpio;

/// <summary>
/// Composes a line request of the kernel's version 2 interface. The most common set of flags becomes the default of the
/// request; other sets, output values and debounce periods become attributes with a mask of lines, of which the kernel
/// takes ten (<c>&lt;linux/gpio.h&gt;</c>, struct gpio_v2_line_config).
/// </summary>
internal static class GpioRequest
{
    public static GpioAbi.LineRequest Compose(IReadOnlyList<GpioLineSettings> lines, int eventBuffer)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lines.Count, GpioAbi.MaximumLines);
        ArgumentOutOfRangeException.ThrowIfZero(lines.Count);
        GpioAbi.LineRequest request = new() { LineCount = (uint)lines.Count, EventBufferSize = (uint)eventBuffer };
        Dictionary<GpioAbi.LineFlags, ulong> flags = [];
        Dictionary<uint, ulong> debounces = [];
        ulong outputs = 0;
        ulong high = 0;
        for (int i = 0; i < lines.Count; i++)
        {
            GpioLineSettings line = lines[i];
            ulong bit = 1UL << i;
            request.Offsets[i] = (uint)line.Offset;
            GpioAbi.LineFlags set = Flags(line);
            flags[set] = flags.GetValueOrDefault(set) | bit;
            if (line.IsOutput)
            {
                outputs |= bit;
                high |= line.InitialValue ? bit : 0;
            }
            else if (line.Debounce > TimeSpan.Zero)
            {
                uint us = (uint)line.Debounce.TotalMicroseconds;
                debounces[us] = debounces.GetValueOrDefault(us) | bit;
            }
        }

        List<GpioAbi.LineConfigAttribute> attributes = [];
        GpioAbi.LineFlags common = flags.MaxBy(pair => ulong.PopCount(pair.Value)).Key;
        request.Config.Flags = common;
        foreach ((GpioAbi.LineFlags set, ulong mask) in flags.Where(pair => pair.Key != common))
        {
            attributes.Add(new() { Attribute = new() { Id = GpioAbi.AttributeId.Flags, Value = (ulong)set }, Mask = mask });
        }

        if (outputs != 0)
        {
            attributes.Add(new() { Attribute = new() { Id = GpioAbi.AttributeId.OutputValues, Value = high }, Mask = outputs });
        }

        foreach ((uint us, ulong mask) in debounces)
        {
            attributes.Add(new() { Attribute = new() { Id = GpioAbi.AttributeId.Debounce, DebounceUs = us }, Mask = mask });
        }

        if (attributes.Count > GpioAbi.MaximumAttributes)
        {
            throw new SensorException(
                FaultReason.Io, $"the lines of one chip have {attributes.Count} different settings, and the kernel takes {GpioAbi.MaximumAttributes}: give more lines the same bias, edges and debounce");
        }

        for (int i = 0; i < attributes.Count; i++)
        {
            request.Config.Attributes[i] = attributes[i];
        }

        request.Config.AttributeCount = (uint)attributes.Count;
        return request;
    }

    private static GpioAbi.LineFlags Flags(GpioLineSettings line)
    {
        GpioAbi.LineFlags flags = line.IsOutput ? GpioAbi.LineFlags.Output : GpioAbi.LineFlags.Input;
        flags |= line.IsActiveLow ? GpioAbi.LineFlags.ActiveLow : 0;
        flags |= line.Edges.HasFlag(GpioEdges.Rising) ? GpioAbi.LineFlags.EdgeRising : 0;
        flags |= line.Edges.HasFlag(GpioEdges.Falling) ? GpioAbi.LineFlags.EdgeFalling : 0;
        return flags | line.Bias switch
        {
            GpioBias.Off => GpioAbi.LineFlags.BiasDisabled,
            GpioBias.PullUp => GpioAbi.LineFlags.BiasPullUp,
            GpioBias.PullDown => GpioAbi.LineFlags.BiasPullDown,
            _ => 0,
        };
    }
}
