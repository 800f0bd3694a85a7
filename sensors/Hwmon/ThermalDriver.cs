using Sluice.Sensors.Drivers;
using Sluice.Sensors.Sysfs;

namespace Sluice.Sensors.Hwmon;

/// <summary>A thermal zone of the kernel, by its type, in thousandths of a degree (Documentation/driver-api/thermal/sysfs-api).</summary>
public sealed class ThermalDriver(DriverSetup setup) : SensorDriver
{
    private readonly string _root = Path.Combine(setup.Sysfs, "class/thermal");
    private readonly string _zone = setup.Settings.Required("zone", "cpu-thermal (the zone's type, or thermal_zone0)");
    private string _folder = "";

    public static DriverKind Kind { get; } = new()
    {
        Name = "thermal",
        Summary = "a thermal zone of the kernel, such as the processor's",
        Bus = BusKind.Sysfs,
        Create = setup => new ThermalDriver(setup),
    };

    public override IReadOnlyList<string> Metrics => ["temperature"];

    public override TimeSpan Initialize()
    {
        _folder = SysfsFile.Folders(_root, "thermal_zone*").FirstOrDefault(folder => Path.GetFileName(folder) == _zone || TypeOf(folder) == _zone)
            ?? throw new SensorException(FaultReason.Missing, $"{_root} has no zone \"{_zone}\"; sluice sensors scan lists them");
        return TimeSpan.Zero;
    }

    public override void Read(ICollection<Measurement> into) =>
        into.Add(new Measurement("temperature", "°C", SysfsFile.Number(Path.Combine(_folder, "temp")) / 1000));

    /// <summary>What the zone is of.</summary>
    internal static string TypeOf(string folder) => SysfsFile.TryRead(Path.Combine(folder, "type")) ?? "";
}
