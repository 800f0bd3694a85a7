namespace Sluice.Gateway.Mqtt.Security;

/// <summary>Who is let in without credentials.</summary>
public enum AnonymousAccess
{
    /// <summary>Clients on this machine (loopback, Unix socket).</summary>
    Local,

    /// <summary>Everybody who can reach the listener.</summary>
    Yes,

    /// <summary>Nobody.</summary>
    No,
}

/// <summary>Whether a TLS client shows a certificate.</summary>
public enum ClientCertificates
{
    /// <summary>It is not asked for one.</summary>
    Off,

    /// <summary>It may; without one it needs a password as on any other listener.</summary>
    Optional,

    /// <summary>It must.</summary>
    Required,
}

/// <summary>Who may connect, and what they may do. Filled by the configuration room.</summary>
public sealed record SecurityOptions
{
    public AnonymousAccess Anonymous { get; init; }

    /// <summary>The file of users and password hashes that <c>sluice user</c> keeps; null when there are none.</summary>
    public string? UsersFile { get; init; }

    /// <summary>Whose tokens are believed; null when none are.</summary>
    public TokenOptions? Tokens { get; init; }

    /// <summary>What clients may do. Empty: whoever is let in may do all.</summary>
    public IReadOnlyList<AccessRule> Access { get; init; } = [];

    public BanOptions Ban { get; init; } = new();
}

/// <summary>
/// Lets some clients publish and subscribe. A client may do what at least one rule that is about it allows, and nothing else. In filters <c>%u</c> stands
/// for the user's name and <c>%c</c> for the client identifier.
/// </summary>
public sealed record AccessRule
{
    /// <summary>A user's name; <c>*</c> for all who have one; null for all, those without a name included.</summary>
    public string? User { get; init; }

    /// <summary>A client identifier, in which <c>*</c> stands for any text; null for all.</summary>
    public string? Client { get; init; }

    /// <summary>Topic filters that its messages' topics must match.</summary>
    public IReadOnlyList<string> Publish { get; init; } = [];

    /// <summary>Topic filters that its subscriptions must lie within.</summary>
    public IReadOnlyList<string> Subscribe { get; init; } = [];
}

/// <summary>JSON Web Tokens (RFC 7519) that clients show in place of a password.</summary>
public sealed record TokenOptions
{
    /// <summary>Files with public keys or certificates in PEM, or with a JSON Web Key Set (RFC 7517).</summary>
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>The file of a secret that is shared with the issuer (HMAC); null for none.</summary>
    public string? Secret { get; init; }

    /// <summary>Issuers that are believed; empty for whoever has the key.</summary>
    public IReadOnlyList<string> Issuers { get; init; } = [];

    /// <summary>Who a token must be meant for, one of these; empty for anybody.</summary>
    public IReadOnlyList<string> Audiences { get; init; } = [];

    /// <summary>The claim that is the user's name.</summary>
    public string UserClaim { get; init; } = "sub";

    /// <summary>The claim that says what its holder may do, an object of <c>publish</c> and <c>subscribe</c>, each a list of topic filters; null when tokens do not say.</summary>
    public string? AccessClaim { get; init; }

    /// <summary>How far the issuer's clock and ours may be apart.</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromMinutes(1);
}

/// <summary>When a peer that misbehaves (wrong passwords, broken packets) is refused for a while. Peers on this machine are never.</summary>
public sealed record BanOptions
{
    /// <summary>Offences within <see cref="Within"/> that lead to a ban; 0 for never.</summary>
    public int After { get; init; } = 20;

    public TimeSpan Within { get; init; } = TimeSpan.FromMinutes(1);

    public TimeSpan For { get; init; } = TimeSpan.FromMinutes(5);
}
