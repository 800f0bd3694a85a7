using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Sluice.Gateway.Mqtt.Client;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Sync.Sinks.Mqtt;

/// <summary>
/// Sends readings to an MQTT broker, each as a QoS 1 message on <c>{topic}/{device}/{metric}</c> with <c>id</c>, <c>device</c>, <c>metric</c>, <c>unit</c>, <c>ts</c> and <c>value</c>.
/// <para>
/// The cursor is upstream: a retained message on <c>{topic}/cursor</c>, published when the batch's last PUBACK has come. MQTT has no transactions, so a batch whose cursor
/// was lost is sent again, in part or whole: each message carries the key <c>{instance}:{id}</c> as a user property (and <c>id</c> in the payload), by which a
/// consumer recognizes it.
/// </para>
/// </summary>
/// <param name="options">The brokers.</param>
/// <param name="topic">The root of the topics, without a slash at its end.</param>
/// <param name="time">The clock.</param>
internal sealed class MqttSink(MqttClientOptions options, string topic, TimeProvider time) : IUpstreamSink
{
    /// <summary>Of SUBSCRIBE, of the question for the cursor and of the cursor itself; those of readings come after it.</summary>
    private const ushort OwnIdentifier = 1;

    private readonly string _cursorTopic = topic + "/cursor";
    private string _instance = "";
    private MqttClientConnection? _connection;
    private int _next;

    /// <inheritdoc/>
    public string Upstream => string.Join(", ", options.Servers);

