using System.Net;
using System.Net.Sockets;
using Sluice.Gateway.Mqtt.Security;

namespace Sluice.Gateway.Mqtt.Transport;

/// <summary>Makes of an accepted socket a client's bytes: PROXY header, TLS, WebSocket, in that order, as its listener has them.</summary>
/// <param name="tls">For the listeners that encrypt; null when none does.</param>
/// <param name="origins">Origins of web pages that may connect.</param>
internal sealed class TransportOpener(TlsServer? tls, IReadOnlyList<string> origins)
{
    /// <summary>Opens it or throws; then the socket is closed.</summary>
    public async Task<ClientTransport> OpenAsync(ListenAddress address, Socket socket, CancellationToken cancellationToken)
    {
        Stream? stream = null;
        try
        {
            Peer peer = socket.RemoteEndPoint is IPEndPoint ip ? Peer.At(ip) : Peer.Unix;
            if (address.Kind != TransportKind.Unix)
                socket.NoDelay = true;
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
}
