using Sluice.Engine;
using Sluice.Gateway.Mqtt.Security;
using Sluice.Gateway.Mqtt.Transport;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>Where the broker listens and what it bounds. Filled by the configuration room; holds no parsing.</summary>
public sealed record MqttOptions
{
    /// <summary>Endpoints, see <see cref="ListenAddress"/>; the host is an IPv4 address, an IPv6 address in brackets, a name, or <c>*</c> for all. Port 0 takes a free one.</summary>
    public IReadOnlyList<string> Listen { get; init; } = ["tcp://127.0.0.1:1883"];

    /// <summary>Certificates; there when an endpoint encrypts.</summary>
    public TlsOptions? Tls { get; init; }

    public SecurityOptions Security { get; init; } = new();

    /// <summary>Origins of web pages that may connect over WebSocket, beside those of the listener itself; <c>*</c> for all.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];

    /// <summary>Connections at once. A gateway serves a site; 10,000 idle ones cost some 100 MB.</summary>
    public int MaximumConnections { get; init; } = 10_000;

    /// <summary>Connections at once from one address; 0 for any number.</summary>
    public int MaximumConnectionsPerAddress { get; init; }

    /// <summary>Messages a second of one client, past which it is held back; 0 for any.</summary>
    public int MaximumMessagesPerSecond { get; init; }

    /// <summary>Bytes a second of one client, past which it is held back; 0 for any.</summary>
    public long MaximumBytesPerSecond { get; init; }

    /// <summary>Messages a second of all clients, past which those who send are held back; 0 for any.</summary>
    public int MaximumMessagesPerSecondInAll { get; init; }

    /// <summary>Sessions held, connected or not.</summary>
    public int MaximumSessions { get; init; } = 20_000;

    /// <summary>How long a connection may take to send its whole CONNECT (slow-loris).</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a peer may leave bytes of ours unread before it is disconnected.</summary>
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a packet may take to come whole, so that nobody keeps a part of <see cref="MaximumUnfinishedBytes"/> for ever: 1 MiB at 28 kbit/s.</summary>
    public TimeSpan PacketTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Longest keep alive granted, in seconds; a longer one, or none, is replaced by it for 5.0 clients (Server Keep Alive). 0 grants any.</summary>
    public int MaximumKeepAliveSeconds { get; init; }

    /// <summary>Largest packet accepted, in bytes, fixed header included: a reading is small, an image from a camera is not.</summary>
    public int MaximumPacketSizeBytes { get; init; } = 1024 * 1024;

    /// <summary>
    /// Bytes of packets that have not come whole, of all clients together; one packet of <see cref="MaximumPacketSizeBytes"/> has always room. Past it who sends more of one
    /// is thrown out.
    /// </summary>
    public long MaximumUnfinishedBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>The same for those whose CONNECT has not come whole, so that strangers take nothing from clients: a hundred with the largest will.</summary>
    public long MaximumUnfinishedConnectBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Unacknowledged QoS 1 and 2 messages of one client inbound: some group commits' worth.</summary>
    public int ReceiveMaximum { get; init; } = 1024;

    /// <summary>Topic aliases a 5.0 client may set, 0 to 65,535: a device publishes to a handful of topics.</summary>
    public int TopicAliasMaximum { get; init; } = 10;

    /// <summary>Unacknowledged QoS 1 and 2 messages outbound to one client; a 5.0 client may ask for fewer (Receive Maximum).</summary>
    public int MaximumInFlightOut { get; init; } = 512;

    /// <summary>Messages that wait for one subscriber, connected or not. Past it messages are dropped and counted.</summary>
    public int MaximumQueuedMessages { get; init; } = 10_000;

    /// <summary>Payload bytes that wait for one subscriber. Past it messages are dropped and counted.</summary>
    public long MaximumQueuedBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Payload bytes that wait for all subscribers together. Past it messages are dropped and counted.</summary>
    public long MaximumQueuedBytesInAll { get; init; } = 1024 * 1024 * 1024;

    /// <summary>Past so many bytes of a session's queue the messages that come are left to the database until their turn.</summary>
    public long MaximumLoadedBytes { get; init; } = 256 * 1024;

    /// <summary>Messages that are taken from the database at once.</summary>
    public int MaximumLoadedMessages { get; init; } = 256;

    /// <summary>Subscriptions of one session.</summary>
    public int MaximumSubscriptionsPerSession { get; init; } = 1_000;

    /// <summary>Retained messages in all.</summary>
    public int MaximumRetainedMessages { get; init; } = 100_000;

    /// <summary>Payload bytes of retained messages in all.</summary>
    public long MaximumRetainedBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Longest session expiry granted; a 5.0 client is told.</summary>
    public TimeSpan MaximumSessionExpiry { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How often the broker's figures are published below <c>$SYS</c>; zero for never.</summary>
    public TimeSpan SystemInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long StopAsync waits for acknowledgements that are still owed.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Throws <see cref="SluiceException"/> that names the first value out of its range.</summary>
    public void Validate()
    {
        Require(Listen.Count > 0, nameof(Listen), "needs at least one endpoint");
        Require(MaximumConnections > 0, nameof(MaximumConnections), "must be at least 1");
        Require(Tls is not null || !Listen.Select(ListenAddress.Parse).Any(address => address.IsEncrypted), nameof(Tls), "is needed by an endpoint that encrypts");
        Require(MaximumSessions > 0, nameof(MaximumSessions), "must be at least 1");
        Require(MaximumKeepAliveSeconds is >= 0 and <= ushort.MaxValue, nameof(MaximumKeepAliveSeconds), "must be 0 to 65,535");
        // The largest packet there is: 5 bytes of fixed header and 268,435,455 of body (MQTT 5.0 section 2.1.4).
        Require(MaximumPacketSizeBytes is >= 128 and <= 268_435_460, nameof(MaximumPacketSizeBytes), "must be 128 to 268,435,460");
        Require(ReceiveMaximum is >= 1 and <= ushort.MaxValue, nameof(ReceiveMaximum), "must be 1 to 65,535");
        Require(TopicAliasMaximum is >= 0 and <= ushort.MaxValue, nameof(TopicAliasMaximum), "must be 0 to 65,535");
        Require(MaximumInFlightOut is >= 1 and < ushort.MaxValue, nameof(MaximumInFlightOut), "must be 1 to 65,534");
    }

    private static void Require(bool condition, string option, string rule)
    {
        if (!condition)
            throw new SluiceException(ResultCode.Misuse, $"mqtt: {option} {rule}");
    }
}
