using Sluice.Sensors.Sysfs;

namespace Sluice.Sensors.Iio;

/// <summary>A channel of an IIO device: its type, its metric and unit, and how raw values become ones in SI units (Documentation/ABI/testing/sysfs-bus-iio).</summary>
internal sealed class IioChannel
{
    private static readonly (string Type, string Metric, string? Unit, double Factor)[] Types =
    [
        ("temp", "temperature", "°C", 1e-3), ("humidityrelative", "humidity", "%", 1e-3), ("pressure", "pressure", "hPa", 10),
        ("voltage", "voltage", "V", 1e-3), ("current", "current", "A", 1e-3), ("power", "power", "W", 1e-3), ("resistance", "resistance", "Ω", 1),
        ("illuminance", "illuminance", "lx", 1), ("accel", "acceleration", "m/s²", 1), ("anglvel", "angular-velocity", "rad/s", 1),
        ("magn", "magnetic-field", "Gs", 1), ("distance", "distance", "m", 1), ("concentration", "concentration", "%", 1), ("proximity", "proximity", null, 1),
    ];

    private readonly string _type;

    // Read once: they change only by configuration.
    private double? _offset;
    private double? _scale;

    /// <param name="name"><c>temp</c>, <c>voltage0</c>, <c>accel_x</c>.</param>
    public IioChannel(string name)
    {
        Name = name;
        int end = name.IndexOf('_') is var underscore and >= 0 ? underscore : name.Length;
        _type = name[..end].TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
        (string type, string metric, Unit, Factor) = Types.FirstOrDefault(item => item.Type == _type);
        Metric = type is null ? name : metric + name[_type.Length..].Replace('_', '-');
        Factor = type is null ? 1 : Factor;
    }

    public string Name { get; }

    public string Metric { get; }

    public string? Unit { get; }

    /// <summary>From the kernel's unit to ours.</summary>
    public double Factor { get; }

    /// <summary>A raw value in the kernel's unit: with the offset and scale of the channel, or else of its type.</summary>
    public double Scale(string folder, double raw)
    {
        _offset ??= Attribute(folder, "offset") ?? 0;
        _scale ??= Attribute(folder, "scale") ?? 1;
        return (raw + _offset.Value) * _scale.Value;
    }

    /// <summary>The folder of a device by its name, or by that of its folder.</summary>
    public static string FindDevice(string root, string device) =>
        SysfsFile.Folders(root, "iio:device*").FirstOrDefault(folder => Path.GetFileName(folder) == device || DeviceName(folder) == device)
        ?? throw new SensorException(FaultReason.Missing, $"{root} has no device \"{device}\"; sluice sensors scan lists them");

    /// <summary>What a device calls itself.</summary>
    public static string DeviceName(string folder) => SysfsFile.TryRead(Path.Combine(folder, "name")) ?? "";

    private double? Attribute(string folder, string attribute) =>
        SysfsFile.TryNumber(Path.Combine(folder, $"in_{Name}_{attribute}")) ?? SysfsFile.TryNumber(Path.Combine(folder, $"in_{_type}_{attribute}"));
}
