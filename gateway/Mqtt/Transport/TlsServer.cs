using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Sluice.Gateway.Hosting;
using Sluice.Gateway.Mqtt.Security;

namespace Sluice.Gateway.Mqtt.Transport;

/// <summary>
/// TLS, the server's side (MQTT 5.0 section 5.4.1: a client's certificate is its identity). Versions and ciphers are the system's. A
/// certificate that was replaced counts for the connections that come after.
/// </summary>
internal sealed class TlsServer
{
    private readonly TlsOptions _options;
    private readonly ReloadedFile<Material> _material;

    /// <exception cref="GatewayException">A file cannot be read or is not what it should be.</exception>
    public TlsServer(TlsOptions options, ILogger log, TimeProvider time)
    {
        _options = options;
        string[] paths = [options.Certificate, options.Key, .. options.ClientAuthorities is { } authorities ? [authorities] : Array.Empty<string>()];
        _material = new ReloadedFile<Material>(
            paths, Read, names => MqttLog.Reloaded(log, names), (names, e) => MqttLog.NotReloaded(log, names, e.Message), time);
    }

    /// <summary>Shakes hands. Throws <see cref="AuthenticationException"/> or <see cref="IOException"/> when that fails.</summary>
    /// <returns>The encrypted stream, and the name in the client's certificate.</returns>
    public async Task<(SslStream Stream, string? CertificateName)> AcceptAsync(Stream inner, CancellationToken cancellationToken)
    {
        Material material = _material.Value;
        var stream = new SslStream(inner, leaveInnerStreamOpen: false);
        string? refusal = null;
        try
        {
            var server = new SslServerAuthenticationOptions
            {
                ServerCertificateContext = material.Server,
                ClientCertificateRequired = _options.ClientCertificates != ClientCertificates.Off,
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                RemoteCertificateValidationCallback = (_, certificate, chain, _) => (refusal = WhyNotBelieved(certificate as X509Certificate2, chain, material)) is null,
            };
            await stream.AuthenticateAsServerAsync(server, cancellationToken).ConfigureAwait(false);
            return (stream, NameIn(stream.RemoteCertificate as X509Certificate2));
        }
        catch (Exception e)
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            if (e is AuthenticationException && refusal is not null)
                throw new AuthenticationException(refusal);
            throw;
        }
    }

    // Null when it is.
    private string? WhyNotBelieved(X509Certificate2? certificate, X509Chain? sent, Material material)
    {
        if (certificate is null || _options.ClientCertificates == ClientCertificates.Off)
            return _options.ClientCertificates == ClientCertificates.Required ? "it shows no certificate, which mqtt.tls.client_certificate: required asks for" : null;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(material.ClientAuthorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        // TLS client authentication (RFC 5280 section 4.2.1.12).
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.2"));
        foreach (X509ChainElement element in sent?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        return chain.Build(certificate)
            ? null
            : $"its certificate ({certificate.Subject}) is not believed: {string.Join(", ", chain.ChainStatus.Select(status => status.Status).Distinct())}";
    }

    private static string? NameIn(X509Certificate2? certificate)
    {
        if (certificate is null)
            return null;
        string name = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        return name.Length > 0 ? name : certificate.Subject;
    }

    private Material Read()
    {
        X509Certificate2Collection certificates = PemFiles.ReadCertificates(_options.Certificate);
        X509Certificate2 server = PemFiles.ReadPair(_options.Certificate, _options.Key);
        X509Certificate2Collection authorities = _options.ClientAuthorities is { } path ? PemFiles.ReadCertificates(path) : [];
        certificates.RemoveAt(0);
        return new Material(SslStreamCertificateContext.Create(server, certificates, offline: true), authorities);
    }

    private sealed record Material(SslStreamCertificateContext Server, X509Certificate2Collection ClientAuthorities);
}
