using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Pipeline;
using Sluice.Gateway.Status;
using Sluice.Sensors;

namespace Sluice.Gateway.Ingress;

/// <summary>
/// Brings the readings of sensors onto the path of MQTT's messages: each becomes a message on
/// <c>sensors/{device}/{metric}</c> with <c>value</c>, <c>ts</c> and <c>unit</c>, goes through the same writers, and to
/// the broker's subscribers. A sensor cannot be held back, so when the writers are full the oldest readings here are
/// dropped and counted.
/// </summary>
public sealed class SensorIngress : ISensorOutput, IAsyncDisposable
{
    /// <summary>Readings that wait here: some seconds of a busy box, at about 200 bytes each.</summary>
    private const int Capacity = 10_000;

    private readonly IIngress _ingress;
    private readonly MqttBroker _broker;
    private readonly RouteTable _routes;
    private readonly GatewayCounters _counters;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Channel<IngressMessage> _waiting;
    private readonly ConcurrentDictionary<(string Device, string Metric), TopicName> _topics = new();
    private readonly ConcurrentDictionary<ISensor, long> _failing = new();
    private readonly LogLimit _dropLines;
    private readonly Task _pump;

    public SensorIngress(
        IIngress ingress, MqttBroker broker, RouteTable routes, GatewayCounters counters, TimeProvider time, ILogger log)
    {
        _ingress = ingress;
        _broker = broker;
        _routes = routes;
        _counters = counters;
        _time = time;
        _log = log;
        _dropLines = new LogLimit(time, linesPerMinute: 1);
        BoundedChannelOptions bound = new(Capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true };
        _waiting = Channel.CreateBounded<IngressMessage>(bound, Dropped);
        _pump = Task.Run(PumpAsync);
    }

    /// <inheritdoc/>
    public void Write(ISensor sensor, IReadOnlyList<SensorReading> readings)
    {
        if (_failing.TryRemove(sensor, out long failures))
        {
            GatewayLog.SensorWorks(_log, sensor.Name, failures);
        }

        foreach (SensorReading reading in readings)
        {
            TopicName topic = _topics.GetOrAdd((reading.Device, reading.Metric), key => _routes.Fixed(key.Device, key.Metric));
            _waiting.Writer.TryWrite(new IngressMessage
            {
                Topic = topic,
                ClientId = sensor.Name,
                Payload = Encode(reading),
                ReceivedUs = Timestamps.FromTime(_time.GetUtcNow()),
            });
        }
    }

    /// <inheritdoc/>
    public void Failed(ISensor sensor, Exception reason)
    {
        _counters.SensorsFailed.Add();
        if (_failing.AddOrUpdate(sensor, 1, (_, failures) => failures + 1) == 1)
        {
            GatewayLog.SensorFailed(_log, sensor.Name, reason.Message);
        }
    }

    /// <inheritdoc/>
    public void Missed(ISensor sensor, long count) => _counters.SensorsMissed.Add(count);

    /// <summary>Hands on what waits and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _pump;
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
