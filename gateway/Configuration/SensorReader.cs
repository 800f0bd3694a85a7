using System.Globalization;
using Sluice.Sensors.Configuration;
using Sluice.Sensors.Drivers;
using Sluice.Sensors.Sampling;
using Sluice.Sensors.Simulation;

namespace Sluice.Gateway.Configuration;

/// <summary>Reads <c>sensors</c> and <c>hardware</c>.</summary>
internal static class SensorReader
{
    private const string CalibrationForm = "a table is a list of pairs such as [[0, 0], [4095, 10]], two or more, with different first numbers";

    private static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestInterval = TimeSpan.FromDays(1);

    public static SensorConfiguration Read(SectionReader root)
    {
        SectionReader hardware = root.Section("hardware");
        SensorClaims claims = new();
        SensorConfiguration configuration = new()
        {
            Sysfs = hardware.Text("sysfs") ?? "/sys",
            Sensors = ReadSensors(root, claims),
            Actuators = ActuatorReader.Read(root, claims),
        };
        hardware.RefuseUnknownKeys();
        return configuration;
    }

    private static List<SensorDefinition> ReadSensors(SectionReader root, SensorClaims claims)
    {
        List<SensorDefinition> sensors = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (SectionReader item in root.Sections("sensors"))
        {
            DriverKind? kind = item.Has("simulate") ? ReadSimulate(item) : ReadKind(item);
            string device = CheckLevel(item, "device", item.RequiredText("device", "demo-1"));
            if (kind is null)
            {
                // Whose keys these are is not known, so none of them is called unknown.
                continue;
            }

            SensorDefinition sensor = ReadSensor(item, kind, device, out CheckedSettings tried);
            item.RefuseUnknownKeys();
            if (!names.Add(sensor.Name))
            {
                item.Fail(item.Has("name") ? "name" : "device", $"a sensor {sensor.Name} stands above already; give this one another device or name");
            }
            else
            {
                claims.Take(item, sensor, tried);
            }

            sensors.Add(sensor);
        }

        return sensors;
    }

    private static DriverKind? ReadSimulate(SectionReader item)
    {
        string name = item.RequiredText("simulate", "temperature");
        if (Waveform.Find(name) is null && name.Length > 0)
        {
            item.Fail("simulate", $"\"{name}\" cannot be simulated; {Among(name, Waveform.All.Select(waveform => waveform.Kind), "it is one of")}");
        }

        return WaveformDriver.Kind;
    }

    private static DriverKind? ReadKind(SectionReader item)
    {
        string name = item.RequiredText("kind", "bme280 (or simulate: temperature)");
        DriverKind? kind = DriverCatalog.Find(name);
        if (kind is null && name.Length > 0)
        {
            item.Fail("kind", $"\"{name}\" is no kind of sensor; {Among(name, DriverCatalog.All.Select(known => known.Name), "it is one of")}");
        }

        return kind;
    }

