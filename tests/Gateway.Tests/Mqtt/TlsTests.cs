using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Sluice.Engine;
using Sluice.Gateway.Hosting;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.Security;
using Sluice.Gateway.Mqtt.Transport;

namespace Sluice.Gateway.Tests.Mqtt;

public sealed class TlsTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("tls://127.0.0.1:0")]
    [InlineData("wss://127.0.0.1:0/mqtt")]
    public async Task A_client_that_knows_the_authority_comes_in(string endpoint)
    {
        await using BrokerHost host = await StartAsync(ClientCertificates.Off, endpoint);
        using RawClient client = await OpenAsync(host, null);
        Assert.Equal(ReasonCode.Success, (await client.ConnectAsync("c")).Reason);
        await client.PublishAsync("a", "1", qos: 1, identifier: 1);
        await client.ReadAckAsync(PacketType.PubAck);
        Assert.Equal(["a=1"], host.Ingress.Taken);
    }

    [Fact]
    public async Task A_certificate_is_an_identity()
    {
        await using BrokerHost host = await StartAsync(ClientCertificates.Required, access: [new AccessRule { User = "pump-1", Publish = ["sensors/%u/#"] }]);
        using RawClient client = await OpenAsync(host, _certificates.IssueClient("pump-1"));
        Assert.Equal(ReasonCode.Success, (await client.ConnectAsync("c")).Reason);
        await client.PublishAsync("sensors/pump-1/temp", "1", qos: 1, identifier: 1);
        await client.PublishAsync("sensors/pump-2/temp", "1", qos: 1, identifier: 2);
        Assert.Equal(ReasonCode.Success, (await client.ReadAckAsync(PacketType.PubAck)).Reason);
        Assert.Equal(ReasonCode.NotAuthorized, (await client.ReadAckAsync(PacketType.PubAck)).Reason);
    }

    [Fact]
    public async Task Without_a_certificate_or_with_a_strangers_nobody_comes_in_where_one_is_required()
    {
        using TestCertificates strangers = new();
        await using BrokerHost host = await StartAsync(ClientCertificates.Required);
        foreach ((string Certificate, string Key)? shown in ((string, string)?[])[null, strangers.IssueClient("pump-1")])
        {
            // In TLS 1.3 the client hears of it after its own handshake.
            await Assert.ThrowsAnyAsync<Exception>(async () =>
            {
                using RawClient client = await OpenAsync(host, shown);
                await client.ConnectAsync("c");
            });
        }

        await BrokerHost.UntilAsync(() => host.LogLines.Count(line => line.Contains("did not come about", StringComparison.Ordinal)) == 2, "the log says it twice");
        Assert.Equal(0, host.Broker.Statistics.ConnectionsAccepted);
    }

    [Fact]
    public async Task Where_certificates_are_optional_a_client_without_one_needs_a_password()
    {
        await using BrokerHost host = await StartAsync(ClientCertificates.Optional, anonymous: AnonymousAccess.No);
        using RawClient without = await OpenAsync(host, null);
        Assert.Equal(ReasonCode.NotAuthorized, (await without.ConnectAsync("c")).Reason);
        using RawClient with = await OpenAsync(host, _certificates.IssueClient("pump-1"));
        Assert.Equal(ReasonCode.Success, (await with.ConnectAsync("c")).Reason);
    }

    [Fact]
    public async Task A_replaced_certificate_counts_without_a_restart_and_a_wrong_one_does_not()
    {
        ManualTime time = new();
        await using BrokerHost host = await StartAsync(ClientCertificates.Off, time: time);
        using RawClient before = await OpenAsync(host, null);
        await before.ConnectAsync("before");

        await File.WriteAllTextAsync(_certificates.Server, "garbage");
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("CN=localhost", await SubjectAsync(host));
        Assert.Contains(host.LogLines, line => line.Contains("cannot be used, what was read before stays", StringComparison.Ordinal));

        _certificates.IssueServer("renewed");
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("CN=renewed", await SubjectAsync(host));
        await before.PingAsync();
    }

    [Fact]
    public async Task A_client_that_does_not_shake_hands_goes_and_costs_nothing()
    {
        ManualTime time = new();
        await using BrokerHost host = await StartAsync(ClientCertificates.Off, time: time);
        using RawClient silent = await RawClient.OpenAsync(Port(host), ProtocolVersion.Mqtt50);
        using RawClient plain = await RawClient.OpenAsync(Port(host), ProtocolVersion.Mqtt50);
        await plain.SendAsync("\x10\x10 this is no TLS"u8.ToArray());
        await BrokerHost.UntilAsync(() => host.LogLines.Any(line => line.Contains("did not come about", StringComparison.Ordinal)), "the log says it");
        time.Advance(TimeSpan.FromSeconds(11));
        Assert.Null(await silent.ReadAsync());
    }

    [Fact]
    public async Task What_is_wrong_with_a_certificate_is_said_at_the_start()
    {
        GatewayException missing = await Assert.ThrowsAsync<GatewayException>(() => StartAsync(Options() with { Key = "/nowhere/server.key" }));
        Assert.Contains("/nowhere/server.key", missing.Message, StringComparison.Ordinal);
        GatewayException swapped = await Assert.ThrowsAsync<GatewayException>(() => StartAsync(Options() with { Certificate = _certificates.ServerKey }));
        Assert.Equal($"{_certificates.ServerKey}: holds no certificate (PEM)", swapped.Message);
        SluiceException none = await Assert.ThrowsAsync<SluiceException>(() => BrokerHost.StartAsync(new MqttOptions { Listen = ["tls://127.0.0.1:0"] }));
        Assert.Contains("Tls is needed", none.Message, StringComparison.Ordinal);
    }

    [MosquittoTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Mosquittos_clients_come_in_over_TLS(bool withCertificate)
    {
        await using BrokerHost host = await StartAsync(withCertificate ? ClientCertificates.Required : ClientCertificates.Off);
        (string certificate, string key) = _certificates.IssueClient("pump-1");
        string[] own = withCertificate ? ["--cert", certificate, "--key", key] : [];
        await Programs.OutputAsync("mosquitto_pub", ["-h", "localhost", "-p", $"{Port(host)}", "--cafile", _certificates.Authority, "-q", "1", "-t", "a", "-m", "1", .. own]);
        Assert.Equal(["a=1"], host.Ingress.Taken);
    }

    private static int Port(BrokerHost host) => new Uri(host.Broker.ListeningOn[0]).Port;

    private TlsOptions Options(ClientCertificates clients = ClientCertificates.Off) => new()
    {
        Certificate = _certificates.Server,
        Key = _certificates.ServerKey,
        ClientCertificates = clients,
        ClientAuthorities = clients == ClientCertificates.Off ? null : _certificates.Authority,
    };

    private Task<BrokerHost> StartAsync(
        ClientCertificates clients, string endpoint = "tls://127.0.0.1:0", IReadOnlyList<AccessRule>? access = null,
        AnonymousAccess anonymous = AnonymousAccess.Local, TimeProvider? time = null) =>
        StartAsync(Options(clients), endpoint, new SecurityOptions { Access = access ?? [], Anonymous = anonymous }, time);

    private static Task<BrokerHost> StartAsync(TlsOptions tls, string endpoint = "tls://127.0.0.1:0", SecurityOptions? security = null, TimeProvider? time = null) =>
        BrokerHost.StartAsync(new MqttOptions { Listen = [endpoint], Tls = tls, Security = security ?? new SecurityOptions() }, time);

    private async Task<RawClient> OpenAsync(BrokerHost host, (string Certificate, string Key)? shown)
    {
        SslStream stream = await ShakeHandsAsync(host, shown);
        if (!host.Broker.ListeningOn[0].StartsWith("wss:", StringComparison.Ordinal))
            return new RawClient(stream, ProtocolVersion.Mqtt50);
        return new RawClient(await WebSocketTests.UpgradeAsync(stream, "/mqtt"), ProtocolVersion.Mqtt50);
    }

    private async Task<SslStream> ShakeHandsAsync(BrokerHost host, (string Certificate, string Key)? shown)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, Port(host));
        SslStream stream = new(new NetworkStream(socket, ownsSocket: true));
        X509ChainPolicy policy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(_certificates.Authority);
        SslClientAuthenticationOptions options = new() { TargetHost = "localhost", CertificateChainPolicy = policy };
        if (shown is var (certificate, key))
            options.ClientCertificateContext = SslStreamCertificateContext.Create(X509Certificate2.CreateFromPemFile(certificate, key), null, offline: true);
        await stream.AuthenticateAsClientAsync(options);
        return stream;
    }

    private async Task<string?> SubjectAsync(BrokerHost host)
    {
        await using SslStream stream = await ShakeHandsAsync(host, null);
        return stream.RemoteCertificate?.Subject;
    }
}
