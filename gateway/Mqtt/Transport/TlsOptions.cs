using Sluice.Gateway.Mqtt.Security;

namespace Sluice.Gateway.Mqtt.Transport;

/// <summary>Certificates of the listeners that encrypt. All files are PEM and are read anew when they change.</summary>
public sealed record TlsOptions
{
    /// <summary>The server's certificate, with intermediate ones after it.</summary>
    public required string Certificate { get; init; }

    /// <summary>Its private key.</summary>
    public required string Key { get; init; }

    public ClientCertificates ClientCertificates { get; init; }

    /// <summary>The authorities whose client certificates are believed; null without client certificates.</summary>
    public string? ClientAuthorities { get; init; }
}