    /// <inheritdoc/>
    public async Task<long> ConnectAsync(string instance, CancellationToken cancellation)
    {
        await CloseAsync().ConfigureAwait(false);
        _instance = instance;
        MqttServer server = options.Servers[_next++ % options.Servers.Count];
        return await GuardAsync(
            async () =>
            {
                _connection = await MqttClientConnection.ConnectAsync(server, options, time, cancellation).ConfigureAwait(false);
                if (!_connection.KeepsState)
                    throw new IOException("it takes no QoS 1 or keeps no retained messages, which the cursor needs");
                long cursor = await AskCursorAsync(_connection, cancellation).ConfigureAwait(false);
                var online = new ArrayBufferWriter<byte>();
                if (_connection.WriteOnline(online))
                    await _connection.WriteAsync(online.WrittenMemory, cancellation).ConfigureAwait(false);
                _next = 0;
                return cursor;
            },
            cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task SendAsync(OutboxBatch batch, CancellationToken cancellation) => GuardAsync(
        async () =>
        {
            MqttClientConnection connection = _connection ?? throw new IOException("the connection was lost");
            // The rest of the window is for the cursor.
            foreach (OutboxRow[] rows in batch.Rows.Chunk(Math.Max(connection.ReceiveMaximum - 1, 1)))
            {
                var output = new ArrayBufferWriter<byte>();
                for (int i = 0; i < rows.Length; i++)
                {
                    int before = output.WrittenCount;
                    Write(output, connection.Version, rows[i], (ushort)(OwnIdentifier + 1 + i));
                    if (output.WrittenCount - before > connection.MaximumPacketSize)
                        throw new IOException($"reading {rows[i].Id} has a packet of {output.WrittenCount - before} bytes, it takes {connection.MaximumPacketSize}");
                }
                await SendAsync(connection, output, rows.Length, cancellation).ConfigureAwait(false);
            }
            var cursor = new ArrayBufferWriter<byte>();
            Publish(cursor, connection.Version, _cursorTopic, Encoding.UTF8.GetBytes($"{_instance} {batch.LastId}"), OwnIdentifier, retain: true);
            await SendAsync(connection, cursor, 1, cancellation).ConfigureAwait(false);
            return 0;
        },
        cancellation);

    public async ValueTask DisposeAsync()
    {
        if (_connection is { } connection)
            await connection.LeaveAsync().ConfigureAwait(false);
        await CloseAsync().ConfigureAwait(false);
    }

    // Whatever goes wrong, the connection is done with: answers that come late must not be taken for others.
    private async Task<T> GuardAsync<T>(Func<Task<T>> action, CancellationToken cancellation)
    {
        try
        {
            return await action().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or MqttProtocolException or CryptographicException)
        {
            await CloseAsync().ConfigureAwait(false);
            throw new UpstreamException(e.Message, e);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            await CloseAsync().ConfigureAwait(false);
            throw new UpstreamException($"no answer within {MqttClientConnection.Patience.TotalSeconds} s");
        }
    }

    // The retained cursor comes before what is published after the subscription: a question of our own, which tells that there is none.
    private async Task<long> AskCursorAsync(MqttClientConnection connection, CancellationToken cancellation)
    {
        string question = $"ask {RandomNumberGenerator.GetHexString(16)}";
        var output = new ArrayBufferWriter<byte>();
        new SubscribePacket(OwnIdentifier, [new SubscriptionRequest(_cursorTopic, QualityOfService.AtMostOnce)]).Write(output, connection.Version);
        await connection.WriteAsync(output.WrittenMemory, cancellation).ConfigureAwait(false);
        using CancellationTokenSource deadline = Deadline(cancellation);
        long cursor = 0;
        bool isSubscribed = false;
        while (true)
        {
            (PacketHeader header, byte[] body) = await connection.ReadPacketAsync(deadline.Token).ConfigureAwait(false);
            if (header.Type == PacketType.SubAck && !isSubscribed)
            {
                ReasonCode granted = SubAckPacket.Parse(body, header.Type, connection.Version).Reasons[0];
                if (granted >= ReasonCode.UnspecifiedError)
                    throw new IOException($"it refuses the subscription to '{_cursorTopic}': {granted}");
                isSubscribed = true;
                var ask = new ArrayBufferWriter<byte>();
                Publish(ask, connection.Version, _cursorTopic, Encoding.UTF8.GetBytes(question), identifier: 0, retain: false);
                await connection.WriteAsync(ask.WrittenMemory, cancellation).ConfigureAwait(false);
            }
            if (header.Type != PacketType.Publish)
                continue;
            string text = Payload(header, body, connection.Version);
            if (text == question)
                break;
            if (text.Split(' ') is [{ } instance, { } id] && instance == _instance && long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out long known))
                cursor = known;
        }
        var leave = new ArrayBufferWriter<byte>();
        new UnsubscribePacket(OwnIdentifier, [_cursorTopic]).Write(leave, connection.Version);
        await connection.WriteAsync(leave.WrittenMemory, cancellation).ConfigureAwait(false);
        while ((await connection.ReadPacketAsync(deadline.Token).ConfigureAwait(false)).Header.Type != PacketType.UnsubAck)
        {
            // What was published meanwhile.
        }
        return cursor;
    }

    private static string Payload(PacketHeader header, byte[] body, ProtocolVersion version) =>
        Encoding.UTF8.GetString(PublishPacket.Parse(body, header.Flags, version).Payload);

    /// <summary>Writes and reads so many PUBACKs.</summary>
    private async Task SendAsync(MqttClientConnection connection, ArrayBufferWriter<byte> output, int messages, CancellationToken cancellation)
    {
        using CancellationTokenSource deadline = Deadline(cancellation);
        // Answers are read while it writes: a broker that waits to be read takes nothing more.
        Task writing = connection.WriteAsync(output.WrittenMemory, deadline.Token).AsTask();
        for (int left = messages; left > 0;)
        {
            (PacketHeader header, byte[] body) = await connection.ReadPacketAsync(deadline.Token).ConfigureAwait(false);
            if (header.Type != PacketType.PubAck)
                continue;
            AckPacket answer = AckPacket.Parse(body, header.Type, connection.Version);
            if (answer.Reason >= ReasonCode.UnspecifiedError)
                throw new IOException($"it refuses a reading: {answer.Reason}");
            left--;
        }
        await writing.ConfigureAwait(false);
    }

    private CancellationTokenSource Deadline(CancellationToken cancellation)
    {
        var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(MqttClientConnection.Patience);
        return deadline;
    }

    private void Write(ArrayBufferWriter<byte> output, ProtocolVersion version, in OutboxRow row, ushort identifier)
    {
        var payload = new ArrayBufferWriter<byte>(128);
        using (var json = new Utf8JsonWriter(payload))
        {
            json.WriteStartObject();
            json.WriteNumber("id"u8, row.Id);
            json.WriteString("device"u8, row.Device);
            json.WriteString("metric"u8, row.Metric);
            if (row.Unit is { } unit)
                json.WriteString("unit"u8, unit);
            json.WriteString("ts"u8, row.Ts);
            if (row.Text is { } text)
                json.WriteString("value"u8, text);
            else if (row.Value is { } value && double.IsFinite(value))
                json.WriteNumber("value"u8, value);
            else
                json.WriteNull("value"u8);
            json.WriteEndObject();
        }
        var properties = new PropertySet();
        properties.UserProperties.Add(new("key", $"{_instance}:{row.Id}"));
        Publish(output, version, $"{topic}/{Level(row.Device)}/{Level(row.Metric)}", payload.WrittenSpan, identifier, retain: false, properties);
    }

    // Names may hold what has a meaning in topics (MQTT 5.0 section 4.7).
    private static string Level(string name) => name.Length == 0 ? "_" : string.Concat(name.Select(c => c is '/' or '+' or '#' or '\0' ? '_' : c));

    private static void Publish(
        ArrayBufferWriter<byte> output, ProtocolVersion version, string topic, ReadOnlySpan<byte> payload, ushort identifier, bool retain, PropertySet? properties = null) =>
        new PublishPacket
        {
            Topic = Encoding.UTF8.GetBytes(topic),
            QualityOfService = identifier == 0 ? QualityOfService.AtMostOnce : QualityOfService.AtLeastOnce,
            PacketIdentifier = identifier,
            Retain = retain,
            Properties = version == ProtocolVersion.Mqtt50 ? PublishPacket.EncodeProperties(properties) : [],
            Payload = payload,
        }.Write(output, version);

    private async Task CloseAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }
}
