using System.Buffers.Binary;
using System.Net.Sockets;

namespace Sluice.Engine.Remote;

/// <summary>
/// Frames over a connected socket. One reader at a time; sends may come from several threads and do not mix. Errors are
/// <see cref="SocketException"/> when the other side is gone and <see cref="ProtocolException"/> when its bytes are no frames.
/// </summary>
internal sealed class FrameChannel(Socket socket) : IDisposable
{
    private readonly Lock _sending = new();

    // The reader's.
    private readonly byte[] _input = new byte[16 << 10];
    private int _start;
    private int _end;

    /// <summary>The most that a frame from the other side may have.</summary>
    public int MaxBytes { get; set; } = Protocol.MaxHelloBytes;

    /// <summary>Whether something has arrived that nobody asked for: the end of the connection, or word that it comes.</summary>
    public bool HasInput
    {
        get
        {
            try
            {
                return _start < _end || socket.Poll(0, SelectMode.SelectRead);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                return true;
            }
        }
    }

    /// <summary>Sends a whole frame.</summary>
    public void Send(ReadOnlySpan<byte> frame)
    {
        lock (_sending)
        {
            while (frame.Length > 0)
            {
                frame = frame[socket.Send(frame)..];
            }
        }
    }

    /// <summary>The next frame; null when the other side has closed between frames.</summary>
    public async ValueTask<Frame?> ReceiveAsync(bool async)
    {
        if (!await FillAsync(Protocol.HeaderBytes, async).ConfigureAwait(false))
        {
            return _start == _end ? null : throw new ProtocolException("the connection ended within a frame");
        }

        int counted = Header(out FrameType type, out uint sequence);
        byte[] body = await ReceiveBodyAsync(counted - Protocol.CountedHeaderBytes, async).ConfigureAwait(false);
        return new Frame(type, sequence, body);
    }

    /// <summary>Ends the connection, also for a thread that is sending or receiving.</summary>
    public void Shutdown()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It has ended already.
        }
    }

    public void Dispose() => socket.Dispose();

    private int Header(out FrameType type, out uint sequence)
    {
        ReadOnlySpan<byte> header = _input.AsSpan(_start, Protocol.HeaderBytes);
        uint counted = BinaryPrimitives.ReadUInt32BigEndian(header);
        if (counted < Protocol.CountedHeaderBytes || counted > (uint)MaxBytes)
        {
            throw new ProtocolException($"a frame of {counted} bytes");
        }

        type = (FrameType)header[sizeof(uint)];
        sequence = BinaryPrimitives.ReadUInt32BigEndian(header[Protocol.CountedHeaderBytes..]);
        _start += Protocol.HeaderBytes;
        return (int)counted;
    }

    /// <summary>A large body's memory grows as its bytes come: the length alone is no reason to take it.</summary>
    private async ValueTask<byte[]> ReceiveBodyAsync(int length, bool async)
    {
        byte[] body = new byte[Math.Min(length, Protocol.TrustedBytes)];
        int done = Math.Min(length, _end - _start);
        Buffer.BlockCopy(_input, _start, body, 0, done);
        _start += done;
        while (done < length)
        {
            if (done == body.Length)
            {
                Array.Resize(ref body, (int)Math.Min(length, 2L * body.Length));
            }

            int count = await ReceiveIntoAsync(body.AsMemory(done), async).ConfigureAwait(false);
            if (count == 0)
            {
                throw new ProtocolException("the connection ended within a frame");
            }

            done += count;
        }

        return body;
    }

    /// <summary>Brings at least so many bytes into the buffer; false when the connection ends before.</summary>
    private async ValueTask<bool> FillAsync(int count, bool async)
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }
        else if (_input.Length - _start < count)
        {
            Buffer.BlockCopy(_input, _start, _input, 0, _end - _start);
            _end -= _start;
            _start = 0;
        }

        while (_end - _start < count)
        {
            int received = await ReceiveIntoAsync(_input.AsMemory(_end), async).ConfigureAwait(false);
            if (received == 0)
            {
                return false;
            }

            _end += received;
        }

        return true;
    }

    private ValueTask<int> ReceiveIntoAsync(Memory<byte> buffer, bool async) =>
        async ? socket.ReceiveAsync(buffer, SocketFlags.None) : ValueTask.FromResult(socket.Receive(buffer.Span));
}
