using Sluice.Sensors.Drivers;
using Sluice.Sensors.Sysfs;

namespace Sluice.Sensors.Hwmon;

/// <summary>
/// A chip of the kernel's hardware monitoring: temperatures, voltages, fans, currents, powers, humidities, each called by its
/// label where it has one. Units: Documentation/hwmon/sysfs-interface.
/// </summary>
public sealed class HwmonDriver : SensorDriver
{
    private static readonly (string Type, string Unit, double Factor)[] Types =
    [
        ("temp", "°C", 1e-3), ("in", "V", 1e-3), ("fan", "1/min", 1), ("curr", "A", 1e-3), ("power", "W", 1e-6), ("energy", "J", 1e-6), ("humidity", "%", 1e-3),
    ];

    private readonly string _root;
    private readonly string _chip;
    private readonly HashSet<string> _wanted;
    private string _folder = "";
    private IReadOnlyList<string> _inputs = [];

    private HwmonDriver(DriverSetup setup)
    {
        _root = Path.Combine(setup.Sysfs, "class/hwmon");
        _chip = setup.Settings.Required("chip", "cpu_thermal (the chip's name, or hwmon0)");
        _wanted = [.. (setup.Settings.Text("inputs") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
    }

    public static DriverKind Kind { get; } = new()
    {
        Name = "hwmon",
        Summary = "any chip of the kernel's hardware monitoring",
        Bus = BusKind.Sysfs,
        Create = setup => new HwmonDriver(setup),
    };

    public override TimeSpan Initialize()
    {
        _folder = SysfsFile.Folders(_root, "hwmon*").FirstOrDefault(folder => Path.GetFileName(folder) == _chip || Name(folder) == _chip)
            ?? throw new SensorException(FaultReason.Missing, $"{_root} has no chip \"{_chip}\"; sluice sensors scan lists them");
        _inputs = [.. Inputs(_folder).Where(input => _wanted.Count == 0 || _wanted.Contains(input) || _wanted.Contains(Label(input)))];
        if (_inputs.Count == 0 || _inputs.Count < _wanted.Count)
        {
            throw new SensorException(FaultReason.Missing, $"{_folder} has the inputs {string.Join(", ", Inputs(_folder))}");
        }

        return TimeSpan.Zero;
    }

    public override void Read(ICollection<Measurement> into)
    {
        foreach (string input in _inputs)
        {
            if (SysfsFile.TryRead(Path.Combine(_folder, $"{input}_fault")) == "1")
            {
                throw new SensorException(FaultReason.Device, $"{_folder}: {input} reports a fault: is its probe connected?");
            }

            (string _, string unit, double factor) = Types.First(type => type.Type == TypeOf(input));
            into.Add(new Measurement(Label(input), unit, SysfsFile.Number(Path.Combine(_folder, $"{input}_input")) * factor));
        }
    }

    /// <summary>What the chip calls itself.</summary>
    internal static string Name(string folder) => SysfsFile.TryRead(Path.Combine(folder, "name")) ?? "";

    /// <summary>The inputs that can be read: <c>temp1</c>, <c>fan2</c>.</summary>
    internal static IReadOnlyList<string> Inputs(string folder) =>
    [
        .. Directory.EnumerateFiles(folder, "*_input").Select(Path.GetFileName).OfType<string>().Select(name => name[..^"_input".Length])
            .Where(input => Types.Any(type => type.Type == TypeOf(input))).Order(StringComparer.Ordinal),
    ];

    private static string TypeOf(string input) => input.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');

    /// <summary>The label, such as "Core 0", as a metric's name: core-0.</summary>
    private string Label(string input) => SysfsFile.TryRead(Path.Combine(_folder, $"{input}_label")) is { Length: > 0 } label
        ? string.Concat(label.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')).Trim('-')
        : input;
}
