using Sluice.Sensors.Drivers;
using Sluice.Sensors.Sysfs;

namespace Sluice.Sensors.Iio;

/// <summary>
/// A device of the kernel's Industrial I/O, polled through sysfs. A channel has its processed value in <c>in_X_input</c>, or
/// <c>(in_X_raw + offset) * scale</c>, where offset and scale may be the channel's own or common to its type
/// (Documentation/ABI/testing/sysfs-bus-iio, which has the units too).
/// </summary>
public sealed class IioDriver : SensorDriver
{
    private static readonly (string Type, string Metric, string? Unit, double Factor)[] Types =
    [
        ("temp", "temperature", "°C", 1e-3), ("humidityrelative", "humidity", "%", 1e-3), ("pressure", "pressure", "hPa", 10),
        ("voltage", "voltage", "V", 1e-3), ("current", "current", "A", 1e-3), ("power", "power", "W", 1e-3), ("resistance", "resistance", "Ω", 1),
        ("illuminance", "illuminance", "lx", 1), ("accel", "acceleration", "m/s²", 1), ("anglvel", "angular-velocity", "rad/s", 1),
        ("magn", "magnetic-field", "Gs", 1), ("distance", "distance", "m", 1), ("concentration", "concentration", "%", 1), ("proximity", "proximity", null, 1),
    ];

    private readonly string _root;
    private readonly string _device;
    private readonly HashSet<string> _wanted;
    private string _folder = "";
    private List<Channel> _channels = [];

    private IioDriver(DriverSetup setup)
    {
        _root = Path.Combine(setup.Sysfs, "bus/iio/devices");
        _device = setup.Settings.Required("chip", "bme280 (the device's name, or iio:device0)");
        _wanted = [.. (setup.Settings.Text("channels") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
    }

    public static DriverKind Kind { get; } = new()
    {
        Name = "iio",
        Summary = "any device of the kernel's Industrial I/O",
        Bus = BusKind.Sysfs,
        Create = setup => new IioDriver(setup),
    };

    public override TimeSpan Initialize()
    {
        _folder = SysfsFile.Folders(_root, "iio:device*").FirstOrDefault(folder => Path.GetFileName(folder) == _device || Name(folder) == _device)
            ?? throw new SensorException(FaultReason.Missing, $"{_root} has no device \"{_device}\"; sluice sensors scan lists them");
        _channels = [.. Channels(_folder).Where(channel => _wanted.Count == 0 || _wanted.Contains(channel))
            .Select(name => new Channel(name))];
        if (_channels.Count == 0 || _channels.Count < _wanted.Count)
        {
            throw new SensorException(FaultReason.Missing, $"{_folder} has the channels {string.Join(", ", Channels(_folder))}");
        }

        return TimeSpan.Zero;
    }

    public override void Read(ICollection<Measurement> into)
    {
        foreach (Channel channel in _channels)
        {
            double value = SysfsFile.TryNumber(Path.Combine(_folder, $"in_{channel.Name}_input")) ?? Compute(channel);
            into.Add(new Measurement(channel.Metric, channel.Unit, value * channel.Factor));
        }
    }

    /// <summary>What the device calls itself.</summary>
    internal static string Name(string folder) => SysfsFile.TryRead(Path.Combine(folder, "name")) ?? "";

    /// <summary>The channels that can be read: <c>temp</c>, <c>voltage0</c>, <c>accel_x</c>.</summary>
    internal static IReadOnlyList<string> Channels(string folder) =>
    [
        .. Directory.EnumerateFiles(folder, "in_*").Select(Path.GetFileName).OfType<string>()
            .Where(name => name.EndsWith("_input", StringComparison.Ordinal) || name.EndsWith("_raw", StringComparison.Ordinal))
            .Select(name => name[3..name.LastIndexOf('_')]).Distinct().Order(StringComparer.Ordinal),
    ];

    private double Compute(Channel channel)
    {
        double raw = SysfsFile.Number(Path.Combine(_folder, $"in_{channel.Name}_raw"));
        return (raw + (Attribute(channel, "offset") ?? 0)) * (Attribute(channel, "scale") ?? 1);
    }

    private double? Attribute(Channel channel, string attribute) =>
        SysfsFile.TryNumber(Path.Combine(_folder, $"in_{channel.Name}_{attribute}"))
        ?? SysfsFile.TryNumber(Path.Combine(_folder, $"in_{channel.Type}_{attribute}"));

    private sealed class Channel
    {
        public Channel(string name)
        {
            Name = name;
            int end = name.IndexOf('_') is var underscore and >= 0 ? underscore : name.Length;
            Type = name[..end].TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
            (string type, string metric, Unit, Factor) = Types.FirstOrDefault(item => item.Type == Type);
            Metric = type is null ? name : metric + name[Type.Length..].Replace('_', '-');
            Factor = type is null ? 1 : Factor;
        }

        public string Name { get; }

        public string Type { get; }

        public string Metric { get; }

        public string? Unit { get; }

        public double Factor { get; }
    }
}
