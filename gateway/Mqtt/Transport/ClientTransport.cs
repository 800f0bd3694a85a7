using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;
using Sluice.Gateway.Mqtt.Security;

namespace Sluice.Gateway.Mqtt.Transport;

/// <summary>A client's bytes, both ways, whatever carries them, and who the client is as far as that tells.</summary>
/// <param name="stream">The bytes.</param>
/// <param name="socket">The socket under them; null when it is not ours (the web listener's).</param>
/// <param name="peer">Who is at the other end.</param>
internal sealed class ClientTransport(Stream stream, Socket? socket, Peer peer) : IAsyncDisposable
{
    public Stream Stream => stream;

    public Peer Peer => peer;

    /// <summary>Nothing more is sent. What still comes is read and dropped until the peer closes too: closing a socket with unread input resets it, and the reset can overtake the last packet.</summary>
    public async Task LingerAsync(CancellationToken cancellationToken)
    {
        if (stream is WebSocketByteStream webSocket)
            await webSocket.CloseOutputAsync(cancellationToken).ConfigureAwait(false);
        else if (stream is SslStream tls)
            await tls.ShutdownAsync().ConfigureAwait(false);
        if (socket is null || !socket.Connected)
            return;
        socket.Shutdown(SocketShutdown.Send);
        byte[] discard = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            while (await socket.ReceiveAsync(discard, SocketFlags.None, cancellationToken).ConfigureAwait(false) > 0)
            {
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(discard);
        }
    }

    /// <summary>Drops the connection at once. Any thread.</summary>
    public void Abort()
    {
        if (socket is not null)
            socket.Dispose();
        else
            stream.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync().ConfigureAwait(false);
        socket?.Dispose();
    }
}
