using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.Security;
using Sluice.Gateway.Mqtt.Transport;
using Xunit.Abstractions;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>TLS, client certificates, passwords, tokens and rules: a case that is allowed and those that are refused of each, with what the client is told and what the log says.</summary>
public sealed class AuditTests(ITestOutputHelper output) : IDisposable
{
    private const string Remote = "PROXY TCP4 203.0.113.9 198.51.100.1 40000 1883\r\n";

    private readonly TestCertificates _certificates = new();
    private readonly TestTokens _tokens = new();

    public void Dispose()
    {
        _certificates.Dispose();
        _tokens.Dispose();
    }

    [Fact]
    public async Task TLS_and_client_certificates()
    {
        using TestCertificates strangers = new();
        string client = _certificates.Authority;
        await using (BrokerHost host = await StartAsync(ClientCertificates.Required))
        {
            await CaseAsync(host, "client certificate of the authority", "CONNACK Success", null, () => OverTlsAsync(host, client, _certificates.IssueClient("pump-1")));
            await CaseAsync(host, "no client certificate", "closed", "did not come about: it shows no certificate, which mqtt.tls.client_certificate: required asks for", () => OverTlsAsync(host, client, null));
            await CaseAsync(host, "a stranger's client certificate", "closed", "did not come about: its certificate (CN=pump-1) is not believed: ", () => OverTlsAsync(host, client, strangers.IssueClient("pump-1")));
            await CaseAsync(
                host, "an expired client certificate", "closed", "did not come about: its certificate (CN=old) is not believed: NotTimeValid",
                () => OverTlsAsync(host, client, _certificates.IssueClient("old", until: DateTimeOffset.UtcNow.AddHours(-1))));
        }
        await using (BrokerHost host = await StartAsync())
        {
            await CaseAsync(host, "TLS, the authority is known", "CONNACK Success", null, () => OverTlsAsync(host, client, null));
            await CaseAsync(host, "no TLS at a TLS listener", "closed", "to tls://127.0.0.1:0 did not come about: ", () => PlainAsync(Port(host, 0), ""));
            Assert.Equal("its own refusal", await OverTlsAsync(host, strangers.Authority, null));
        }
    }

    [Fact]
    public async Task Passwords_and_tokens()
    {
        await using BrokerHost host = await StartAsync();
        DateTimeOffset now = DateTimeOffset.UtcNow;
        string right = _tokens.Write(now);
        string expired = _tokens.Write(now.AddHours(-2));
        foreach (ProtocolVersion version in (ProtocolVersion[])[ProtocolVersion.Mqtt50, ProtocolVersion.Mqtt311])
        {
            await CaseAsync(host, $"{version}, no password, this machine", "CONNACK Success", null, () => PlainAsync(Port(host, 1), "", version));
            await CaseAsync(
                host, $"{version}, no password, elsewhere", "CONNACK NotAuthorized", "it has no user name and password, without which only clients on this machine are let in",
                () => PlainAsync(Port(host, 2), Remote, version));
            await CaseAsync(host, $"{version}, the right password", "CONNACK Success", null, () => PlainAsync(Port(host, 2), Remote, version, "pump-1", "right"));
            await CaseAsync(
                host, $"{version}, a wrong password", "CONNACK BadUserNameOrPassword", "wrong user name or password (user 'pump-1')",
                () => PlainAsync(Port(host, 2), Remote, version, "pump-1", "wrong"));
            await CaseAsync(
                host, $"{version}, an unknown user", "CONNACK BadUserNameOrPassword", "wrong user name or password (user 'nobody')",
                () => PlainAsync(Port(host, 2), Remote, version, "nobody", "right"));
            await CaseAsync(host, $"{version}, a token", "CONNACK Success", null, () => PlainAsync(Port(host, 2), Remote, version, "any", right));
            await CaseAsync(
                host, $"{version}, an expired token", "CONNACK BadUserNameOrPassword", "its token expired at", () => PlainAsync(Port(host, 2), Remote, version, "any", expired));
        }
    }

    [Fact]
    public async Task Rules()
    {
        await using BrokerHost host = await StartAsync();
        foreach (ProtocolVersion version in (ProtocolVersion[])[ProtocolVersion.Mqtt50, ProtocolVersion.Mqtt311])
        {
            string refusedSubscription = version == ProtocolVersion.Mqtt50 ? "SUBACK NotAuthorized" : "SUBACK UnspecifiedError";
            string refusedMessage = version == ProtocolVersion.Mqtt50 ? "PUBACK NotAuthorized" : "closed";
            await CaseAsync(host, $"{version}, publish what a rule allows", "PUBACK Success", null, () => PublishAsync("sensors/pump-1/temp", version));
            await CaseAsync(
                host, $"{version}, publish what none allows", refusedMessage, "may not publish to 'sensors/pump-2/temp'", () => PublishAsync("sensors/pump-2/temp", version));
            await CaseAsync(host, $"{version}, subscribe to what a rule allows", "SUBACK Success", null, () => SubscribeAsync("commands/pump-1/#", version));
            await CaseAsync(host, $"{version}, subscribe to more", refusedSubscription, "may not subscribe to 'commands/#'", () => SubscribeAsync("commands/#", version));
            await CaseAsync(
                host, $"{version}, a will that no rule allows", "CONNACK NotAuthorized", "it may not publish its will to 'sensors/pump-2/will'",
                async () =>
                {
                    using RawClient client = await OpenAsync(version, new Will("sensors/pump-2/will", [1], QualityOfService.AtLeastOnce, false, null));
                    return $"CONNACK {client.ConnAck.Reason}";
                });
        }

        async Task<RawClient> OpenAsync(ProtocolVersion version, Will? will = null)
        {
            RawClient client = await RawClient.OpenAsync(Port(host, 1), version);
            await client.ConnectAsync($"c{version}", "pump-1", "right", will);
            return client;
        }

        async Task<string> PublishAsync(string topic, ProtocolVersion version)
        {
            using RawClient client = await OpenAsync(version);
            await client.PublishAsync(topic, "1", qos: 1, identifier: 1);
            return await client.ReadAsync() is { } answer ? $"PUBACK {Success(AckPacket.Parse(answer.Body, PacketType.PubAck, version).Reason)}" : "closed";
        }

        async Task<string> SubscribeAsync(string filter, ProtocolVersion version)
        {
            using RawClient client = await OpenAsync(version);
            return $"SUBACK {await client.SubscribeAsync(filter)}";
        }
    }

