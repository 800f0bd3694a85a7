using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Sluice.Gateway.Mqtt.Security;

/// <summary>
/// A password as it is kept: PBKDF2 with HMAC-SHA-512 (RFC 8018 section 5.2), written <c>$pbkdf2-sha512$ITERATIONS$SALT$KEY</c> with salt and key in
/// base 64.
/// </summary>
public sealed class PasswordHash
{
    private const string Scheme = "pbkdf2-sha512";
    private const int SaltBytes = 16;
    private const int KeyBytes = 32;

    // What OWASP's password storage cheat sheet asks for with SHA-512: about 0.1 s on a board.
    private const int Iterations = 210_000;

    /// <summary>So that a file cannot make each CONNECT take minutes.</summary>
    private const int MostIterations = 10_000_000;

    private readonly int _iterations;
    private readonly byte[] _salt;
    private readonly byte[] _key;

    private PasswordHash(int iterations, byte[] salt, byte[] key)
    {
        _iterations = iterations;
        _salt = salt;
        _key = key;
    }

    /// <summary>Hashes a new password with a salt of its own.</summary>
    public static PasswordHash Create(string password)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return new PasswordHash(Iterations, salt, Derive(Encoding.UTF8.GetBytes(password), salt, Iterations, KeyBytes));
    }

    /// <summary>Reads what <see cref="ToString"/> wrote; null when it is something else.</summary>
    public static PasswordHash? TryParse(string text)
    {
        if (text.Split('$') is not ["", Scheme, string iterations, string salt, string key]
            || !int.TryParse(iterations, NumberStyles.None, CultureInfo.InvariantCulture, out int count) || count is < 1 or > MostIterations)
        {
            return null;
        }

        try
        {
            return new PasswordHash(count, Convert.FromBase64String(salt), Convert.FromBase64String(key)) is { _salt.Length: > 0, _key.Length: > 0 } hash ? hash : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>Whether a password is the one, in the same time whatever differs.</summary>
    public bool Matches(ReadOnlySpan<byte> password) =>
        CryptographicOperations.FixedTimeEquals(Derive(password, _salt, _iterations, _key.Length), _key);

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"${Scheme}${_iterations}${Convert.ToBase64String(_salt)}${Convert.ToBase64String(_key)}");

    private static byte[] Derive(ReadOnlySpan<byte> password, byte[] salt, int iterations, int bytes) =>
        Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA512, bytes);
}
