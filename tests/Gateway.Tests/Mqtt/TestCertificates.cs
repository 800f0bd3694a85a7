using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>A folder with an authority, a server's certificate for localhost, and clients' ones.</summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly X509Certificate2 _authority;
    private readonly DateTimeOffset _from = DateTimeOffset.UtcNow.AddDays(-1);

    public TestCertificates()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=Test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _authority = request.CreateSelfSigned(_from, _from.AddYears(1));
        File.WriteAllText(Authority, _authority.ExportCertificatePem());
        IssueServer("localhost");
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("sluice-certificates-").FullName;

    public string Authority => Path.Combine(Folder, "ca.pem");

    public string Server => Path.Combine(Folder, "server.pem");

    public string ServerKey => Path.Combine(Folder, "server.key");

    /// <summary>Writes a new certificate for the server, for this machine unless another host is named, for 300 days unless they end before.</summary>
    public void IssueServer(string name, string? host = null, DateTimeOffset? until = null) => Issue(name, Server, ServerKey, "1.3.6.1.5.5.7.3.1", host, until);

    /// <summary>Writes a certificate for a client of this name; its path and its key's.</summary>
    public (string Certificate, string Key) IssueClient(string name, DateTimeOffset? until = null)
    {
        string certificate = Path.Combine(Folder, $"{name}.pem");
        string key = Path.Combine(Folder, $"{name}.key");
        Issue(name, certificate, key, "1.3.6.1.5.5.7.3.2", host: null, until);
        return (certificate, key);
    }

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private void Issue(string name, string certificatePath, string keyPath, string purpose, string? host, DateTimeOffset? until)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName(host ?? "localhost");
        if (host is null)
            names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.Create(_authority, _from, until ?? _from.AddDays(300), RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(certificatePath, certificate.ExportCertificatePem());
        File.WriteAllText(keyPath, key.ExportPkcs8PrivateKeyPem());
    }
}
