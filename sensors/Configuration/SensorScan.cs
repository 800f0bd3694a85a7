using Sluice.Sensors.Drivers;
using Sluice.Sensors.Gpio;
using Sluice.Sensors.Hwmon;
using Sluice.Sensors.I2c;
using Sluice.Sensors.Iio;
using Sluice.Sensors.Sysfs;

namespace Sluice.Sensors.Configuration;

/// <summary>Something that a scan found.</summary>
/// <param name="Where">The bus or chip.</param>
/// <param name="What">What it is, in words.</param>
/// <param name="Proposal">What to write into a configuration's <c>sensors</c>; null where nothing is known.</param>
public sealed record ScanFinding(string Where, string What, string? Proposal);

/// <summary>
/// Looks for buses, chips and devices, and proposes a configuration. I2C addresses are probed without writing to devices; an
/// identification is read where no device with outputs can have the address.
/// </summary>
/// <param name="sysfs">Where sysfs is mounted.</param>
/// <param name="dev">Where the devices are that are called /dev/...</param>
/// <param name="openI2c">Opens an I2C bus by its name, <c>/dev/i2c-1</c>.</param>
/// <param name="openGpio">Opens a GPIO chip by its name.</param>
public sealed class SensorScan(string sysfs, string dev, Func<string, II2cBus> openI2c, Func<string, IGpioChip> openGpio)
{
    private const int FirstAddress = 0x08;
    private const int LastAddress = 0x77;

    // How many of each kind were proposed: each has a device of its own.
    private readonly Dictionary<string, int> _proposed = new(StringComparer.Ordinal);

    /// <summary>Everything there is, in the order of the buses.</summary>
    public IEnumerable<ScanFinding> Run()
    {
        _proposed.Clear();
        return [.. I2c(), .. Spi(), .. Gpio(), .. OneWire(), .. Iio(), .. Hwmon(), .. Thermal(), .. Serial()];
    }

    private IEnumerable<ScanFinding> I2c()
    {
        foreach (string folder in SysfsFile.Folders(Path.Combine(sysfs, "class/i2c-dev"), "i2c-*"))
        {
            string path = $"/dev/{Path.GetFileName(folder)}";
            yield return new ScanFinding(path, $"I2C bus, {SysfsFile.TryRead(Path.Combine(folder, "name")) ?? "unnamed"}", null);
            foreach (ScanFinding finding in Probe(path))
            {
                yield return finding;
            }
        }
    }

    private List<ScanFinding> Probe(string path)
    {
        List<ScanFinding> findings = [];
        try
        {
            using II2cBus bus = openI2c(path);
            for (int address = FirstAddress; address <= LastAddress; address++)
            {
                switch (bus.Probe(address))
                {
                    case null:
                        findings.Add(new ScanFinding(path, $"0x{address:x2}: a driver of the kernel has it; see IIO and hwmon below", null));
                        break;
                    case true:
                        findings.Add(Identify(path, new I2cDevice(bus, address)));
                        break;
                }
            }
        }
        catch (SensorException e)
        {
            findings.Add(new ScanFinding(path, e.Message, null));
        }

        return findings;
    }

    private ScanFinding Identify(string path, I2cDevice device)
    {
        DriverKind[] kinds = [.. DriverCatalog.All.Where(kind => kind.Addresses.Contains(device.Address))];
        DriverKind? sure = kinds.FirstOrDefault(kind => kind.Identify is { } identify && Answers(identify, device));

        // Those that have an identification and did not show it are others.
        DriverKind[] maybe = sure is not null ? [sure] : [.. kinds.Where(kind => kind.Identify is null)];
        string what = sure is not null ? sure.Summary : maybe.Length > 0 ? $"perhaps {string.Join(" or ", maybe.Select(kind => $"{kind.Name}: {kind.Summary}"))}" : "unknown device";
        string? proposal = maybe.Length == 0 ? null : Proposal(maybe[0], $"bus: {path}, address: 0x{device.Address:x2}");
        return new ScanFinding(path, $"0x{device.Address:x2}: {what}", proposal);
    }

    private static bool Answers(Func<I2cDevice, bool> identify, I2cDevice device)
    {
        try
        {
            return identify(device);
        }
        catch (SensorException)
        {
            return false;
        }
    }

    private IEnumerable<ScanFinding> Spi() =>
        Files("spidev*").Select(path => new ScanFinding(
            path, "SPI device; what is behind it cannot be asked", null));

