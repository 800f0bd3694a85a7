using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Security;

/// <summary>Who a client is.</summary>
/// <param name="User">Its user's name; null without one.</param>
/// <param name="Access">What it may do.</param>
/// <param name="EndsUs">Until when it is let in, in microseconds since the Unix epoch.</param>
internal sealed record Identity(string? User, ClientAccess Access, long EndsUs);

/// <summary>
/// Decides at CONNECT who comes in (MQTT 5.0 sections 3.1.3.5, 3.1.3.6 and 5.4). A verified certificate is an identity; else a password that is a token says who its client
/// is; else the user name and password are looked up; without any of them a client is anonymous. Any thread.
/// </summary>
internal sealed class Admission
{
    private readonly SecurityOptions _options;
    private readonly ReloadedFile<UserFile>? _users;
    private readonly TokenCheck? _tokens;

    // A hash takes a tenth of a second of a core on purpose. When a site's devices all come back at once, they must not take all cores, and most of them have shown
    // the same password before: what was right is remembered as a keyed hash that is of no use outside of this process.
    private readonly SemaphoreSlim _hashing = new(Math.Max(1, Environment.ProcessorCount / 2));
    private readonly ConcurrentDictionary<string, (PasswordHash Hash, byte[] Proof)> _shown = new(StringComparer.Ordinal);
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);

    // What is hashed for a name that there is not, so that the time does not tell whether there is one.
    private readonly PasswordHash _nobody = PasswordHash.Create("");

    public Admission(SecurityOptions options, ILogger log, TimeProvider time)
    {
        _options = options;
        Bans = new BanList(options.Ban, time);
        if (options.Tokens is { } tokens)
            _tokens = new TokenCheck(tokens, log, time);
        if (options.UsersFile is { } path)
        {
            _users = new ReloadedFile<UserFile>(
                [path], () => UserFile.Read(path), names => MqttLog.Reloaded(log, names), (names, e) => MqttLog.NotReloaded(log, names, e.Message), time);
        }
    }

    public BanList Bans { get; }

    /// <summary>Lets a client in or throws <see cref="MqttProtocolException"/> with the reason that it is owed.</summary>
    public async ValueTask<Identity> AdmitAsync(ConnectPacket connect, string clientId, Peer peer, CancellationToken cancellationToken)
    {
        if (Bans.IsBanned(peer))
            throw new MqttProtocolException(ReasonCode.Banned, "3.1.4", "its address is banned for a while after too many offences") { IsOffence = false };
        // Its user name is not looked at: 3.1.1 has no password without one.
        if (peer.CertificateName is null && _tokens is not null && TokenCheck.IsToken(connect.Password))
        {
            Token token = await _tokens.ReadAsync(connect.Password).ConfigureAwait(false);
            return new Identity(token.User, ClientAccess.Of(_options.Access, token.User, clientId, token.Access), token.EndsUs);
        }
        string? user = await FindUserAsync(connect, peer, cancellationToken).ConfigureAwait(false);
        return new Identity(user, ClientAccess.Of(_options.Access, user, clientId), EndsUs: long.MaxValue);
    }

    private async ValueTask<string?> FindUserAsync(ConnectPacket connect, Peer peer, CancellationToken cancellationToken)
    {
        if (peer.CertificateName is { } name)
            return name;
        // Without a users file a name cannot be verified; it is then as good as none.
        if (connect.UserName is { } user && (_users is not null || !MayBeAnonymous(peer)))
        {
            if (await IsRightAsync(user, connect.Password ?? [], cancellationToken).ConfigureAwait(false))
                return user;
            throw Refused(ReasonCode.BadUserNameOrPassword, TokenCheck.IsToken(Encoding.UTF8.GetBytes(user))
                ? "wrong user name or password (its user name has the form of a token; show it as the password)"
                : $"wrong user name or password (user '{user}')");
        }
        if (MayBeAnonymous(peer))
            return null;
        throw Refused(ReasonCode.NotAuthorized, _options.Anonymous == AnonymousAccess.No
            ? "it has no user name and password, which mqtt.anonymous: no asks for"
            : "it has no user name and password, without which only clients on this machine are let in (mqtt.anonymous)");
    }

    private bool MayBeAnonymous(Peer peer) => _options.Anonymous switch
    {
        AnonymousAccess.Yes => true,
        AnonymousAccess.Local => peer.IsLocal,
        _ => false,
    };

    private async ValueTask<bool> IsRightAsync(string user, byte[] password, CancellationToken cancellationToken)
    {
        PasswordHash? hash = _users?.Value.Find(user);
        byte[] proof = HMACSHA256.HashData(_key, (byte[])[.. Encoding.UTF8.GetBytes(user), 0, .. password]);
        if (hash is not null && _shown.TryGetValue(user, out (PasswordHash Hash, byte[] Proof) shown)
            && ReferenceEquals(shown.Hash, hash) && CryptographicOperations.FixedTimeEquals(shown.Proof, proof))
        {
            return true;
        }
        await _hashing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!(hash ?? _nobody).Matches(password) || hash is null)
                return false;
        }
        finally
        {
            _hashing.Release();
        }
        _shown[user] = (hash, proof);
        return true;
    }

    private static MqttProtocolException Refused(ReasonCode reason, string why) => new(reason, "3.1.4", why);
}
