using System.Net.Sockets;

namespace Sluice.Engine.Remote;

/// <summary>
/// One connection of another process at the owner. A thread of its own does what is asked, for a statement may wait long for a lock; an
/// asynchronous reader beside it hears of interrupts, and of the end of the client, while that thread is at work.
/// <para>Invariants: 1. at most one request is there, waiting or at work. 2. It counts as done before its answer is sent, so a client's
/// next request is never early. 3. The session is interrupted only while a request is at work.</para>
/// </summary>
internal sealed class ServedConnection
{
    /// <summary>How long a new connection may take to say hello.</summary>
    private static readonly TimeSpan s_helloPatience = TimeSpan.FromSeconds(10);

    /// <summary>How often a statement of a client that has gone is interrupted again, until it ends.</summary>
    private static readonly TimeSpan s_interruptInterval = TimeSpan.FromMilliseconds(100);

    private readonly RemoteServer _server;
    private readonly FrameChannel _channel;
    private readonly Thread _worker;
    private readonly object _gate = new();

    // Guarded by _gate.
    private Frame? _request;
    private uint _begun;
    private bool _atWork;
    private bool _ending;
    private bool _workerEnded;
    private Session? _session;

    public ServedConnection(RemoteServer server, Socket socket)
    {
        _server = server;
        _channel = new FrameChannel(socket);
        _worker = new Thread(Work) { IsBackground = true, Name = "Sluice remote connection" };
    }

    public void Start()
    {
        _worker.Start();
        _ = ReadAsync();
    }

    /// <summary>Lets the request at work come to its answer, interrupted if it is one that can be, then says goodbye.</summary>
    public void End()
    {
        lock (_gate)
        {
            _ending = true;
            Monitor.PulseAll(_gate);
            InterruptAtWork();
        }
    }

    /// <summary>After <see cref="End"/>: waits for the thread; false if it has not ended in time, its connection is cut then.</summary>
    public bool Join(TimeSpan patience)
    {
        if (_worker.Join(patience))
        {
            return true;
        }

        _channel.Shutdown();
        return false;
    }

    private async Task ReadAsync()
    {
        try
        {
            while (await _channel.ReceiveAsync(async: true).ConfigureAwait(false) is { } frame)
            {
                Take(frame);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or ProtocolException or OutOfMemoryException)
        {
            // The end of this connection, whatever the reason.
        }

        End();
        while (IsAtWork())
        {
            await Task.Delay(s_interruptInterval).ConfigureAwait(false);
            End();
        }
    }

    private void Take(in Frame frame)
    {
        lock (_gate)
        {
            if (frame.Type == FrameType.Interrupt)
            {
                if (frame.Sequence == _begun)
                {
                    InterruptAtWork();
                }

                return;
            }

            if (_request is not null || _atWork)
            {
                throw new ProtocolException("a request before the one before it was answered");
            }

            _request = frame;
            Monitor.PulseAll(_gate);
        }
    }

    private bool IsAtWork()
    {
        lock (_gate)
        {
            return !_workerEnded;
        }
    }

    /// <summary>Under the gate.</summary>
    private void InterruptAtWork()
    {
        if (_atWork)
        {
            _session?.Interrupt();
        }
    }

    private void Work()
    {
        FrameWriter answer = new();
        try
        {
            using RequestHandler? handler = Greet(answer);
            if (handler is not null)
            {
                Serve(handler, answer);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or ProtocolException)
        {
            // The end of this connection, whatever the reason.
        }
        finally
        {
            lock (_gate)
            {
                _workerEnded = true;
            }

            _channel.Shutdown();
            _channel.Dispose();
            _server.Ended(this);
        }
    }

    /// <summary>The session of a client that says hello; null for one that does not, or that is not welcome.</summary>
    private RequestHandler? Greet(FrameWriter answer)
    {
        if (Next(s_helloPatience) is not { } hello)
        {
            return null;
        }

        RequestHandler? handler = null;
        try
        {
            handler = RequestHandler.Begin(_server.Database, hello, answer);
            _channel.MaxBytes = Protocol.MaxFrameBytes;
        }
        catch (SluiceException error)
        {
            RequestHandler.Refuse(error, hello.Sequence, answer);
        }

        lock (_gate)
        {
            _session = handler?.Session;
        }

        Done();
        _channel.Send(answer.End().Span);
        return handler;
    }

    private void Serve(RequestHandler handler, FrameWriter answer)
    {
        try
        {
            while (Next(Timeout.InfiniteTimeSpan) is { } request)
            {
                ReadOnlyMemory<byte> frame = Handle(handler, request, answer);
                Done();
                _channel.Send(frame.Span);
            }

            answer.Begin(FrameType.Goodbye, _begun);
            _channel.Send(answer.End().Span);
        }
        finally
        {
            lock (_gate)
            {
                _session = null;
            }
        }
    }

    /// <summary>A mistake of the engine, met by a request from outside, is that client's error and not the end of this process.</summary>
    private static ReadOnlyMemory<byte> Handle(RequestHandler handler, in Frame request, FrameWriter answer)
    {
        try
        {
            return handler.Handle(request, answer);
        }
        catch (Exception error) when (error is not ProtocolException)
        {
            RequestHandler.Refuse(new SluiceException(ResultCode.Internal, $"internal error: {error}", error), request.Sequence, answer);
            return answer.End();
        }
    }

    /// <summary>The next request, which is then at work; null when the connection ends or the time is over.</summary>
    private Frame? Next(TimeSpan patience)
    {
        lock (_gate)
        {
            while (_request is null && !_ending)
            {
                if (!Monitor.Wait(_gate, patience))
                {
                    return null;
                }
            }

            // Not begun once the end has come, so that it can be told to have had no effect.
            if (_ending || _request is not { } request)
            {
                return null;
            }

            _request = null;
            _begun = request.Sequence;
            _atWork = true;
            return request;
        }
    }

    private void Done()
    {
        lock (_gate)
        {
            _atWork = false;
        }
    }
}
