using System.Text;
using Sluice.Gateway.Configuration;
using Sluice.Gateway.Ingress;

namespace Sluice.Gateway.Pipeline;

/// <summary>
/// From topic to device, metric and writer. The first route that matches wins. The decision is remembered at the topic
/// (<see cref="TopicName.IngressState"/>), so a message of a known topic costs no matching.
/// </summary>
public sealed class RouteTable
{
    private readonly TopicTemplate[] _templates;
    private readonly DeviceCatalog _devices;
    private readonly int _writers;

    /// <param name="routes">Validated routes, in order.</param>
    /// <param name="devices">Where devices are remembered.</param>
    /// <param name="writers">How many writers there are.</param>
    public RouteTable(IEnumerable<TopicRoute> routes, DeviceCatalog devices, int writers)
    {
        _templates = [.. routes.Select(route => new TopicTemplate(route))];
        _devices = devices;
        _writers = writers;
    }

    /// <summary>The way of a topic; <see cref="RoutedTopic.Device"/> is null when no route takes it.</summary>
    public RoutedTopic Route(TopicName topic)
    {
        if (topic.IngressState is RoutedTopic known && known.Owner == this)
        {
            return known;
        }

        RoutedTopic routed = Match(topic.Text);
        topic.IngressState = routed;
        return routed;
    }

    /// <summary>A topic whose way does not depend on the routes: sensors know their device and metric.</summary>
    public TopicName Fixed(string device, string metric) =>
        new($"sensors/{device}/{metric}") { IngressState = To(device, metric, unit: null, isForwarded: true) };

    /// <summary>The writer of a device, or of anything else whose order is to be kept.</summary>
    public int WriterOf(string name) => (int)(Hash(name) % (uint)_writers);

    private RoutedTopic Match(string topic)
    {
        foreach (TopicTemplate template in _templates)
        {
            if (template.TryMatch(topic, out string device, out string? metric))
            {
                return template.Use == TopicUse.Forward ? OnlyForwarded(topic) : To(device, metric, template.Unit, template.Use == TopicUse.Both);
            }
        }

        return OnlyForwarded(topic);
    }

    private RoutedTopic OnlyForwarded(string topic) => new(this, null, null, null, WriterOf(topic), null, IsForwarded: true);

    private RoutedTopic To(string device, string? metric, string? unit, bool isForwarded)
    {
        string? refusal = TooLong("device", device) ?? TooLong("metric", metric);

        // A device of which nothing is stored is not one to remember.
        Device target = refusal is null ? _devices.Get(device) : new Device(device);
        return new RoutedTopic(this, target, metric, unit, WriterOf(device), refusal, isForwarded);
    }

    private static string? TooLong(string what, string? name) =>
        name is not null && Encoding.UTF8.GetByteCount(name) is > Series.MaximumNameBytes and int bytes
            ? $"the {what} that the topic names has {bytes} bytes, at most {Series.MaximumNameBytes} are taken"
            : null;

    /// <summary>FNV-1a, 32 bits: spreads short names well, and a device keeps its writer over restarts.</summary>
    private static uint Hash(string name)
    {
        uint hash = 2166136261;
        foreach (char c in name)
        {
            hash = (hash ^ c) * 16777619;
        }

        // The low bits of FNV-1a are its weakest, and the number of writers is small.
        return hash ^ (hash >> 16);
    }
}

/// <summary>Where messages of one topic go. Immutable, but for the series that it remembers.</summary>
/// <param name="Owner">The table that decided it.</param>
/// <param name="Device">The device; null when the topic is not stored.</param>
/// <param name="Metric">The metric; null when only the payload names it.</param>
/// <param name="Unit">The unit of readings that do not carry their own.</param>
/// <param name="Writer">The index of the writer of the device or, without one, of the topic.</param>
/// <param name="Refusal">Why messages of this topic become dead letters, or null.</param>
/// <param name="IsForwarded">Whether subscribers get its messages.</param>
public sealed record RoutedTopic(RouteTable Owner, Device? Device, string? Metric, string? Unit, int Writer, string? Refusal, bool IsForwarded)
{
    private Series? _series;

    /// <summary>The series of <see cref="Device"/> and <see cref="Metric"/>, which are both there; looked up once.</summary>
    public Series Series => _series ??= Device!.Get(Metric);
}
