namespace Sluice.Sensors.Gpio;

/// <summary>A GPIO chip: the kernel's, or a simulated one.</summary>
public interface IGpioChip : IDisposable
{
    /// <summary>What messages call it, for example <c>/dev/gpiochip0</c>.</summary>
    string Name { get; }

    /// <summary>The lines, by offset.</summary>
    IReadOnlyList<GpioLineInfo> Lines { get; }

    /// <summary>Takes lines, at most 64 together; nobody else can take them until they are disposed.</summary>
    /// <param name="lines">The lines and how they are to be set.</param>
    /// <param name="eventBuffer">Events that the kernel keeps for the reader; past it the oldest is lost.</param>
    IGpioLines Request(IReadOnlyList<GpioLineSettings> lines, int eventBuffer);

    /// <summary>The offset of a line by its name or offset; null when there is no such line.</summary>
    int? TryFind(string line) =>
        int.TryParse(line, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int offset) && offset < Lines.Count
            ? offset
            : Lines.FirstOrDefault(info => info.Name == line)?.Offset;

    /// <summary>The offset of a line by its name or offset.</summary>
    /// <exception cref="SensorException">There is no such line.</exception>
    int Find(string line) => TryFind(line)
        ?? throw new SensorException(FaultReason.Missing, $"{Name} has no line \"{line}\"; it has {Lines.Count}, from 0; sluice sensors scan lists their names");
}

/// <summary>Lines that were taken together.</summary>
public interface IGpioLines : IDisposable
{
    /// <summary>The levels; bit i is line i of the request. Logical: an active-low line reads 1 when it is low.</summary>
    ulong Read();

    /// <summary>Sets output lines.</summary>
    /// <param name="mask">Which lines of the request.</param>
    /// <param name="bits">Their levels.</param>
    void Write(ulong mask, ulong bits);

    /// <summary>Waits for edges of lines that have some asked for, and takes as many as there are and fit.</summary>
    /// <returns>How many; 0 when the time is over.</returns>
    int ReadEvents(Span<GpioEvent> events, TimeSpan timeout);
}

/// <summary>What a chip says of a line.</summary>
/// <param name="Offset">Its number within the chip.</param>
/// <param name="Name">Its name from the device tree; may be empty.</param>
/// <param name="Consumer">Who has it; empty when it is free.</param>
public sealed record GpioLineInfo(int Offset, string Name, string Consumer);

/// <summary>A resistor that the chip puts on an input.</summary>
public enum GpioBias
{
    /// <summary>As it is.</summary>
    Default,
    Off,
    PullUp,
    PullDown,
}

/// <summary>Which changes of an input are events.</summary>
[Flags]
public enum GpioEdges
{
    None = 0,
    Rising = 1,
    Falling = 2,
    Both = 3,
}

/// <summary>How a line is to be set.</summary>
public sealed record GpioLineSettings
{
    public int Offset { get; init; }

    /// <summary>True for an output.</summary>
    public bool IsOutput { get; init; }

    /// <summary>The level that an output has from the first moment on.</summary>
    public bool InitialValue { get; init; }

    /// <summary>True when a low voltage counts as 1.</summary>
    public bool IsActiveLow { get; init; }

    public GpioBias Bias { get; init; }

    public GpioEdges Edges { get; init; }

    /// <summary>How long an input must stay as it is before it counts; kept by the kernel. Zero for none.</summary>
    public TimeSpan Debounce { get; init; }
}

/// <summary>An edge.</summary>
/// <param name="Offset">The line's number within the chip.</param>
/// <param name="IsRising">To 1, or to 0; logical as the line is.</param>
/// <param name="TimestampNs">When, on the monotonic clock.</param>
/// <param name="Sequence">Counts the events of the request from 1.</param>
/// <param name="LineSequence">Counts the events of the line from 1: a gap is what was lost.</param>
public readonly record struct GpioEvent(int Offset, bool IsRising, ulong TimestampNs, uint Sequence, uint LineSequence);
