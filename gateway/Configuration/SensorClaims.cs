using Sluice.Sensors.Configuration;
using Sluice.Sensors.Drivers;

namespace Sluice.Gateway.Configuration;

/// <summary>What only one sensor or output may have, and who has it: a series, a GPIO line, the address of a simulated device.</summary>
internal sealed class SensorClaims
{
    private readonly Dictionary<(string Device, string Metric), string> _series = [];
    private readonly Dictionary<(string Bus, string Line), string> _lines = [];
    private readonly Dictionary<(string Bus, int Address), string> _addresses = [];

    /// <summary>Notes what a sensor has, and complains where another one has it already.</summary>
    public void Take(SectionReader item, SensorDefinition sensor, CheckedSettings tried)
    {
        if (sensor.IsSimulated && sensor.Kind.Bus == BusKind.I2c && !_addresses.TryAdd((sensor.Bus, sensor.Address), sensor.Name))
        {
            item.Fail("address", $"another simulated device has 0x{sensor.Address:x2} at {sensor.Bus} already; give this one another address, or the bus simulated-2");
        }

        foreach (string line in tried.Lines)
        {
            TakeLine(item, sensor.Name, sensor.Bus, line);
        }

        IEnumerable<string> metrics = (tried.Metrics ?? []).Select(metric => sensor.Plan.Names.GetValueOrDefault(metric) ?? metric);
        TakeSeries(item, sensor.Name, sensor.Device, metrics.Append(sensor.QualityMetric));
    }

    /// <summary>A line of a GPIO chip.</summary>
    public void TakeLine(SectionReader item, string owner, string bus, string line)
    {
        // A simulated chip calls its lines GPIO0 and so on; what a real one calls them is not known here.
        string known = SimulatedWorld.IsSimulated(bus) && line.StartsWith("GPIO", StringComparison.Ordinal) ? line["GPIO".Length..] : line;
        if (!_lines.TryAdd((bus, known), owner))
        {
            item.Fail(item.Keys.FirstOrDefault(key => key is "data" or "coil" or "register") ?? "line", $"{_lines[(bus, known)]} has {(line.Contains(' ') ? line : $"line {line}")} of {bus} already");
        }
    }

    /// <summary>A device's metrics. Two sensors of one series would be two values at a time, and nobody could tell whose.</summary>
    public void TakeSeries(SectionReader item, string owner, string device, IEnumerable<string> metrics)
    {
        string[] taken = [.. metrics.Where(metric => !_series.TryAdd((device, metric), owner))];
        if (taken.Length > 0)
        {
            string key = item.Has("metric") ? "metric" : item.Has("metrics") ? "metrics" : item.Has("device") ? "device" : "name";
            item.Fail(key, $"{_series[(device, taken[0])]} gives {string.Join(", ", taken)} of {device} already; give this one another device, or its metrics other names");
        }
    }
}
