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

/// <summary>When a peer that misbehaves (wrong passwords, broken packets) is refused for a while. Peers on this machine are never.</summary>
public sealed record BanOptions
{
    /// <summary>Offences within <see cref="Within"/> that lead to a ban; 0 for never.</summary>
    public int After { get; init; } = 20;

    public TimeSpan Within { get; init; } = TimeSpan.FromMinutes(1);

    public TimeSpan For { get; init; } = TimeSpan.FromMinutes(5);
}
