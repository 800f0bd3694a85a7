using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Sluice.Gateway.Hosting;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Security;

/// <summary>What a token says that was found right.</summary>
/// <param name="User">Its holder.</param>
/// <param name="Access">What the holder may do beside what rules allow; null when tokens do not say.</param>
/// <param name="EndsUs">When it counts no more, in microseconds since the Unix epoch.</param>
internal sealed record Token(string User, AccessRule? Access, long EndsUs);

/// <summary>
/// Verifies JSON Web Tokens (RFC 7519, signed as in RFC 7515) that are shown as passwords. Keys that were replaced count for the connections that come after. What is said about a token that is refused
/// holds nothing of it but its algorithm and, once its signature is right, its user. Any thread.
/// </summary>
internal sealed class TokenCheck
{
    private readonly TokenOptions _options;
    private readonly TimeProvider _time;
    private readonly ReloadedFile<TokenKeys> _keys;
    private readonly JsonWebTokenHandler _handler = new();

    // Without its cache of verifiers, which would outlive keys that were replaced.
    private readonly CryptoProviderFactory _crypto = new() { CacheSignatureProviders = false };

    /// <exception cref="GatewayException">A file of keys cannot be read or is not what it should be.</exception>
    public TokenCheck(TokenOptions options, ILogger log, TimeProvider time)
    {
        _options = options;
        _time = time;
        _keys = new ReloadedFile<TokenKeys>(
            TokenKeys.Files(options), () => TokenKeys.Read(options), names => MqttLog.Reloaded(log, names), (names, e) => MqttLog.NotReloaded(log, names, e.Message), time);
    }

    /// <summary>Whether a password has the form of a signed token: three parts in base64url with dots between them, of which the first is a JSON object.</summary>
    public static bool IsToken(ReadOnlySpan<byte> password) =>
        password.StartsWith("eyJ"u8)
        && password.Count((byte)'.') == 2
        && !password.ContainsAnyExcept("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."u8);

    /// <summary>Verifies a password of that form.</summary>
    /// <exception cref="MqttProtocolException">It is refused; says why.</exception>
    public async ValueTask<Token> ReadAsync(ReadOnlyMemory<byte> password)
    {
        JsonWebToken token;
        try
        {
            token = new JsonWebToken(Encoding.ASCII.GetString(password.Span));
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException or JsonException or SecurityTokenException)
        {
            throw Refused("its password has the form of a token and is none");
        }
        await VerifyAsync(token).ConfigureAwait(false);
        using JsonDocument claims = Decode(token.EncodedPayload);
        string user = ReadUser(claims.RootElement);
        long endsUs = CheckLifetime(token, user);
        return new Token(user, ReadAccess(claims.RootElement, user), endsUs);
    }

    private async ValueTask VerifyAsync(JsonWebToken token)
    {
        TokenKeys keys = _keys.Value;
        TokenValidationResult result = await _handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            CryptoProviderFactory = _crypto,
            IssuerSigningKeys = keys.Keys,
            ValidAlgorithms = keys.Algorithms,
            ValidateIssuer = _options.Issuers.Count > 0,
            ValidIssuers = _options.Issuers,
            ValidateAudience = _options.Audiences.Count > 0,
            ValidAudiences = _options.Audiences,
            // By our own clock, below.
            ValidateLifetime = false,
        }).ConfigureAwait(false);
        if (!result.IsValid)
        {
            // Anybody can write a header.
            string algorithm = token.Alg is { Length: <= 16 } alg && alg.All(char.IsAsciiLetterOrDigit) ? $" (algorithm '{alg}')" : "";
            throw Refused(result.Exception switch
            {
                SecurityTokenInvalidIssuerException => "its token is of another issuer",
                SecurityTokenInvalidAudienceException => "its token is for another audience",
                SecurityTokenInvalidSignatureException or SecurityTokenInvalidAlgorithmException => $"its token is not signed with a key of mqtt.jwt{algorithm}",
                _ => $"its token is not valid{algorithm}",
            });
        }
        // RFC 7515 section 4.1.11: what must be understood, and is not.
        using JsonDocument header = Decode(token.EncodedHeader);
        if (header.RootElement.TryGetProperty("crit"u8, out _))
            throw Refused("its token has critical extensions, of which none is known");
    }

    private string ReadUser(JsonElement claims) =>
        claims.TryGetProperty(_options.UserClaim, out JsonElement claim) && claim.ValueKind == JsonValueKind.String && claim.GetString() is { Length: > 0 and <= 256 } user
            && !user.Any(char.IsControl)
            ? user
            : throw Refused($"its token has no user name in the claim {_options.UserClaim}");

    // RFC 7519 sections 4.1.4 and 4.1.5. Its signature is right, so the client does not guess: devices whose tokens have expired do not get the others behind their address banned.
    private long CheckLifetime(JsonWebToken token, string user)
    {
        if (token.ValidTo == DateTime.MinValue)
            throw Refused($"its token never expires (user '{user}')");
        long nowUs = Microseconds(_time.GetUtcNow().UtcDateTime);
        long skewUs = (long)_options.ClockSkew.TotalMicroseconds;
        long endsUs = Microseconds(token.ValidTo) + skewUs;
        if (nowUs >= endsUs)
            throw Untimely($"its token expired at {token.ValidTo:yyyy-MM-dd HH:mm:ss}Z (user '{user}')");
        if (nowUs < Microseconds(token.ValidFrom) - skewUs)
            throw Untimely($"its token is valid from {token.ValidFrom:yyyy-MM-dd HH:mm:ss}Z on (user '{user}')");
        return endsUs;
    }

    private AccessRule? ReadAccess(JsonElement claims, string user)
    {
        if (_options.AccessClaim is not { } name)
            return null;
        // A token that grants nothing: only rules count, and without them it may do nothing.
        if (!claims.TryGetProperty(name, out JsonElement claim))
            return new AccessRule();
        return claim.ValueKind == JsonValueKind.Object
            ? new AccessRule { Publish = ReadFilters(claim, "publish", user), Subscribe = ReadFilters(claim, "subscribe", user) }
            : throw NoAccess(user, "is no object");
    }

    private List<string> ReadFilters(JsonElement access, string key, string user)
    {
        List<string> filters = [];
        if (!access.TryGetProperty(key, out JsonElement list))
            return filters;
        if (list.ValueKind != JsonValueKind.Array)
            throw NoAccess(user, $"has no list as {key}");
        foreach (JsonElement item in list.EnumerateArray())
        {
            string filter = item.ValueKind == JsonValueKind.String ? item.GetString()! : throw NoAccess(user, $"has no texts in {key}");
            try
            {
                TopicRules.ValidateFilter(filter);
            }
            catch (MqttProtocolException)
            {
                throw NoAccess(user, $"has what is no topic filter in {key}");
            }
            filters.Add(filter);
        }
        return filters;
    }

    private MqttProtocolException NoAccess(string user, string what) =>
        new(ReasonCode.NotAuthorized, "3.1.4", $"the claim {_options.AccessClaim} of its token {what} (user '{user}')");

    private static JsonDocument Decode(string part) => JsonDocument.Parse(Base64Url.DecodeFromChars(part));

    private static long Microseconds(DateTime utc) => (utc - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private static MqttProtocolException Untimely(string why) => new(ReasonCode.BadUserNameOrPassword, "3.1.4", why) { IsOffence = false };

    private static MqttProtocolException Refused(string why) => new(ReasonCode.BadUserNameOrPassword, "3.1.4", why);
}
