using System.Buffers;
using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Client;

/// <summary>
/// One connection to another broker, from its CONNACK on. One reads, any thread writes. Each method throws <see cref="IOException"/> when the connection is lost.
/// </summary>
internal sealed class MqttClientConnection : IAsyncDisposable
{
    /// <summary>The whole way to CONNACK, and an answer that is awaited.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>How long a goodbye may take.</summary>
    public static readonly TimeSpan FarewellTime = TimeSpan.FromSeconds(2);

    private const int MaximumPacketBytes = 16 * 1024 * 1024;

    private readonly Stream _stream;
    private readonly PipeReader _reader;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly CancellationTokenSource _ended = new();
    private readonly TimeProvider _time;
    private readonly string? _stateTopic;
    private TimeSpan _keepAlive;

    // Of who has _writing: a write is under way, or has ended in the midst of a packet.
    private bool _isCut;
    private Task _pings = Task.CompletedTask;

    private MqttClientConnection(Stream stream, MqttServer server, MqttClientOptions options, ProtocolVersion version, TimeProvider time)
    {
        _stream = stream;
        _reader = PipeReader.Create(stream);
        _keepAlive = TimeSpan.FromSeconds(options.KeepAliveSeconds);
        _time = time;
        _stateTopic = options.StateTopic;
        Server = server;
        Version = version;
    }

    public MqttServer Server { get; }

    public ProtocolVersion Version { get; }

    /// <summary>The broker has the session that we left.</summary>
    public bool SessionPresent { get; private set; }

    /// <summary>QoS 1 and 2 messages that the broker takes unacknowledged (MQTT 5.0 section 3.2.2.3.3).</summary>
    public int ReceiveMaximum { get; private set; } = 1000;

    /// <summary>The largest packet that the broker takes (section 3.2.2.3.6).</summary>
    public long MaximumPacketSize { get; private set; } = long.MaxValue;

    /// <summary>The broker takes QoS 1 and keeps retained messages (sections 3.2.2.3.4 and .5).</summary>
    public bool KeepsState { get; private set; } = true;

    /// <summary>Connects, in 3.1.1 when the broker does not know 5.0.</summary>
    /// <exception cref="IOException">It cannot be reached.</exception>
    /// <exception cref="MqttProtocolException">It refuses, or is no MQTT broker.</exception>
    public static async Task<MqttClientConnection> ConnectAsync(MqttServer server, MqttClientOptions options, TimeProvider time, CancellationToken cancellation)
    {
        using CancellationTokenSource deadline = new(Patience, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            return await OpenAsync(server, options, options.Version, time, either.Token).ConfigureAwait(false)
                ?? await OpenAsync(server, options, ProtocolVersion.Mqtt311, time, either.Token).ConfigureAwait(false)
                ?? throw new MqttProtocolException(ReasonCode.UnsupportedProtocolVersion, "3.1.2.2", "it knows neither MQTT 5.0 nor 3.1.1");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException($"no answer within {Patience.TotalSeconds} s");
        }
        catch (SocketException e)
        {
            throw new IOException(e.Message, e);
        }
        catch (System.Security.Authentication.AuthenticationException e)
        {
            throw new IOException($"TLS: {e.InnerException?.Message ?? e.Message}", e);
        }
    }

