using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Client;

/// <summary>Another broker.</summary>
/// <param name="Host">A name or an address.</param>
/// <param name="Port">Its port.</param>
/// <param name="IsEncrypted">TLS.</param>
public sealed record MqttServer(string Host, int Port, bool IsEncrypted)
{
    /// <summary><c>mqtt://HOST[:PORT]</c> (1883) or <c>mqtts://HOST[:PORT]</c> (8883); null for anything else.</summary>
    public static MqttServer? Parse(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("mqtt" or "mqtts") || uri.Host.Length == 0 || uri.PathAndQuery is not ("" or "/") || uri.UserInfo.Length > 0)
            return null;
        bool encrypted = uri.Scheme == "mqtts";
        return new MqttServer(uri.IdnHost, uri.Port > 0 ? uri.Port : encrypted ? 8883 : 1883, encrypted);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{(IsEncrypted ? "mqtts" : "mqtt")}://{(Host.Contains(':') ? $"[{Host}]" : Host)}:{Port}";
}

/// <summary>How the gateway presents itself to another broker.</summary>
public sealed record MqttClientOptions
{
    /// <summary>Tried in this order; the first again after one was lost.</summary>
    public required IReadOnlyList<MqttServer> Servers { get; init; }

    /// <summary>Of a session that the broker keeps for us.</summary>
    public required string ClientId { get; init; }

    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>PEM file of the authorities that the broker's certificate is checked against; null for the system's.</summary>
    public string? Authorities { get; init; }

    /// <summary>PEM file of our certificate, with its key in <see cref="Key"/>; null for none.</summary>
    public string? Certificate { get; init; }

    public string? Key { get; init; }

    /// <summary>What is asked for; a broker that does not know 5.0 is asked again in 3.1.1.</summary>
    public ProtocolVersion Version { get; init; } = ProtocolVersion.Mqtt50;

    /// <summary>Seconds within which each side hears from the other.</summary>
    public ushort KeepAliveSeconds { get; init; } = 30;

    /// <summary>Seconds that the broker keeps the session without us; 0 for a new session with each connection.</summary>
    public uint SessionExpirySeconds { get; init; } = 7 * 24 * 3600;

    /// <summary>Where <c>online</c> is retained while we are connected and, as the will, <c>offline</c> when not; null for nowhere.</summary>
    public string? StateTopic { get; init; }
}
