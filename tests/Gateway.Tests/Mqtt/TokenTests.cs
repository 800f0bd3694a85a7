using System.Security.Cryptography;
using System.Text;
using Sluice.Gateway.Hosting;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.Security;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>JSON Web Tokens in place of passwords: which are believed, for how long, and what their holders may do.</summary>
public sealed class TokenTests : IDisposable
{
    private readonly TestTokens _tokens = new();
    private readonly ManualTime _time = new();

    public void Dispose() => _tokens.Dispose();

    [Theory]
    [InlineData("RS256", "rsa.pem")]
    [InlineData("PS256", "rsa.pem")]
    [InlineData("ES256", "curve.pem")]
    [InlineData("RS256", "keys.json")]
    [InlineData("ES256", "keys.json")]
    [InlineData("HS256", null)]
    public async Task A_token_signed_with_a_key_of_the_configuration_says_who_its_client_is(string algorithm, string? keys)
    {
        TokenOptions options = Options() with
        {
            Keys = keys is null ? [] : [Path.Combine(_tokens.Folder, keys)],
            Secret = keys is null ? _tokens.Secret : null,
        };
        await using BrokerHost host = await StartAsync(options, [new AccessRule { User = "*", Publish = ["sensors/%u/#"] }]);
        using RawClient client = await ConnectAsync(host, _tokens.Write(Now, algorithm));
        Assert.Equal(ReasonCode.Success, client.ConnAck.Reason);
        await client.PublishAsync("sensors/pump-1/temp", "1", qos: 1, identifier: 1);
        await client.PublishAsync("sensors/pump-2/temp", "1", qos: 1, identifier: 2);
        Assert.Equal(ReasonCode.Success, (await client.ReadAckAsync(PacketType.PubAck)).Reason);
        Assert.Equal(ReasonCode.NotAuthorized, (await client.ReadAckAsync(PacketType.PubAck)).Reason);
    }

    /// <summary>RFC 7518 section 3.2: a secret is as long as the hash at least.</summary>
    [Theory]
    [InlineData(40, "HS256", true)]
    [InlineData(40, "HS384", false)]
    [InlineData(40, "HS512", false)]
    [InlineData(48, "HS384", true)]
    [InlineData(64, "HS512", true)]
    public async Task The_length_of_a_secret_says_which_algorithms_go_with_it(int bytes, string algorithm, bool isRight)
    {
        using TestTokens tokens = new(bytes);
        await using BrokerHost host = await StartAsync(Options() with { Keys = [], Secret = tokens.Secret });
        Assert.Equal(isRight ? ReasonCode.Success : ReasonCode.BadUserNameOrPassword, await TryAsync(host, tokens.Write(Now, algorithm)));
        if (!isRight)
            Assert.Contains(host.LogLines, line => line.Contains($"its token is not signed with a key of mqtt.jwt (algorithm '{algorithm}')", StringComparison.Ordinal));
    }

