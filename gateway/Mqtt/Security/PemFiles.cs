using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Sluice.Gateway.Hosting;

namespace Sluice.Gateway.Mqtt.Security;

/// <summary>Certificates and their keys in PEM (RFC 7468), of the listeners and of the connections to other brokers.</summary>
internal static class PemFiles
{
    /// <summary>All certificates of a file, in its order.</summary>
    /// <exception cref="GatewayException">It cannot be read or holds none: names the file.</exception>
    public static X509Certificate2Collection ReadCertificates(string path)
    {
        X509Certificate2Collection certificates = [];
        try
        {
            certificates.ImportFromPemFile(path);
        }
        catch (Exception e) when (IsOfFile(e))
        {
            throw new GatewayException($"{path}: {Explain(e)}", e);
        }

        return certificates.Count > 0 ? certificates : throw new GatewayException($"{path}: holds no certificate (PEM)");
    }

    /// <summary>The first certificate of one file with the key in the other.</summary>
    /// <exception cref="GatewayException">The key cannot be read, or is not the certificate's: names the file.</exception>
    public static X509Certificate2 ReadPair(string certificate, string key)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(certificate, key);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new GatewayException($"{key}: is not the private key (PEM, without a password) of {certificate}: {e.Message}", e);
        }
        catch (Exception e) when (IsOfFile(e))
        {
            throw new GatewayException($"{key}: {Explain(e)}", e);
        }
    }

    /// <summary>Why a file could not be read, in words that go after its name.</summary>
    public static string Explain(Exception e) => e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : e.Message;

    private static bool IsOfFile(Exception e) => e is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException;
}
