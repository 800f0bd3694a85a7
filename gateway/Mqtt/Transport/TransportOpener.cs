using System.Net;
using System.Net.Sockets;
using Sluice.Gateway.Mqtt.Security;

namespace Sluice.Gateway.Mqtt.Transport;

/// <summary>Makes of an accepted socket a client's bytes: PROXY header, TLS, WebSocket, in that order, as its listener has them.</summary>
/// <param name="tls">For the listeners that encrypt; null when none does.</param>
/// <param name="origins">Origins of web pages that may connect.</param>
internal sealed class TransportOpener(TlsServer? tls, IReadOnlyList<string> origins)
{
    // A client without keep alive that vanished (power cut, cable) is found out after 60 + 4 * 15 seconds of silence; one that has bytes of ours to take, by the send timeout.
    private const int KeepAliveAfterSeconds = 60;
    private const int KeepAliveIntervalSeconds = 15;
    private const int KeepAliveProbes = 4;

    /// <summary>Opens it or throws; then the socket is closed.</summary>
    public async Task<ClientTransport> OpenAsync(ListenAddress address, Socket socket, CancellationToken cancellationToken)
    {
        Stream? stream = null;
        try
        {
            Peer peer = socket.RemoteEndPoint is IPEndPoint ip ? Peer.At(ip) : Peer.Unix;
            if (address.Kind != TransportKind.Unix)
                Prepare(socket);
            stream = new NetworkStream(socket, ownsSocket: false);
            if (address.IsProxied)
                peer = await ProxyHeader.ReadAsync(stream, peer, cancellationToken).ConfigureAwait(false);
            if (address.IsEncrypted)
            {
                (stream, string? name) = await tls!.AcceptAsync(stream, cancellationToken).ConfigureAwait(false);
                peer = peer with { CertificateName = name };
            }
            if (address.IsWebSocket)
                stream = await WebSocketHandshake.AcceptAsync(stream, address.Path, origins, cancellationToken).ConfigureAwait(false);
            return new ClientTransport(stream, socket, peer);
        }
        catch
        {
            if (stream is not null)
                await stream.DisposeAsync().ConfigureAwait(false);
            socket.Dispose();
            throw;
        }
    }

    private static void Prepare(Socket socket)
    {
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveAfterSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveIntervalSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveProbes);
    }
}
