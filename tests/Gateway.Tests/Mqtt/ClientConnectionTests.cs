using Sluice.Gateway.Mqtt.Client;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>Our client at a stock broker: which certificates and passwords bring it in, and what is said when they do not.</summary>
public sealed class ClientConnectionTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [MosquittoTheory]
    [InlineData(ProtocolVersion.Mqtt50)]
    [InlineData(ProtocolVersion.Mqtt311)]
    public async Task A_broker_whose_authority_is_known_is_believed(ProtocolVersion version)
    {
        await using StockBroker broker = await TlsAsync();
        await using MqttClientConnection connection = await ConnectAsync(broker, Options() with { Version = version });
        Assert.Equal(version, connection.Version);
    }

    [MosquittoTheory]
    [InlineData("another authority", "PartialChain|UntrustedRoot|NotSignatureValid")]
    [InlineData("no authority of ours", "PartialChain|UntrustedRoot")]
    [InlineData("expired", "NotTimeValid")]
    [InlineData("another host", "RemoteCertificateNameMismatch")]
    [InlineData("no TLS", "TLS: ")]
    public async Task Another_broker_is_not_believed(string what, string expected)
    {
        using TestCertificates others = new();
        if (what == "expired")
            _certificates.IssueServer("localhost", until: DateTimeOffset.UtcNow.AddHours(-1));
        if (what == "another host")
            _certificates.IssueServer("elsewhere", host: "elsewhere.example");
        await using StockBroker broker = what == "no TLS" ? await StockBroker.StartAsync("allow_anonymous true") : await TlsAsync();
        MqttClientOptions options = Options() with
        {
            Authorities = what switch
            {
                "another authority" => others.Authority,
                "no authority of ours" => null,
                _ => _certificates.Authority,
            },
        };
        IOException e = await Assert.ThrowsAsync<IOException>(() => ConnectAsync(broker, options));
        Assert.StartsWith("TLS: ", e.Message, StringComparison.Ordinal);
        Assert.True(expected.Split('|').Any(part => e.Message.Contains(part, StringComparison.Ordinal)), e.Message);
    }

    [MosquittoTheory]
    [InlineData("right", null)]
    [InlineData("none", "TLS: the broker hung up before CONNACK")]
    [InlineData("stranger's", "TLS: the broker hung up before CONNACK")]
    [InlineData("expired", "TLS: the broker hung up before CONNACK")]
    public async Task A_broker_that_asks_for_a_certificate_gets_ours(string what, string? refused)
    {
        using TestCertificates others = new();
        (string certificate, string key) = what switch
        {
            "stranger's" => others.IssueClient("gateway"),
            "expired" => _certificates.IssueClient("gateway", until: DateTimeOffset.UtcNow.AddHours(-1)),
            _ => _certificates.IssueClient("gateway"),
        };
        await using StockBroker broker = await TlsAsync($"cafile {_certificates.Authority}", "require_certificate true", "use_identity_as_username true");
        MqttClientOptions options = what == "none" ? Options() : Options() with { Certificate = certificate, Key = key };
        if (refused is null)
        {
            await using MqttClientConnection connection = await ConnectAsync(broker, options);
            return;
        }
        IOException e = await Assert.ThrowsAsync<IOException>(() => ConnectAsync(broker, options));
        Assert.StartsWith(refused, e.Message, StringComparison.Ordinal);
    }

    [MosquittoTheory]
    [InlineData("right", null)]
    [InlineData("wrong", ReasonCode.NotAuthorized)]
    [InlineData(null, ReasonCode.NotAuthorized)]
    public async Task A_broker_that_asks_for_a_password_gets_ours(string? password, ReasonCode? refused)
    {
        string passwords = Path.Combine(_certificates.Folder, "passwords");
        await Programs.OutputAsync("mosquitto_passwd", "-c", "-b", passwords, "gateway", "right");
        await using StockBroker broker = await StockBroker.StartAsync("allow_anonymous false", $"password_file {passwords}");
        MqttClientOptions options = Options() with { Authorities = null, User = password is null ? null : "gateway", Password = password };
        MqttServer server = new("127.0.0.1", broker.Port, IsEncrypted: false);
        if (refused is null)
        {
            await using MqttClientConnection connection = await MqttClientConnection.ConnectAsync(server, options, TimeProvider.System, default);
            return;
        }
        MqttProtocolException e = await Assert.ThrowsAsync<MqttProtocolException>(() => MqttClientConnection.ConnectAsync(server, options, TimeProvider.System, default));
        Assert.Equal(refused, e.Reason);
        Assert.Contains($"it refuses us: {refused}", e.Message, StringComparison.Ordinal);
    }

    /// <summary>The broker would take what comes after a part of a packet for the rest of it.</summary>
    [Fact]
    public async Task After_a_write_that_was_cut_off_nothing_more_is_written()
    {
        using ScriptedBroker broker = new();
        MqttClientOptions options = new() { Servers = [broker.Server], ClientId = "gateway", StateTopic = "state", KeepAliveSeconds = 0 };
        Task<RawClient> accepted = broker.AcceptAsync();
        MqttClientConnection connection = await MqttClientConnection.ConnectAsync(broker.Server, options, TimeProvider.System, default);
        using RawClient peer = await accepted;
        // More than the sockets hold of what nobody reads.
        byte[] packet = peer.Publish("a", new string('x', 32 << 20));
        using CancellationTokenSource stop = new();
        Task write = connection.WriteAsync(packet, stop.Token).AsTask();
        Assert.False(write.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);

        Task<byte[]> rest = peer.ReadRestAsync();
        await connection.LeaveAsync();
        await Assert.ThrowsAsync<IOException>(() => connection.WriteAsync(packet, default).AsTask());
        await connection.DisposeAsync();
        byte[] received = await rest;
        Assert.True(received.Length < packet.Length);
        Assert.Equal(packet[..received.Length], received);
    }

    private MqttClientOptions Options() => new() { Servers = [], ClientId = "gateway", Authorities = _certificates.Authority };

    private static Task<MqttClientConnection> ConnectAsync(StockBroker broker, MqttClientOptions options) =>
        MqttClientConnection.ConnectAsync(new MqttServer("localhost", broker.Port, IsEncrypted: true), options, TimeProvider.System, default);

    private Task<StockBroker> TlsAsync(params string[] more) =>
        StockBroker.StartAsync(["allow_anonymous true", $"certfile {_certificates.Server}", $"keyfile {_certificates.ServerKey}", .. more]);
}
