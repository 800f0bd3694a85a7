using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Sluice.Engine.Format;

namespace Sluice.Gateway.Pipeline;

/// <summary>
/// One row of the table <c>series</c> as the gateway remembers it. Two objects may stand for the same row after the
/// memory was trimmed; the row's id is what counts.
/// </summary>
public sealed class Series(string device, string metric)
{
    /// <summary>The longest name of a device or a metric, in bytes of UTF-8: more is a publisher's mistake.</summary>
    public const int MaximumNameBytes = 256;

    private readonly Lock _gate = new();
    private SqlValue _lastValue;
    private long _lastTsUs = long.MinValue;

    public string Device { get; } = device;

    public string Metric { get; } = metric;

    /// <summary>The row's id; 0 until its creation is durable. Written by the series' writer only.</summary>
    public long Id { get; set; }

    /// <summary>The row's unit, null when it has none. Written by the series' writer only.</summary>
    public string? Unit { get; set; }

    /// <summary>Notes a durable reading for the page; one with an older timestamp than the last is not the latest.</summary>
    public void Note(long tsUs, in SqlValue value)
    {
        lock (_gate)
        {
            if (tsUs >= _lastTsUs)
            {
                _lastTsUs = tsUs;
                _lastValue = value;
            }
        }
    }

    /// <summary>The latest durable reading; false when there was none since the start.</summary>
    public bool TryGetLatest(out long tsUs, out SqlValue value)
    {
        lock (_gate)
        {
            tsUs = _lastTsUs;
            value = _lastValue;
            return tsUs != long.MinValue;
        }
    }
}

/// <summary>A device and its series, found by metric without making a string.</summary>
public sealed class Device(string name)
{
    private readonly ConcurrentDictionary<string, Series> _series = new(StringComparer.Ordinal);

    public string Name { get; } = name;

    public IEnumerable<Series> Series => _series.Select(pair => pair.Value);

    public int Count => _series.Count;

    /// <summary>The series of a metric, made when it is new.</summary>
    public Series Get(ReadOnlySpan<char> metric) =>
        TryFind(metric, out Series? series) ? series : Add(metric.ToString());

    private bool TryFind(ReadOnlySpan<char> metric, [MaybeNullWhen(false)] out Series series) =>
        _series.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(metric, out series);

    private Series Add(string metric) => _series.GetOrAdd(metric, static (name, device) => new Series(device.Name, name), this);
}

/// <summary>
/// The devices that the gateway has seen. Bounded: past <see cref="MaximumDevices"/> everything is forgotten and read again
/// from the database as it comes, so that a publisher of endless names costs disk, as it must, but not memory.
/// </summary>
public sealed class DeviceCatalog
{
    /// <summary>About 20 MB at a few series each.</summary>
    public const int MaximumDevices = 50_000;

    private readonly ConcurrentDictionary<string, Device> _devices = new(StringComparer.Ordinal);

    public IEnumerable<Device> Devices => _devices.Select(pair => pair.Value);

    /// <summary>The device of that name, made when it is new.</summary>
    public Device Get(string name)
    {
        if (_devices.Count > MaximumDevices)
        {
            _devices.Clear();
        }

        return _devices.GetOrAdd(name, static key => new Device(key));
    }
}