    private static ReasonCode Success(ReasonCode reason) => reason == ReasonCode.NoMatchingSubscribers ? ReasonCode.Success : reason;

    /// <summary>Runs a case and shows what came of it; the log has the line, or none that warns.</summary>
    private async Task CaseAsync(BrokerHost host, string what, string told, string? logged, Func<Task<string>> act)
    {
        host.LogLines.Clear();
        string answer = await act();
        string[] Warnings() => [.. host.LogLines.Where(line => line.StartsWith("Warning", StringComparison.Ordinal))];
        if (logged is not null)
            await BrokerHost.UntilAsync(() => Warnings().Length > 0, $"the log says: {logged}");
        string line = Warnings().FirstOrDefault() ?? "-";
        output.WriteLine($"{what} | {answer} | {line.Trim()}");
        Assert.Equal(told, answer);
        if (logged is null)
            Assert.Equal("-", line);
        else
            Assert.Contains(logged, line, StringComparison.Ordinal);
        // What is refused is not said to be a failure of ours.
        Assert.DoesNotContain(host.LogLines, one => one.Contains("could not be stored", StringComparison.Ordinal));
    }

    private static async Task<string> PlainAsync(int port, string before, ProtocolVersion version = ProtocolVersion.Mqtt50, string? user = null, string? password = null)
    {
        using RawClient client = await RawClient.OpenAsync(port, version);
        await client.SendAsync(System.Text.Encoding.ASCII.GetBytes(before));
        return await ConnectAsync(client, user, password);
    }

    private static async Task<string> OverTlsAsync(BrokerHost host, string authority, (string Certificate, string Key)? shown)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, Port(host, 0));
        SslStream stream = new(new NetworkStream(socket, ownsSocket: true));
        X509ChainPolicy policy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(authority);
        SslClientAuthenticationOptions options = new() { TargetHost = "localhost", CertificateChainPolicy = policy };
        if (shown is var (certificate, key))
            options.ClientCertificateContext = SslStreamCertificateContext.Create(X509Certificate2.CreateFromPemFile(certificate, key), null, offline: true);
        using RawClient client = new(stream, ProtocolVersion.Mqtt50);
        try
        {
            await stream.AuthenticateAsClientAsync(options);
        }
        catch (System.Security.Authentication.AuthenticationException)
        {
            return "its own refusal";
        }
        return await ConnectAsync(client, null, null);
    }

    private static async Task<string> ConnectAsync(RawClient client, string? user, string? password)
    {
        try
        {
            return $"CONNACK {(await client.ConnectAsync("c", user, password)).Reason}";
        }
        catch (Exception e) when (e is IOException or EndOfStreamException)
        {
            return "closed";
        }
    }

    private static int Port(BrokerHost host, int listener) => int.Parse(host.Broker.ListeningOn[listener].Split(':')[2].Split('?')[0], CultureInfo.InvariantCulture);

    private async Task<BrokerHost> StartAsync(ClientCertificates clients = ClientCertificates.Off)
    {
        string path = Path.Combine(_certificates.Folder, "users");
        UserFile users = UserFile.Empty();
        users.Set("pump-1", PasswordHash.Create("right"));
        users.Write(path);
        return await BrokerHost.StartAsync(new MqttOptions
        {
            Listen = ["tls://127.0.0.1:0", "tcp://127.0.0.1:0", "tcp://127.0.0.1:0?proxy"],
            Tls = new TlsOptions
            {
                Certificate = _certificates.Server,
                Key = _certificates.ServerKey,
                ClientCertificates = clients,
                ClientAuthorities = clients == ClientCertificates.Off ? null : _certificates.Authority,
            },
            Security = new SecurityOptions
            {
                UsersFile = path,
                Tokens = new TokenOptions { Keys = [_tokens.RsaKey], Audiences = ["sluice"] },
                Access = [new AccessRule { User = "*", Publish = ["sensors/%u/#"], Subscribe = ["commands/%u/#"] }],
                Ban = new BanOptions { After = 0 },
            },
        });
    }
}