    public static TheoryData<string, string> Wrong => new()
    {
        { "expired", "its token expired at" },
        { "just expired, past the skew", "its token expired at" },
        { "not yet valid", "its token is valid from" },
        { "never expires", "its token never expires" },
        { "wrong audience", "its token is for another audience" },
        { "no audience", "its token is for another audience" },
        { "wrong issuer", "its token is of another issuer" },
        { "no issuer", "its token is of another issuer" },
        { "no user", "its token has no user name in the claim sub" },
        { "user is a number", "its token has no user name in the claim sub" },
        { "another's key", "its token is not signed with a key of mqtt.jwt (algorithm 'RS256')" },
        { "secret where a public key is wanted", "its token is not signed with a key of mqtt.jwt (algorithm 'HS256')" },
        { "alg none", "its token is not signed with a key of mqtt.jwt (algorithm 'none')" },
        { "alg none with a signature", "its token is not signed with a key of mqtt.jwt (algorithm 'none')" },
        { "claims changed", "its token is not signed with a key of mqtt.jwt (algorithm 'RS256')" },
        { "no signature", "its token is not signed with a key of mqtt.jwt (algorithm 'RS256')" },
        { "critical extension", "its token has critical extensions" },
        { "garbage", "its password has the form of a token and is none" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task A_token_that_is_not_right_is_refused_and_the_log_says_why_and_not_the_token(string what, string expected)
    {
        using TestTokens others = new();
        string right = _tokens.Write(Now);
        string[] parts = right.Split('.');
        string claims = Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(parts[1]));
        string token = what switch
        {
            "expired" => With("exp", Now.AddHours(-1).ToUnixTimeSeconds()),
            "just expired, past the skew" => With("exp", Now.AddSeconds(-61).ToUnixTimeSeconds()),
            "not yet valid" => With("nbf", Now.AddSeconds(62).ToUnixTimeSeconds()),
            "never expires" => With("exp", null),
            "wrong audience" => With("aud", (string[])["other", "another"]),
            "no audience" => With("aud", null),
            "wrong issuer" => With("iss", "https://login.example.com.evil"),
            "no issuer" => With("iss", null),
            "no user" => With("sub", null),
            "user is a number" => With("sub", 7),
            "another's key" => others.Write(Now),
            // What a verifier that takes the public key's file for a secret would believe.
            "secret where a public key is wanted" => Confused(claims),
            "alg none" => _tokens.Write("none", claims),
            "alg none with a signature" => $"{_tokens.Write("none", claims)}{parts[2]}",
            "claims changed" => $"{parts[0]}.{_tokens.Write("none", claims.Replace("pump-1", "pump-2", StringComparison.Ordinal)).Split('.')[1]}.{parts[2]}",
            "no signature" => $"{parts[0]}.{parts[1]}.",
            "critical extension" => _tokens.Write("RS256", claims, ""","crit":["b64"],"b64":false"""),
            _ => "eyJhbGciOiJIUzI1NiJ9.e.e",
        };
        await using BrokerHost host = await StartAsync(Options());
        using RawClient client = await ConnectAsync(host, token);
        Assert.Equal(ReasonCode.BadUserNameOrPassword, client.ConnAck.Reason);
        Assert.Null(await client.ReadAsync());
        await BrokerHost.UntilAsync(() => host.LogLines.Any(line => line.Contains("refused client 'c'", StringComparison.Ordinal)), "the log says it");
        string line = host.LogLines.Single(line => line.Contains("refused client 'c'", StringComparison.Ordinal));
        Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.DoesNotContain(host.LogLines, line => line.Contains("eyJ", StringComparison.Ordinal) || line.Contains(parts[2], StringComparison.Ordinal));
        using RawClient good = await ConnectAsync(host, right);
        Assert.Equal(ReasonCode.Success, good.ConnAck.Reason);
    }

    /// <summary>Whoever can connect can send these, so none may be an error of ours: that would be a line with a stack each.</summary>
    [Fact]
    public async Task Whatever_has_the_form_of_a_token_is_refused_as_a_wrong_password()
    {
        const int seed = 20_260_713;
        Random random = new(seed);
        TokenCheck check = new(Options(), Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, _time);
        byte[] right = Encoding.ASCII.GetBytes(_tokens.Write(Now));
        string deep = $"{string.Concat(Enumerable.Repeat("{\"a\":", 200))}1{new string('}', 200)}";
        List<byte[]> passwords = [.. ((string[])["[]", "1", "\"\"", "", "{", deep, "{\"exp\":\"x\"}", "{\"aud\":{}}", "{\"exp\":1e400}", "{\"nbf\":-9223372036854775808}"])
            .SelectMany(text => (string[])[_tokens.Write("RS256", text), _tokens.Write("RS256", "{}", $",\"x\":{text}"), $"eyJ.{text.Length}.", "eyJ..", $"eyJhbGciOjF9.{_tokens.Write("none", text).Split('.')[1]}."])
            .Select(Encoding.ASCII.GetBytes)];
        for (int i = 0; i < 2000; i++)
        {
            byte[] changed = [.. right];
            for (int n = random.Next(1, 4); n > 0; n--)
                changed[random.Next(3, changed.Length)] = (byte)"ABCabc019-_."[random.Next(12)];
            if (!changed.AsSpan().SequenceEqual(right))
                passwords.Add(changed);
        }
        foreach (byte[] password in passwords.Where(password => TokenCheck.IsToken(password)))
        {
            try
            {
                await check.ReadAsync(password);
                // Bits at the end of a base64url text that mean nothing (RFC 4648 section 3.5).
                Assert.Equal(right[..^1], password[..^1]);
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.True(e is MqttProtocolException { Reason: ReasonCode.BadUserNameOrPassword }, $"seed {seed}, {Encoding.ASCII.GetString(password)}: {e}");
            }
        }
    }

    [Theory]
    [InlineData(-59, 0)]
    [InlineData(3600, 59)]
    public async Task Clocks_may_differ_by_the_skew(int expires, int begins)
    {
        await using BrokerHost host = await StartAsync(Options());
        using RawClient client = await ConnectAsync(host, _tokens.Write(Now, claims: new()
        {
            ["exp"] = Now.AddSeconds(expires).ToUnixTimeSeconds(),
            ["nbf"] = Now.AddSeconds(begins).ToUnixTimeSeconds(),
        }));
        Assert.Equal(ReasonCode.Success, client.ConnAck.Reason);
    }

    /// <summary>RFC 7515 appendix A.1: key, token and claims are those of the document; it expired in 2011.</summary>
    [Theory]
    [InlineData("2011-03-22T18:42:59Z", null)]
    [InlineData("2011-03-22T18:43:00Z", "its token expired at 2011-03-22 18:43:00Z (user 'joe')")]
    public async Task The_documents_own_example_is_right_until_it_expires(string now, string? refused)
    {
        string secret = Path.Combine(_tokens.Folder, "rfc");
        await File.WriteAllBytesAsync(
            secret, System.Buffers.Text.Base64Url.DecodeFromChars("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"));
        TokenOptions options = new() { Secret = secret, UserClaim = "iss", Issuers = ["joe"], ClockSkew = TimeSpan.Zero };
        TokenCheck check = new(options, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, new Fixed(DateTimeOffset.Parse(now, System.Globalization.CultureInfo.InvariantCulture)));
        byte[] token = Encoding.ASCII.GetBytes(
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
            + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        Assert.True(TokenCheck.IsToken(token));
        if (refused is null)
        {
            Token read = await check.ReadAsync(token);
            Assert.Equal(("joe", 1_300_819_380_000_000), (read.User, read.EndsUs));
            return;
        }
        MqttProtocolException e = await Assert.ThrowsAsync<MqttProtocolException>(() => check.ReadAsync(token).AsTask());
        Assert.Contains(refused, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ProtocolVersion.Mqtt50)]
    [InlineData(ProtocolVersion.Mqtt311)]
    public async Task The_connection_ends_with_the_token(ProtocolVersion version)
    {
        await using BrokerHost host = await StartAsync(Options());
        using RawClient client = await ConnectAsync(host, _tokens.Write(Now), version: version);
        Assert.Equal(ReasonCode.Success, client.ConnAck.Reason);
        _time.Advance(TimeSpan.FromMinutes(60));
        await client.PingAsync();
        _time.Advance(TimeSpan.FromSeconds(61));
        await client.ExpectClosedAsync(ReasonCode.MaximumConnectTime);
        Assert.Contains(host.LogLines, line => line.Contains("its token has expired (MaximumConnectTime)", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_token_grants_counts_beside_the_rules_and_nothing_else_does()
    {
        await using BrokerHost host = await StartAsync(Options() with { AccessClaim = "mqtt" }, [new AccessRule { Publish = ["public/#"] }]);
        using RawClient client = await ConnectAsync(host, _tokens.Write(Now, claims: new()
        {
            ["mqtt"] = new Dictionary<string, string[]> { ["publish"] = ["sensors/%u/+"], ["subscribe"] = ["commands/%c/#"] },
        }));
        Assert.Equal((int[])[0, 0, 0x87], await PublishAsync(client, "sensors/pump-1/temp", "public/x", "sensors/pump-2/temp"));
        Assert.Equal(ReasonCode.Success, await client.SubscribeAsync("commands/c/#"));
        Assert.Equal(ReasonCode.NotAuthorized, await client.SubscribeAsync("commands/d/#"));
    }

    [Fact]
    public async Task Where_tokens_grant_rights_one_without_any_has_none()
    {
        await using BrokerHost host = await StartAsync(Options() with { AccessClaim = "mqtt" });
        using RawClient client = await ConnectAsync(host, _tokens.Write(Now));
        Assert.Equal((int[])[0x87], await PublishAsync(client, "a"));
        Assert.Equal(ReasonCode.NotAuthorized, await client.SubscribeAsync("a"));
        using RawClient local = await host.ConnectAsync("l");
        Assert.Equal((int[])[0], await PublishAsync(local, "a"));
    }

    [Theory]
    [InlineData("\"all\"", "is no object")]
    [InlineData("{\"publish\":\"#\"}", "has no list as publish")]
    [InlineData("{\"subscribe\":[1]}", "has no texts in subscribe")]
    [InlineData("{\"publish\":[\"a#\"]}", "has what is no topic filter in publish")]
    public async Task A_token_whose_rights_cannot_be_read_is_refused(string rights, string expected)
    {
        await using BrokerHost host = await StartAsync(Options() with { AccessClaim = "mqtt" });
        using RawClient client = await ConnectAsync(host, _tokens.Write(Now, claims: new() { ["mqtt"] = System.Text.Json.Nodes.JsonNode.Parse(rights) }));
        Assert.Equal(ReasonCode.NotAuthorized, client.ConnAck.Reason);
        await BrokerHost.UntilAsync(() => host.LogLines.Any(line => line.Contains(expected, StringComparison.Ordinal)), "the log says it");
    }

    [Fact]
    public async Task Replaced_keys_count_for_the_connections_that_come_after_and_broken_ones_do_not()
    {
        using TestTokens renewed = new();
        await using BrokerHost host = await StartAsync(Options());
        using RawClient before = await ConnectAsync(host, _tokens.Write(Now), "before");
        Assert.Equal(ReasonCode.Success, before.ConnAck.Reason);

        await File.WriteAllTextAsync(_tokens.RsaKey, "garbage");
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(ReasonCode.Success, await TryAsync(host, _tokens.Write(Now)));
        Assert.Contains(host.LogLines, line => line.Contains("cannot be used, what was read before stays", StringComparison.Ordinal));

        File.Copy(renewed.RsaKey, _tokens.RsaKey, overwrite: true);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(ReasonCode.Success, await TryAsync(host, renewed.Write(Now)));
        Assert.Equal(ReasonCode.BadUserNameOrPassword, await TryAsync(host, _tokens.Write(Now)));
        await before.PingAsync();
    }

    /// <summary>Behind one address there may be many devices, and their tokens expire together.</summary>
    [Fact]
    public async Task Tokens_that_are_rightly_signed_and_untimely_do_not_ban_their_address_and_wrong_ones_do()
    {
        const string remote = "PROXY TCP4 203.0.113.9 198.51.100.1 40000 1883\r\n";
        using TestTokens others = new();
        await using BrokerHost host = await BrokerHost.StartAsync(
            new MqttOptions
            {
                Listen = ["tcp://127.0.0.1:0?proxy"],
                Security = new SecurityOptions { Tokens = Options(), Ban = new BanOptions { After = 2 } },
            },
            _time);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(ReasonCode.BadUserNameOrPassword, await RemoteAsync(With("exp", Now.AddHours(-1).ToUnixTimeSeconds())));
            Assert.Equal(ReasonCode.BadUserNameOrPassword, await RemoteAsync(With("nbf", Now.AddHours(1).ToUnixTimeSeconds())));
        }
        Assert.Equal(ReasonCode.Success, await RemoteAsync(_tokens.Write(Now)));
        for (int i = 0; i < 2; i++)
            Assert.Equal(ReasonCode.BadUserNameOrPassword, await RemoteAsync(others.Write(Now)));
        Assert.Equal(ReasonCode.Banned, await RemoteAsync(_tokens.Write(Now)));

        async Task<ReasonCode> RemoteAsync(string token)
        {
            using RawClient client = await RawClient.OpenAsync(int.Parse(host.Broker.ListeningOn[0].Split(':')[2].Split('?')[0], System.Globalization.CultureInfo.InvariantCulture), ProtocolVersion.Mqtt50);
            await client.SendAsync(Encoding.ASCII.GetBytes(remote));
            return (await client.ConnectAsync("c", "pump-1", token)).Reason;
        }
    }

    [Fact]
    public async Task Passwords_of_the_users_file_work_beside_tokens()
    {
        string path = Path.Combine(_tokens.Folder, "users");
        UserFile users = UserFile.Empty();
        users.Set("pump-1", PasswordHash.Create("a.b.c"));
        users.Write(path);
        await using BrokerHost host = await BrokerHost.StartAsync(
            new MqttOptions { Security = new SecurityOptions { Anonymous = AnonymousAccess.No, UsersFile = path, Tokens = Options() } }, _time);
        Assert.Equal(ReasonCode.Success, await TryAsync(host, "a.b.c", "c1"));
        Assert.Equal(ReasonCode.BadUserNameOrPassword, await TryAsync(host, "a.b.d", "c2"));
        Assert.Equal(ReasonCode.Success, await TryAsync(host, _tokens.Write(Now), "c3"));
    }

    [Fact]
    public async Task A_token_that_is_shown_as_the_user_name_is_not_logged()
    {
        await using BrokerHost host = await BrokerHost.StartAsync(
            new MqttOptions { Security = new SecurityOptions { Anonymous = AnonymousAccess.No, Tokens = Options() } }, _time);
        using RawClient client = await host.OpenAsync();
        Assert.Equal(ReasonCode.BadUserNameOrPassword, (await client.ConnectAsync("c", _tokens.Write(Now), "x")).Reason);
        await BrokerHost.UntilAsync(() => host.LogLines.Any(line => line.Contains("its user name has the form of a token; show it as the password", StringComparison.Ordinal)), "the log says it");
        Assert.DoesNotContain(host.LogLines, line => line.Contains("eyJ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("missing", null, "there is no such file")]
    [InlineData("empty", "", "holds no public key")]
    [InlineData("private", "PRIVATE", "holds a PRIVATE KEY; only public keys and certificates belong here")]
    [InlineData("set", "{ \"keys\": [] }", "holds no public key")]
    [InlineData("broken", "{ \"keys\": ", "keys.broken")]
    [InlineData("secret", "short\n", "is a secret of 5 bytes; it needs 32")]
    public async Task What_is_wrong_with_a_key_is_said_at_the_start(string name, string? text, string expected)
    {
        string path = Path.Combine(_tokens.Folder, $"keys.{name}");
        if (text is not null)
            await File.WriteAllTextAsync(path, text == "PRIVATE" ? RSA.Create(2048).ExportPkcs8PrivateKeyPem() : text);
        TokenOptions options = name == "secret" ? new TokenOptions { Secret = path } : new TokenOptions { Keys = [path] };
        GatewayException e = await Assert.ThrowsAsync<GatewayException>(() => StartAsync(options));
        Assert.StartsWith($"{path}: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    private DateTimeOffset Now => _time.GetUtcNow();

    private string With(string claim, object? value) => _tokens.Write(Now, claims: new() { [claim] = value });

    private string Confused(string claims)
    {
        string signed = string.Join('.', _tokens.Write("HS256", claims).Split('.')[..2]);
        byte[] signature = HMACSHA256.HashData(File.ReadAllBytes(_tokens.RsaKey), Encoding.ASCII.GetBytes(signed));
        return $"{signed}.{System.Buffers.Text.Base64Url.EncodeToString(signature)}";
    }

    private TokenOptions Options() => new() { Keys = [_tokens.RsaKey], Issuers = ["https://login.example.com"], Audiences = ["sluice", "gateways"] };

    private Task<BrokerHost> StartAsync(TokenOptions tokens, IReadOnlyList<AccessRule>? access = null) =>
        BrokerHost.StartAsync(new MqttOptions { Security = new SecurityOptions { Tokens = tokens, Access = access ?? [] } }, _time);

    private static async Task<RawClient> ConnectAsync(BrokerHost host, string password, string clientId = "c", ProtocolVersion version = ProtocolVersion.Mqtt50)
    {
        RawClient client = await host.OpenAsync(version);
        // 3.1.1 has no password without a user name; what it says does not matter.
        await client.ConnectAsync(clientId, "pump-1", password);
        return client;
    }

    private static async Task<ReasonCode> TryAsync(BrokerHost host, string password, string clientId = "c")
    {
        using RawClient client = await ConnectAsync(host, password, clientId);
        return client.ConnAck.Reason;
    }

    private static async Task<int[]> PublishAsync(RawClient client, params string[] topics)
    {
        List<int> reasons = [];
        foreach (string topic in topics)
        {
            await client.PublishAsync(topic, "1", qos: 1, identifier: 1);
            ReasonCode reason = (await client.ReadAckAsync(PacketType.PubAck)).Reason;
            reasons.Add(reason == ReasonCode.NoMatchingSubscribers ? 0 : (int)reason);
        }
        return [.. reasons];
    }

    private sealed class Fixed(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