    private IEnumerable<ScanFinding> Gpio()
    {
        foreach (string path in Files("gpiochip*"))
        {
            ScanFinding finding;
            try
            {
                using IGpioChip chip = openGpio(path);
                string[] free = [.. chip.Lines.Where(line => line.Consumer.Length == 0).Select(line => line.Name.Length > 0 ? line.Name : $"{line.Offset}")];
                string[] taken = [.. chip.Lines.Where(line => line.Consumer.Length > 0).Select(line => $"{line.Offset} ({line.Consumer})")];
                finding = new ScanFinding(
                    path,
                    $"GPIO chip, {chip.Lines.Count} lines; free: {Few(free)}{(taken.Length > 0 ? $"; taken: {Few(taken)}" : "")}",
                    free.Length == 0 ? null : Proposal(GpioInputDriver.Kind, $"bus: {path}, line: {Quote(free[0])}", "1m"));
            }
            catch (SensorException e)
            {
                finding = new ScanFinding(path, e.Message, null);
            }

            yield return finding;
        }
    }

    private IEnumerable<ScanFinding> OneWire()
    {
        foreach (string folder in SysfsFile.Folders(Path.Combine(sysfs, "bus/w1/devices"), "*-*"))
        {
            string id = Path.GetFileName(folder);

            // Family codes: 28 DS18B20, 10 DS18S20, 22 DS1822.
            bool isThermometer = id.StartsWith("28-", StringComparison.Ordinal) || id.StartsWith("10-", StringComparison.Ordinal) || id.StartsWith("22-", StringComparison.Ordinal);
            yield return new ScanFinding("1-Wire", $"{id}: {(isThermometer ? "thermometer" : "unknown device")}", isThermometer ? Proposal(Sensors.OneWire.Ds18b20Driver.Kind, $"id: {id}", "10s") : null);
        }
    }

    private IEnumerable<ScanFinding> Iio() => Named("IIO", "bus/iio/devices", "iio:device*", IioChannel.DeviceName, IioDriver.Channels, IioDriver.Kind, "chip");

    private IEnumerable<ScanFinding> Hwmon() => Named("hwmon", "class/hwmon", "hwmon*", HwmonDriver.Name, HwmonDriver.Inputs, HwmonDriver.Kind, "chip");

    private IEnumerable<ScanFinding> Thermal() => Named("thermal", "class/thermal", "thermal_zone*", ThermalDriver.TypeOf, _ => ["temp"], ThermalDriver.Kind, "zone");

    /// <summary>Devices of sysfs: by their own names, which stay when numbers change; by their folders' where that is not enough to tell them apart.</summary>
    private IEnumerable<ScanFinding> Named(
        string where, string root, string pattern, Func<string, string> nameOf, Func<string, IReadOnlyList<string>> channelsOf, DriverKind kind, string key)
    {
        IReadOnlyList<string> folders = SysfsFile.Folders(Path.Combine(sysfs, root), pattern);
        string[] names = [.. folders.Select(nameOf)];
        foreach ((string folder, string name) in folders.Zip(names))
        {
            string id = Path.GetFileName(folder);
            IReadOnlyList<string> channels = channelsOf(folder);
            bool isOwn = name.Length > 0 && names.Count(other => other == name) == 1;
            yield return new ScanFinding(
                where, $"{id}, {name}: {string.Join(", ", channels)}", channels.Count == 0 ? null : Proposal(kind, $"{key}: {Quote(isOwn ? name : id)}", "10s"));
        }
    }

    private IEnumerable<ScanFinding> Serial() =>
        Files("serial/by-id/*").Concat(Files("ttyS*").Concat(Files("ttyAMA*"))).Select(path => new ScanFinding(path, "serial line", null));

    private IEnumerable<string> Files(string pattern)
    {
        string folder = Path.Combine(dev, Path.GetDirectoryName(pattern) ?? "");
        return Directory.Exists(folder) ? Directory.EnumerateFileSystemEntries(folder, Path.GetFileName(pattern)).Select(path => $"/dev/{Path.GetRelativePath(dev, path)}").Order(StringComparer.Ordinal) : [];
    }

    private static string Few(IReadOnlyList<string> items) =>
        items.Count <= 8 ? string.Join(", ", items) : $"{string.Join(", ", items.Take(6))} and {items.Count - 6} more";

    /// <summary>A name as a YAML scalar.</summary>
    private static string Quote(string name) =>
        name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.') && char.IsAsciiLetterOrDigit(name[0]) ? name : $"\"{name.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"";

    private string Proposal(DriverKind kind, string where, string? every = null)
    {
        int number = _proposed[kind.Name] = _proposed.GetValueOrDefault(kind.Name) + 1;
        TimeSpan interval = kind.Fastest > TimeSpan.FromSeconds(5) ? kind.Fastest : TimeSpan.FromSeconds(10);
        return $"{{ kind: {kind.Name}, {where}, device: {kind.Name}-{number}, every: {every ?? $"{interval.TotalSeconds}s"} }}";
    }
}
