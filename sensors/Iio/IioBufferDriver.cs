using System.Globalization;
using Sluice.Sensors.Drivers;
using Sluice.Sensors.Kernel;
using Sluice.Sensors.Sysfs;

namespace Sluice.Sensors.Iio;

/// <summary>
/// A device of the kernel's Industrial I/O that samples on its own, into a buffer: fast accelerometers and converters. Each turn takes what
/// has gathered and gives its mean, root mean square about the mean, or largest distance from it; or all samples, each with its time.
/// </summary>
public sealed class IioBufferDriver : SensorDriver
{
    /// <summary>Samples that the kernel keeps; past it the newest are lost, which it does not tell.</summary>
    private const int KernelSamples = 4096;

    private const string Timestamp = "timestamp";

    private readonly string _root;
    private readonly string _dev;
    private readonly string _device;
    private readonly HashSet<string> _wanted;
    private readonly string _gives;
    private readonly double _frequency;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private KernelFile? _file;
    private string _folder = "";
    private IioScanLayout _layout = new([]);
    private Dictionary<string, IioChannel> _channels = [];
    private int _filled;

    private IioBufferDriver(DriverSetup setup)
    {
        _root = Path.Combine(setup.Sysfs, "bus/iio/devices");
        _dev = setup.Settings.Text("dev") ?? "/dev";
        _device = setup.Settings.Required("chip", "adxl345 (the device's name, or iio:device0)");
        _wanted = [.. (setup.Settings.Text("channels") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
        _gives = setup.Settings.Choice("give", "rms", "mean", "peak", "all");
        _frequency = setup.Settings.Number("frequency", 0, 0, 1e7);
    }

    public static DriverKind Kind { get; } = new()
    {
        Name = "iio-buffer",
        Summary = "a device of the kernel's Industrial I/O that samples into a buffer",
        Bus = BusKind.Sysfs,
        Create = setup => new IioBufferDriver(setup),
    };

    public override TimeSpan Initialize()
    {
        Dispose(true);
        _folder = IioChannel.FindDevice(_root, _device);
        string scan = Path.Combine(_folder, "scan_elements");
        string[] all = Directory.Exists(scan)
            ? [.. Directory.EnumerateFiles(scan, "in_*_en").Select(Path.GetFileName).OfType<string>().Select(name => name[3..^3]).Order(StringComparer.Ordinal)]
            : [];
        string[] wanted = [.. all.Where(name => name == Timestamp ? _gives == "all" : _wanted.Count == 0 || _wanted.Contains(name))];
        if (wanted.Length == 0 || _wanted.Except(all).Any())
        {
            throw new SensorException(FaultReason.Missing, $"{_folder} has {(all.Length == 0 ? "no buffer" : $"the channels {string.Join(", ", all)} in its buffer")}");
        }

        SysfsFile.Write(Path.Combine(_folder, "buffer/enable"), "0");
        foreach (string name in all)
        {
            SysfsFile.Write(Path.Combine(scan, $"in_{name}_en"), wanted.Contains(name) ? "1" : "0");
        }

        if (_frequency > 0)
        {
            SysfsFile.Write(Path.Combine(_folder, "sampling_frequency"), _frequency.ToString(CultureInfo.InvariantCulture));
        }

        SysfsFile.Write(Path.Combine(_folder, "buffer/length"), KernelSamples.ToString(CultureInfo.InvariantCulture));
        _layout = new IioScanLayout(wanted.Select(name => IioScanElement.Parse(
            name, (int)SysfsFile.Number(Path.Combine(scan, $"in_{name}_index")), SysfsFile.Read(Path.Combine(scan, $"in_{name}_type")))));
        _channels = wanted.Where(name => name != Timestamp).ToDictionary(name => name, name => new IioChannel(name));
        SysfsFile.Write(Path.Combine(_folder, "buffer/enable"), "1");
        _file = KernelFile.Open(Path.Combine(_dev, Path.GetFileName(_folder)), Libc.NonBlocking);
        _filled = 0;
        return TimeSpan.Zero;
    }

    public override void Read(ICollection<Measurement> into)
    {
        Dictionary<string, List<double>> samples = _channels.Keys.ToDictionary(name => name, _ => new List<double>());
        for (int count = Fill(); count > 0; count = Fill())
        {
            int records = _filled / _layout.RecordBytes;
            for (int i = 0; i < records; i++)
            {
                Take(_buffer.AsSpan(i * _layout.RecordBytes, _layout.RecordBytes), samples, into);
            }

            int used = records * _layout.RecordBytes;
            _buffer.AsSpan(used, _filled - used).CopyTo(_buffer);
            _filled -= used;
        }

        if (samples.Values.All(list => list.Count == 0))
        {
            throw new SensorException(FaultReason.NotReady, $"{_folder}: no samples since the last turn; has the buffer a trigger?");
        }

        if (_gives != "all")
        {
            foreach ((string name, List<double> values) in samples)
            {
                IioChannel channel = _channels[name];
                into.Add(new Measurement(channel.Metric, channel.Unit, Summarize(values)));
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        _file?.Dispose();
        _file = null;
    }

    private int Fill()
    {
        int count = _file!.Read(_buffer.AsSpan(_filled));
        _filled += count;
        return count;
    }

    private void Take(ReadOnlySpan<byte> record, Dictionary<string, List<double>> samples, ICollection<Measurement> into)
    {
        DateTimeOffset? at = null;
        foreach ((IioScanElement element, int offset) in _layout.Elements)
        {
            if (element.Name == Timestamp)
            {
                // Nanoseconds of the wall clock, as current_timestamp_clock is by default.
                at = DateTimeOffset.UnixEpoch.AddTicks(element.Decode(record[offset..]) / 100);
            }
        }

        foreach ((IioScanElement element, int offset) in _layout.Elements.Where(item => item.Element.Name != Timestamp))
        {
            IioChannel channel = _channels[element.Name];
            double value = channel.Scale(_folder, element.Decode(record[offset..])) * channel.Factor;
            samples[element.Name].Add(value);
            if (_gives == "all")
            {
                into.Add(new Measurement(channel.Metric, channel.Unit, value, at));
            }
        }
    }

    private double Summarize(List<double> values)
    {
        double mean = values.Average();
        return _gives switch
        {
            "mean" => mean,
            "peak" => values.Max(value => Math.Abs(value - mean)),
            _ => Math.Sqrt(values.Average(value => (value - mean) * (value - mean))),
        };
    }
}