    private static string Among(string word, IEnumerable<string> known, string are)
    {
        string[] all = [.. known];
        return $"{(Suggestion.For(word, all) is { } near ? $"did you mean \"{near}\"? {char.ToUpperInvariant(are[0])}{are[1..]}" : are)} {string.Join(", ", all)}";
    }

    private static SensorDefinition ReadSensor(SectionReader item, DriverKind kind, string device, out CheckedSettings tried)
    {
        SensorSettings settings = new SectionSettings(item);
        string bus = ReadBus(item, kind);
        int address = kind.Bus == BusKind.I2c ? ReadAddress(settings, kind) : 0;
        string? metric = CheckLevel(item, "metric", item.Text("metric"));
        tried = SensorCheck.Check(kind, settings, bus);
        string made = kind == WaveformDriver.Kind ? metric ?? tried.Settings.Text("simulate") ?? "" : kind.Name;
        string name = CheckLevel(item, "name", item.Text("name")) ?? $"{device}/{made}";
        return new SensorDefinition
        {
            Name = name,
            Device = device,
            Kind = kind,
            Bus = bus,
            Address = address,
            Settings = tried.Settings,
            Plan = ReadPlan(item, kind, metric, tried),
            Faults = ReadFaults(item, kind, bus),
            Seed = ReadSeed(item) ?? WaveformDriver.SeedOf(device, made),
        };
    }

    private static string ReadBus(SectionReader item, DriverKind kind)
    {
        string example = kind.Bus switch
        {
            BusKind.I2c => "/dev/i2c-1",
            BusKind.Spi => "/dev/spidev0.0",
            BusKind.Gpio => "/dev/gpiochip0",
            BusKind.Serial => "/dev/ttyUSB0",
            BusKind.Network => "192.168.1.20:502",
            _ => "",
        };
        if (example.Length == 0)
        {
            return "";
        }

        string bus = item.RequiredText("bus", example);
        bool isSimulated = SimulatedWorld.IsSimulated(bus);
        if (isSimulated && kind.Bus is BusKind.Serial or BusKind.Network)
        {
            item.Fail("bus", $"a {kind.Name} cannot be simulated");
        }
        else if (kind.Bus is BusKind.I2c or BusKind.Spi && bus.Length > 0 && !isSimulated && !bus.StartsWith('/'))
        {
            item.Fail("bus", $"\"{bus}\" is no device such as {example}, and not simulated");
        }

        return bus;
    }

    private static int ReadAddress(SensorSettings settings, DriverKind kind)
    {
        int address = settings.Integer("address", kind.Addresses[0], 0x03, 0x77);
        if (!kind.Addresses.Contains(address))
        {
            settings.Fail("address", $"0x{address:x2} is no address of a {kind.Name}; it has one of {string.Join(", ", kind.Addresses.Select(known => $"0x{known:x2}"))}");
        }

        return address;
    }

    private static SamplingPlan ReadPlan(SectionReader item, DriverKind kind, string? metric, CheckedSettings tried)
    {
        TimeSpan shortest = kind.Fastest > ShortestInterval ? kind.Fastest : ShortestInterval;
        TimeSpan every = item.Duration("every", shortest > TimeSpan.FromSeconds(1) ? shortest : TimeSpan.FromSeconds(1), shortest, LongestInterval);
        Dictionary<string, string> names = ReadNames(item, kind, metric, tried.Metrics);
        SamplingPlan defaults = new() { Schedule = ReadSchedule(item, every, tried.Settings) };
        return defaults with
        {
            Oversample = item.Integer("oversample", 1, 1, 1000),
            Filter = ReadFilter(item),
            Calibrations = ReadCalibrations(item, kind, tried.Metrics),
            Names = names,
            Deadband = tried.Settings.Number("deadband", 0, 0, double.MaxValue),
            Heartbeat = item.Duration("heartbeat", defaults.Heartbeat, ShortestInterval, LongestInterval),
            Retries = item.Integer("retries", defaults.Retries, 0, 10),
            StaleAfter = item.Has("stale") ? item.Duration("stale", TimeSpan.FromMinutes(1), ShortestInterval, TimeSpan.FromDays(7)) : null,
            MaximumBackoff = item.Duration("max_backoff", defaults.MaximumBackoff, TimeSpan.FromSeconds(1), LongestInterval),
            Burst = item.Has("burst") ? ReadBurst(item.Section("burst"), kind, tried.Metrics?.Select(name => names.GetValueOrDefault(name) ?? name)) : null,
        };
    }

    private static Schedule ReadSchedule(SectionReader item, TimeSpan every, SensorSettings settings)
    {
        bool isAligned = settings.Flag("aligned", true);
        if (item.Text("cron") is { } cron)
        {
            if (item.Has("every"))
            {
                item.Fail("cron", "stands beside every; keep one of the two");
            }

            try
            {
                return new CronSchedule(cron);
            }
            catch (FormatException e)
            {
                item.Fail("cron", e.Message);
            }
        }

        return isAligned ? Schedule.Aligned(every) : Schedule.From(DateTimeOffset.UtcNow, every);
    }

    private static Func<Filter>? ReadFilter(SectionReader item)
    {
        if (item.Text("filter") is not { } text)
        {
            return null;
        }

        Func<Filter>? filter = Filter.Parse(text);
        if (filter is null)
        {
            item.Fail("filter", $"\"{text}\" is no filter; write median 5, mean 10 or exponential 0.2");
        }

        return filter;
    }

    private static Dictionary<string, Calibration> ReadCalibrations(SectionReader item, DriverKind kind, IReadOnlyList<string>? metrics)
    {
        Dictionary<string, Calibration> calibrations = new(StringComparer.Ordinal);
        SectionReader all = item.Section("calibration");
        foreach (string metric in all.Keys)
        {
            SectionReader one = all.Section(metric);
            CheckMetric(all, metric, metric, kind, metrics);
            SensorSettings settings = new SectionSettings(one);
            double gain = settings.Number("gain", 1, -1e12, 1e12);
            double offset = settings.Number("offset", 0, -1e12, 1e12);
            string? unit = one.Text("unit");
            try
            {
                calibrations[metric] = new Calibration(gain, offset, ReadTable(one), unit);
            }
            catch (ArgumentException)
            {
                one.Fail("table", CalibrationForm);
            }

            one.RefuseUnknownKeys();
        }

        return calibrations;
    }

    private static List<(double Raw, double True)> ReadTable(SectionReader section)
    {
        List<(double, double)> table = [];
        foreach (IReadOnlyList<string> row in section.Rows("table"))
        {
            if (row.Count == 2
                && double.TryParse(row[0], NumberStyles.Float, CultureInfo.InvariantCulture, out double raw)
                && double.TryParse(row[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
            {
                table.Add((raw, value));
            }
            else
            {
                section.Fail("table", CalibrationForm);
                return [];
            }
        }

        return table;
    }

    /// <summary>What metrics are called: <c>metric</c> for a kind that has one, <c>metrics</c> for several.</summary>
    private static Dictionary<string, string> ReadNames(SectionReader item, DriverKind kind, string? metric, IReadOnlyList<string>? metrics)
    {
        Dictionary<string, string> names = new(StringComparer.Ordinal);
        SectionReader all = item.Section("metrics");
        foreach (string from in all.Keys)
        {
            names[from] = CheckLevel(all, from, all.Text(from)) ?? from;
            CheckMetric(all, from, from, kind, metrics);
        }

        if (metric is not null)
        {
            if (metrics is [string only])
            {
                names[only] = metric;
            }
            else
            {
                item.Fail("metric", $"a {kind.Name} has several metrics; rename them with metrics: {{ {metrics?.FirstOrDefault() ?? "temperature"}: {metric} }}");
            }
        }

        return names;
    }

    /// <summary>A metric that the kind does not have would never be calibrated, renamed or watched.</summary>
    private static void CheckMetric(SectionReader section, string key, string metric, DriverKind kind, IEnumerable<string>? metrics)
    {
        if (metrics is not null && metric.Length > 0 && !metrics.Contains(metric))
        {
            section.Fail(key, $"a {kind.Name} does not measure \"{metric}\"; {Among(metric, metrics, "it measures")}");
        }
    }

    private static BurstPlan ReadBurst(SectionReader section, DriverKind kind, IEnumerable<string>? metrics)
    {
        SensorSettings settings = new SectionSettings(section);
        BurstPlan plan = new()
        {
            Metric = section.RequiredText("metric", "vibration"),
            Above = settings.Number("above", double.PositiveInfinity, double.MinValue, double.PositiveInfinity),
            Below = settings.Number("below", double.NegativeInfinity, double.NegativeInfinity, double.MaxValue),
            Before = section.Duration("before", TimeSpan.FromSeconds(1), TimeSpan.Zero, TimeSpan.FromMinutes(10)),
            After = section.Duration("after", TimeSpan.FromSeconds(1), TimeSpan.Zero, TimeSpan.FromMinutes(10)),
            Keep = section.Duration("keep", TimeSpan.Zero, TimeSpan.Zero, LongestInterval),
        };
        if (double.IsInfinity(plan.Above) && double.IsInfinity(plan.Below))
        {
            section.Fail("above", "is missing, and below is, too; the event is a value above or below a number");
        }

        CheckMetric(section, "metric", plan.Metric, kind, metrics);
        section.RefuseUnknownKeys();
        return plan;
    }

    private static Dictionary<SimulatedFault, double> ReadFaults(SectionReader item, DriverKind kind, string bus)
    {
        Dictionary<SimulatedFault, double> faults = [];
        if (!item.Has("faults"))
        {
            return faults;
        }

        SectionReader section = item.Section("faults");
        SensorSettings settings = new SectionSettings(section);
        if (!SimulatedWorld.IsSimulated(bus))
        {
            item.Fail("faults", "are of simulated devices only (bus: simulated)");
        }

        foreach (SimulatedFault fault in Enum.GetValues<SimulatedFault>().Where(fault => (fault == SimulatedFault.Glitch) == (kind.Bus == BusKind.Gpio)))
        {
            string key = string.Concat(fault.ToString().Select((c, i) => char.IsUpper(c) ? $"{(i == 0 ? "" : "_")}{char.ToLowerInvariant(c)}" : $"{c}"));
            faults[fault] = settings.Number(key, 0, 0, 1);
        }

        section.RefuseUnknownKeys();
        return faults;
    }

    private static ulong? ReadSeed(SectionReader item)
    {
        if (item.Text("seed") is not { } text)
        {
            return null;
        }

        if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed))
        {
            return seed;
        }

        item.Fail("seed", $"\"{text}\" is not a whole number from 0");
        return null;
    }

    /// <summary>A name that becomes a level of a topic.</summary>
    [return: System.Diagnostics.CodeAnalysis.NotNullIfNotNull(nameof(name))]
    public static string? CheckLevel(SectionReader section, string key, string? name)
    {
        if (name.AsSpan().ContainsAny("/+#\0"))
        {
            section.Fail(key, $"\"{name}\" may not hold '/', '+' or '#': it becomes a level of a topic");
        }

        return name;
    }
}
