using System.Net.WebSockets;

namespace Sluice.Gateway.Mqtt.Transport;

/// <summary>
/// MQTT's bytes in the binary messages of a WebSocket (MQTT 5.0 section 6: packets need not be aligned to messages; another kind of message ends the connection).
/// One reader and one writer at a time.
/// </summary>
internal sealed class WebSocketByteStream(WebSocket socket) : Stream
{
    // A wait for bytes that was cancelled and goes on: .NET aborts a WebSocket whose read is cancelled, and then nobody could be told why.
    private Task<ValueWebSocketReceiveResult>? _arrival;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            try
            {
                ValueWebSocketReceiveResult result = buffer.IsEmpty || _arrival is not null
                    ? await ArrivalAsync(cancellationToken).ConfigureAwait(false)
                    : await socket.ReceiveAsync(buffer, cancellationToken).ConfigureAwait(false);
                if (result.MessageType == WebSocketMessageType.Close)
                    return 0;
                if (result.MessageType == WebSocketMessageType.Text)
                    throw new IOException("a text message, MQTT is in binary ones (section 6)");
                // An empty message is not the end. A read of no bytes only waits for some.
                if (result.Count > 0 || buffer.IsEmpty)
                    return result.Count;
            }
            catch (WebSocketException e)
            {
                throw new IOException(e.Message, e);
            }
        }
    }

    private async ValueTask<ValueWebSocketReceiveResult> ArrivalAsync(CancellationToken cancellationToken)
    {
        _arrival ??= socket.ReceiveAsync(Memory<byte>.Empty, CancellationToken.None).AsTask();
        ValueWebSocketReceiveResult result = await _arrival.WaitAsync(cancellationToken).ConfigureAwait(false);
        _arrival = null;
        return result;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await socket.SendAsync(buffer, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken).ConfigureAwait(false);
        }
        catch (WebSocketException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    /// <summary>Says that nothing more will come.</summary>
    public async Task CloseOutputAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken).ConfigureAwait(false);
        }
        catch (WebSocketException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("read asynchronously");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("write asynchronously");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            socket.Dispose();
        base.Dispose(disposing);
    }
}
