using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Pipeline;
using Sluice.Gateway.Status;
using Sluice.Sensors;
using Sluice.Sensors.Sampling;

namespace Sluice.Gateway.Ingress;

/// <summary>
/// Brings the readings of sensors onto the path of MQTT's messages: each becomes a message on
/// <c>sensors/{device}/{metric}</c> with <c>value</c>, <c>ts</c> and <c>unit</c>, goes through the same writers, and to
/// the broker's subscribers. A sensor cannot be held back, so when the writers are full the oldest readings here are
/// dropped and counted. When a sensor fails, and when it is well again, a text is stored as its quality; never a made-up value. Of a
/// sensor that goes back and forth only some changes a minute are, and then how it is.
/// </summary>
public sealed class SensorIngress : ISensorOutput, IAsyncDisposable
{
    /// <summary>Readings that wait here: some seconds of a busy box, at about 200 bytes each.</summary>
    private const int Capacity = 10_000;

    private readonly IIngress _ingress;
    private readonly MqttBroker _broker;
    private readonly RouteTable _routes;
    private readonly GatewayCounters _counters;
    private readonly HealthState _health;
    private readonly Func<SampledSensor, string> _qualityMetric;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Channel<IngressMessage> _waiting;
    private readonly ConcurrentDictionary<(string Device, string Metric), TopicName> _topics = new();
    private readonly ConcurrentDictionary<SampledSensor, QualityNews> _news = new();
    private readonly LogLimit _dropLines;
    private readonly Task _pump;

    public SensorIngress(
        IIngress ingress, MqttBroker broker, RouteTable routes, GatewayCounters counters, HealthState health,
        Func<SampledSensor, string> qualityMetric, TimeProvider time, ILogger log)
    {
        _ingress = ingress;
        _broker = broker;
        _routes = routes;
        _counters = counters;
        _health = health;
        _qualityMetric = qualityMetric;
        _time = time;
        _log = log;
        _dropLines = new LogLimit(time, linesPerMinute: 1);
        BoundedChannelOptions bound = new(Capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true };
        _waiting = Channel.CreateBounded<IngressMessage>(bound, Dropped);
        _pump = Task.Run(PumpAsync);
    }

    /// <inheritdoc/>
    public void Write(SampledSensor sensor, IReadOnlyList<SensorReading> readings)
    {
        foreach (SensorReading reading in readings)
        {
            Send(sensor.Name, reading.Device, reading.Metric, Encode(reading));
        }
    }

    /// <inheritdoc/>
    public void QualityChanged(SampledSensor sensor, SensorQuality quality, DateTimeOffset at)
    {
        string part = $"sensor {sensor.Name}";
        SensorFault? fault = sensor.Statistics.LastFault;
        string text;
        switch (quality)
        {
            case SensorQuality.Good when _health.Clear(part) is null:
                // From the start on, and never said otherwise.
                return;
            case SensorQuality.Good:
                text = "good";
                break;
            case SensorQuality.Stale:
                _health.Report(part, ProblemSeverity.Degraded, "its reads do not end, the latest value is old");
                text = "stale";
                break;
            default:
                _health.Report(part, ProblemSeverity.Degraded, fault?.Message ?? "unknown");
                text = $"fault: {SensorWords.Of(fault?.Reason ?? FaultReason.Internal)}";
                break;
        }

        _news.GetOrAdd(sensor, _ => new QualityNews(_time, (news, others) => Tell(sensor, news, others))).Add(new QualityChange(quality, text, fault?.Message ?? "unknown", at));
    }

    /// <summary>Stores a quality and writes it into the log.</summary>
    private void Tell(SampledSensor sensor, QualityChange news, long others)
    {
        switch (news.Quality)
        {
            case SensorQuality.Good:
                GatewayLog.SensorWorks(_log, sensor.Name, sensor.Statistics.Failed);
                break;
            case SensorQuality.Stale:
                GatewayLog.SensorStale(_log, sensor.Name);
                break;
            default:
                GatewayLog.SensorFailed(_log, sensor.Name, news.Reason);
                break;
        }

        if (others > 0)
        {
            GatewayLog.SensorFlaps(_log, sensor.Name, others);
        }

        Send(sensor.Name, sensor.Device, _qualityMetric(sensor), Encode(news.Text, news.At));
    }

    /// <summary>Hands on what waits and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (QualityNews news in _news.Values)
        {
            news.Dispose();
        }

        _waiting.Writer.TryComplete();
        await _pump;
    }

    /// <summary>Stores the state of an output, as metric <c>state</c> of a device of its name.</summary>
    public void WriteState(string actuator, bool state) =>
        Send(actuator, actuator, "state", Encode(new SensorReading(actuator, "state", null, _time.GetUtcNow(), state ? 1 : 0)));

    private void Send(string client, string device, string metric, byte[] payload)
    {
        TopicName topic = _topics.GetOrAdd((device, metric), key => _routes.Fixed(key.Device, key.Metric));
        _waiting.Writer.TryWrite(new IngressMessage
        {
            Topic = topic,
            ClientId = client,
            Payload = payload,
            ReceivedUs = Timestamps.FromTime(_time.GetUtcNow()),
        });
    }

    private async Task PumpAsync()
    {
        await foreach (IngressMessage message in _waiting.Reader.ReadAllAsync())
        {
            await _ingress.EnqueueAsync(message, CancellationToken.None);
            await _broker.PublishAsync(message.Topic.Text, message.Payload);
        }
    }

    private void Dropped(IngressMessage message)
    {
        _counters.SensorsDropped.Add();
        if (_dropLines.Allows(out long others))
        {
            GatewayLog.SensorsDropping(_log, others + 1);
        }
    }

    private static byte[] Encode(string text, DateTimeOffset at)
    {
        ArrayBufferWriter<byte> buffer = new(96);
        using Utf8JsonWriter json = new(buffer);
        json.WriteStartObject();
        json.WriteString("value"u8, text);
        json.WriteString("ts"u8, at.UtcDateTime);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static byte[] Encode(in SensorReading reading)
    {
        ArrayBufferWriter<byte> buffer = new(96);
        using Utf8JsonWriter json = new(buffer);
        json.WriteStartObject();
        json.WriteNumber("value"u8, reading.Value);
        // As text: a number of microseconds would be taken for seconds on a board whose clock stands in 1970.
        json.WriteString("ts"u8, reading.Timestamp.UtcDateTime);
        if (reading.Unit is { } unit)
        {
            json.WriteString("unit"u8, unit);
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
