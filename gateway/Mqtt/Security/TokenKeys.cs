using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.IdentityModel.Tokens;
using Sluice.Gateway.Hosting;

namespace Sluice.Gateway.Mqtt.Security;

/// <summary>What tokens may be signed with: keys, and the algorithms that go with their kinds (RFC 7518 section 3.1). No key of another kind, and never <c>none</c>.</summary>
internal sealed record TokenKeys(IReadOnlyList<SecurityKey> Keys, IReadOnlyList<string> Algorithms)
{
    private const int ShortestSecretBytes = 32;

    /// <summary>With the bytes that a secret needs: as many as the hash has (RFC 7518 section 3.2).</summary>
    private static readonly (string Algorithm, int Bytes)[] OfSecrets =
        [(SecurityAlgorithms.HmacSha256, ShortestSecretBytes), (SecurityAlgorithms.HmacSha384, 48), (SecurityAlgorithms.HmacSha512, 64)];

    private static readonly string[] OfRsa =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
    ];

    private static readonly string[] OfCurves = [SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512];

    /// <summary>The files that <see cref="Read"/> reads.</summary>
    public static string[] Files(TokenOptions options) => options.Secret is { } secret ? [.. options.Keys, secret] : [.. options.Keys];

    /// <exception cref="GatewayException">A file cannot be read or holds something else: names the file.</exception>
    public static TokenKeys Read(TokenOptions options)
    {
        List<SecurityKey> keys = [.. options.Keys.SelectMany(ReadPublic)];
        if (options.Secret is { } file)
            keys.Add(ReadSecret(file));
        IEnumerable<string> algorithms = keys.SelectMany(key => key switch
        {
            SymmetricSecurityKey secret => OfSecrets.Where(one => secret.KeySize >= one.Bytes * 8).Select(one => one.Algorithm),
            ECDsaSecurityKey => OfCurves,
            _ => OfRsa,
        });
        return new TokenKeys(keys, [.. algorithms.Distinct()]);
    }

    /// <summary>Reads one of <see cref="TokenOptions.Keys"/>.</summary>
    /// <exception cref="GatewayException">It cannot be read or holds something else: names the file.</exception>
    public static List<SecurityKey> ReadPublic(string path) => Guard(path, () =>
    {
        string text = File.ReadAllText(path);
        List<SecurityKey> keys = text.TrimStart().StartsWith('{') ? ReadSet(text) : ReadPem(text);
        return keys.Count > 0 ? keys : throw new InvalidDataException("holds no public key; write one in PEM (RSA, EC, or a certificate), or a JSON Web Key Set");
    });

    /// <summary>Reads <see cref="TokenOptions.Secret"/>.</summary>
    /// <exception cref="GatewayException">It cannot be read or is too short: names the file.</exception>
    public static SymmetricSecurityKey ReadSecret(string path) => Guard(path, () =>
    {
        byte[] secret = File.ReadAllBytes(path);

        // The line end is what an editor or echo puts there.
        int length = secret.AsSpan().TrimEnd("\r\n"u8).Length;
        return length >= ShortestSecretBytes
            ? new SymmetricSecurityKey(secret[..length])
            : throw new InvalidDataException($"is a secret of {length} bytes; it needs {ShortestSecretBytes}, such as: openssl rand -hex 32 > FILE");
    });

    private static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new GatewayException($"{path}: {PemFiles.Explain(e)}", e);
        }
    }

    private static List<SecurityKey> ReadSet(string json)
    {
        // Those that are for something else, or of a kind that is not known, are left out.
        IEnumerable<SecurityKey> keys = new JsonWebKeySet(json).GetSigningKeys();
        return [.. keys.Where(key => key is RsaSecurityKey or ECDsaSecurityKey)];
    }

    private static List<SecurityKey> ReadPem(string text)
    {
        List<SecurityKey> keys = [];
        ReadOnlySpan<char> rest = text;
        while (PemEncoding.TryFind(rest, out PemFields fields))
        {
            keys.Add(ReadPem(rest[fields.Label], Convert.FromBase64String(rest[fields.Base64Data].ToString())));
            rest = rest[fields.Location.End..];
        }
        return keys;
    }

    private static SecurityKey ReadPem(ReadOnlySpan<char> label, byte[] der)
    {
        if (label.SequenceEqual("RSA PUBLIC KEY"))
        {
            RSA rsa = RSA.Create();
            rsa.ImportRSAPublicKey(der, out _);
            return new RsaSecurityKey(rsa.ExportParameters(includePrivateParameters: false));
        }
        PublicKey key = label switch
        {
            "PUBLIC KEY" => PublicKey.CreateFromSubjectPublicKeyInfo(der, out _),
            "CERTIFICATE" => X509CertificateLoader.LoadCertificate(der).PublicKey,
            _ => throw new InvalidDataException($"holds a {label.ToString()}; only public keys and certificates belong here"),
        };
        if (key.GetRSAPublicKey() is { } ofRsa)
            return new RsaSecurityKey(ofRsa.ExportParameters(includePrivateParameters: false));
        return key.GetECDsaPublicKey() is { } ofCurve
            ? new ECDsaSecurityKey(ofCurve)
            : throw new InvalidDataException("its key is neither of RSA nor of an elliptic curve");
    }
}
