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
    private readonly string _root;
    private readonly string _device;
    private readonly HashSet<string> _wanted;
    private string _folder = "";
    private List<IioChannel> _channels = [];

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
        _folder = IioChannel.FindDevice(_root, _device);
        _channels = [.. Channels(_folder).Where(channel => _wanted.Count == 0 || _wanted.Contains(channel))
            .Select(name => new IioChannel(name))];
        if (_channels.Count == 0 || _channels.Count < _wanted.Count)
        {
            throw new SensorException(FaultReason.Missing, $"{_folder} has the channels {string.Join(", ", Channels(_folder))}");
        }

        return TimeSpan.Zero;
    }

    public override void Read(ICollection<Measurement> into)
    {
        foreach (IioChannel channel in _channels)
        {
            double value = SysfsFile.TryNumber(Path.Combine(_folder, $"in_{channel.Name}_input")) ?? channel.Scale(_folder, SysfsFile.Number(Path.Combine(_folder, $"in_{channel.Name}_raw")));
            into.Add(new Measurement(channel.Metric, channel.Unit, value * channel.Factor));
        }
    }

    /// <summary>The channels that can be read: <c>temp</c>, <c>voltage0</c>, <c>accel_x</c>.</summary>
    internal static IReadOnlyList<string> Channels(string folder) =>
    [
        .. Directory.EnumerateFiles(folder, "in_*").Select(Path.GetFileName).OfType<string>()
            .Where(name => name.EndsWith("_input", StringComparison.Ordinal) || name.EndsWith("_raw", StringComparison.Ordinal))
            .Select(name => name[3..name.LastIndexOf('_')]).Distinct().Order(StringComparer.Ordinal),
    ];
}
