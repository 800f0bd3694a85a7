using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>A folder with the keys of an issuer, which writes tokens by hand (RFC 7515 section 5.1), so that no library stands on both sides.</summary>
internal sealed class TestTokens : IDisposable
{
    private readonly RSA _rsa = RSA.Create(2048);
    private readonly ECDsa _curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly byte[] _secret;

    public TestTokens(int secretBytes = 64)
    {
        _secret = Encoding.ASCII.GetBytes(RandomNumberGenerator.GetHexString(secretBytes));
        File.WriteAllText(RsaKey, _rsa.ExportSubjectPublicKeyInfoPem());
        File.WriteAllText(CurveKey, _curve.ExportSubjectPublicKeyInfoPem());
        File.WriteAllBytes(Secret, [.. _secret, (byte)'\n']);
        RSAParameters rsa = _rsa.ExportParameters(false);
        ECParameters curve = _curve.ExportParameters(false);
        File.WriteAllText(KeySet, $$"""
            { "keys": [
              { "kty": "RSA", "use": "sig", "kid": "r", "n": "{{Encode(rsa.Modulus!)}}", "e": "{{Encode(rsa.Exponent!)}}" },
              { "kty": "EC", "kid": "e", "crv": "P-256", "x": "{{Encode(curve.Q.X!)}}", "y": "{{Encode(curve.Q.Y!)}}" }
            ] }
            """);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("sluice-tokens-").FullName;

    public string RsaKey => Path.Combine(Folder, "rsa.pem");

    public string CurveKey => Path.Combine(Folder, "curve.pem");

    public string KeySet => Path.Combine(Folder, "keys.json");

    public string Secret => Path.Combine(Folder, "secret");

    /// <summary>A token of these claims (JSON), signed as the algorithm says; an algorithm that is not known leaves it unsigned.</summary>
    public string Write(string algorithm, string claims, string? more = null)
    {
        string signed = $"{Encode(Encoding.UTF8.GetBytes($$"""{"alg":"{{algorithm}}","typ":"JWT"{{more}}}"""))}.{Encode(Encoding.UTF8.GetBytes(claims))}";
        byte[] bytes = Encoding.ASCII.GetBytes(signed);
        byte[] signature = algorithm switch
        {
            "HS256" => HMACSHA256.HashData(_secret, bytes),
            "HS384" => HMACSHA384.HashData(_secret, bytes),
            "HS512" => HMACSHA512.HashData(_secret, bytes),
            "RS256" => _rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            "PS256" => _rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
            "ES256" => _curve.SignData(bytes, HashAlgorithmName.SHA256),
            _ => [],
        };
        return $"{signed}.{Encode(signature)}";
    }

    /// <summary>A token of the kind that the tests' configuration wants, with other claims added or put in their place.</summary>
    public string Write(DateTimeOffset now, string algorithm = "RS256", Dictionary<string, object?>? claims = null)
    {
        Dictionary<string, object?> all = new()
        {
            ["iss"] = "https://login.example.com",
            ["aud"] = "sluice",
            ["sub"] = "pump-1",
            ["exp"] = now.AddHours(1).ToUnixTimeSeconds(),
        };
        foreach ((string name, object? value) in claims ?? [])
        {
            if (value is null)
                all.Remove(name);
            else
                all[name] = value;
        }
        return Write(algorithm, JsonSerializer.Serialize(all));
    }

    public void Dispose()
    {
        _rsa.Dispose();
        _curve.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private static string Encode(byte[] bytes) => Base64Url.EncodeToString(bytes);
}
