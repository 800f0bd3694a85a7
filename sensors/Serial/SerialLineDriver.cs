using System.Globalization;
using System.Text;
using Sluice.Sensors.Drivers;

namespace Sluice.Sensors.Serial;

/// <summary>
/// A device that writes lines of text: numbers in order (<c>21.5, 40.2</c>) or with names (<c>t=21.5;rh=40.2</c>). A turn takes
/// the first whole line that begins after it, so that what has waited in the kernel is never taken for new.
/// </summary>
public sealed class SerialLineDriver : SensorDriver
{
    /// <summary>A line that is longer is none.</summary>
    private const int MaximumLine = 1024;

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    private readonly SerialLine _line;
    private readonly TimeProvider _time;
    private readonly TimeSpan _timeout;
    private readonly List<(string Metric, string? Unit)> _fields = [];
    private readonly byte[] _buffer = new byte[2 * MaximumLine];
    private int _filled;
    private long _began;

    private SerialLineDriver(DriverSetup setup)
    {
        _line = new SerialLine(setup.Bus, SerialSettings.From(setup.Settings, 9600));
        _time = setup.Time;
        _timeout = TimeSpan.FromSeconds(setup.Settings.Number("timeout_s", 5, 0.1, 600));
        foreach (string field in setup.Settings.Required("fields", "\"temperature=°C, humidity=%\"").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = field.Split('=', 2);
            _fields.Add((parts[0], parts.Length == 2 ? parts[1] : null));
        }
    }

    public static DriverKind Kind { get; } = new()
    {
        Name = "serial-line",
        Summary = "lines of numbers from a serial port",
        Bus = BusKind.Serial,
        Fastest = TimeSpan.FromMilliseconds(50),
        Create = setup => new SerialLineDriver(setup),
    };

    public override IReadOnlyList<string> Metrics => [.. _fields.Select(item => item.Metric)];

    public override TimeSpan Begin()
    {
        _line.Discard();
        _filled = 0;
        _began = _time.GetTimestamp();
        return TimeSpan.Zero;
    }

    public override TimeSpan? Continue()
    {
        _filled += _line.Read(_buffer.AsSpan(_filled), TimeSpan.Zero);
        if (FindLine() is not null)
        {
            return null;
        }

        if (_filled >= MaximumLine)
        {
            throw new SensorException(FaultReason.Io, $"{_line.Name}: {MaximumLine} characters without the end of a line; is the speed right?");
        }

        return _time.GetElapsedTime(_began) < _timeout
            ? Step
            : throw new SensorException(FaultReason.Timeout, $"{_line.Name}: no line within {_timeout.TotalSeconds} s");
    }

    public override void Read(ICollection<Measurement> into)
    {
        string text = FindLine()!;
        string[] words = text.Split([',', ';', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < _fields.Count; i++)
        {
            (string metric, string? unit) = _fields[i];
            string? word = words.FirstOrDefault(word => word.StartsWith(metric + "=", StringComparison.Ordinal))?[(metric.Length + 1)..]
                ?? (i < words.Length && !words[i].Contains('=') ? words[i] : null);
            if (!double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
            {
                throw new SensorException(FaultReason.Io, $"{_line.Name}: \"{text}\" has no number for {metric}");
            }

            into.Add(new Measurement(metric, unit, value));
        }
    }

    protected override void Dispose(bool disposing) => _line.Dispose();

    /// <summary>The first line that was seen from its begin to its end, or null.</summary>
    private string? FindLine()
    {
        ReadOnlySpan<byte> bytes = _buffer.AsSpan(0, _filled);
        int begin = bytes.IndexOf((byte)'\n') + 1;
        if (begin == 0)
        {
            return null;
        }

        int length = bytes[begin..].IndexOf((byte)'\n');
        return length < 0 ? null : Encoding.ASCII.GetString(bytes.Slice(begin, length)).Trim();
    }
}