    /// <summary>The next packet, its body copied. Fails when the broker is silent for one and a half times the keep alive.</summary>
    public async ValueTask<(PacketHeader Header, byte[] Body)> ReadAsync(CancellationToken cancellation)
    {
        using CancellationTokenSource deadline = new(_keepAlive > TimeSpan.Zero ? _keepAlive * 1.5 : Timeout.InfiniteTimeSpan, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation, _ended.Token);
        try
        {
            while (true)
            {
                ReadResult result = await _reader.ReadAsync(either.Token).ConfigureAwait(false);
                ReadOnlySequence<byte> rest = result.Buffer;
                if (PacketHeader.TryRead(ref rest, MaximumPacketBytes, out PacketHeader header, out ReadOnlySequence<byte> body))
                {
                    byte[] copy = body.ToArray();
                    _reader.AdvanceTo(rest.Start);
                    return (header, copy);
                }
                _reader.AdvanceTo(rest.Start, rest.End);
                if (result.IsCompleted)
                    throw new IOException("the broker hung up");
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException(_ended.IsCancellationRequested ? "the connection was given up" : "the broker is silent");
        }
    }

    /// <summary>The next packet that is no answer to a ping. A DISCONNECT is the end of the connection.</summary>
    public async ValueTask<(PacketHeader Header, byte[] Body)> ReadPacketAsync(CancellationToken cancellation)
    {
        while (true)
        {
            (PacketHeader header, byte[] body) = await ReadAsync(cancellation).ConfigureAwait(false);
            if (header.Type == PacketType.Disconnect)
                throw new IOException($"the broker ended the connection: {DisconnectPacket.Parse(body, Version).Reason}");
            if (header.Type != PacketType.PingResp)
                return (header, body);
        }
    }

    /// <summary>
    /// Writes packets as they are; each must be at most <see cref="MaximumPacketSize"/>. After a write that was cancelled or failed nothing more is written: the broker would take it for the rest of a packet.
    /// </summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> packets, CancellationToken cancellation)
    {
        await _writing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_isCut)
                throw new IOException("the connection was given up in the midst of a packet");
            _isCut = true;
            await _stream.WriteAsync(packets, cancellation).ConfigureAwait(false);
            _isCut = false;
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            throw new IOException("the connection is lost", e);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Gives the connection up: reading fails. Any thread.</summary>
    public void Abort() => _ended.Cancel();

    /// <summary>Writes that we are there (<see cref="MqttClientOptions.StateTopic"/>), in QoS 0: it is said again on each connection, and one that is lost has its will; false when that is not wanted.</summary>
    public bool WriteOnline(ArrayBufferWriter<byte> output) => WriteState(output, "online"u8);

    /// <summary>Says that we are not there any more, and goodbye, so that the will is not published. A connection that is lost has a will that says the same.</summary>
    public async Task LeaveAsync()
    {
        using CancellationTokenSource deadline = new(FarewellTime, _time);
        try
        {
            var output = new ArrayBufferWriter<byte>();
            WriteState(output, "offline"u8);
            new DisconnectPacket(ReasonCode.Success).Write(output, Version);
            await WriteAsync(output.WrittenMemory, deadline.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // It is gone, or in the midst of a packet.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync().ConfigureAwait(false);
        await _pings.ConfigureAwait(false);
        await _reader.CompleteAsync().ConfigureAwait(false);
        await _stream.DisposeAsync().ConfigureAwait(false);
        _ended.Dispose();
        _writing.Dispose();
    }

    private static async Task<MqttClientConnection?> OpenAsync(
        MqttServer server, MqttClientOptions options, ProtocolVersion version, TimeProvider time, CancellationToken cancellation)
    {
        var connection = new MqttClientConnection(await DialAsync(server, options, cancellation).ConfigureAwait(false), server, options, version, time);
        try
        {
            var output = new ArrayBufferWriter<byte>();
            Connect(options, version).Write(output);
            (PacketHeader header, byte[] body) = await connection.AskAsync(output.WrittenMemory, cancellation).ConfigureAwait(false);
            if (header.Type != PacketType.ConnAck)
                throw MqttProtocolException.Protocol("3.1.4", $"{header.Type} in answer to CONNECT");
            // A broker that does not know the version may answer in an older one's form.
            ConnAckPacket answer = ConnAckPacket.Parse(body, body.Length == 2 ? ProtocolVersion.Mqtt311 : version);
            if (answer.Reason == ReasonCode.UnsupportedProtocolVersion && version == ProtocolVersion.Mqtt50)
            {
                await connection.DisposeAsync().ConfigureAwait(false);
                return null;
            }
            if (answer.Reason != ReasonCode.Success)
                throw new MqttProtocolException(answer.Reason, "3.2.2.2", $"it refuses us: {answer.Reason}");
            connection.SessionPresent = answer.SessionPresent;
            connection.ReceiveMaximum = Math.Min(answer.Properties?.ReceiveMaximum ?? ushort.MaxValue, connection.ReceiveMaximum);
            connection.MaximumPacketSize = answer.Properties?.MaximumPacketSize ?? long.MaxValue;
            connection.KeepsState = answer.Properties?.MaximumQoS is not 0 && answer.Properties?.RetainAvailable is not 0;
            // Section 3.2.2.3.14: the broker's word counts.
            if (answer.Properties?.ServerKeepAlive is { } seconds)
                connection._keepAlive = TimeSpan.FromSeconds(seconds);
            connection._pings = connection._keepAlive > TimeSpan.Zero ? connection.PingAsync() : Task.CompletedTask;
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    // In TLS 1.3 a broker refuses a certificate after our handshake is over.
    private async Task<(PacketHeader Header, byte[] Body)> AskAsync(ReadOnlyMemory<byte> connect, CancellationToken cancellation)
    {
        try
        {
            await WriteAsync(connect, cancellation).ConfigureAwait(false);
            return await ReadAsync(cancellation).ConfigureAwait(false);
        }
        catch (IOException e) when (Server.IsEncrypted)
        {
            throw new IOException($"TLS: the broker hung up before CONNACK, as one does that wants a certificate or another one: {e.Message}", e);
        }
    }

    private static ConnectPacket Connect(MqttClientOptions options, ProtocolVersion version) => new()
    {
        Version = version,
        ClientId = options.ClientId,
        // Without a session to come back to there is nothing that would have to be sent again as it was (section 4.4).
        CleanStart = options.SessionExpirySeconds == 0,
        KeepAlive = options.KeepAliveSeconds,
        UserName = options.User,
        Password = options.Password is null ? null : System.Text.Encoding.UTF8.GetBytes(options.Password),
        Will = options.StateTopic is { } topic ? new Will(topic, "offline"u8.ToArray(), QualityOfService.AtLeastOnce, Retain: true, null) : null,
        Properties = version == ProtocolVersion.Mqtt50 ? new PropertySet { SessionExpiryInterval = options.SessionExpirySeconds, MaximumPacketSize = MaximumPacketBytes } : null,
    };

    private static async Task<Stream> DialAsync(MqttServer server, MqttClientOptions options, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(server.Host, server.Port, cancellation).ConfigureAwait(false);
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            return server.IsEncrypted ? await EncryptAsync(stream, server, options, cancellation).ConfigureAwait(false) : stream;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<Stream> EncryptAsync(Stream stream, MqttServer server, MqttClientOptions options, CancellationToken cancellation)
    {
        var tls = new SslClientAuthenticationOptions { TargetHost = server.Host };
        if (options.Authorities is { } authorities)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPemFile(authorities);
            tls.CertificateChainPolicy = policy;
        }
        if (options.Certificate is { } certificate)
            tls.ClientCertificates = [X509Certificate2.CreateFromPemFile(certificate, options.Key)];
        var encrypted = new SslStream(stream);
        try
        {
            await encrypted.AuthenticateAsClientAsync(tls, cancellation).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new IOException($"TLS: {e.Message}", e);
        }
        return encrypted;
    }

    private bool WriteState(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> state)
    {
        if (_stateTopic is null || !KeepsState)
            return false;
        new PublishPacket
        {
            Topic = System.Text.Encoding.UTF8.GetBytes(_stateTopic),
            Retain = true,
            Payload = state,
        }.Write(output, Version);
        return true;
    }

    private async Task PingAsync()
    {
        var output = new ArrayBufferWriter<byte>();
        PingPacket.Write(output, PacketType.PingReq);
        try
        {
            while (true)
            {
                await Task.Delay(_keepAlive / 2, _time, _ended.Token).ConfigureAwait(false);
                await WriteAsync(output.WrittenMemory, _ended.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The reader sees it, too.
        }
    }
}
